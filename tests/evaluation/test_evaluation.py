"""One image and many: counts, sizes, merges and splits, pooling and intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.evaluation import evaluate, evaluate_image
from nanoseg_fiji.evaluation.sizes import sizes_of, true_diameter, typical_diameter


def squares(*sides: int, start: int = 0) -> np.ndarray:
    """Squares of these sides in a row, 20 px apart; 0 leaves a gap."""
    labels = np.zeros((20, 20 * max(1, len(sides)) + start), np.int32)
    for i, side in enumerate(sides):
        labels[2 : 2 + side, start + 20 * i : start + 20 * i + side] = i + 1
    return labels


def ecd(area: float) -> float:
    return math.sqrt(4 * area / math.pi)


def test_errors_of_count_and_size_are_relative_to_the_truth() -> None:
    found = evaluate_image("a", squares(10, 10, 4, 0), squares(10, 10, 8, 6), diameter=2 * ecd(100))
    count_error, mean_error, median_error, diameter_error = found.errors
    assert count_error == pytest.approx(-0.25)
    assert mean_error == pytest.approx((24 / 3) / (34 / 4) - 1)
    assert median_error == pytest.approx(10 / 9 - 1)
    assert diameter_error == pytest.approx(1.0)
    assert found.true_diameter == pytest.approx(ecd(100))


def test_an_image_in_which_nothing_is_found_counts_as_wholly_wrong() -> None:
    nothing, something = squares(0), squares(8)
    assert evaluate_image("a", nothing, something, diameter=5.0).errors[:3].tolist() == [-1, -1, -1]
    assert np.isnan(evaluate_image("b", something, nothing, diameter=5.0).errors).all()
    both = evaluate([evaluate_image("a", nothing, something), evaluate_image("b", something, nothing)])
    assert both.errors["count_error"] == 1.0
    assert both.errors["total_count_error"] == 0.0
    assert both.diameter is None


def test_diameters_are_of_the_filled_area_and_the_typical_one_is_weighted_by_area() -> None:
    ring = squares(9, 3)
    ring[5:8, 3:6] = 0
    areas = np.array([72, 9])
    assert sizes_of(ring, areas)[0] == pytest.approx([ecd(81), ecd(9)])
    many = np.array([1.0] * 30 + [10.0])
    assert typical_diameter(many) == 10.0
    assert math.isnan(typical_diameter(np.array([])))
    assert true_diameter(ring * 7) == pytest.approx(ecd(81))
    assert true_diameter(squares(0)) == 0


def test_bias_is_signed_and_told_by_true_size() -> None:
    found = evaluate([evaluate_image("a", squares(9, 13, 15), squares(8, 12, 16))])
    assert found.bias["from"] == [5, 10]
    assert found.bias["to"] == [10, 20]
    assert found.bias["count"] == [1, 2]
    for name in ("ecd", "min_feret"):
        assert found.bias[name] == pytest.approx([1 / 8, (1 / 12 - 1 / 16) / 2])
        assert found.bias[f"{name}_low"][1] == pytest.approx(-1 / 16 + 0.25 * (1 / 12 + 1 / 16))
    nothing = evaluate([evaluate_image("a", squares(0), squares(8))])
    assert nothing.bias == {"from": [], "to": [], "count": []}


def test_false_particles_on_marks_and_on_empty_images_are_counted_by_themselves() -> None:
    marks = squares(0, 0, 10, 0, 3) > 0
    pred, truth = squares(10, 10, 10, 0, 10), squares(10, 0, 0, 10, 0)
    with_marks = evaluate_image("a", pred, truth, marks=marks)
    assert with_marks.on_marks == 1, "a tenth of the last lies on marks, and the first is right"
    images = [with_marks, evaluate_image("b", squares(4, 4), squares(0, 0))]
    assert evaluate(images).false_particles == {
        "all": 5,
        "empty_images": 1,
        "on_empty_images": 2,
        "marked_images": 1,
        "on_marks": 1,
    }
    with pytest.raises(InputError, match="the marks are"):
        evaluate_image("a", pred, truth, marks=marks[1:])


def test_merges_and_splits_are_counted() -> None:
    apart, joined = squares(12, 12), squares(12, 12)
    joined[2:14, :32] = 1
    halves = squares(12, 12)
    halves[2:8, :12] = 3
    assert (evaluate_image("m", joined, apart).merges, evaluate_image("m", joined, apart).splits) == (1, 0)
    assert (evaluate_image("s", halves, apart).merges, evaluate_image("s", halves, apart).splits) == (0, 1)
    exact = evaluate_image("e", apart, apart)
    assert (exact.merges, exact.splits) == (0, 0)


def test_pooled_counts_particles_and_mean_counts_images() -> None:
    good = evaluate_image("good", squares(8), squares(8))
    bad = evaluate_image("bad", squares(8, 8, 0, 0, 0), squares(0, 0, 8, 8, 8))
    found = evaluate([good, bad])
    assert found.pooled["AP50"] == pytest.approx(1 / 6)
    assert found.mean["AP50"] == pytest.approx(1 / 2)
    assert found.per_image["AP50"].tolist() == [1, 0]
    assert found.errors["count_error"] == pytest.approx(1 / 6)  # of 0 and 1/3


def test_intervals_are_those_of_a_plain_bootstrap_over_images() -> None:
    rng = np.random.default_rng(5)
    images = []
    for i in range(12):
        truth = squares(*rng.integers(4, 9, 5))
        images.append(evaluate_image(str(i), np.where(rng.random(5).repeat(20) < 0.7, truth, 0), truth))
    found = evaluate(images, seed=1)
    draws = [evaluate_counts([images[i] for i in rng.integers(0, 12, 12)]) for _ in range(3000)]
    for part, column in (("pooled", 0), ("errors", 1)):
        low, high = found.intervals[part]["AP50" if column == 0 else "count_error"]
        expected = np.quantile([draw[column] for draw in draws], [0.025, 0.975])
        assert (low, high) == pytest.approx(tuple(expected), abs=0.03)
    assert evaluate(images, seed=1).intervals["pooled"] == found.intervals["pooled"]
    assert evaluate(images, seed=2).intervals["pooled"] != found.intervals["pooled"]


def evaluate_counts(images: list) -> tuple[float, float]:
    tp = sum(i.counts[0] for i in images)
    total = sum(i.counts[10] + i.counts[11] for i in images)
    return tp / (total - tp), float(np.median([abs(i.errors[0]) for i in images]))


def test_scores_are_compared_with_matches_over_all_images() -> None:
    images = [
        evaluate_image("a", squares(8, 8), squares(8, 0), np.array([0.95, 0.15])),
        evaluate_image("b", squares(8), squares(8), np.array([0.92])),
        evaluate_image("c", squares(0), squares(8), np.empty(0)),
    ]
    found = evaluate(images).reliability
    assert found is not None
    assert (found["count"][1], found["precision"][1]) == (1, 0)
    assert (found["count"][9], found["precision"][9]) == (2, 1)
    assert evaluate([evaluate_image("a", squares(8), squares(8))]).reliability is None


def test_the_choice_of_scale_is_summarised() -> None:
    size = ecd(64)
    images = [evaluate_image("a", squares(8), squares(8), diameter=size * f) for f in (1.2, 0.75, 1.9, 8.0)]
    images.append(evaluate_image("b", squares(0), squares(8)))
    found = evaluate(images).diameter
    assert found is not None
    assert found["images"] == 4
    assert [found[f"within_{f}"] for f in ("1.25", "1.5", "2")] == [0.25, 0.5, 0.75]
    assert found["median_abs_log2"] == pytest.approx((np.log2(4 / 3) + np.log2(1.9)) / 2)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match=r"a: 2 scores for 1 particles"):
        evaluate_image("a", squares(8), squares(8), np.ones(2))
    with pytest.raises(InputError, match="no images"):
        evaluate([])
