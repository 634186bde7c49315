from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label as components

from nanoseg_fiji.segmentation.flows import rest_points, split_flows
from nanoseg_fiji.training.flow_field import flow_field

ROWS, COLS = np.indices((90, 120))


def disk(row, col, radius):
    return (ROWS - row) ** 2 + (COLS - col) ** 2 <= radius**2


@pytest.fixture
def touching():
    labels = np.zeros(ROWS.shape, np.int32)
    for index, (row, col, radius) in enumerate([(40, 30, 20), (40, 68, 19), (68, 50, 9), (10, 100, 4)], 1):
        labels[disk(row, col, radius) & (labels == 0)] = index
    return labels


def same_partition(first, second):
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1)
    return pairs.shape[1] == len(np.unique(first)) == len(np.unique(second))


def test_touching_particles_of_any_size_come_apart_where_they_touch(touching):
    found = split_flows(flow_field(touching).astype(np.float32), touching > 0, 3.0)
    assert same_partition(found, touching)


@pytest.mark.parametrize(
    "mask",
    [
        disk(45, 60, 40) & ~disk(45, 60, 33),
        (abs(ROWS - 45) < 3) & (abs(COLS - 60) < 55),
        (disk(45, 60, 40) & ~disk(45, 60, 30)) & ~((COLS > 60) & (abs(ROWS - 45) < 12)),
    ],
    ids=["ring", "rod", "C"],
)
def test_a_particle_of_any_shape_stays_one(mask):
    labels = mask.astype(np.int32)
    assert np.array_equal(split_flows(flow_field(labels).astype(np.float32), mask, 3.0), labels)


def test_flows_are_followed_to_the_centre(touching):
    mask = touching == 1
    ends = rest_points(flow_field(touching).astype(np.float32), mask)
    assert ends.shape == (2, mask.sum())
    assert np.abs(ends - [[40], [30]]).max() < 3


def test_places_of_rest_within_the_tolerance_are_one_particle():
    mask = disk(45, 60, 20)
    centre = np.where(COLS < 60, 56, 64)  # two places of rest, 8 px apart
    way = np.stack([45 - ROWS, centre - COLS]).astype(np.float32)
    flow = way / np.maximum(np.hypot(*way), 1)
    assert split_flows(flow, mask, 3.0).max() == 2
    assert split_flows(flow, mask, 12.0).max() == 1


def test_every_particle_is_one_piece_and_no_pixel_is_lost():
    noise = np.random.default_rng(1).normal(size=(2, *ROWS.shape)).astype(np.float32)
    mask = disk(45, 60, 40) | disk(5, 5, 3)
    found = split_flows(noise / np.hypot(*noise), mask, 3.0)
    assert np.array_equal(found > 0, mask)
    assert components(found, connectivity=2).max() == found.max() == len(np.unique(found)) - 1


def test_what_has_no_flow_is_one_particle_a_component():
    mask = disk(45, 60, 20) | disk(10, 10, 1)
    found = split_flows(np.zeros((2, *mask.shape), np.float32), mask, 3.0)
    assert same_partition(found, components(mask, connectivity=2))
    assert not split_flows(np.zeros((2, 5, 5), np.float32), np.zeros((5, 5), bool), 3.0).any()
