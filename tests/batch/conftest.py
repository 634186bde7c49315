"""A folder of small micrographs, as users have them: good ones, bad ones, and what is no image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.tiff import write_tiff
from nanoseg_fiji.types import Calibration, SegmentationParams

PARAMS = SegmentationParams(diameter=115.0, pixel=True, device="cpu")


def write_images(folder: Path, names: list[str]) -> None:
    """Write parts of the example, each another one, with their pixel size."""
    whole = read_image(Path(__file__).parents[2] / "examples" / "silica.tif").to_numpy()
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = whole[100 + 25 * i : 260 + 25 * i, 100 : 260 + 20 * i]
        write_tiff(path, part, ("row", "col"), Calibration(3.125, 3.125, "nm"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Input folder."""
    top = tmp_path_factory.mktemp("große Reihe") / "in"
    write_images(top, ["b.tif", "a.tif", "day 1/a.tif"])
    series = np.stack([read_image(top / "a.tif").to_numpy(), np.full((160, 180), 7, np.uint8)])
    write_tiff(
        top / "day 1" / "series.tif", series, ("t", "row", "col"), Calibration(0.003125, 0.003125, "µm")
    )
    write_tiff(top / "flat.tif", np.full((40, 40), 7, np.uint8), ("row", "col"), Calibration())
    (top / "broken.tif").write_bytes((top / "a.tif").read_bytes()[:3000])
    (top / "notes.txt").write_text("mine")
    (top / ".hidden.tif").write_bytes(b"")
    return top


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
