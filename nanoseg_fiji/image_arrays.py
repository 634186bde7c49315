"""Images as arrays: the names of their axes, pixel size, slices and gray values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SLICE_DIMS", "as_image", "build_image", "calibration_of", "positions_of", "slices_of", "to_gray"]

SLICE_DIMS = ("t", "pln", "ch")
"""Dimensions along which an image has slices, in the order of the pixels."""


def build_image(
    pixels: NDArray[Any], dims: tuple[str, ...], calibration: Calibration, name: str
) -> xr.DataArray:
    """Give pixels the names of their axes and the attributes of an image, unchecked.

    Returns
    -------
    DataArray
        Attributes ``name``, ``pixel_width``, ``pixel_height``, ``unit``.
    """
    import xarray as xr

    attrs = {
        "name": name,
        "pixel_width": calibration.pixel_width,
        "pixel_height": calibration.pixel_height,
        "unit": calibration.unit,
    }
    return xr.DataArray(pixels, dims=dims, attrs=attrs)


def as_image(
    image: xr.DataArray | ArrayLike, name: str | None = None, calibration: Calibration | None = None
) -> xr.DataArray:
    """Take what a user has for an image.

    Parameters
    ----------
    image : DataArray or array_like
        (row, col), (row, col, 3 or 4) for colour, (n, row, col) or (n, row, col, 3) for a stack; a DataArray
        has dimensions ``row, col`` and may have ``t, pln, ch`` and ``rgb``, in any order.
    name : str, optional
        What the image is called; by default its attribute or own name, else ``image``.
    calibration : Calibration, optional
        Pixel size; by default what `calibration_of` finds.

    Returns
    -------
    DataArray
        As `nanoseg_fiji.image_files.read_image` gives it.

    Raises
    ------
    InputError
        The dimensions or the type of the pixels are not those of an image, or there are no pixels.
    """
    import xarray as xr

    if not isinstance(image, xr.DataArray):
        pixels = np.asarray(image)
        color = pixels.ndim in (3, 4) and pixels.shape[-1] in (3, 4) and pixels.shape[-2] > 4
        dims: tuple[str, ...] = ("row", "col", "rgb") if color else ("row", "col")
        if pixels.ndim not in (len(dims), len(dims) + 1):
            raise InputError(
                f"an array of shape {pixels.shape} is no image: give (row, col) or (n, row, col)"
            )
        image = xr.DataArray(pixels, dims=dims if pixels.ndim == len(dims) else ("pln", *dims))
    dims = tuple(str(d) for d in image.dims)
    unknown = set(dims) - {*SLICE_DIMS, "row", "col", "rgb"}
    if unknown or not {"row", "col"} <= set(dims):
        raise InputError(f"dimensions {dims} are not those of an image: use row, col and t, pln, ch, rgb")
    if image.dtype.kind not in "buif":
        raise InputError(
            f"pixels of type {image.dtype} cannot be used: convert the image to 8, 16 or 32 bits"
        )
    if image.size == 0:
        raise InputError(f"an image of shape {image.shape} has no pixels")
    order = [*(d for d in SLICE_DIMS if d in dims), "row", "col", *(["rgb"] if "rgb" in dims else [])]
    name = name or str(image.attrs.get("name") or image.name or "image")
    pixels = image.transpose(*order).to_numpy()
    return build_image(pixels, tuple(order), calibration or calibration_of(image), name)


def calibration_of(image: xr.DataArray) -> Calibration:
    """Pixel size of an image: from its attributes, else from evenly spaced ``row`` and ``col`` coordinates.

    Returns
    -------
    Calibration
        In pixels where the image says nothing.

    Raises
    ------
    InputError
        The pixel size is not a positive number.
    """
    attrs = image.attrs
    unit = attrs.get("unit") or attrs.get("units")
    if "pixel_width" in attrs:
        width = float(attrs["pixel_width"])
        return Calibration(width, float(attrs.get("pixel_height", width)), str(unit or "pixel"))
    sizes = {}
    for axis in ("row", "col"):
        if axis not in image.coords or image.sizes[axis] < 2:
            return Calibration()
        values = np.asarray(image.coords[axis], np.float64)
        sizes[axis] = abs(float(values[-1] - values[0])) / (values.size - 1)
        unit = unit or image.coords[axis].attrs.get("unit") or image.coords[axis].attrs.get("units")
    return Calibration(sizes["col"], sizes["row"], str(unit or "pixel"))


def to_gray(image: xr.DataArray) -> NDArray[np.float32]:
    """Pixels as ImageJ counts them: colour becomes the unweighted mean, of 8 bits rounded.

    Returns
    -------
    ndarray of float32
        The shape of the image, without ``rgb``.
    """
    pixels = image.to_numpy()
    if "rgb" in image.dims:
        whole = pixels.dtype == np.uint8
        # a fourth channel is opacity, no brightness
        mean = pixels[..., :3].mean(axis=-1, dtype=np.float64)
        pixels = np.floor(mean + 0.5) if whole else mean
    elif pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(pixels, dtype=np.float32)


def slices_of(image: xr.DataArray) -> int:
    """Count the slices of a stack; 1 for a single image."""
    return int(np.prod([image.sizes[d] for d in SLICE_DIMS if d in image.dims], dtype=int))


def positions_of(image: xr.DataArray) -> list[tuple[int, int, int]] | None:
    """Position (c, z, t) of every slice of a hyperstack, from 1, in the order of the pixels.

    None for a plain stack, as ImageJ counts: one channel, and not both slices and frames.
    """
    sizes = [image.sizes.get(d, 1) for d in SLICE_DIMS]
    if sizes[2] == 1 and 1 in sizes[:2]:
        return None
    return [(c + 1, z + 1, t + 1) for t, z, c in np.ndindex(*sizes)]
