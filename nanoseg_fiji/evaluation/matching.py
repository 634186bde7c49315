"""Which predicted particle is which true one: one-to-one matching by overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Matching", "Overlaps", "find_overlaps", "match"]


@dataclass(frozen=True)
class Overlaps:
    """Areas of the particles of two label images and of what they share, in pixels.

    Particles are numbered by their rank among the labels that occur; only pairs that share pixels are listed.
    """

    pred_labels: NDArray[np.int64]
    """Labels of the predicted particles, ascending, shape (n_pred,)."""
    truth_labels: NDArray[np.int64]
    """Labels of the true particles, ascending, shape (n_truth,)."""
    pred_areas: NDArray[np.int64]
    """Area of each predicted particle, shape (n_pred,)."""
    truth_areas: NDArray[np.int64]
    """Area of each true particle, shape (n_truth,)."""
    pred: NDArray[np.int64]
    """Rank of the predicted particle of each pair, shape (n_pairs,)."""
    truth: NDArray[np.int64]
    """Rank of the true particle of each pair, shape (n_pairs,)."""
    shared: NDArray[np.int64]
    """Area that the two of each pair share, shape (n_pairs,)."""
    pixels: int
    """Number of pixels of the image."""

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each pair, shape (n_pairs,)."""
        union = self.pred_areas[self.pred] + self.truth_areas[self.truth] - self.shared
        return self.shared / union

    def match(self, threshold: float = 0.5) -> Matching:
        """Match one to one; see `match`."""
        if not 0 < threshold <= 1:
            raise InputError(f"IoU threshold {threshold} must lie above 0 and not above 1")
        iou = self.iou
        kept = iou >= threshold
        pred, truth, iou = self.pred[kept], self.truth[kept], iou[kept]
        rivals = np.bincount(pred, minlength=1)[pred] + np.bincount(truth, minlength=1)[truth] > 2
        # a pair without rivals belongs to every best matching; above 0.5 no pair has any
        chosen = np.flatnonzero(~rivals)
        if rivals.any():
            open_pairs = np.flatnonzero(rivals)
            best = _assign(pred[open_pairs], truth[open_pairs], iou[open_pairs])
            chosen = np.sort(np.concatenate([chosen, open_pairs[best]]))
        return Matching(threshold, pred[chosen], truth[chosen], iou[chosen])


@dataclass(frozen=True)
class Matching:
    """Pairs of a predicted and a true particle, by their ranks in `Overlaps`; no particle is in two pairs."""

    threshold: float
    """IoU that a pair has at least."""
    pred: NDArray[np.int64]
    """Rank of the predicted particle of each pair, shape (n_matches,)."""
    truth: NDArray[np.int64]
    """Rank of the true particle of each pair, shape (n_matches,)."""
    iou: NDArray[np.float64]
    """IoU of each pair, shape (n_matches,)."""


def find_overlaps(pred: ArrayLike, truth: ArrayLike) -> Overlaps:
    """Count the pixels that predicted and true particles share.

    Parameters
    ----------
    pred, truth : array_like of int
        Label images of one shape; 0 is background, any other number is a particle.

    Returns
    -------
    Overlaps
        Labels, areas and the pairs that share pixels.

    Raises
    ------
    InputError
        The shapes differ, or the labels are not whole numbers from 0 to 2**31 - 1.
    """
    pred, truth = np.asarray(pred), np.asarray(truth)
    if pred.shape != truth.shape:
        raise InputError(f"predicted labels are {pred.shape}, true ones {truth.shape}: give the same image")
    for name, labels in (("predicted", pred), ("true", truth)):
        if labels.dtype.kind not in "bui":
            raise InputError(f"{name} labels are of type {labels.dtype}: labels are whole numbers")
        if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < 2**31:
            raise InputError(f"{name} labels from {labels.min()} to {labels.max()}: they start at 0")
    # one sort of (pred, truth) gives all areas and overlaps, however large the labels are
    keys, counts = np.unique(pred.astype(np.int64) << 31 | truth.astype(np.int64), return_counts=True)
    pred_labels, pred_rank = np.unique(keys >> 31, return_inverse=True)
    truth_labels, truth_rank = np.unique(keys & (2**31 - 1), return_inverse=True)
    pred_areas = _sums(pred_rank, counts, pred_labels.size)
    truth_areas = _sums(truth_rank, counts, truth_labels.size)
    has_ground = [int(labels.size > 0 and labels[0] == 0) for labels in (pred_labels, truth_labels)]
    pred_rank, truth_rank = pred_rank - has_ground[0], truth_rank - has_ground[1]
    both = (pred_rank >= 0) & (truth_rank >= 0)
    return Overlaps(
        pred_labels[has_ground[0] :],
        truth_labels[has_ground[1] :],
        pred_areas[has_ground[0] :],
        truth_areas[has_ground[1] :],
        pred_rank[both],
        truth_rank[both],
        counts[both],
        pred.size,
    )


def match(pred: ArrayLike, truth: ArrayLike, threshold: float = 0.5) -> Matching:
    """Match predicted and true particles one to one.

    Of all sets of disjoint pairs with an IoU of at least `threshold`, that with most pairs is taken, and of
    those that with the largest sum of IoU. Above 0.5 there is only one: two disjoint particles cannot both
    share more than half of their union with a third [1]_.

    Parameters
    ----------
    pred, truth : array_like of int
        Label images of one shape; 0 is background.
    threshold : float
        Least IoU of a pair, above 0 and up to 1.

    Returns
    -------
    Matching
        The pairs.

    Raises
    ------
    InputError
        The label images do not fit or `threshold` is out of range.

    References
    ----------
    .. [1] A. Kirillov et al., Panoptic Segmentation, CVPR 2019, doi 10.1109/CVPR.2019.00963
    """
    return find_overlaps(pred, truth).match(threshold)


def _sums(group: NDArray[np.int64], counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    # bincount adds in double precision, exact to 2**53 pixels
    return np.bincount(group, weights=counts, minlength=size).astype(np.int64)


def _assign(pred: NDArray[np.int64], truth: NDArray[np.int64], iou: NDArray[np.float64]) -> NDArray[np.int64]:
    """Choose pairs without rivals among them: as many as can be, of the largest sum of IoU."""
    from scipy.optimize import linear_sum_assignment

    rows, row = np.unique(pred, return_inverse=True)
    cols, col = np.unique(truth, return_inverse=True)
    gain = np.zeros((rows.size, cols.size))
    index = np.full(gain.shape, -1)
    gain[row, col] = 1 + iou / (min(gain.shape) + 1)
    index[row, col] = np.arange(pred.size)
    chosen = index[linear_sum_assignment(gain, maximize=True)]
    return chosen[chosen >= 0]
