from __future__ import annotations

import numpy as np
import pytest
import torch

from nanoseg_fiji.segmentation import segment_pixels
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.segmentation.resize import resize
from nanoseg_fiji.segmentation.scale import estimate_diameter, look_scales
from nanoseg_fiji.segmentation.segment import labels_from_maps, predict_maps
from nanoseg_fiji.segmentation.tiles import Predictor


@pytest.mark.parametrize(
    ("side", "diameter", "zoom", "expected"),
    [
        (500, 64, 1.0, (0.5,)),
        (500, 64, 1.5, (0.5, 0.75)),
        (500, 20, 1.5, (1.6, 2.4)),
        (500, 8, 1.5, (4.0,)),
        (4000, 40, 1.5, (0.8, 1.0)),
        (4000, 16, 1.5, (2.0,)),
    ],
    ids=["one look", "two", "small image", "tiny particles", "own pixels", "large image"],
)
def test_the_second_look_is_no_finer_than_it_may_be(side, diameter, zoom, expected):
    assert look_scales((side // 2, side), diameter, 32.0, zoom) == pytest.approx(expected)


@pytest.mark.parametrize(("shrunk", "finest"), [(1, 0.4), (8, 4.0)], ids=["108 px", "14 px"])
def test_the_search_for_the_scale_ends_where_particles_fit(model, silica, shrunk, finest):
    image = normalise(silica[:896])
    image = resize(image, tuple(side // shrunk for side in image.shape))
    predictor = Predictor(model.fused, torch.device("cpu"), 1024)
    sides = []

    def look(pixels, *told):
        sides.append(pixels.shape[1])
        return predictor(pixels, *told)

    found = estimate_diameter(image, look, None, model.diameter)
    assert sides[-1] / image.shape[1] == pytest.approx(finest, rel=0.02)
    assert found * shrunk == pytest.approx(108, rel=0.1)


def test_two_looks_are_averaged_at_the_finer_scale(model, silica):
    image = normalise(silica[:320, :320])
    predictor = Predictor(model.net, torch.device("cpu"), 1024)
    coarse, fine, both = (predict_maps(image, predictor, s) for s in ((0.5,), (1.0,), (0.5, 1.0)))
    assert coarse.shape == (4, 160, 160)
    assert both.shape == fine.shape == (4, 320, 320)
    mean = (resize(coarse, (320, 320)) + fine) / 2 + np.array([0, 0, 0, 0.5], np.float32)[:, None, None]
    np.testing.assert_allclose(both, mean, atol=1e-4)


def test_a_magnified_look_finds_the_same_particles(model, silica):
    image = normalise(silica)
    predictor = Predictor(model.net, torch.device("cpu"), 1024)
    counts = []
    for scales in ((0.4,), (0.4, 0.6)):
        maps = predict_maps(image, predictor, scales)
        counts.append(labels_from_maps(maps, True, 3.0, scales[-1] / scales[0]).max())
    assert counts[0] == pytest.approx(counts[1], rel=0.1)


def test_the_card_says_whether_the_model_looks_twice(model, silica):
    assert model.outline_zoom > 1
    told = []
    segment_pixels(silica, model, device="cpu", diameter=90, progress=lambda done, text: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1
