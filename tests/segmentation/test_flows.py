from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label as components

from nanoseg_fiji.segmentation.flows import labels_along_flow, rest_points, split_flows
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


def touching_disks(side):
    rows, cols = (np.indices((side, side)) + 0.5) / side
    left = (rows - 0.5) ** 2 + (cols - 0.3) ** 2 <= 0.23**2
    right = (rows - 0.5) ** 2 + (cols - 0.7) ** 2 <= 0.23**2
    return np.where(left & ((cols < 0.5) | ~right), 1, np.where(right, 2, 0)).astype(np.int32)


@pytest.mark.parametrize(("small", "large"), [(50, 200), (200, 50), (64, 150)])
def test_labels_keep_place_and_area_at_another_size(small, large):
    truth, labels = touching_disks(large), touching_disks(small)
    found = labels_along_flow(labels, flow_field(labels).astype(np.float32), truth > 0)
    assert (found == truth).mean() > 0.985
    assert np.array_equal(found > 0, truth > 0)


def test_a_border_between_particles_has_no_steps_at_full_size():
    rows, cols = np.indices((50, 50))
    beyond = cols - (15.2 + rows / 4)
    small = np.where(beyond < 0, 1, 2).astype(np.int32)
    flow = np.clip(beyond / 2, -1, 1) * (np.array([-0.25, 1]) / np.hypot(0.25, 1))[:, None, None]
    found = labels_along_flow(small, flow.astype(np.float32), np.ones((400, 400), bool))
    last = (found == 1).sum(1)[8:-8]  # the border's column, row by row
    line = np.polyfit(np.arange(last.size), last, 1)
    assert line[0] == pytest.approx(0.25, abs=0.005)
    # 8 px of full size to one of the map: a border along the map's pixels would be 4 px off
    assert np.abs(last - np.polyval(line, np.arange(last.size))).max() < 2


def test_a_thin_ring_keeps_its_pixels_though_its_flows_end_in_the_hole():
    labels = (disk(45, 60, 40) & ~disk(45, 60, 38)).astype(np.int32)
    found = labels_along_flow(labels, flow_field(labels).astype(np.float32), labels > 0)
    assert np.array_equal(found, labels)


def test_labels_stay_within_the_mask():
    mask = np.zeros((30, 30), bool)
    mask[5:20, 5:20] = True
    found = labels_along_flow(np.ones((10, 10), np.int32), np.zeros((2, 10, 10), np.float32), mask)
    assert np.array_equal(found > 0, mask)
