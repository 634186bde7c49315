"""Image files: micrographs are read and found, label images written."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.calibration.metadata import sidecar_scale
from nanoseg_fiji.em_files import EM_SUFFIXES, read_em
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import SLICE_DIMS, as_image, build_image
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    import os

    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["SUFFIXES", "find_images", "read_image", "write_labels"]

SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif"}) | EM_SUFFIXES
"""Endings of the files that are taken from a folder."""
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_image(path: str | os.PathLike[str]) -> xr.DataArray:
    """Read a micrograph or a stack of them: TIFF (ImageJ's and OME-TIFF included), PNG, JPEG, BMP or GIF.

    With the extra ``em`` also DM3, DM4, EMD, SER and MRC. The pixel size is ImageJ's or OME's, else what the
    microscope has written into the file (FEI/Thermo, Zeiss) or beside it (Hitachi, JEOL). A scale bar is
    never looked for: that is `nanoseg_fiji.calibration.find.find_scale`.

    Parameters
    ----------
    path : str or PathLike
        The file; its content decides what it is, and for the formats of microscopes its ending.

    Returns
    -------
    DataArray
        Dimensions ``row, col``, before them ``t, pln, ch`` where the file has several, after them ``rgb`` for
        colour. Attributes ``name``, ``pixel_width``, ``pixel_height``, ``unit``.

    Raises
    ------
    InputError
        There is no such file, or it is empty, truncated or no image.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no image file {path}: check the path")
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    if not magic:
        raise InputError(f"{path} is empty: copy or export the image again")
    if magic in _TIFF_MAGIC:
        from nanoseg_fiji.tiff import read_tiff

        pixels, dims, calibration = read_tiff(path)
    elif path.suffix.lower() in EM_SUFFIXES:
        pixels, dims, calibration = read_em(path)
    else:
        (pixels, dims), calibration = _read_picture(path), Calibration()
    if not calibration.calibrated or calibration.unit == "inch":
        beside = sidecar_scale(path, pixels.shape[dims.index("col")])
        calibration = beside[0] if beside else calibration
    return as_image(build_image(pixels, dims, calibration, path.name))


def _read_picture(path: Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    from PIL import Image, ImageSequence, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                frames = [_picture_pixels(frame) for frame in ImageSequence.Iterator(picture)]
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is no image that can be read: export it as TIFF or PNG") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} is too large for its format: export it as TIFF") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(f"{path} is damaged or truncated ({error}): copy or export it again") from error
    dims = ("row", "col", "rgb")[: frames[0].ndim]
    return (frames[0], dims) if len(frames) == 1 else (np.stack(frames), ("pln", *dims))


def _picture_pixels(picture: Any) -> NDArray[Any]:
    if picture.mode in ("1", "LA", "La"):
        picture = picture.convert("L")
    elif picture.mode not in ("L", "F", "I") and not picture.mode.startswith("I;16"):
        picture = picture.convert("RGB")
    pixels = np.asarray(picture)
    # PNG of 16 bits comes as int32 from some versions of Pillow
    return (
        pixels.astype(np.uint16)
        if picture.mode == "I" and 0 <= pixels.min() <= pixels.max() < 65536
        else pixels
    )


def find_images(paths: list[Path]) -> list[Path]:
    """Replace every folder by the images in it, sorted by name, without hidden files and earlier results.

    Raises
    ------
    InputError
        A folder has no image in it.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not _is_result(p))
        if not inside:
            raise InputError(f"no images in {path}: it takes {', '.join(sorted(SUFFIXES))}")
        found += inside
    return list(dict.fromkeys(found))


def _is_result(path: Path) -> bool:
    """Whether a file is hidden, a folder, or one of those that `nanoseg_fiji.outputs` wrote."""
    stem, _, kind = path.name.rpartition("_")
    written = kind in ("labels.tif", "overlay.png") and path.with_name(f"{stem}_run.json").exists()
    return written or path.name.startswith(".") or not path.is_file()


def write_labels(
    path: str | os.PathLike[str],
    labels: NDArray[np.int32],
    calibration: Calibration | None = None,
    dims: tuple[str, ...] | None = None,
) -> None:
    """Write a label image as a TIFF that ImageJ opens with its calibration, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
        The file.
    labels : ndarray of int, (row, col) or with leading slice axes
        Label image; 16 bits up to 65,535, 32-bit float above, exact to 2**24.
    calibration : Calibration, optional
        Pixel size.
    dims : tuple of str, optional
        Names of the axes (``t, pln, ch, row, col``); leading ones are slices by default.

    Raises
    ------
    InputError
        A label is negative or above 2**24, which ImageJ cannot hold.
    OutputError
        The file cannot be written.
    """
    from nanoseg_fiji.tiff import write_tiff

    labels = np.asarray(labels)
    if not 2 <= labels.ndim <= 5 or labels.dtype.kind not in "bui":
        raise InputError(f"a {labels.ndim}-D array of type {labels.dtype} is no label image")
    top = int(labels.max(initial=0))
    if top > 2**24 or int(labels.min(initial=0)) < 0:
        raise InputError(f"labels from {labels.min()} to {top}: ImageJ holds 0 to {2**24}, renumber them")
    pixels = labels.astype(np.uint16 if top <= 65535 else np.float32)
    leading: tuple[str, ...] = SLICE_DIMS if labels.ndim == 5 else SLICE_DIMS[:2][4 - labels.ndim :]
    write_tiff(path, pixels, dims or (*leading, "row", "col"), calibration or Calibration())
