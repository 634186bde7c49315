"""Micrographs and labels from the user's own work, collected in a folder that training reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.image_files import write_labels
from nanoseg_fiji.outputs import safe_stem
from nanoseg_fiji.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Calibration

__all__ = ["add_pairs"]

_KINDS = ("images", "labels")


def add_pairs(
    folder: Path,
    pairs: Sequence[tuple[str, NDArray[Any], NDArray[np.int32]]],
    calibration: Calibration,
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Add micrographs and their label images to a training folder: all of them, or none.

    Parameters
    ----------
    folder : Path
        Has, or gets, the folders ``images`` and ``labels``, with files of the same names.
    pairs : sequence of (str, ndarray of uint8, uint16 or float32, ndarray of int32)
        Name, grey values and label image, both (row, col).
    calibration : Calibration
        Pixel size, kept in both files.
    overwrite : bool
        Whether a pair of this name may be replaced.

    Returns
    -------
    list of Path
        The files, image and labels by turns.

    Raises
    ------
    InputError
        A micrograph and its label image differ in shape, or two pairs have one name.
    OutputError
        A pair of that name is there, or the folder cannot be written to; nothing was changed.
    """
    stems = [safe_stem(name) for name, _, _ in pairs]
    for stem, (_, pixels, labels) in zip(stems, pairs, strict=True):
        if pixels.shape != labels.shape:
            raise InputError(f"{stem}: the image is {pixels.shape}, its labels {labels.shape}")
        if stems.count(stem) > 1:
            raise InputError(f"two images are called {stem}: give them different names")
        _check_free(folder, stem, overwrite)
    targets = []
    with scratch_beside(folder) as scratch:
        for kind in _KINDS:
            (folder / kind).mkdir(exist_ok=True)
            (scratch / kind).mkdir()
        for stem, (_, pixels, labels) in zip(stems, pairs, strict=True):
            write_tiff(scratch / "images" / f"{stem}.tif", pixels, ("row", "col"), calibration)
            write_labels(scratch / "labels" / f"{stem}.tif", labels, calibration)
            targets += [folder / kind / f"{stem}.tif" for kind in _KINDS]
        for target in targets:
            os.replace(scratch / target.parent.name / target.name, target)
    return targets


def _check_free(folder: Path, stem: str, overwrite: bool) -> None:
    there = [p for kind in _KINDS for p in (folder / kind).glob("*.*") if p.stem == stem]
    if there and not overwrite:
        raise OutputError(f"{there[0]} is there already and was kept: give another name, or overwrite=true")
    other = [p for p in there if p.suffix != ".tif"]
    if other:  # training pairs files by the name without its ending
        raise OutputError(f"{other[0]} has this name too and was kept: give another name, or move it away")
