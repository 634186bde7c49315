from __future__ import annotations

import numpy as np

from nanoseg_fiji.training.targets import describe


def test_sizes_and_edges_are_described():
    labels = np.zeros((40, 40), np.int32)
    labels[0:10, 0:10], labels[20:24, 20:24] = 1, 2
    pair = describe("a", "g", np.zeros((40, 40), np.float32), labels)
    assert pair.area.tolist() == [0, 100, 16]
    assert np.allclose(pair.diameter[1:], 2 * np.sqrt(np.array([100, 16]) / np.pi))
    assert pair.cut[1:].tolist() == [True, False]
    assert [level.shape for level in pair.levels] == [(40, 40), (20, 20)]
