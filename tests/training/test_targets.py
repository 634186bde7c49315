from __future__ import annotations

import numpy as np
import torch

from nanoseg_fiji.training.targets import border_map, describe, distance_map


def test_distance_is_to_the_own_outline_and_the_edge_of_the_image_is_none():
    labels = np.zeros((20, 30), np.int32)
    labels[0:9, 0:30] = 1
    labels[9:20, 5:15] = 2
    distance = distance_map(labels)
    assert np.array_equal(distance[:9, 0], np.arange(9, 0, -1))
    assert distance[19, 10] == 5
    assert distance[9, 10] == 1
    assert not distance[labels == 0].any()


def test_one_particle_that_fills_the_image_has_a_distance_everywhere():
    assert (distance_map(np.ones((5, 8), np.int32)) == 8).all()


def test_borders_lie_between_particles_only():
    labels = np.zeros((12, 20), np.int32)
    labels[2:10, 2:10], labels[2:10, 10:18] = 1, 2
    border = border_map(torch.from_numpy(labels.astype(np.float32))).numpy()
    expected = np.zeros(labels.shape, bool)
    expected[2:10, 8:12] = True
    assert np.array_equal(border > 0, expected)


def test_sizes_and_edges_are_described():
    labels = np.zeros((40, 40), np.int32)
    labels[0:10, 0:10], labels[20:24, 20:24] = 1, 2
    pair = describe("a", "g", np.zeros((40, 40), np.float32), labels)
    assert pair.area.tolist() == [0, 100, 16]
    assert np.allclose(pair.diameter[1:], 2 * np.sqrt(np.array([100, 16]) / np.pi))
    assert pair.cut[1:].tolist() == [True, False]
    assert [level.shape for level in pair.levels] == [(40, 40), (20, 20)]
