"""Images to ImageJ and back."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from nanoseg_fiji.errors import InputError

pytestmark = pytest.mark.jvm


@pytest.mark.parametrize(
    ("dtype", "bits"),
    [(np.uint8, 8), (np.uint16, 16), (np.float32, 32), (np.float64, 32), (np.int32, 16), (np.bool_, 8)],
)
def test_pixel_types(host, dtype, bits):
    pixels = (np.arange(12).reshape(3, 4) * 21 % 7).astype(dtype)
    imp = host.to_imageplus(pixels)
    assert (imp.getBitDepth(), imp.getWidth(), imp.getHeight()) == (bits, 4, 3)
    scale = 255 if dtype is np.bool_ else 1
    assert imp.getProcessor().getPixelValue(2, 1) == pixels[1, 2] * scale
    np.testing.assert_array_equal(host.from_imageplus(imp), pixels.astype(float) * scale)


def test_high_values_keep_their_sign(host):
    pixels = np.array([[0, 40000, 65535]], np.uint16)
    imp = host.to_imageplus(pixels)
    assert imp.getProcessor().getPixel(1, 0) == 40000
    back = host.from_imageplus(imp)
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(back, pixels)


def test_labels_beyond_16_bits(host):
    labels = np.array([[0, 65536, 2**24]], np.int32)
    imp = host.to_imageplus(labels)
    assert imp.getBitDepth() == 32
    np.testing.assert_array_equal(host.from_imageplus(imp), labels)
    with pytest.raises(InputError, match="16777217 does not fit"):
        host.to_imageplus(labels + 1)


def test_colour(host):
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 14
    image = xr.DataArray(pixels, dims=("row", "col", "rgb"))
    imp = host.to_imageplus(image)
    assert imp.getBitDepth() == 24
    assert imp.getProcessor().getPixel(1, 0) & 0xFFFFFF == (42 << 16) | (56 << 8) | 70
    back = host.from_imageplus(imp)
    assert back.dims == ("row", "col", "rgb")
    np.testing.assert_array_equal(back, pixels)


def test_calibration_and_name(host):
    image = xr.DataArray(
        np.zeros((4, 5), np.uint8),
        dims=("row", "col"),
        attrs={"name": "grid µ.tif", "pixel_width": 0.25, "pixel_height": 0.5, "unit": "nm"},
    )
    imp = host.to_imageplus(image)
    scale = imp.getCalibration()
    assert (imp.getTitle(), scale.pixelWidth, scale.pixelHeight, scale.getUnit()) == (
        "grid µ.tif",
        0.25,
        0.5,
        "nm",
    )
    assert host.from_imageplus(imp).attrs == image.attrs


def test_hyperstack_positions(host):
    pixels = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.uint16).reshape(2, 3, 4, 5, 6)
    image = xr.DataArray(pixels, dims=("t", "pln", "ch", "row", "col"))
    imp = host.to_imageplus(image)
    assert list(imp.getDimensions()) == [6, 5, 4, 3, 2]
    assert imp.isHyperStack()
    imp.setPosition(3, 2, 2)  # channel, slice, frame
    assert imp.getProcessor().getPixel(4, 1) == pixels[1, 1, 2, 1, 4]
    back = host.from_imageplus(imp)
    assert back.dims == image.dims
    np.testing.assert_array_equal(back, pixels)


@pytest.mark.parametrize("dim", ["t", "pln", "ch"])
def test_single_axis_keeps_its_name(host, dim):
    image = xr.DataArray(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), dims=(dim, "row", "col"))
    back = host.from_imageplus(host.to_imageplus(image))
    assert back.dims == image.dims
    np.testing.assert_array_equal(back, image)


def test_display_range_and_lut_do_not_matter(host):
    from jpype import JClass

    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    imp = host.to_imageplus(pixels)
    imp.setDisplayRange(100, 110)
    JClass("ij.IJ").run(imp, "Invert LUT", "")
    np.testing.assert_array_equal(host.from_imageplus(imp), pixels)
