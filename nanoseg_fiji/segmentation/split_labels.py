"""Watershed splitting of what is labelled already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.segmentation.split import split_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["split_labels"]


def split_labels(labels: NDArray[np.int32], tolerance: float = 1.0) -> NDArray[np.int32]:
    """Split touching particles of a mask or label image; labels that touch each other stay apart.

    Parameters
    ----------
    labels : ndarray of int, (row, col)
        Mask or label image, 0 is background.
    tolerance : float
        Depth of the h-maxima of the distance map, in pixels; higher splits less.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image with ids 1..n, in the order in which the particles are met row by row.

    Raises
    ------
    InputError
        The tolerance is negative.
    """
    mask = labels > 0
    # a finer grid has a row between any two rows and a column between any two: gaps where labels touch
    fine = mask.repeat(2, 0).repeat(2, 1)[:-1, :-1]
    down, right = labels[:-1] != labels[1:], labels[:, :-1] != labels[:, 1:]
    fine[1::2, ::2] &= ~down
    fine[::2, 1::2] &= ~right
    fine[1::2, 1::2] &= ~(down[:, :-1] | down[:, 1:] | right[:-1] | right[1:])
    split = split_mask(fine, 2 * tolerance)[::2, ::2] if _touching(labels) else split_mask(mask, tolerance)
    found, first, ids = np.unique(split[mask], return_index=True, return_inverse=True)
    number = np.empty(len(found), np.int32)
    number[np.argsort(first)] = np.arange(1, len(found) + 1)
    out = np.zeros(labels.shape, np.int32)
    out[mask] = number[ids]
    return out


def _touching(labels: NDArray[np.int32]) -> bool:
    """Whether two labels are neighbours, across a corner or an edge."""
    pairs = (
        (labels[:-1], labels[1:]),
        (labels[:, :-1], labels[:, 1:]),
        (labels[:-1, :-1], labels[1:, 1:]),
        (labels[1:, :-1], labels[:-1, 1:]),
    )
    return any(bool(((a != b) & (a > 0) & (b > 0)).any()) for a, b in pairs)
