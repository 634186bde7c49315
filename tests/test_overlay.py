"""The picture of a result: outlines where the particles end, a bar as long as it says."""

from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji.overlay import draw_overlay
from nanoseg_fiji.types import Calibration

GRAY = np.tile(np.linspace(0, 1, 1000, dtype=np.float32), (900, 1))


def _coloured(picture: np.ndarray) -> np.ndarray:
    return picture.max(axis=-1).astype(int) - picture.min(axis=-1) > 80


def test_outlines_lie_inside_and_touching_particles_differ():
    labels = np.zeros(GRAY.shape, np.int32)
    labels[100:200, 100:200], labels[100:200, 200:300] = 1, 2
    picture = draw_overlay(GRAY, labels, Calibration())
    assert picture.shape == (900, 1000, 3)
    drawn = _coloured(picture)
    assert not drawn[labels == 0].any()
    assert drawn[100, 100:300].all() and drawn[199, 100:300].all()
    assert drawn[100:200, [199, 200]].all()  # between them, on both sides
    assert not drawn[110:190, 110:190].any()
    assert tuple(picture[150, 199]) != tuple(picture[150, 200])


@pytest.mark.parametrize(("size", "length"), [(1.0, 200), (3.0, 500), (0.013, 2)])
def test_bar_is_as_long_as_it_says(size, length):
    bare = draw_overlay(GRAY, np.zeros(GRAY.shape, np.int32), Calibration())
    barred = draw_overlay(GRAY, np.zeros(GRAY.shape, np.int32), Calibration(size, size, "µm"))
    changed = (bare != barred).any(axis=-1)
    assert changed.any() and not changed[:700].any()
    white = ((barred == 255) & (bare != 255)).all(axis=-1)
    bar = next(line.sum() for line in white[::-1] if line.sum() > 50)
    assert bar == pytest.approx(length / size, abs=2)


def test_small_and_odd_pictures_are_drawn():
    small = draw_overlay(np.zeros((3, 5), np.float32), np.ones((3, 5), np.int32), Calibration(1, 1, "nm"))
    assert small.shape[0] / 3 == small.shape[1] / 5 == small.shape[1] // 5
    nothing = draw_overlay(np.full((20, 30), np.nan, np.float32), np.zeros((20, 30), np.int32), Calibration())
    assert not nothing.any()
    montage = draw_overlay(np.zeros((20, 850, 10)), np.zeros((20, 850, 10), np.int32), Calibration())
    assert montage.shape == (3 * 850, 3 * 10, 3)  # nine of twenty slices
