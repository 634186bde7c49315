"""Judge the predicted label image of one micrograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.evaluation.matching import find_overlaps
from nanoseg_fiji.evaluation.scores import count, match_all
from nanoseg_fiji.evaluation.sizes import relative_error, sizes_of, typical_diameter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation.matching import Overlaps

__all__ = ["ERRORS", "ImageScores", "evaluate_image", "merged_and_split"]

ERRORS = ("count_error", "mean_ecd_error", "median_ecd_error", "diameter_error")
"""Errors of an image: the first three relative, the last log2(found / true) of the typical diameter."""


@dataclass(frozen=True)
class ImageScores:
    """What is counted and measured in one image."""

    name: str
    """Name of the image."""
    counts: NDArray[np.float64]
    """In the order of `nanoseg_fiji.evaluation.scores.COUNTS`, shape (17,)."""
    merges: int
    """Predicted particles that hold more than half of each of two or more true ones."""
    splits: int
    """True particles that hold more than half of each of two or more predicted ones."""
    errors: NDArray[np.float64]
    """In the order of `ERRORS`, shape (4,). NaN where the truth has no particle; -1 for the sizes where only
    the prediction has none; the last NaN where no diameter is given."""
    true_diameter: float
    """Area-weighted median diameter of the true particles, in pixels."""
    scores: NDArray[np.float64]
    """Score of every predicted particle, labels ascending; empty where none are given."""
    matched: NDArray[np.bool_]
    """Whether each predicted particle has a match at IoU 0.5, shape (n_pred,)."""
    sizes: NDArray[np.float64]
    """Of every pair matched at IoU 0.5: ECD found and true, MinFeret found and true, in pixels, shape
    (n_matched, 4)."""
    on_marks: int
    """Predicted particles without a match of which more than half lies on marks (text, bars); -1 where it is
    not known where marks are."""


def evaluate_image(
    name: str,
    pred: NDArray[np.int32],
    truth: NDArray[np.int32],
    scores: NDArray[np.float64] | None = None,
    diameter: float = float("nan"),
    marks: NDArray[np.bool_] | None = None,
) -> ImageScores:
    """Judge the label image of one micrograph.

    Parameters
    ----------
    name : str
        What the image is called.
    pred, truth : ndarray of int32, (row, col)
        Label images; 0 is background.
    scores : ndarray of float64, (n_pred,), optional
        Score of every predicted particle, 0 to 1, labels ascending.
    diameter : float
        Estimated typical diameter, in pixels.
    marks : ndarray of bool, (row, col), optional
        Where letters, scale bars and info strips are burnt in.

    Returns
    -------
    ImageScores
        Counts and errors.

    Raises
    ------
    InputError
        The label images do not fit each other, or the scores the labels, or the marks the images.
    """
    overlaps = find_overlaps(pred, truth)
    n_pred, n_truth = overlaps.pred_labels.size, overlaps.truth_labels.size
    if scores is not None and scores.shape != (n_pred,):
        raise InputError(f"{name}: {scores.size} scores for {n_pred} particles: give one each")
    matchings = match_all(overlaps)
    matched = np.zeros(n_pred, bool)
    matched[matchings[0].pred] = True
    if marks is not None and marks.shape != pred.shape:
        raise InputError(f"{name}: the marks are {marks.shape}, the label images {pred.shape}")
    merges, splits = merged_and_split(overlaps)
    found, calipers = sizes_of(pred, overlaps.pred_areas)
    true, true_calipers = sizes_of(truth, overlaps.truth_areas)
    pairs = matchings[0]
    sizes = (found[pairs.pred], true[pairs.truth], calipers[pairs.pred], true_calipers[pairs.truth])
    typical = typical_diameter(true)
    errors = [
        relative_error(n_pred, n_truth),
        *(
            relative_error(float(middle(found)) if n_pred else 0.0, float(middle(true)))
            if n_truth
            else np.nan
            for middle in (np.mean, np.median)
        ),
        float(np.log2(diameter / typical)) if diameter > 0 and n_truth else np.nan,
    ]
    return ImageScores(
        name,
        count(overlaps, matchings),
        int(merges.sum()),
        int(splits.sum()),
        np.array(errors),
        typical,
        np.empty(0) if scores is None else np.asarray(scores, np.float64),
        matched,
        np.stack(sizes, axis=1),
        -1 if marks is None else _on(marks, pred, overlaps, matched),
    )


def _on(
    marks: NDArray[np.bool_], pred: NDArray[np.int32], overlaps: Overlaps, matched: NDArray[np.bool_]
) -> int:
    """Count the unmatched particles of which more than half lies on marks."""
    rank = np.searchsorted(overlaps.pred_labels, pred[marks & (pred > 0)])
    covered = np.bincount(rank, minlength=matched.size)
    return int((~matched & (2 * covered > overlaps.pred_areas)).sum())


def merged_and_split(overlaps: Overlaps) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which predicted particles merge several true ones, and which true ones are split.

    Returns
    -------
    merges : ndarray of bool, (n_pred,)
        Whether a predicted particle holds more than half of each of two or more true ones.
    splits : ndarray of bool, (n_truth,)
        Whether a true particle holds more than half of each of two or more predicted ones.
    """
    swallowed = 2 * overlaps.shared > overlaps.truth_areas[overlaps.truth]
    fragment = 2 * overlaps.shared > overlaps.pred_areas[overlaps.pred]
    merges = np.bincount(overlaps.pred[swallowed], minlength=overlaps.pred_labels.size) > 1
    splits = np.bincount(overlaps.truth[fragment], minlength=overlaps.truth_labels.size) > 1
    return merges, splits
