"""One-to-one matching, against a brute force that tries every assignment."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.evaluation import find_overlaps, match

SMALL = arrays(np.int32, (5, 6), elements=st.integers(0, 5))


def pairwise_iou(pred: np.ndarray, truth: np.ndarray) -> np.ndarray:
    def iou(p: int, t: int) -> float:
        return ((pred == p) & (truth == t)).sum() / ((pred == p) | (truth == t)).sum()

    return np.array([[iou(p, t) for t in ids(truth)] for p in ids(pred)]).reshape(
        len(ids(pred)), len(ids(truth))
    )


def ids(labels: np.ndarray) -> list[int]:
    return [i for i in np.unique(labels) if i]


def best_by_trial(iou: np.ndarray, threshold: float) -> tuple[int, float]:
    """Most pairs, then the largest sum, by trying everything."""

    @cache
    def best(row: int, taken: frozenset[int]) -> tuple[int, float]:
        if row == iou.shape[0]:
            return 0, 0.0
        options = [best(row + 1, taken)]
        for col in range(iou.shape[1]):
            if col not in taken and iou[row, col] >= threshold:
                number, total = best(row + 1, taken | {col})
                options.append((number + 1, total + iou[row, col]))
        return max(options)

    return best(0, frozenset())


@settings(max_examples=150, deadline=None)
@given(SMALL, SMALL, st.sampled_from([0.05, 0.1, 0.25, 1 / 3, 0.5, 0.55, 0.75, 1.0]))
def test_matching_is_the_best_there_is(pred: np.ndarray, truth: np.ndarray, threshold: float) -> None:
    found = match(pred, truth, threshold)
    iou = pairwise_iou(pred, truth)
    np.testing.assert_allclose(found.iou, iou[found.pred, found.truth], rtol=1e-12)
    assert len(set(found.pred)) == len(set(found.truth)) == found.iou.size
    assert (found.iou >= threshold).all()
    number, total = best_by_trial(iou, threshold)
    assert found.iou.size == number
    assert found.iou.sum() == pytest.approx(total, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(SMALL, SMALL)
def test_overlaps_are_counted_pixel_by_pixel(pred: np.ndarray, truth: np.ndarray) -> None:
    found = find_overlaps(pred, truth)
    assert found.pred_labels.tolist() == ids(pred)
    assert found.truth_labels.tolist() == ids(truth)
    assert found.pred_areas.tolist() == [(pred == i).sum() for i in ids(pred)]
    assert found.truth_areas.tolist() == [(truth == i).sum() for i in ids(truth)]
    shared = np.zeros((len(ids(pred)), len(ids(truth))), int)
    shared[found.pred, found.truth] = found.shared
    expected = [[((pred == p) & (truth == t)).sum() for t in ids(truth)] for p in ids(pred)]
    assert shared.tolist() == expected
    assert found.pixels == pred.size


def test_exactly_one_half_is_a_match_and_ties_are_settled_for_most_pairs() -> None:
    truth = np.array([[1, 1, 2, 2]])
    pred = np.array([[7, 7, 7, 7]])
    found = match(pred, truth, 0.5)
    assert found.iou.tolist() == [0.5]
    # taken greedily, the pair of largest IoU (6/14) leaves two particles without their partners
    col = np.arange(14)
    truth, pred = np.where(col < 10, 1, 2), np.where(col < 4, 1, 2)
    found = match(pred, truth, 0.4)
    assert list(zip(found.pred, found.truth, strict=True)) == [(0, 0), (1, 1)]
    assert found.iou.tolist() == [0.4, 0.4]


def test_labels_may_be_far_apart_and_of_any_integer_type() -> None:
    truth = np.zeros((4, 4), np.uint16)
    truth[:2] = 65535
    pred = np.zeros((4, 4), np.uint32)
    pred[:2] = 2**24
    found = find_overlaps(pred, truth)
    assert (found.pred_labels.tolist(), found.truth_labels.tolist()) == ([2**24], [65535])
    assert found.match(1.0).iou.tolist() == [1.0]
    assert found.iou.tolist() == [1.0]


@pytest.mark.parametrize(
    ("pred", "truth", "threshold", "said"),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), 0.5, r"\(2, 3\), true ones \(3, 2\)"),
        (np.zeros((2, 2)), np.zeros((2, 2), int), 0.5, "predicted labels are of type float64"),
        (np.zeros((2, 2), int), np.full((2, 2), -1), 0.5, "true labels from -1"),
        (np.full((2, 2), 2**31), np.zeros((2, 2), int), 0.5, "predicted labels from 2147483648"),
        (np.zeros((2, 2), int), np.zeros((2, 2), int), 0.0, "threshold 0.0"),
        (np.zeros((2, 2), int), np.zeros((2, 2), int), 1.1, "threshold 1.1"),
    ],
)
def test_what_does_not_fit_is_refused(
    pred: np.ndarray, truth: np.ndarray, threshold: float, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        match(pred, truth, threshold)
