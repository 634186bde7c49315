"""Particles divided by lines, merged and drawn."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as components

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.corrections import draw, merge, split_by_line


def disc(shape=(60, 80), centre=(30, 40), radius=20):
    row, col = np.ogrid[: shape[0], : shape[1]]
    return ((row - centre[0]) ** 2 + (col - centre[1]) ** 2 <= radius**2).astype(np.int32)


def test_a_straight_line_halves_a_disc():
    labels = disc() * 7
    pieces, divided = split_by_line(labels, [5, 75], [30.5, 30.5])
    assert divided == [7]
    assert np.array_equal(pieces > 0, labels > 0), "no pixel is lost"
    top, bottom = pieces[:31][labels[:31] > 0], pieces[31:][labels[31:] > 0]
    assert set(top) == {1} and set(bottom) == {2}, "the larger piece comes first"


def test_a_line_through_pixel_centres_loses_nothing():
    labels = disc()
    pieces, divided = split_by_line(labels, [0, 79], [30, 30])
    assert divided == [1] and np.array_equal(pieces > 0, labels > 0) and pieces.max() == 2


def test_a_line_that_ends_inside_does_not_divide():
    pieces, divided = split_by_line(disc(), [5, 40], [30.5, 30.5])
    assert divided == [] and not pieces.any()


def test_a_segmented_line_divides_all_that_it_crosses():
    labels = (
        disc(radius=9, centre=(20, 20))
        + 2 * disc(radius=9, centre=(40, 60))
        + 3 * disc(radius=5, centre=(8, 70))
    )
    pieces, divided = split_by_line(labels, [5, 40, 75], [20.2, 20.2, 55.7])
    assert divided == [1, 2]
    assert np.array_equal(pieces > 0, (labels == 1) | (labels == 2)) and pieces.max() == 4
    assert split_by_line(labels, [5, 40, 75], [20.2, 20.2, 55.7], ids=[2, 3])[1] == [2]


def test_slivers_stay_with_their_neighbour():
    # the line leaves the square's edge by two pixels on its way across
    labels = np.zeros((60, 60), np.int32)
    labels[10:50, 10:50] = 1
    pieces, _ = split_by_line(labels, [5, 30, 30, 31.5, 31.5, 55], [30.5, 30.5, 31.8, 31.8, 30.5, 30.5])
    assert pieces.max() == 2 and np.array_equal(pieces > 0, labels > 0)


def test_a_part_that_is_not_divided_stays_with_the_largest_piece():
    labels = np.zeros((60, 60), np.int32)
    labels[5:45, 5:45] = labels[50:55, 50:55] = 4
    pieces, divided = split_by_line(labels, [0, 59], [15.5, 15.5])
    assert divided == [4] and pieces.max() == 2
    assert pieces[52, 52] == pieces[40, 20] != pieces[8, 20]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.floats(-5, 45), st.floats(-5, 45)), min_size=2, max_size=6),
)
def test_random_lines_lose_no_pixel_and_cross_no_piece(seed, points):
    labels = components(np.random.default_rng(seed).random((40, 40)) < 0.55, connectivity=2).astype(np.int32)
    x, y = np.transpose(points)
    pieces, divided = split_by_line(labels, x, y)
    assert np.array_equal(pieces > 0, np.isin(labels, divided))
    for number in range(1, pieces.max() + 1):
        assert len(np.unique(labels[pieces == number])) == 1
    for label in divided:
        assert len(np.unique(pieces[labels == label])) > 1


def test_a_freehand_line_over_a_large_field_is_quick():
    labels = np.zeros((2000, 2000), np.int32)
    grid = np.arange(10_000).reshape(100, 100) + 1
    for row in range(2, 18):
        for col in range(2, 18):
            labels[row::20, col::20] = grid
    at = np.linspace(0, 2000, 1000)
    started = time.process_time()
    pieces, divided = split_by_line(labels, at, at + 3 * np.sin(at / 9))
    assert len(divided) >= 95 and np.array_equal(pieces > 0, np.isin(labels, divided))
    assert time.process_time() - started < 5


def test_merge_keeps_every_pixel():
    labels = (
        disc(radius=9, centre=(20, 20))
        + 5 * disc(radius=9, centre=(20, 38))
        + 6 * disc(radius=4, centre=(50, 60))
    )
    merged, ids = merge(labels, [5, 1, 1])
    assert ids == [1, 5] and np.array_equal(merged, (labels == 1) | (labels == 5))
    with pytest.raises(InputError, match="fewer than two particles to merge"):
        merge(labels, [5, 9])


def test_draw_leaves_what_others_have():
    labels = disc(centre=(30, 25))
    drawn = draw(labels, disc(centre=(30, 50)) > 0)
    assert np.array_equal(drawn > 0, (disc(centre=(30, 50)) > 0) & (labels == 0))
    with pytest.raises(InputError, match="inside particles that are there already"):
        draw(labels, labels > 0)
    with pytest.raises(InputError, match="has shape"):
        draw(labels, np.ones((3, 3), bool))


@pytest.mark.parametrize(("x", "y"), [([1], [1]), ([1, 2], [1]), ([1, np.nan], [1, 2])])
def test_no_line(x, y):
    with pytest.raises(InputError, match="a line of at least two points is needed"):
        split_by_line(disc(), x, y)
