"""The files of a result: ROI set, table, label image, overlay and provenance."""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import OutputError
from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.image_arrays import as_image, to_gray
from nanoseg_fiji.image_files import write_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import xarray as xr
    from numpy.typing import ArrayLike

    from nanoseg_fiji.types import SegmentationResult

__all__ = ["OUTPUTS", "output_paths", "unique_stems", "write_results"]

OUTPUTS = ("rois.zip", "particles.csv", "labels.tif", "overlay.png", "run.json")
"""What is written for an image, each after the image's name and an underscore."""


def output_paths(
    folder: str | os.PathLike[str], stem: str, overwrite: bool = False, files: Sequence[str] = OUTPUTS
) -> list[Path]:
    """Paths of the files of one image.

    Parameters
    ----------
    folder : path
        Where they go.
    stem : str
        Name of the image without its ending.
    overwrite : bool
        Whether files that are there may be replaced.
    files : sequence of str
        Which of `OUTPUTS` are wanted.

    Raises
    ------
    OutputError
        A file is there already and `overwrite` is false.
    """
    paths = [Path(folder) / f"{stem}_{name}" for name in files]
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise OutputError(
            f"{there[0]} is there already and was kept: allow overwriting or choose another folder"
        )
    if any(path.is_dir() for path in there):
        raise OutputError(f"{there[0]} is a folder: choose another output folder")
    return paths


def unique_stems(paths: Iterable[Path]) -> list[str]:
    """Name the outputs of every input, so that no two share a name, upper and lower case aside.

    A name that is there once stays as it is. Others get their folder's name in front or their ending behind,
    whichever sets them apart; a number tells what is left.

    Parameters
    ----------
    paths : iterable of Path
        Image files.

    Returns
    -------
    list of str
        In the order of `paths`.
    """
    paths = [Path(os.path.abspath(p)) for p in paths]
    alike = Counter(p.stem.casefold() for p in paths)
    beside = Counter((p.stem.casefold(), p.parent) for p in paths)
    taken: set[str] = set()
    stems = []
    for path in paths:
        stem, key = path.stem, path.stem.casefold()
        if beside[key, path.parent] > 1:
            stem += "_" + path.suffix.lstrip(".").lower()
        if alike[key] > beside[key, path.parent]:
            stem = f"{path.parent.name}_{stem}"
        base, number = stem, 2
        while stem.casefold() in taken:
            stem, number = f"{base}-{number}", number + 1
        taken.add(stem.casefold())
        stems.append(stem)
    return stems


def safe_stem(name: str) -> str:
    """Turn an image's title into a file name without its ending."""
    stem = re.sub(r'[\x00-\x1f/\\:*?"<>|]+', "_", name).strip(" .")
    known = re.fullmatch(r"(.+)\.(tiff?|png|jpe?g|bmp|gif|dm[34]|czi|lif)", stem, re.IGNORECASE)
    return (known[1] if known else stem) or "image"


def write_results(
    result: SegmentationResult,
    image: xr.DataArray | ArrayLike,
    folder: str | os.PathLike[str],
    stem: str,
    overwrite: bool = False,
    files: Sequence[str] = OUTPUTS,
    decimal_comma: bool = False,
) -> list[Path]:
    """Write the files of a result, whole or not at all.

    Parameters
    ----------
    result : SegmentationResult
        What `segment` returned.
    image : DataArray or array_like
        The image it came from, for the overlay.
    folder : path
        Where the files go; made where it is missing.
    stem : str
        Name of the image without its ending.
    overwrite : bool
        Whether files that are there may be replaced.
    files : sequence of str
        Which of `OUTPUTS` are wanted.
    decimal_comma : bool
        Whether the table has decimal commas, and semicolons between columns.

    Returns
    -------
    list of Path
        The files, in the order of `files`.

    Raises
    ------
    OutputError
        Files are there already, the folder cannot be written to, or the disk is full. Nothing is left behind.
    """
    from PIL import Image

    from nanoseg_fiji.overlay import draw_overlay
    from nanoseg_fiji.particles.table import write_csv

    image = as_image(image)
    targets = output_paths(folder, stem, overwrite, files)
    dims = tuple(str(d) for d in image.dims if d != "rgb")
    writers: dict[str, Callable[[Path], object]] = {
        "rois.zip": lambda path: path.write_bytes(result.rois),
        "particles.csv": lambda path: write_csv(result.table, path, decimal_comma=decimal_comma),
        "labels.tif": lambda path: write_labels(path, result.labels, result.calibration, dims),
        "overlay.png": lambda path: Image.fromarray(
            draw_overlay(to_gray(image), result.labels, result.calibration)
        ).save(path, compress_level=2),
        "run.json": lambda path: path.write_text(run_json(result), encoding="utf-8"),
    }
    with scratch_beside(Path(folder)) as scratch:
        for name, path in zip(files, targets, strict=True):
            writers[name](scratch / path.name)
        for path in targets:
            os.replace(scratch / path.name, path)
    return targets


def run_json(result: SegmentationResult) -> str:
    """Provenance, summary and messages of a result as JSON text."""
    content = {
        "provenance": result.provenance,
        "diameter": result.diameter,
        "unit": result.calibration.unit,
        "summary": result.summary,
        "messages": list(result.messages),
    }
    return json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """Turn numpy values into Python's own, mappings into dicts, and numbers that JSON lacks into None."""
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
