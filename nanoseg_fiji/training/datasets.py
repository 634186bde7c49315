"""Data sets: micrographs with their labels, checked before training, and what crops are cut from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skimage.segmentation import relabel_sequential

from nanoseg_fiji.annotations import Annotation, kind_of, read_annotation
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.training.layout import find_files
from nanoseg_fiji.training.splits import groups_of, is_validation
from nanoseg_fiji.training.targets import LabelledImage, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from nanoseg_fiji.training.config import DataConfig

__all__ = ["Pair", "find_pairs", "find_sets", "load_pairs", "manifest", "read_pair"]


@dataclass(frozen=True)
class Pair:
    """An image file, the file of its labels, and its group."""

    image: Path
    """Micrograph, 2-D."""
    labels: Path
    """What `nanoseg_fiji.annotations.read_annotation` reads; may speak of other images too."""
    group: str
    """What may not be split."""
    validation: bool
    """Whether it is kept for validation."""
    empty: bool = False
    """Whether it may hold no particle although its labels are drawings; a label image of zeros always may."""


def find_pairs(config: DataConfig, fraction: float, seed: int) -> list[Pair]:
    """List the pairs of a data set, in the order of their names.

    Parameters
    ----------
    config : DataConfig
        The set.
    fraction, seed : float, int
        Share of the groups kept for validation, and the seed of that choice.

    Returns
    -------
    list of Pair
        All pairs.

    Raises
    ------
    InputError
        Naming every image without labels and all labels without an image, at once.
    """
    folder = Path(config.folder)
    files = find_files(folder, config.labels)
    groups = groups_of([image.name for image, _ in files], config.groups, folder)
    return [
        Pair(
            image,
            labels,
            groups[image.name],
            config.validate and is_validation(groups[image.name], fraction, seed),
            config.empty,
        )
        for image, labels in files
    ]


def find_sets(sets: Sequence[DataConfig], fraction: float, seed: int) -> list[list[Pair]]:
    """List the pairs of several data sets, as `find_pairs` does.

    Raises
    ------
    InputError
        Naming what is wrong with any of them, at once.
    """
    found, bad = [], []
    for data in sets:
        try:
            found.append(find_pairs(data, fraction, seed))
        except InputError as error:
            bad.append(str(error))
    if bad:
        raise InputError("; ".join(bad))
    return found


def read_pair(pair: Pair) -> tuple[NDArray[np.float32], Annotation]:
    """Read an image and its labels.

    Parameters
    ----------
    pair : Pair
        The files.

    Returns
    -------
    gray : ndarray of float32, (row, col)
        Micrograph.
    annotation : Annotation
        Its label image with ids 1..n; of a mask (0 and 255 alone) the connected components are taken.

    Raises
    ------
    InputError
        One of them cannot be read or used, they are not of one size, or there is no particle and nothing says
        that this is meant.
    """
    image = read_image(pair.image)
    if image.ndim - ("rgb" in image.dims) != 2:
        raise InputError(f"{pair.image} is a stack: save the slices as single images")
    gray = to_gray(image)
    found = read_annotation(pair.labels, gray.shape, name=pair.image.name, gray=gray)
    if not found.labels.any() and not pair.empty and kind_of(pair.labels) != "image":
        raise InputError(
            f"{pair.labels} has no particle of {pair.image.name}: draw them, or, if there is none, set "
            "empty = true for this data set"
        )
    labels, _, _ = relabel_sequential(found.labels)
    return gray, Annotation(labels.astype("int32"), found.known, found.notes)


def load_pairs(pairs: Sequence[Pair]) -> list[LabelledImage]:
    """Read pairs for training.

    Parameters
    ----------
    pairs : sequence of Pair
        What to read.

    Returns
    -------
    list of LabelledImage
        In the same order.

    Raises
    ------
    InputError
        Naming every bad pair (unreadable, other size, wrong type, empty), at once.
    """
    images, bad = [], []
    for pair in pairs:
        try:
            gray, found = read_pair(pair)
        except InputError as error:
            bad.append(str(error).splitlines()[0])
            continue
        images.append(describe(pair.image.name, pair.group, normalise(gray), found.labels, found.known))
    if bad:
        raise InputError(f"{len(bad)} pair(s) cannot be used: {'; '.join(bad)}")
    return images


def manifest(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """Say what a run was trained on: name, group, part and sha256 of image and labels of every pair."""
    hashes = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in dict.fromkeys(path for pair in pairs for path in (pair.image, pair.labels))
    }
    return [
        {
            "image": pair.image.name,
            "group": pair.group,
            "part": "validation" if pair.validation else "training",
            "image_sha256": hashes[pair.image],
            "labels_sha256": hashes[pair.labels],
        }
        for pair in pairs
    ]
