"""Scores, against scikit-learn and definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from nanoseg_fiji.evaluation import find_overlaps
from nanoseg_fiji.evaluation.scores import (
    COUNTS,
    SCORES,
    THRESHOLDS,
    count,
    match_all,
    reliability,
    scores_of,
)

LABELS = arrays(np.int32, (6, 7), elements=st.integers(0, 6))


def counts_of(pred: np.ndarray, truth: np.ndarray) -> np.ndarray:
    overlaps = find_overlaps(pred, truth)
    return count(overlaps, match_all(overlaps))


@settings(max_examples=100, deadline=None)
@given(LABELS, LABELS)
def test_pixel_scores_are_those_of_scikit_learn(pred: np.ndarray, truth: np.ndarray) -> None:
    pred[0, :2], truth[0, :2] = (0, 1), (1, 0)  # both classes in both
    found = scores_of(counts_of(pred, truth))
    p, t = (pred > 0).ravel(), (truth > 0).ravel()
    expected = {
        "IoU": metrics.jaccard_score(t, p),
        "Dice": metrics.f1_score(t, p),
        "accuracy": metrics.accuracy_score(t, p),
        "kappa": metrics.cohen_kappa_score(t, p),
        "MCC": metrics.matthews_corrcoef(t, p),
        "Youden": metrics.balanced_accuracy_score(t, p, adjusted=True),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_instance_scores_follow_their_definitions(pred: np.ndarray, truth: np.ndarray) -> None:
    """Above 0.5 a pair is matched exactly when its IoU is high enough, so no matching is needed to count."""
    found = scores_of(counts_of(pred, truth))
    preds, truths = ([labels == i for i in np.unique(labels) if i] for labels in (pred, truth))
    ious = np.array([(p & t).sum() / (p | t).sum() for p in preds for t in truths])
    for name, threshold in (("AP75", 0.75), ("AP90", 0.9)):
        tp = (ious >= threshold).sum()
        wrong = len(preds) + len(truths) - 2 * tp
        assert found[name] == pytest.approx(tp / (tp + wrong) if tp + wrong else 1.0, abs=1e-9)
    if not ((ious == 0.5).any()) and preds and truths:
        tp = (ious > 0.5).sum()
        fp, fn = len(preds) - tp, len(truths) - tp
        assert found["PQ"] == pytest.approx(ious[ious > 0.5].sum() / (tp + fp / 2 + fn / 2), abs=1e-9)
        assert found["precision"] == pytest.approx(tp / (tp + fp))
        assert found["recall"] == pytest.approx(tp / (tp + fn))
        if tp:
            assert found["PQ"] == pytest.approx(found["SQ"] * found["RQ"], abs=1e-9)
        f1 = [2 * (ious >= t).sum() / (len(preds) + len(truths)) for t in THRESHOLDS]
        assert found["F1"] == pytest.approx(np.mean(f1), abs=1e-9)


def test_a_case_by_hand() -> None:
    """One exact particle, one of IoU 3/4, one missed, two invented."""
    truth = np.array([[1, 1, 0, 2, 2, 2, 2, 0, 3, 3, 0, 0]])
    pred = np.array([[1, 1, 0, 2, 2, 2, 0, 4, 0, 0, 0, 5]])
    found = scores_of(counts_of(pred, truth))
    assert found["AP50"] == pytest.approx(2 / 5)
    assert found["AP75"] == pytest.approx(2 / 5)
    assert found["AP90"] == pytest.approx(1 / 6)
    assert found["PQ"] == pytest.approx(1.75 / 3.5)
    assert found["SQ"] == pytest.approx(0.875)
    assert found["F1"] == pytest.approx((6 * 4 / 7 + 4 * 2 / 7) / 10)


@pytest.mark.parametrize(
    ("n_pred", "n_truth", "expected"),
    [
        (
            0,
            0,
            {
                "AP50": 1,
                "F1": 1,
                "PQ": 1,
                "SQ": np.nan,
                "precision": np.nan,
                "recall": np.nan,
                "IoU": 1,
                "MCC": np.nan,
            },
        ),
        (
            1,
            0,
            {
                "AP50": 0,
                "F1": 0,
                "PQ": 0,
                "precision": 0,
                "recall": np.nan,
                "IoU": 0,
                "kappa": np.nan,
                "Youden": np.nan,
            },
        ),
        (
            0,
            1,
            {
                "AP50": 0,
                "F1": 0,
                "PQ": 0,
                "precision": np.nan,
                "recall": 0,
                "Dice": 0,
                "kappa": 0,
                "MCC": 0,
                "Youden": 0,
            },
        ),
    ],
)
def test_nothing_there_or_nothing_found(n_pred: int, n_truth: int, expected: dict[str, float]) -> None:
    blank = np.zeros((4, 4), np.int32)
    one = blank.copy()
    one[:2] = 1
    found = scores_of(counts_of(one if n_pred else blank, one if n_truth else blank))
    assert {name: float(found[name]) for name in expected} == pytest.approx(expected, nan_ok=True)


def test_many_images_at_once_are_scored_like_one_by_one() -> None:
    rng = np.random.default_rng(3)
    counts = np.stack([counts_of(*rng.integers(0, 5, (2, 8, 8))) for _ in range(6)])
    together = scores_of(counts)
    assert set(together) == set(SCORES)
    for name in SCORES:
        alone = [float(scores_of(row)[name]) for row in counts]
        np.testing.assert_array_equal(together[name], alone)
    assert counts.shape == (6, len(COUNTS))


def test_large_pixel_counts_lose_no_precision() -> None:
    counts = np.zeros(len(COUNTS))
    counts[-4:] = 3e9, 1e9, 2e9, 4e9
    p, t = np.repeat([1, 1, 0, 0], [30, 10, 20, 40]), np.repeat([1, 0, 1, 0], [30, 10, 20, 40])
    found = scores_of(counts)
    assert found["MCC"] == pytest.approx(metrics.matthews_corrcoef(t, p), abs=1e-12)
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(t, p), abs=1e-12)


def test_reliability_counts_matches_in_bins_of_score() -> None:
    scores = np.array([0.05, 0.95, 0.95, 1.0, 0.55])
    matched = np.array([False, True, False, True, True])
    found = reliability(scores, matched)
    assert found["count"] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert found["precision"][9] == pytest.approx(2 / 3)
    assert found["score"][9] == pytest.approx(2.9 / 3)
    assert np.isnan(found["precision"][1])
    assert found["calibration_error"][0] == pytest.approx((0.05 + 0.45 + 0.9) / 5)
