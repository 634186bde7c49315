"""Which pictures are label images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from nanoseg_fiji.annotations import read_label_image
from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MASK = np.kron(np.array([[1, 0, 0, 1], [0, 1, 0, 1]], np.uint8), np.ones((9, 9), np.uint8)) * 255


def test_whole_floats_are_labels_up_to_where_they_are_exact(tmp_path: Path) -> None:
    values = np.array([[0, 70_000, 2**24]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", values)
    assert read_label_image(tmp_path / "a.tif").tolist() == [[0, 70_000, 2**24]]
    tifffile.imwrite(tmp_path / "a.tif", values * 2)
    with pytest.raises(InputError, match="labels run from 0 to 16777216"):
        read_label_image(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "RGBA"])
def test_of_a_mask_of_any_kind_the_components_are_taken(tmp_path: Path, mode: str) -> None:
    Image.fromarray(MASK).convert(mode).save(tmp_path / "mask.png")
    found = read_label_image(tmp_path / "mask.png")
    assert found[0, 0] == found[9, 9] != found[0, 30] > 0
    assert set(np.unique(found)) == {0, 1, 2}


def test_colours_and_lossy_pictures_are_no_labels(tmp_path: Path) -> None:
    colour = np.stack([MASK, MASK, MASK // 2], axis=-1)
    Image.fromarray(colour).save(tmp_path / "colour.png")
    with pytest.raises(InputError, match=r"colour\.png is no label image: it has row x col x rgb"):
        read_label_image(tmp_path / "colour.png")
    Image.fromarray(MASK).save(tmp_path / "mask.jpg")
    with pytest.raises(InputError, match=r"mask\.jpg is a JPEG.*PNG or TIFF"):
        read_label_image(tmp_path / "mask.jpg")
