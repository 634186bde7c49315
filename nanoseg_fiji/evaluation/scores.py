"""Scores from counts: instances and pixels, for one image or for many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation.matching import Matching, Overlaps

__all__ = ["COUNTS", "SCORES", "THRESHOLDS", "count", "match_all", "reliability", "scores_of"]

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""IoU thresholds: 0.50 to 0.95 in steps of 0.05."""
_AP = {"AP50": 0.5, "AP75": 0.75, "AP90": 0.9}

COUNTS = (
    *(f"tp{round(100 * t)}" for t in THRESHOLDS),
    *("n_pred", "n_truth", "sum_iou", "pixel_tp", "pixel_fp", "pixel_fn", "pixel_tn"),
)
"""What is counted: matches at each threshold, particles, the sum of the matches' IoU at 0.5, pixels."""

SCORES = (
    *(*_AP, "F1", "PQ", "SQ", "RQ", "precision", "recall"),
    *("IoU", "Dice", "accuracy", "kappa", "MCC", "Youden"),
)
"""Names of the scores, instances first and pixels after."""


def match_all(overlaps: Overlaps) -> tuple[Matching, ...]:
    """Match the particles at every one of `THRESHOLDS`."""
    return tuple(overlaps.match(t) for t in THRESHOLDS)


def count(overlaps: Overlaps, matchings: Iterable[Matching]) -> NDArray[np.float64]:
    """Count matches, particles and pixels of one image.

    Parameters
    ----------
    overlaps : Overlaps
        Of the predicted and the true label image.
    matchings : iterable of Matching
        What `match_all` gives.

    Returns
    -------
    ndarray of float64, (17,)
        In the order of `COUNTS`; counts of several images may be added up.
    """
    matchings = tuple(matchings)
    both = int(overlaps.shared.sum())
    only_pred = int(overlaps.pred_areas.sum()) - both
    only_truth = int(overlaps.truth_areas.sum()) - both
    return np.array(
        [
            *(m.iou.size for m in matchings),
            overlaps.pred_labels.size,
            overlaps.truth_labels.size,
            matchings[0].iou.sum(),
            both,
            only_pred,
            only_truth,
            overlaps.pixels - both - only_pred - only_truth,
        ],
        np.float64,
    )


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64], empty: float) -> NDArray[np.float64]:
    """Quotient, with `empty` for 0 / 0."""
    return np.where(below > 0, above / np.where(below > 0, below, 1), empty)


def scores_of(counts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Turn counts into scores.

    With TP matches, FP predicted and FN true particles without a match at an IoU threshold: AP is
    TP / (TP + FP + FN) as in StarDist and the Data Science Bowl 2018; F1, precision and recall have their
    usual meaning (F1 is the mean over `THRESHOLDS`, the other two are at 0.5); PQ is the sum of the matches'
    IoU over TP + FP / 2 + FN / 2, and the product of RQ (F1 at 0.5) and SQ (mean IoU of the matches) [1]_. A
    pair of exactly the threshold is a match. Pixel scores take all particles as one foreground; kappa is
    Cohen's [2]_, MCC Matthews' correlation [3]_, Youden's index sensitivity + specificity - 1 [4]_.

    Where the truth is empty: with nothing predicted either, AP, F1, PQ, RQ, IoU and Dice are 1; with
    something predicted they are 0. SQ without a match, precision without a prediction and recall without
    truth are NaN.
    Chance-corrected pixel scores (kappa, MCC, Youden) are NaN where the truth is all background or all
    foreground, and 0 where only the prediction is.

    Parameters
    ----------
    counts : ndarray of float64, (..., 17)
        In the order of `COUNTS`: of one image, of many, or sums over images.

    Returns
    -------
    dict of str to ndarray of float64, (...)
        One array a name in `SCORES`.

    References
    ----------
    .. [1] A. Kirillov et al., CVPR 2019, doi 10.1109/CVPR.2019.00963
    .. [2] J. Cohen, Educ. Psychol. Meas. 20 (1960) 37, doi 10.1177/001316446002000104
    .. [3] B. W. Matthews, Biochim. Biophys. Acta 405 (1975) 442, doi 10.1016/0005-2795(75)90109-9
    .. [4] W. J. Youden, Cancer 3 (1950) 32, doi 10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3
    """
    matches = counts[..., : len(THRESHOLDS)]
    n_pred, n_truth, sum_iou, tp, fp, fn, tn = np.moveaxis(counts[..., len(THRESHOLDS) :], -1, 0)
    total = (n_pred + n_truth)[..., None]
    ap = _ratio(matches, total - matches, 1.0)
    f1 = _ratio(2 * matches, total, 1.0)
    at_half = matches[..., 0]
    scores = {name: ap[..., THRESHOLDS.index(t)] for name, t in _AP.items()}
    scores["F1"] = f1.mean(axis=-1)
    scores["PQ"] = _ratio(2 * sum_iou, n_pred + n_truth, 1.0)
    scores["SQ"] = _ratio(sum_iou, at_half, np.nan)
    scores["RQ"] = f1[..., 0]
    scores["precision"] = _ratio(at_half, n_pred, np.nan)
    scores["recall"] = _ratio(at_half, n_truth, np.nan)
    return scores | _pixel_scores(tp, fp, fn, tn)


def _pixel_scores(
    tp: NDArray[np.float64], fp: NDArray[np.float64], fn: NDArray[np.float64], tn: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    pixels, positive, negative, called = tp + fp + fn + tn, tp + fn, fp + tn, tp + fp
    one_class = (positive == 0) | (negative == 0)
    determinant = tp * tn - fp * fn
    # roots one by one: the product of four pixel counts leaves the range where doubles are exact
    spread = np.sqrt(positive) * np.sqrt(negative) * np.sqrt(called) * np.sqrt(fn + tn)
    chance = called * negative + positive * (fn + tn)
    return {
        "IoU": _ratio(tp, tp + fp + fn, 1.0),
        "Dice": _ratio(2 * tp, 2 * tp + fp + fn, 1.0),
        "accuracy": _ratio(tp + tn, pixels, np.nan),
        "kappa": np.where(one_class, np.nan, _ratio(2 * determinant, chance, np.nan)),
        "MCC": np.where(one_class, np.nan, _ratio(determinant, spread, 0.0)),
        "Youden": np.where(one_class, np.nan, _ratio(tp, positive, 0.0) - _ratio(fp, negative, 0.0)),
    }


def reliability(
    scores: NDArray[np.float64], matched: NDArray[np.bool_], bins: int = 10
) -> dict[str, list[float]]:
    """Compare the particles' scores with how often they are right.

    Parameters
    ----------
    scores : ndarray of float64, (n,)
        Score of every predicted particle, 0 to 1.
    matched : ndarray of bool, (n,)
        Whether it has a match at IoU 0.5.
    bins : int
        Number of bins of equal width.

    Returns
    -------
    dict
        For every bin its lower edge ``from``, the number ``count``, the mean ``score`` and the ``precision``
        (share of matches; NaN without particles); under ``calibration_error`` (one number) the mean
        distance between score and precision, weighted by number (expected calibration error).
    """
    index = np.clip((scores * bins).astype(np.int64), 0, bins - 1)
    ones = np.ones(scores.size)
    number, right, score = (
        np.bincount(index, weights=w, minlength=bins).astype(np.float64) for w in (ones, matched, scores)
    )
    error = np.abs(score - right).sum() / scores.size if scores.size else np.nan
    return {
        "from": [i / bins for i in range(bins)],
        "count": number.tolist(),
        "score": _ratio(score, number, np.nan).tolist(),
        "precision": _ratio(right, number, np.nan).tolist(),
        "calibration_error": [float(error)],
    }
