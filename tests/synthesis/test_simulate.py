"""Micrographs from end to end: the same again from a seed, exact labels, what is burnt in and refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.synthesis import (
    AnnotationConfig,
    MicrographConfig,
    ParticleConfig,
    PlacementConfig,
    SemConfig,
    TemConfig,
    draw_config,
    simulate,
)
from nanoseg_fiji.synthesis.config import MODALITIES, PLACEMENTS, SHAPES


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("bits", [8, 16])
def test_seed_gives_the_same_micrograph_again(small, modality, bits):
    config = replace(
        small,
        modality=modality,
        bits=bits,
        particles=ParticleConfig(shape="grain", diameter=12),
        annotations=AnnotationConfig(scale_bar=True, letter=True),
    )
    first, again, other = simulate(config, 5), simulate(config, 5), simulate(config, 6)
    assert first.image.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert first.labels.dtype == np.int32
    assert first.image.shape == first.labels.shape == (160, 192)
    assert (first.calibration.pixel_width, first.calibration.unit) == (0.5, "nm")
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert (first.image != other.image).mean() > 0.2
    assert (first.labels != other.labels).any()


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_labels_run_from_one_without_gaps(small, shape, placement):
    particles = ParticleConfig(shape=shape, diameter=10, gsd=1.3)
    config = replace(small, particles=particles, placement=PlacementConfig(kind=placement, overlap=0.2))
    labels = simulate(config, 1).labels
    assert labels.max() >= 5
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))


def test_min_visible_drops_hidden_particles_alone(small):
    heap = PlacementConfig(kind="heap", count=150)
    config = replace(small, modality="sem", particles=ParticleConfig(diameter=12), placement=heap)
    every, most = (simulate(replace(config, min_visible=share), 1).labels for share in (0.0, 0.7))
    assert 0 < most.max() < every.max()
    np.testing.assert_array_equal(np.unique(every[most > 0]).size, most.max())


def test_bars_and_strips_cover_labels_and_letters_do_not(small):
    crowd = replace(
        small,
        particles=ParticleConfig(diameter=10),
        placement=PlacementConfig(kind="monolayer", count=900, overlap=0.1),
    )
    plain = simulate(crowd, 2)
    strip = simulate(replace(crowd, annotations=AnnotationConfig(strip=0.15)), 2)
    letter = simulate(replace(crowd, annotations=AnnotationConfig(letter=True)), 3)
    assert plain.labels[-24:].any() and not strip.labels[-24:].any()
    assert (strip.labels[:-24] > 0).sum() == (plain.labels[:-24] > 0).sum()
    assert set(np.unique(strip.image[-24:][:, :60])) & {0, 255}
    bare = simulate(crowd, 3)
    assert letter.marks[letter.image != bare.image].all()
    assert strip.marks.any()
    assert not bare.marks.any()
    changed = letter.image != bare.image
    assert changed[:40, :80].any() and not changed[60:].any()


def test_scale_bar_is_as_long_as_its_text_says(small):
    from nanoseg_fiji.synthesis.annotations import nice_length

    assert nice_length(37) == (20, "20 nm")
    assert nice_length(5200) == (5000, "5 µm")
    assert nice_length(0.3) == (0.2, "2 Å")
    blank = replace(small, placement=PlacementConfig(count=0), annotations=AnnotationConfig(scale_bar=True))
    quiet = replace(blank, tem=replace(blank.tem, dose=1e6, roughness=0, illumination=0), width=512)
    image = simulate(quiet, 1).image
    bare = simulate(replace(quiet, annotations=AnnotationConfig()), 1).image
    run = max((image != bare).sum(axis=1))
    assert any(abs(run - 1 - length / 0.5) <= 1 for length in (20, 50))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ParticleConfig(shape="blob"), "shape 'blob' is unknown; known are sphere"),
        (lambda: PlacementConfig(kind="pile"), "placement 'pile' is unknown"),
        (lambda: MicrographConfig(modality="xray"), "modality 'xray' is unknown"),
        (
            lambda: MicrographConfig(modality="sem", placement=PlacementConfig(kind="supported")),
            "supported particles are simulated for tem and stem, not for sem",
        ),
        (lambda: MicrographConfig(bits=12), "bits=12"),
        (lambda: MicrographConfig(pixel_size=100), "particles of 0.2 pixels"),
        (lambda: TemConfig(dose=float("nan")), "dose=nan must be a number"),
        (lambda: PlacementConfig(count=2.5), "count=2.5 must be a whole number"),
        (lambda: simulate(MicrographConfig(), -1), "seed=-1 must be a whole number"),
        (lambda: SemConfig(edge=-1), "edge=-1 must be a number from 0 to 2"),
        (lambda: draw_config(np.random.default_rng(0), shapes=["blob"]), "shape blob is unknown"),
        (lambda: draw_config(np.random.default_rng(0), diameters=(50, 10)), "diameters from 50 to 10"),
    ],
)
def test_what_cannot_be_simulated_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize("modality", MODALITIES)
def test_drawn_configurations_give_micrographs(modality):
    particles = 0
    for seed in range(10):
        config = draw_config(np.random.default_rng([9, seed]), size=(128, 128), modalities=[modality])
        made = simulate(config, seed)
        assert config.modality == modality
        assert np.ptp(made.image) > 100
        particles += int(made.labels.max())
    assert particles > 20
