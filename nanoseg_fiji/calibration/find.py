"""Find the scale of a micrograph: in its file's metadata, else from its scale bar."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.calibration.lengths import UNITS, Length, in_metres, plain_unit
from nanoseg_fiji.calibration.metadata import sidecar_scale
from nanoseg_fiji.calibration.reading import FoundScale, read_bar
from nanoseg_fiji.em_files import EM_SUFFIXES, read_em
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    import os

    import xarray as xr

__all__ = ["SOURCES", "describe_scale", "find_scale", "length_given", "read_file_scale"]

SOURCES = ("auto", "metadata", "bar")
"""Where the scale may come from; ``auto`` takes the metadata, else the bar."""
_PRINT_RESOLUTION = 5e-6  # metres; a pixel from a resolution tag that is larger is one of paper


def find_scale(
    image: xr.DataArray,
    path: str | os.PathLike[str] | None = None,
    source: str = "auto",
) -> FoundScale:
    """Find the scale of a micrograph. Nothing is changed: a user has to confirm what was found.

    Parameters
    ----------
    image : DataArray
        The image; of a stack, the bar is looked for on the first slice.
    path : str or PathLike, optional
        Its file, for the metadata.
    source : str
        One of `SOURCES`.

    Returns
    -------
    FoundScale
        What was found; its `calibration` is none where a bar was found and its label could not be read.

    Raises
    ------
    InputError
        There is no such source, or nothing was found there.
    """
    from nanoseg_fiji.image_arrays import calibration_of

    if source not in SOURCES:
        raise InputError(f"source={source} is not one of {', '.join(SOURCES)}")
    name = image.attrs.get("name", "image")
    messages: tuple[str, ...] = ()
    if source != "bar":
        shape = (image.sizes["row"], image.sizes["col"])
        try:
            found, messages = read_file_scale(Path(path), shape) if path else (None, ())
        except InputError as error:  # such as RosettaSciIO that is not installed
            if source == "metadata":
                raise
            found, messages = None, (str(error),)
        if found is not None:
            return found
        if source == "metadata":
            why = messages[0] if messages else "its file has none" if path else "it has no file"
            raise InputError(f"no pixel size in the metadata of {name} ({why}): take source=bar or Set Scale")
    found = read_bar(image)
    if found is None:
        raise InputError(f"no scale found in {name}: neither metadata nor a plain scale bar; use Set Scale")
    had = calibration_of(image)
    found = found.with_aspect(had.pixel_height / had.pixel_width)
    return replace(found, messages=(*messages, *found.messages))


def read_file_scale(path: Path, shape: tuple[int, int]) -> tuple[FoundScale | None, tuple[str, ...]]:
    """Read the pixel size that a file's metadata give an image of this shape.

    Returns
    -------
    tuple of (FoundScale or None, tuple of str)
        What was found, and why something that is there was not taken: an image of another size than its
        file's, dots an inch.
    """
    if not path.is_file():
        return None, (f"there is no file {path}",)
    calibration, origin, size = _written(path)
    if size is not None and size != shape:
        rows, columns = shape
        return None, (
            f"the image is {columns} x {rows} pixels, its file {size[1]} x {size[0]}: was it resized?",
        )
    unit, messages = plain_unit(calibration.unit), tuple[str, ...]()
    if origin == "resolution tag" and (
        unit is None or in_metres(calibration.pixel_size, unit) > _PRINT_RESOLUTION
    ):
        unit, messages = None, (f"the {origin} of the file is for printing and was ignored",)
    if unit is None:
        beside = sidecar_scale(path, shape[1])
        if beside is None:
            return None, messages
        calibration, origin = beside
        unit = calibration.unit
    notes: tuple[str, ...] = ()
    aspect = calibration.pixel_height / calibration.pixel_width
    if abs(aspect - 1) > 1e-3:
        size_text = f"{calibration.pixel_width:.6g} x {calibration.pixel_height:.6g} {unit}"
        notes = (f"the pixels are not square ({size_text}): check the tilt correction",)
    return FoundScale(origin, replace(calibration, unit=unit), aspect=aspect, messages=notes), ()


def _written(path: Path) -> tuple[Calibration, str, tuple[int, int] | None]:
    """Pixel size in a file, what says it, and the (rows, columns) that it holds for."""
    import tifffile

    if path.suffix.lower() in EM_SUFFIXES:
        pixels, dims, calibration = read_em(path)
        rows = dims.index("row")
        return calibration, f"{path.suffix[1:].upper()} file", (pixels.shape[rows], pixels.shape[rows + 1])
    try:
        with tifffile.TiffFile(path) as tiff:
            from nanoseg_fiji.tiff import calibration_of_tiff

            calibration, origin = calibration_of_tiff(tiff)
            page = tiff.pages.first
            return calibration, origin, (page.imagelength, page.imagewidth)
    except InputError:
        raise
    except Exception:  # no TIFF, or a damaged one: it says nothing
        return Calibration(), "", None


def length_given(number: float, unit: str) -> Length:
    """Length that a user has typed.

    Raises
    ------
    InputError
        It is no positive number, or the unit is none of length.
    """
    name = plain_unit(unit)
    if not number > 0 or number == float("inf"):
        raise InputError(f"length={number} must be greater than 0")
    if name is None:
        raise InputError(f"unit={unit!r} is no unit of length: give one of {', '.join(UNITS)}")
    return Length(number, name)


def describe_scale(found: FoundScale) -> dict[str, Any]:
    """Plain values of what was found, for the service and as JSON; what is missing is 0 or empty."""
    size, bar = found.calibration, found.bar
    return {
        "origin": found.origin,
        "pixel_width": size.pixel_width if size else 0.0,
        "pixel_height": size.pixel_height if size else 0.0,
        "pixel_unit": size.unit if size else "",
        "aspect": found.aspect,
        "length": found.length.number if found.length else 0.0,
        "length_unit": found.length.unit if found.length else "",
        "confidence": found.confidence,
        # no NaN: Groovy takes it for greater than 0
        "bar_pixels": bar.length if bar else 0.0,
        "bar_left": bar.left if bar else 0.0,
        "bar_right": bar.right if bar else 0.0,
        "bar_top": float(bar.top) if bar else 0.0,
        "bar_bottom": float(bar.bottom) if bar else 0.0,
    }
