"""TIFF as ImageJ reads and writes it: pixels, axes, pixel size."""

from __future__ import annotations

import logging
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.calibration.lengths import plain_unit
from nanoseg_fiji.calibration.metadata import tiff_scale
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from numpy.typing import NDArray
    from tifffile import TiffFile, TiffPage

__all__ = ["calibration_of_tiff", "read_tiff", "write_tiff"]

_AXES = {"T": "t", "Z": "pln", "C": "ch", "Y": "row", "X": "col"}
_LETTERS = {dim: letter for letter, dim in _AXES.items()}
_INCH, _CM = 2, 3

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it logs what is raised anyway


def read_tiff(path: Path) -> tuple[NDArray[Any], tuple[str, ...], Calibration]:
    """Read the first series of a TIFF file.

    Returns
    -------
    tuple of (ndarray, tuple of str, Calibration)
        Pixels, the names of their axes (``t, pln, ch, row, col, rgb``) and the pixel size.

    Raises
    ------
    InputError
        The file is damaged, truncated or holds no image.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            _check_whole(tiff)
            series = tiff.series[0]
            pixels, dims = _named_axes(series.asarray(), series.axes)
            return pixels, dims, calibration_of_tiff(tiff)[0]
    except InputError as error:
        raise InputError(f"{path} {error}") from error
    except (
        tifffile.TiffFileError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        RuntimeError,
        struct.error,
        zlib.error,
        ZeroDivisionError,
    ) as error:
        raise InputError(f"{path} is damaged or truncated ({error}): copy or export it again") from error


def _check_whole(tiff: TiffFile) -> None:
    """Compare where the pixels should lie with the file's size, because missing strips would be read as 0."""
    if not tiff.pages or not tiff.series:
        raise InputError("holds no image: export it again")
    size = tiff.filehandle.size
    for page in tiff.pages:
        ends = np.add(page.dataoffsets, page.databytecounts) if page.dataoffsets else np.zeros(1)
        if ends.max() > size or (page.dataoffsets and ends.max() == 0):
            raise InputError("is truncated: copy or export it again")


def _named_axes(pixels: NDArray[Any], axes: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Name the axes; what is neither time, depth, channel nor colour counts as depth."""
    if axes.endswith(("SXY", "SYX")):  # colour planes one after the other
        pixels, axes = np.moveaxis(pixels, -3, -1), axes[:-3] + axes[-2:] + "S"
    colour = axes.endswith("YXS")
    if "Y" not in axes or "X" not in axes or not axes.rstrip("S").endswith("YX"):
        raise InputError(f"has axes {axes}: export it as a plain stack of images")
    leading = axes[: axes.index("Y")]
    order = sorted(range(len(leading)), key=lambda i: {"T": 0, "C": 2}.get(leading[i], 1))
    rest = tuple(range(len(leading), pixels.ndim))
    pixels = pixels.transpose(*order, *rest)
    names = [_AXES.get(leading[i], "pln") for i in order]
    while len(set(names)) < len(names):  # several kinds of depth: one after the other
        i = next(i for i, name in enumerate(names) if names.count(name) > 1)
        pixels = pixels.reshape(*pixels.shape[:i], -1, *pixels.shape[i + 2 :])
        del names[i]
    dims = (*names, "row", "col", *(("rgb",) if colour else ()))
    if colour and pixels.shape[-1] not in (3, 4):
        if pixels.shape[-1] == 2:  # grey and opacity
            return pixels[..., 0], dims[:-1]
        raise InputError(f"has {pixels.shape[-1]} samples a pixel: export it as grey or RGB")
    return pixels, dims


def calibration_of_tiff(tiff: TiffFile) -> tuple[Calibration, str]:
    """Pixel size of an open TIFF file, and what says it; in pixels where nothing does.

    A scale that a user has set (ImageJ, OME) counts more than the microscope's tags, these more than the
    resolution for printing.
    """
    page = tiff.pages.first
    if tiff.ome_metadata:
        found = _ome_calibration(tiff.ome_metadata)
        if found is not None:
            return found, "OME metadata"
    unit = str((tiff.imagej_metadata or {}).get("unit", "")).strip()
    if "\\u" in unit:
        unit = unit.encode("ascii", "ignore").decode("unicode_escape")
    if not unit and (written := tiff_scale(tiff)) is not None:
        return written
    x, y = (_size_from_tag(page, name) for name in ("XResolution", "YResolution"))
    if x is None or y is None:
        return Calibration(), ""
    origin = "ImageJ's scale"
    if not unit:
        origin = "resolution tag"
        # as ImageJ: 72 dots an inch is the mark of a program that knows nothing
        kind = page.tags.valueof("ResolutionUnit", default=_INCH)
        if kind == _INCH and abs(x * 72 - 1) > 1e-9:
            unit = "inch"
        elif kind == _CM:
            unit = "cm"
        else:
            return Calibration(), ""
    return Calibration(x, y, plain_unit(unit) or unit), origin


def _size_from_tag(page: TiffPage, name: str) -> float | None:
    value = page.tags.valueof(name)
    if not isinstance(value, tuple) or len(value) != 2 or value[0] <= 0 or value[1] <= 0:
        return None
    return float(value[1]) / float(value[0])


def _ome_calibration(xml: str) -> Calibration | None:
    import tifffile

    image = tifffile.xml2dict(xml).get("OME", {}).get("Image", {})
    pixels = (image[0] if isinstance(image, list) else image).get("Pixels", {})
    width = pixels.get("PhysicalSizeX")
    if not width:
        return None
    height = pixels.get("PhysicalSizeY", width)
    units = [str(pixels.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "XY"]
    if units[0] != units[1]:
        raise InputError("has different units across and down: set its scale in ImageJ and save it again")
    return Calibration(float(width), float(height), plain_unit(units[0]) or units[0])


def write_tiff(
    path: str | os.PathLike[str], pixels: NDArray[Any], dims: tuple[str, ...], calibration: Calibration
) -> None:
    """Write pixels as an ImageJ TIFF, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
        The file.
    pixels : ndarray of uint8, uint16 or float32
        Axes as `dims` says: ``t, pln, ch`` in this order, ``row, col``.
    dims : tuple of str
        Names of the axes.
    calibration : Calibration
        Pixel size.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    import tifffile

    # the resolution of a TIFF is a ratio of 32-bit numbers: too small for the pixels of a nanometre in metres
    tiny = calibration.unit == "m" and calibration.pixel_size < 1e-6
    unit, scale = ("nm", 1e-9) if tiny else (calibration.unit, 1.0)
    # java.util.Properties reads these escapes; ImageJ writes them too
    unit = "".join(c if ord(c) < 128 else f"\\u{ord(c):04X}" for c in unit)
    metadata = {
        "axes": "".join(_LETTERS[d] for d in dims),
        "unit": unit,
        "min": 0.0,
        "max": float(max(1, pixels.max(initial=0))),
    }
    resolution = (scale / calibration.pixel_width, scale / calibration.pixel_height)
    with replacing(path) as scratch:
        tifffile.imwrite(
            scratch, pixels, imagej=True, resolution=resolution, resolutionunit="NONE", metadata=metadata
        )
