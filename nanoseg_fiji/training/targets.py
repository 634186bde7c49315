"""What the network is asked to predict, made from a label image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from nanoseg_fiji.training.flow_field import flow_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SIZE_RANGE", "LabelledImage", "describe"]

SIZE_RANGE = (2.0, 8.5)
"""Range of the size map, log2 of the diameter in pixels."""


@dataclass(frozen=True)
class LabelledImage:
    """A micrograph with its labels and what a crop at any scale needs of them."""

    name: str
    """File name."""
    group: str
    """What may not be split between training and validation (paper, sample)."""
    levels: tuple[NDArray[np.float32], ...]
    """Normalised micrograph and its halvings, each (row, col)."""
    labels: NDArray[np.int32]
    """Label image, (row, col), ids 1..n."""
    flow: NDArray[np.float16]
    """Unit vectors to the centre of the own particle, along rows and along columns, (2, row, col)."""
    diameter: NDArray[np.float32]
    """Equivalent circular diameter by id, in pixels; index 0 is unused."""
    area: NDArray[np.float64]
    """Area by id, in pixels; index 0 is 0."""
    cut: NDArray[np.bool_]
    """Whether the particle touches the edge of the image, by id."""
    known: NDArray[np.bool_] | None = None
    """Where the label is certain, (row, col); everywhere if none."""


def describe(
    name: str,
    group: str,
    image: NDArray[np.float32],
    labels: NDArray[np.int32],
    known: NDArray[np.bool_] | None = None,
) -> LabelledImage:
    """Prepare a pair of micrograph and label image for crops at any scale.

    Parameters
    ----------
    name, group : str
        File name and group.
    image : ndarray of float32, (row, col)
        Normalised micrograph.
    labels : ndarray of int32, (row, col)
        Label image with ids 1..n.
    known : ndarray of bool, (row, col), optional
        Where it is certain; everywhere by default.

    Returns
    -------
    LabelledImage
        The pair with its pyramid, flows and sizes.
    """
    levels = [image]
    while min(levels[-1].shape) >= 32 and len(levels) < 6:
        smooth = ndimage.gaussian_filter(levels[-1], 0.8, mode="nearest")
        levels.append(np.ascontiguousarray(smooth[::2, ::2]))
    area = np.bincount(labels.ravel(), minlength=1).astype(np.float64)
    area[0] = 0
    cut = np.zeros(area.size, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        cut[edge] = True
    diameter = (2 * np.sqrt(area / np.pi)).astype(np.float32)
    return LabelledImage(name, group, tuple(levels), labels, flow_field(labels), diameter, area, cut, known)
