"""Images between xarray and ImageJ, with their calibration, dimensions and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import as_image, calibration_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

__all__ = ["from_imageplus", "to_imageplus"]

_EXACT = 2**24
"""Largest integer up to which float32 holds every one."""


def to_imageplus(image: xr.DataArray | ArrayLike, name: str | None = None) -> Any:
    """Make an ImageJ image.

    Parameters
    ----------
    image : DataArray or array
        As `nanoseg_fiji.image_files.read_image` gives it, or bare pixels (row, col).
    name : str, optional
        Title; that of the image by default.

    Returns
    -------
    ij.ImagePlus
        Not shown yet. uint8 and bool become 8-bit (true is 255), uint16 16-bit, colour RGB, float 32-bit;
        other integers 16-bit where they fit and else 32-bit.

    Raises
    ------
    InputError
        The dimensions are not known ones, or integers are too large for a 32-bit image (above 2^24).
    """
    import jpype

    array = as_image(image)
    order = [dim for dim in ("t", "pln", "ch", "row", "col", "rgb") if dim in array.dims]
    array = array.transpose(*order)
    sizes = {str(dim): int(size) for dim, size in array.sizes.items()}
    rows, columns = sizes["row"], sizes["col"]
    stack = jpype.JClass("ij.ImageStack")(columns, rows)
    pixels = _packed(array.to_numpy()) if "rgb" in array.dims else _pixels(array.to_numpy())
    java = {"u1": jpype.JByte, "u2": jpype.JShort, "f4": jpype.JFloat, "i4": jpype.JInt}[pixels.dtype.str[1:]]
    signed = pixels.view(f"i{pixels.dtype.itemsize}") if pixels.dtype.kind == "u" else pixels
    for plane in signed.reshape(-1, rows * columns):
        stack.addSlice("", jpype.JArray(java)(plane))
    result = jpype.JClass("ij.ImagePlus")(name or str(array.attrs.get("name", "image")), stack)
    result.setDimensions(sizes.get("ch", 1), sizes.get("pln", 1), sizes.get("t", 1))
    result.setOpenAsHyperStack(sum(sizes.get(dim, 1) > 1 for dim in ("t", "pln", "ch")) > 1)
    calibration = calibration_of(array)
    scale = result.getCalibration()
    scale.pixelWidth, scale.pixelHeight = calibration.pixel_width, calibration.pixel_height
    scale.setUnit(calibration.unit)
    result.resetDisplayRange()
    return result


def _packed(rgb: NDArray[Any]) -> NDArray[np.int32]:
    channels = np.moveaxis(rgb.astype(np.int32), -1, 0)
    packed: NDArray[np.int32] = (channels[0] << 16) | (channels[1] << 8) | channels[2] | np.int32(-(1 << 24))
    return packed


def _pixels(array: NDArray[Any]) -> NDArray[Any]:
    """Pixels as one of ImageJ's types."""
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(array)
    if array.dtype.kind in "iu" and array.size:
        lowest, highest = int(array.min()), int(array.max())
        if 0 <= lowest and highest < 2**16:
            return array.astype(np.uint16)
        if max(-lowest, highest) > _EXACT:
            raise InputError(
                f"the value {highest} does not fit a 32-bit image, exact to {_EXACT}: relabel or rescale"
            )
    return np.ascontiguousarray(array, np.float32)


def from_imageplus(imp: Any) -> xr.DataArray:
    """Take an image from ImageJ.

    Parameters
    ----------
    imp : ij.ImagePlus
        The image; it is not changed. Pixels are the raw ones, whatever the LUT and the display range.

    Returns
    -------
    DataArray
        As `nanoseg_fiji.image_files.read_image` gives it: ``row, col``, before them ``t, pln, ch`` where
        there are several, after them ``rgb`` for colour.
        Attributes ``name``, ``pixel_width``, ``pixel_height``, ``unit``.
    """
    import xarray as xr

    columns, rows, channels, slices, frames = (int(n) for n in imp.getDimensions())
    stack = imp.getStack()
    planes = [np.array(stack.getPixels(i + 1)) for i in range(int(stack.getSize()))]
    pixels = np.stack(planes).reshape(frames, slices, channels, rows, columns)
    if imp.getBitDepth() == 24:
        pixels = np.stack([(pixels >> shift) & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    elif pixels.dtype.kind == "i":
        pixels = pixels.view(f"u{pixels.dtype.itemsize}")
    dims = ["t", "pln", "ch", "row", "col", "rgb"][: pixels.ndim]
    single = [i for i, size in enumerate((frames, slices, channels)) if size == 1]
    scale = imp.getCalibration()
    attrs = {
        "name": str(imp.getTitle()),
        "pixel_width": float(scale.pixelWidth),
        "pixel_height": float(scale.pixelHeight),
        "unit": str(scale.getUnit()),
    }
    kept = [dim for i, dim in enumerate(dims) if i not in single]
    return xr.DataArray(pixels.squeeze(tuple(single)), dims=kept, attrs=attrs)
