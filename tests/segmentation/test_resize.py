from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji.segmentation.resize import labels_to_shape, resize, resize_shape


def disk_labels(side):
    rows, cols = (np.indices((side, side)) + 0.5) / side
    left = (rows - 0.5) ** 2 + (cols - 0.27) ** 2 <= 0.23**2
    right = (rows - 0.5) ** 2 + (cols - 0.73) ** 2 <= 0.23**2
    return np.where(left, 1, np.where(right, 2, 0)).astype(np.int32)


def test_shapes_never_vanish():
    assert resize_shape((3, 4000), 0.01) == (1, 40)


def test_shrinking_averages_over_what_a_pixel_covers():
    image = np.indices((64, 64)).sum(0).astype(np.float32) % 2
    assert resize(image, (16, 16))[2:-2, 2:-2] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("small", "large"), [(50, 200), (200, 50), (64, 150)])
def test_labels_keep_place_and_area(small, large):
    truth = disk_labels(large)
    labels = labels_to_shape(disk_labels(small), truth > 0)
    agreement = (labels == truth).mean()
    assert agreement > 0.985
    assert set(np.unique(labels)) == {0, 1, 2}


def test_labels_stay_within_the_mask():
    labels = np.ones((10, 10), np.int32)
    mask = np.zeros((30, 30), bool)
    mask[5:20, 5:20] = True
    assert np.array_equal(labels_to_shape(labels, mask) > 0, mask)
