from __future__ import annotations

import numpy as np
import pytest
import torch

from nanoseg_fiji.training.augmentation import AugmentationConfig, augment
from nanoseg_fiji.training.crops import CropConfig, CropStream, cut_crop, place_crop, resample
from nanoseg_fiji.training.targets import describe

PLAIN = AugmentationConfig(invert=0, contrast=0, shading=0, blur=0, noise=0, text=0, strip=0)


@pytest.fixture
def pair():
    rows, cols = np.indices((120, 160))
    labels = np.zeros((120, 160), np.int32)
    for index, (row, col) in enumerate([(40, 40), (40, 70), (80, 110)], start=1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 <= 14**2] = index
    return describe("disks", "g", (labels > 0).astype(np.float32) * 2 - 1, labels)


def test_a_shift_reads_the_pixels_themselves(pair):
    image, labels, known, flow = resample(pair, np.eye(2), np.array([10.0, 20.0]), 64)
    assert np.array_equal(image, pair.levels[0][10:74, 20:84])
    assert np.array_equal(labels, pair.labels[10:74, 20:84])
    assert flow == pytest.approx(pair.flow[:, 10:74, 20:84].astype(np.float32), abs=2e-3)
    assert known.all()


def test_beyond_the_edge_is_mirrored_and_not_known(pair):
    image, labels, known, _ = resample(pair, np.eye(2), np.array([-30.0, 0.0]), 64)
    assert not known[:30].any()
    assert known[30:].all()
    assert np.array_equal(labels[:30], labels[31:61][::-1])
    assert np.array_equal(image[:30], image[31:61][::-1])


def test_targets_are_in_pixels_of_the_crop(pair):
    rng = np.random.default_rng(2)
    scale = CropConfig(diameter=(58, 58), odd_fraction=0)
    image, targets = cut_crop(rng, pair, *place_crop(rng, pair, 96, scale), 96, PLAIN)
    inside = (targets[0] > 0) & (targets[5] > 0)
    assert inside.any()
    assert 2 ** targets[3][inside] == pytest.approx(58, rel=0.03)
    assert image[targets[0] > 0].mean() > image[(targets[0] == 0) & (targets[4] > 0)].mean() + 1


@pytest.mark.parametrize("seed", range(6))
def test_flows_lead_to_the_centre_however_a_crop_lies(pair, seed):
    rng = np.random.default_rng(seed)
    matrix, offset = place_crop(rng, pair, 128, CropConfig(diameter=(40, 60), odd_fraction=0))
    _, labels, _, flow = resample(pair, matrix, offset, 128)
    rows, cols = np.indices(labels.shape)
    there = np.tensordot(matrix, np.stack([rows, cols]) + 8 * flow, 1) + offset[:, None, None]
    here = np.tensordot(matrix, np.stack([rows, cols]), 1) + offset[:, None, None]
    for label, centre in enumerate([(40, 40), (40, 70), (80, 110)], start=1):
        far = [np.hypot(*(at - np.reshape(centre, (2, 1, 1)))) for at in (here, there)]
        inside = (labels == label) & (here[0] >= 0) & (here[1] >= 0) & (here[0] < 120) & (here[1] < 160)
        outer = inside & (far[0] > 10)
        assert (far[1] < far[0])[outer].all()


def test_a_step_always_gives_the_same_batch(pair):
    config = CropConfig(sides=(32, 64), side_weights=(1, 1), pixels=3 * 64 * 64)
    streams = [CropStream([(1.0, [pair])], 5, 7, config, AugmentationConfig()) for _ in range(2)]
    for step in range(5):
        (images, targets), (again, others) = streams[0][step], streams[1][step]
        assert torch.equal(images, again)
        assert torch.equal(targets, others)
        assert images.shape[0] * images.shape[-1] ** 2 == 3 * 64 * 64
    assert not torch.equal(streams[0][0][0].sum(), streams[0][1][0].sum())


def test_augmentation_keeps_the_range_and_clears_what_strips_hide():
    image = np.random.default_rng(0).normal(size=(96, 96)).astype(np.float32)
    always = AugmentationConfig(invert=1, contrast=1, shading=1, blur=1, noise=1, text=1, strip=1)
    for seed in range(8):
        changed, cleared = augment(np.random.default_rng(seed), image, always)
        assert np.isfinite(changed).all()
        assert np.abs(changed).max() <= 3
        assert 0 < cleared.mean() < 0.3
