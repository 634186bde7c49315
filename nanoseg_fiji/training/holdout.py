"""What a handful of labelled images keeps aside for validation: whole groups, or a strip of the only one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.segmentation import relabel_sequential

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.training.judging import Sample
from nanoseg_fiji.training.targets import LabelledImage, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nanoseg_fiji.training.datasets import Pair

__all__ = ["Holdout", "hold_out"]

_SHARE = 0.2  # of the groups
_STRIP = 0.3  # of the particles of an only image
_NARROWEST = 32  # px


@dataclass(frozen=True)
class Holdout:
    """Labelled images in two parts."""

    training: list[LabelledImage]
    """What is learnt from."""
    validation: list[LabelledImage]
    """What the loss is watched on."""
    samples: list[Sample]
    """The same, to be segmented and scored."""
    kept: str
    """What was kept aside, in words."""
    names: frozenset[str]
    """Names of the images that are validation as a whole."""


def hold_out(pairs: Sequence[Pair], images: Sequence[LabelledImage], seed: int) -> Holdout:
    """Keep a part for validation.

    Of several groups a fifth, at least one, is kept as a whole; of a single one, a strip along a side of the
    image that has most particles, with about 30 % of them.

    Parameters
    ----------
    pairs, images : sequences
        Files, and what was read from them.
    seed : int
        Decides which groups.

    Returns
    -------
    Holdout
        Training and validation part, each with particles.

    Raises
    ------
    InputError
        There are fewer than two particles, or one image whose particles no straight line can part.
    """
    groups = sorted(
        {image.group for image in images if image.area.any()},
        key=lambda group: hashlib.sha256(f"{seed}:{group}".encode()).digest(),
    )
    if not groups:
        raise InputError("no image has a labelled particle: label some")
    if len(groups) == 1:
        return _strip(pairs, images)
    chosen = set(groups[: max(1, round(_SHARE * len(groups)))])
    both = list(zip(pairs, images, strict=True))
    held = [(pair, image) for pair, image in both if image.group in chosen]
    names = [pair.image.name for pair, _ in held]
    return Holdout(
        [image for image in images if image.group not in chosen],
        [image for _, image in held],
        [Sample(pair.image.name, read_image(pair.image), image.labels) for pair, image in held],
        ", ".join(names),
        frozenset(names),
    )


def _strip(pairs: Sequence[Pair], images: Sequence[LabelledImage]) -> Holdout:
    index = max(range(len(images)), key=lambda i: int((images[i].area > 0).sum()))
    image, pair = images[index], pairs[index]
    box = _strip_box(image.labels)
    if box is None:
        raise InputError(
            f"{image.name} has too few particles to keep some aside: label at least two apart from each other"
        )
    axis, held = box
    size = image.labels.shape[axis]
    rest = slice(held.stop, size) if held.start == 0 else slice(0, held.start)
    side = {(0, True): "top", (0, False): "bottom", (1, True): "left", (1, False): "right"}[
        (axis, held.start == 0)
    ]
    parts = [_cut(image, axis, part) for part in (rest, held)]
    calibrated = read_image(pair.image).isel({("row", "col")[axis]: held})
    name = f"{side} {held.stop - held.start} px of {image.name}"
    others = [other for i, other in enumerate(images) if i != index]
    return Holdout(
        [parts[0], *others],
        [parts[1]],
        [Sample(name, calibrated, parts[1].labels)],
        f"the {name}",
        frozenset(),
    )


def _strip_box(labels: NDArray[np.int32]) -> tuple[int, slice] | None:
    """Axis and range of the strip: about 30 % of the particles in it, and few cut by its edge."""
    boxes = [box for box in ndimage.find_objects(labels) if box is not None]
    best, found = np.inf, None
    for axis in (0, 1):
        size = labels.shape[axis]
        first = np.array([box[axis].start for box in boxes])
        last = np.array([box[axis].stop for box in boxes])
        for share in np.arange(0.15, 0.55, 0.05):
            width = max(_NARROWEST, round(share * size))
            for held in (slice(0, width), slice(size - width, size)):
                edge = held.stop if held.start == 0 else held.start
                whole = ((first >= held.start) & (last <= held.stop)).sum()
                crossing = ((first < edge) & (last > edge)).sum()
                outside = len(boxes) - whole - crossing
                cost = crossing / len(boxes) + abs(whole / len(boxes) - _STRIP)
                if whole and outside and size - width >= _NARROWEST and cost < best:
                    best, found = cost, (axis, held)
    return found


def _cut(image: LabelledImage, axis: int, part: slice) -> LabelledImage:
    where = (part, slice(None)) if axis == 0 else (slice(None), part)
    labels, _, _ = relabel_sequential(image.labels[where])
    known = None if image.known is None else image.known[where]
    return describe(image.name, image.group, image.levels[0][where], labels.astype(np.int32), known)
