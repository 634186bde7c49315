from __future__ import annotations

import numpy as np

from nanoseg_fiji.training.flow_field import flow_field


def test_flows_are_unit_vectors_inside_particles_and_nothing_outside():
    labels = np.zeros((70, 90), np.int32)
    labels[2:10, 2:12], labels[10:65, 12:80], labels[30, 85:89] = 1, 2, 5
    flow = flow_field(labels)
    length = np.hypot(*flow.astype(np.float32))
    assert flow.shape == (2, 70, 90)
    assert not length[labels == 0].any()
    assert np.median(length[labels > 0]) > 0.99
    assert length.max() < 1.01


def test_flows_of_a_rectangle_point_to_its_middle():
    labels = np.zeros((60, 80), np.int32)
    labels[10:51, 20:71] = 1
    rows, cols = flow_field(labels).astype(np.float32)
    assert (rows[10:25, 45] > 0.9).all()
    assert (rows[36:51, 45] < -0.9).all()
    assert (cols[30, 20:38] > 0.9).all()
    assert (cols[30, 53:71] < -0.9).all()


def test_the_own_outline_alone_matters():
    alone = np.zeros((30, 40), np.int32)
    alone[5:20, 5:20] = 1
    beside = alone.copy()
    beside[5:20, 20:34] = 2
    assert np.array_equal(flow_field(alone)[:, :, :20], flow_field(beside)[:, :, :20])


def test_no_particle_and_a_particle_of_a_pixel_have_no_flow():
    labels = np.zeros((9, 9), np.int32)
    assert not flow_field(labels).any()
    labels[4, 4] = 1
    assert not flow_field(labels).any()


def test_flows_of_a_ring_lead_through_its_hole_to_the_middle():
    rows, cols = np.indices((61, 61))
    far = np.hypot(rows - 30, cols - 30)
    labels = ((far < 25) & (far > 17)).astype(np.int32)
    flow = flow_field(labels).astype(np.float32)
    inward = -((rows - 30) * flow[0] + (cols - 30) * flow[1]) / np.maximum(far, 1)
    assert inward[labels > 0].min() > 0.9
    assert inward[(far < 17) & (far > 4)].min() > 0.8
    assert not flow[:, far > 26].any()
