from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji.errors import CancelledError, InputError
from nanoseg_fiji.segmentation import segment_pixels


@pytest.fixture(scope="module")
def found(model, silica):
    return segment_pixels(silica, model, device="cpu")


def test_the_size_of_the_spheres_is_found(found):
    diameters = 2 * np.sqrt(np.bincount(found.labels.ravel())[1:] / np.pi)
    assert found.labels.dtype == np.int32
    assert found.labels.max() > 30
    assert found.diameter == pytest.approx(np.median(diameters), rel=0.25)
    assert found.device == "cpu"
    assert found.messages == ()


def test_labels_lie_where_the_network_sees_particles(found):
    assert found.foreground[found.labels > 0].min() > 0.5
    assert 0 <= found.foreground.min() <= found.foreground.max() <= 1


def iou_of_foreground(first, second):
    return ((first > 0) & (second > 0)).sum() / ((first > 0) | (second > 0)).sum()


def test_polarity_and_bit_depth_do_not_matter(model, silica, found):
    for changed in (255 - silica, silica * 200 + 3000):
        other = segment_pixels(changed.astype(np.float32), model, device="cpu")
        assert iou_of_foreground(other.labels, found.labels) > 0.9


def test_a_given_diameter_is_kept(model, silica):
    assert segment_pixels(silica, model, diameter=120.0, device="cpu").diameter == 120


def test_unsplit_particles_are_aggregates(model, silica, found):
    together = segment_pixels(silica, model, split=False, device="cpu")
    assert together.labels.max() < found.labels.max() / 2


def test_outside_the_mask_is_background(model, silica):
    mask = np.zeros(silica.shape, bool)
    mask[:500, :700] = True
    found = segment_pixels(silica, model, mask=mask, device="cpu")
    assert found.labels[mask].max() > 5
    assert not found.labels[~mask].any()


def test_pixels_that_are_no_numbers_are_background(model, silica):
    spoilt = silica.copy()
    spoilt[:, 300:420] = np.nan
    found = segment_pixels(spoilt, model, device="cpu")
    assert found.labels.max() > 10
    assert not found.labels[:, 300:420].any()


@pytest.mark.parametrize("value", [0.0, 77.0, np.nan])
def test_an_image_without_contrast_has_no_particles(model, value):
    found = segment_pixels(np.full((64, 64), value, np.float32), model, device="cpu")
    assert not found.labels.any()
    assert np.isnan(found.diameter)


def test_cancel_stops_and_progress_ends_at_one(model, silica):
    with pytest.raises(CancelledError):
        segment_pixels(silica, model, device="cpu", cancel=lambda: True)
    told = []
    segment_pixels(silica, model, device="cpu", progress=lambda done, text: told.append((done, text)))
    fractions = [done for done, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(text for _, text in told)


def test_bad_input_is_refused(model):
    with pytest.raises(InputError, match="3 dimensions"):
        segment_pixels(np.zeros((2, 64, 64), np.float32), model)
    for name in ("gpu", "cuda:x", "cuda:99"):
        with pytest.raises(InputError, match="use auto"):
            segment_pixels(np.eye(64, dtype=np.float32), model, device=name)
