"""Outlines refill to exactly the labels they came from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.contours import Outlines, trace

label_images = arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.integers(0, 3))


def refill(outlines: Outlines, shape: tuple[int, int]) -> np.ndarray:
    """Fill every label's loops by the even-odd rule; fails where labels overlap."""
    filled = np.zeros(shape, dtype=np.int32)
    for i, label in enumerate(outlines.ids):
        crossed = np.zeros((shape[0], shape[1] + 1), dtype=int)
        for j in range(outlines.loops[i], outlines.loops[i + 1]):
            part = slice(outlines.vertices[j], outlines.vertices[j + 1])
            x, y = outlines.x[part], outlines.y[part]
            for a, b, c, d in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
                assert (a == c) != (b == d)
                if a == c:
                    crossed[min(b, d) : max(b, d), a] += 1
        inside = np.cumsum(crossed, axis=1)[:, :-1] % 2 == 1
        assert not filled[inside].any()
        filled[inside] = label
    return filled


@given(label_images)
@settings(max_examples=200, deadline=None)
def test_outlines_hold_exactly_the_pixels(labels: np.ndarray) -> None:
    outlines = trace(labels)
    assert outlines.ids.tolist() == [i for i in np.unique(labels) if i]
    np.testing.assert_array_equal(refill(outlines, labels.shape), labels)


@given(label_images)
@settings(max_examples=100, deadline=None)
def test_one_loop_a_component_and_a_hole(labels: np.ndarray) -> None:
    outlines = trace(labels)
    for i, label in enumerate(outlines.ids):
        hole = outlines.hole[outlines.loops[i] : outlines.loops[i + 1]]
        components = ndimage.label(labels == label, np.ones((3, 3)))[1]
        background = ndimage.label(np.pad(labels != label, 1, constant_values=True))[1]
        assert not hole[0]
        assert (np.count_nonzero(~hole), np.count_nonzero(hole)) == (components, background - 1)


def test_starts_where_the_wand_starts_and_runs_clockwise() -> None:
    outlines = trace([[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 0]])
    assert list(zip(outlines.x.tolist(), outlines.y.tolist(), strict=True)) == [
        *((3, 1), (4, 1), (4, 2), (3, 2), (3, 3)),
        *((2, 3), (2, 2), (1, 2), (1, 0), (3, 0)),
    ]


def test_many_labels_of_any_size() -> None:
    rng = np.random.default_rng(1)
    labels = rng.permutation(300 * 300).reshape(300, 300).astype(np.int64) + 2**31 - 100_000
    outlines = trace(labels)
    assert len(outlines.ids) == labels.size and np.all(np.diff(outlines.vertices) == 4)
    left, top = outlines.x.reshape(-1, 4).min(axis=1), outlines.y.reshape(-1, 4).min(axis=1)
    np.testing.assert_array_equal(labels[top, left], outlines.ids)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (4, 3)])
def test_nothing_there(shape: tuple[int, int]) -> None:
    outlines = trace(np.zeros(shape, dtype=np.uint16))
    assert len(outlines.ids) == len(outlines.x) == len(outlines.hole) == 0
    assert outlines.loops.tolist() == outlines.vertices.tolist() == [0]


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (np.zeros((2, 2)), "whole numbers"),
        (np.zeros(3, dtype=int), "two or more dimensions"),
        (np.array([[-1, 0]]), "below 0"),
        (np.array([[2**31, 0]]), "renumber"),
        (np.zeros((2, 2, 2), dtype=int), "slice by slice"),
    ],
)
def test_what_is_no_label_image(labels: np.ndarray, match: str) -> None:
    with pytest.raises(InputError, match=match):
        trace(labels)
