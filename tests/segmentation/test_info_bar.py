from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji.segmentation.info_bar import info_bar_height


@pytest.fixture
def micrograph():
    return np.random.default_rng(3).integers(0, 256, (200, 300)).astype(np.float32)


def test_the_bar_of_a_real_micrograph_is_found(silica):
    assert info_bar_height(silica) == 64


@pytest.mark.parametrize("ground", [0, 255])
def test_a_bar_with_text_is_measured(micrograph, ground):
    micrograph[170:] = ground
    micrograph[180:190, 20:120] = 255 - ground
    assert info_bar_height(micrograph) == 30


def test_micrographs_without_a_bar_have_none(micrograph):
    assert info_bar_height(micrograph) == 0
    assert info_bar_height(np.zeros((200, 300), np.float32)) == 0
    assert info_bar_height(np.full((20, 30), np.nan, np.float32)) == 0


def test_dark_ground_that_ends_gradually_is_no_bar(micrograph):
    for row in range(150, 200):
        micrograph[row, : int(300 * min(1, (row - 150) / 30))] = 0
    assert info_bar_height(micrograph) == 0


def test_a_line_or_half_the_image_is_no_bar(micrograph):
    line, half = micrograph.copy(), micrograph.copy()
    line[-2:] = 0
    half[100:] = 0
    assert info_bar_height(line) == info_bar_height(half) == 0
