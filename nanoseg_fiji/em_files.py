"""The files of electron microscopes: DM3, DM4, EMD, SER and MRC, read by RosettaSciIO (the extra ``em``)."""

from __future__ import annotations

import logging
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.calibration.lengths import in_metres, plain_unit, readable
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["EM_SUFFIXES", "read_em"]

_READERS = {
    ".dm3": "digitalmicrograph",
    ".dm4": "digitalmicrograph",
    ".emd": "emd",
    ".ser": "tia",
    ".mrc": "mrc",
}
EM_SUFFIXES = frozenset(_READERS)
"""Endings of the files that `read_em` reads."""
_LARGEST_STACK = 10_000
_log = logging.getLogger(__name__)


def read_em(path: Path) -> tuple[NDArray[Any], tuple[str, ...], Calibration]:
    """Read the first image, or stack of images, of a microscope's file.

    Parameters
    ----------
    path : Path
        A file whose ending is one of `EM_SUFFIXES`.

    Returns
    -------
    tuple of (ndarray, tuple of str, Calibration)
        Pixels, the names of their axes (``pln, row, col, rgb``) and the pixel size; in pixels where the file
        has none, or one that is no length (a diffraction pattern).

    Raises
    ------
    InputError
        RosettaSciIO is not installed, or the file is damaged or holds no image.
    """
    try:
        reader = import_module(f"rsciio.{_READERS[path.suffix.lower()]}")
        if path.suffix.lower() == ".emd":
            import_module("h5py")
    except ImportError as error:
        raise InputError(
            f"{path} needs RosettaSciIO: pip install 'nanoseg-fiji[em]', or export the image as TIFF"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on metadata that it does not know, and files that it leaves open
        signals, problem = _signals(reader, path)
    if problem:
        raise InputError(f"{path} is damaged or of an unknown kind ({problem}): export the image as TIFF")
    for signal in signals:
        image = _image(signal)
        if image is not None:
            return image
    raise InputError(f"{path} holds no image: export one from the microscope's program as TIFF")


def _signals(reader: Any, path: Path) -> tuple[list[dict[str, Any]], str]:
    """Give what a reader finds in a file, or, in one line, why it cannot be read."""
    try:
        return list(reader.file_reader(str(path))), ""
    except Exception as error:  # of any kind, on a damaged file
        _log.debug("traceback", exc_info=True)
        return [], " ".join(str(error).split()) or type(error).__name__


def _image(signal: dict[str, Any]) -> tuple[NDArray[Any], tuple[str, ...], Calibration] | None:
    """Image of a signal; None for a spectrum, a map of spectra or complex numbers."""
    pixels, axes = np.asarray(signal["data"]), signal["axes"]
    shown = [axis for axis in axes if not axis.get("navigate", False)]
    colour: tuple[str, ...] = ()
    if pixels.dtype.names:  # RGB, RGBA as fields
        if not {"R", "G", "B"} <= set(pixels.dtype.names):
            return None
        pixels, colour = np.stack([pixels[name] for name in "RGB"], axis=-1), ("rgb",)
    depth = pixels.ndim - len(colour) - 2
    if (
        pixels.dtype.kind not in "buif"
        or depth < 0
        or len(axes) != depth + 2
        or len(shown) not in (2, len(axes))
    ):
        return None
    if depth and int(np.prod(pixels.shape[:depth])) > _LARGEST_STACK:
        return None  # a diffraction pattern for every point of a scan
    if depth > 1:
        pixels = pixels.reshape(-1, *pixels.shape[depth:])
    # big-endian pixels would not reach the network
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    return pixels, (*(("pln",) if depth else ()), "row", "col", *colour), _calibration(axes[-1], axes[-2])


def _calibration(across: dict[str, Any], down: dict[str, Any]) -> Calibration:
    sizes = []
    for axis in (across, down):
        unit = plain_unit(str(axis.get("units") or ""))
        size = abs(float(axis.get("scale") or 0))
        if unit is None or not 0 < size < np.inf:
            return Calibration()
        sizes.append(in_metres(size, unit))
    width, unit = readable(sizes[0])
    return Calibration(width, width if sizes[0] == sizes[1] else width * sizes[1] / sizes[0], unit)
