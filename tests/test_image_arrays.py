"""What is taken for an image, its pixel size and gray values."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import as_image, calibration_of, to_gray

GRAY = np.random.default_rng(3).integers(0, 256, (40, 50), dtype=np.uint8)


def test_as_image_understands_shapes():
    assert as_image(GRAY).dims == ("row", "col")
    assert as_image(np.zeros((4, 20, 30))).dims == ("pln", "row", "col")
    assert as_image(np.zeros((20, 30, 3))).dims == ("row", "col", "rgb")
    assert as_image(np.zeros((2, 20, 30, 3))).dims == ("pln", "row", "col", "rgb")
    assert as_image(np.zeros((20, 3))).dims == ("row", "col")
    turned = xr.DataArray(np.zeros((20, 30, 2, 5)), dims=("row", "col", "ch", "t"))
    assert as_image(turned).dims == ("t", "ch", "row", "col")
    assert as_image(turned).shape == (5, 2, 20, 30)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(5), "no image"),
        (np.zeros((2, 2, 2, 2, 9)), "no image"),
        (np.zeros((4, 5), complex), "type complex128"),
        (np.array([["a", "b"]]), "type"),
        (np.zeros((0, 5)), "no pixels"),
        (xr.DataArray(np.zeros((4, 5)), dims=("y", "x")), "dimensions"),
    ],
)
def test_as_image_says_what_is_wrong(image, message):
    with pytest.raises(InputError, match=message):
        as_image(image)


def test_calibration_from_coordinates_and_its_limits():
    image = xr.DataArray(
        GRAY, dims=("row", "col"), coords={"row": np.arange(40) * 0.5, "col": np.arange(50) * 0.2}
    )
    image.coords["row"].attrs["unit"] = "nm"
    found = calibration_of(image)
    assert (found.pixel_width, found.pixel_height, found.unit) == (
        pytest.approx(0.2),
        pytest.approx(0.5),
        "nm",
    )
    image.attrs["pixel_width"] = -1
    with pytest.raises(InputError, match="pixel size"):
        calibration_of(image)


def test_gray_of_colour_is_what_imagej_counts():
    rgb = np.array([[[255, 255, 255], [1, 0, 0], [1, 1, 0]]], np.uint8)
    image = xr.DataArray(rgb, dims=("row", "col", "rgb"))
    np.testing.assert_array_equal(to_gray(image), [[255, 0, 1]])  # rounded thirds
