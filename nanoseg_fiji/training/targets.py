"""What the network is asked to predict, made from a label image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from nanoseg_fiji.training.flow_field import flow_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SIZE_RANGE", "LabelledImage", "border_map", "describe", "distance_map"]

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
    distance: NDArray[np.float32]
    """Distance of every pixel to the outline of its own particle, in pixels, (row, col)."""
    flow: NDArray[np.float16]
    """Unit vectors towards the centre of the own particle, (2, row, col): along rows, along columns."""
    diameter: NDArray[np.float32]
    """Equivalent circular diameter by id, in pixels; index 0 is unused."""
    area: NDArray[np.float64]
    """Area by id, in pixels; index 0 is 0."""
    cut: NDArray[np.bool_]
    """Whether the particle touches the edge of the image, by id."""
    known: NDArray[np.bool_] | None = None
    """Where the label is certain, (row, col); everywhere if none."""


def distance_map(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Distance to the outline of the own particle; the image's edge is no outline.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image.

    Returns
    -------
    ndarray of float32, (row, col)
        Euclidean distance in pixels to the nearest pixel of another label; 0 on the background.
    """
    out = np.zeros(labels.shape, np.float32)
    rows, cols = labels.shape
    for index, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        r, c = box
        grown = (
            slice(max(r.start - 1, 0), min(r.stop + 1, rows)),
            slice(max(c.start - 1, 0), min(c.stop + 1, cols)),
        )
        mask = labels[grown] == index
        if mask.all():
            out[grown] = max(mask.shape)
            continue
        depth = ndimage.distance_transform_edt(mask)
        out[grown][mask] = depth[mask]
    return out


def border_map(labels: torch.Tensor, width: int = 2) -> torch.Tensor:
    """Pixels of a particle that lie within `width` pixels of another particle.

    Parameters
    ----------
    labels : Tensor of float32, (row, col)
        Label image; ids below 2**24.
    width : int
        Chessboard distance, in pixels.

    Returns
    -------
    Tensor of float32, (row, col)
        1 on the border between touching particles, else 0.
    """
    size = 2 * width + 1
    grid = labels[None, None]
    highest = F.max_pool2d(grid, size, stride=1, padding=width)
    far = torch.where(grid > 0, -grid, torch.full_like(grid, -float(2**24)))
    lowest = -F.max_pool2d(far, size, stride=1, padding=width)
    return ((grid > 0) & (highest != lowest)).float()[0, 0]


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
        The pair with its pyramid, distances and sizes.
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
    distance = distance_map(labels)
    flow = flow_field(labels)
    return LabelledImage(name, group, tuple(levels), labels, distance, flow, diameter, area, cut, known)
