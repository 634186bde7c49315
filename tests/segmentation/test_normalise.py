from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji.segmentation.normalise import normalise


@pytest.fixture
def image():
    return np.random.default_rng(1).gamma(3, 40, (64, 80)).astype(np.float32)


def test_gain_and_offset_do_not_matter(image):
    assert normalise(image * 31 - 500) == pytest.approx(normalise(image), abs=1e-4)


def test_percentiles_meet_the_ends(image):
    out = normalise(image)
    assert np.percentile(out, [1, 99]) == pytest.approx([-1, 1], abs=1e-4)
    assert out.dtype == np.float32


def test_hot_and_missing_pixels_do_not_move_the_rest(image):
    spoilt = image.copy()
    spoilt[0, 0], spoilt[1, 1], spoilt[2, 2] = np.nan, np.inf, 1e30
    out = normalise(spoilt)
    assert np.isfinite(out).all()
    assert out[0, 0] == out[1, 1] == 0
    assert out[2, 2] == 3
    assert out[10:] == pytest.approx(normalise(image)[10:], abs=0.05)


@pytest.mark.parametrize("value", [0, 7.5, np.nan, -1e38])
def test_an_image_without_contrast_is_zero(value):
    assert not normalise(np.full((8, 9), value, np.float32)).any()


def test_two_values_of_which_one_is_rare_keep_their_contrast():
    image = np.zeros((100, 100), np.float32)
    image[3, 3] = 5
    assert np.ptp(normalise(image)) == 2


def test_the_mask_says_what_counts(image):
    mask = np.zeros(image.shape, bool)
    mask[:, :40] = True
    framed = image.copy()
    framed[:, 40:] = 1e6
    assert normalise(framed, mask)[:, :40] == pytest.approx(normalise(image, mask)[:, :40])
