from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji.segmentation.resize import resize, resize_shape


def test_shapes_never_vanish():
    assert resize_shape((3, 4000), 0.01) == (1, 40)


def test_shrinking_averages_over_what_a_pixel_covers():
    image = np.indices((64, 64)).sum(0).astype(np.float32) % 2
    assert resize(image, (16, 16))[2:-2, 2:-2] == pytest.approx(0.5, abs=0.02)
