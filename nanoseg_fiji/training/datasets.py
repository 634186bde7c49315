"""Folders of micrographs and label images to what crops are cut from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from skimage.measure import label as components
from skimage.segmentation import relabel_sequential

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.images import read_image, to_gray
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.training.splits import groups_of, is_validation
from nanoseg_fiji.training.targets import LabelledImage, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nanoseg_fiji.training.config import DataConfig

__all__ = ["Pair", "find_pairs", "load_pairs", "manifest"]


@dataclass(frozen=True)
class Pair:
    """An image file, its label file and its group."""

    image: Path
    """Micrograph, 2-D."""
    labels: Path
    """Label image or mask of the same shape."""
    group: str
    """What may not be split."""
    validation: bool
    """Whether it is kept for validation."""


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
        Naming every image without labels and every label without an image, at once.
    """
    folder = Path(config.folder)
    files = {kind: {p.stem: p for p in sorted((folder / kind).glob("*.*"))} for kind in ("images", "labels")}
    lonely = sorted(set(files["images"]) ^ set(files["labels"]))
    if lonely:
        raise InputError(
            f"{folder}: no pair of image and label for {', '.join(lonely)}: add or remove the file"
        )
    if not files["images"]:
        raise InputError(f"{folder} has no images/ and labels/ with files of the same names")
    groups = groups_of([p.name for p in files["images"].values()], config.groups, folder)
    return [
        Pair(
            path,
            files["labels"][stem],
            groups[path.name],
            config.validate and is_validation(groups[path.name], fraction, seed),
        )
        for stem, path in files["images"].items()
    ]


def _read(pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    image, labels = to_gray(read_image(pair.image)), read_image(pair.labels).to_numpy()
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise InputError(f"{pair.labels} is no label image (2-D, whole numbers)")
    if labels.shape != image.shape:
        raise InputError(f"{pair.labels} is {labels.shape}, its image {image.shape}")
    if set(np.unique(labels)) <= {0, 255}:
        labels = components(labels > 0, connectivity=2)
    sequential, _, _ = relabel_sequential(labels.astype(np.int32))
    return image, sequential.astype(np.int32)


def load_pairs(pairs: Sequence[Pair]) -> list[LabelledImage]:
    """Read pairs; a label image of 0 and 255 is a mask, whose connected components are taken.

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
        Naming every bad pair (unreadable, other size, wrong type), at once.
    """
    images, bad = [], []
    for pair in pairs:
        try:
            image, labels = _read(pair)
        except InputError as error:
            bad.append(str(error).splitlines()[0])
            continue
        images.append(describe(pair.image.name, pair.group, normalise(image), labels))
    if bad:
        raise InputError(f"{len(bad)} pair(s) cannot be used: {'; '.join(bad)}")
    return images


def manifest(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """Say what a run was trained on: name, group, part and sha256 of image and labels of every pair."""
    return [
        {
            "image": pair.image.name,
            "group": pair.group,
            "part": "validation" if pair.validation else "training",
            "image_sha256": hashlib.sha256(pair.image.read_bytes()).hexdigest(),
            "labels_sha256": hashlib.sha256(pair.labels.read_bytes()).hexdigest(),
        }
        for pair in pairs
    ]
