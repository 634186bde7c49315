from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.segmentation import split_mask


def disks(shape, *circles):
    rows, cols = np.indices(shape)
    mask = np.zeros(shape, bool)
    for row, col, radius in circles:
        mask |= (rows - row) ** 2 + (cols - col) ** 2 <= radius**2
    return mask


def test_touching_disks_are_split_at_the_neck():
    mask = disks((60, 100), (30, 30, 18), (30, 62, 18))
    labels = split_mask(mask)
    assert labels.dtype == np.int32
    assert labels.max() == 2
    assert np.array_equal(labels > 0, mask)
    assert np.ptp(labels[:, :44]) <= labels.max()
    assert set(np.unique(labels[30, 20:40])) != set(np.unique(labels[30, 55:75]))


def test_higher_tolerance_splits_less():
    mask = disks((60, 100), (30, 30, 18), (30, 56, 18))
    counts = [split_mask(mask, tolerance).max() for tolerance in (0.5, 2.0, 20.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 2
    assert counts[-1] == 1


def test_a_ring_stays_a_ring():
    mask = disks((80, 80), (40, 40, 30)) & ~disks((80, 80), (40, 40, 22))
    labels = split_mask(mask, tolerance=2.0)
    assert np.array_equal(labels > 0, mask)
    assert labels.max() == 1
    assert labels[40, 40] == 0


def test_small_particles_are_not_lost():
    mask = np.zeros((40, 40), bool)
    mask[5, 5] = mask[20:22, 20:22] = mask[39, 39] = True
    assert split_mask(mask, tolerance=5.0).max() == 3


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 63), st.integers(0, 63), st.integers(1, 15)), min_size=0, max_size=8),
    st.floats(0, 6),
)
def test_every_pixel_of_the_mask_and_no_other_is_labelled(circles, tolerance):
    mask = disks((64, 64), *circles)
    labels = split_mask(mask, tolerance)
    assert np.array_equal(labels > 0, mask)
    ids = np.unique(labels[labels > 0])
    assert np.array_equal(ids, np.arange(1, ids.size + 1))


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="2-D"):
        split_mask(np.zeros((2, 3, 4), bool))
    with pytest.raises(InputError, match="tolerance=-1"):
        split_mask(np.zeros((3, 4), bool), -1)
    with pytest.raises(InputError, match="tolerance=nan"):
        split_mask(np.zeros((3, 4), bool), float("nan"))
