"""What is simulated: exact labels, the same again from a seed, physics that holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.synthesis import (
    AfmConfig,
    AnnotationConfig,
    MicrographConfig,
    ParticleConfig,
    PlacementConfig,
    SemConfig,
    StemConfig,
    TemConfig,
    draw_config,
    simulate,
)
from nanoseg_fiji.synthesis.config import MODALITIES, PLACEMENTS, SHAPES

SMALL = MicrographConfig(height=160, width=192, pixel_size=0.5)
ONE = PlacementConfig(count=1)


def one(shape: str, diameter: float, seed: int = 3, **values: object) -> np.ndarray:
    """Mask of a lone particle in the middle third of a large field; sizes in pixels."""
    from nanoseg_fiji.synthesis.shapes import make_body

    config = ParticleConfig(shape=shape, diameter=diameter, **values)
    body = make_body(config, (200.3, 200.6), diameter, 0.4, 1.0, np.random.default_rng(seed))
    assert body is not None
    return body.inside


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("bits", [8, 16])
def test_seed_gives_the_same_micrograph_again(modality, bits):
    config = replace(
        SMALL,
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
def test_labels_run_from_one_without_gaps(shape, placement):
    particles = ParticleConfig(shape=shape, diameter=10, gsd=1.3)
    config = replace(SMALL, particles=particles, placement=PlacementConfig(kind=placement, overlap=0.2))
    labels = simulate(config, 1).labels
    assert labels.max() >= 5
    np.testing.assert_array_equal(np.unique(labels), np.arange(labels.max() + 1))


@pytest.mark.parametrize(
    ("shape", "aspect"), [("sphere", 1.0), ("sphere", 2.0), ("rod", 4.0), ("grain", 1.5)]
)
def test_diameter_is_that_of_the_disc_of_the_same_area(shape, aspect):
    areas = [
        one(shape, 80, seed, irregularity=0.0 if shape == "sphere" else 0.02, aspect=aspect).sum()
        for seed in range(12)
    ]
    assert np.sqrt(np.mean(areas) * 4 / np.pi) == pytest.approx(80, rel=0.02)


def test_cube_on_a_facet_is_a_square_of_the_volume_of_its_sphere():
    mask = one("cube", 80, irregularity=0.0, flat=1.0)
    assert mask.sum() == pytest.approx((4 / 3 * np.pi) ** (2 / 3) * 40**2, rel=0.02)


def test_ring_keeps_its_hole_and_a_hollow_particle_is_filled():
    ring, hollow = one("ring", 60), one("sphere", 60, core=0.8, core_density=0.0)
    assert ndimage.binary_fill_holes(ring).sum() - ring.sum() > 500
    assert ndimage.binary_fill_holes(hollow).sum() == hollow.sum()


def test_beam_is_attenuated_by_the_material_on_its_way():
    from nanoseg_fiji.synthesis.scene import build_scene
    from nanoseg_fiji.synthesis.tem import bright_field

    tem = TemConfig(
        attenuation=30, defocus=0, cs=0, film=0, roughness=0, crystal_contrast=0, dose=1e5, illumination=0
    )
    field = replace(SMALL, tem=tem, placement=ONE)
    for density, path in ((0.0, 0.4), (1.0, 1.0), (5.0, 3.4)):
        particles = ParticleConfig(diameter=25, gsd=1, irregularity=0, core=0.6, core_density=density)
        config = replace(field, particles=particles)
        scene = build_scene(config, np.random.default_rng(6))
        assert scene.areas[1] == pytest.approx(np.pi * 25**2, rel=0.02)  # none of it is outside
        signal = bright_field(config, scene, np.random.default_rng(0))
        assert signal[scene.height > 0.999 * scene.height.max()].mean() == pytest.approx(
            np.exp(-25 / 30 * path), rel=0.02
        )
        assert ndimage.label(scene.labels)[1] == scene.labels.max() == 1  # core and shell are one


def test_the_particle_in_front_has_the_pixel():
    from nanoseg_fiji.synthesis.scene import build_scene

    config = replace(
        SMALL,
        modality="sem",
        particles=ParticleConfig(diameter=15, irregularity=0.0),
        placement=PlacementConfig(kind="heap", count=80),
    )
    scene = build_scene(config, np.random.default_rng(0))
    seen = np.bincount(scene.labels.ravel(), minlength=scene.areas.size)
    assert (seen[1:] <= scene.areas[1:]).all()
    hidden = scene.areas[1:] - seen[1:]
    assert (hidden[:40] > 0).sum() > 20
    # a sphere that is whole and hidden by none ends at least its diameter above the substrate
    whole = np.flatnonzero((hidden == 0) & (scene.areas[1:] > 500)) + 1
    assert whole.size > 5
    tops = ndimage.maximum(scene.height, scene.labels, whole)
    assert (tops > 0.98 * np.sqrt(4 / np.pi * scene.areas[whole])).all()
    # and those laid down on others lie higher than any on the substrate can
    assert tops.max() > 60


@pytest.mark.parametrize("overlap", [0.0, 0.3])
def test_overlap_is_kept(overlap):
    from nanoseg_fiji.synthesis.scene import build_scene

    placement = PlacementConfig(count=150, overlap=overlap)
    config = replace(SMALL, particles=ParticleConfig(diameter=12), placement=placement)
    scene = build_scene(config, np.random.default_rng(2))
    covered = scene.areas.sum() - np.count_nonzero(scene.labels)
    assert covered == 0 if overlap == 0 else covered > 200


def test_min_visible_drops_hidden_particles_alone():
    heap = PlacementConfig(kind="heap", count=150)
    config = replace(SMALL, modality="sem", particles=ParticleConfig(diameter=12), placement=heap)
    every, most = (simulate(replace(config, min_visible=share), 1).labels for share in (0.0, 0.7))
    assert 0 < most.max() < every.max()
    np.testing.assert_array_equal(np.unique(every[most > 0]).size, most.max())


def test_bars_and_strips_cover_labels_and_letters_do_not():
    crowd = replace(
        SMALL,
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


def test_scale_bar_is_as_long_as_its_text_says():
    from nanoseg_fiji.synthesis.annotations import nice_length

    assert nice_length(37) == (20, "20 nm")
    assert nice_length(5200) == (5000, "5 µm")
    assert nice_length(0.3) == (0.2, "2 Å")
    blank = replace(SMALL, placement=PlacementConfig(count=0), annotations=AnnotationConfig(scale_bar=True))
    quiet = replace(blank, tem=replace(blank.tem, dose=1e6, roughness=0, illumination=0), width=512)
    image = simulate(quiet, 1).image
    bare = simulate(replace(quiet, annotations=AnnotationConfig()), 1).image
    run = max((image != bare).sum(axis=1))
    assert any(abs(run - 1 - length / 0.5) <= 1 for length in (20, 50))


def test_dose_sets_the_noise():
    tem = TemConfig(film=0, roughness=0, illumination=0, dose=400, defocus=0)
    from nanoseg_fiji.synthesis.optics import count_electrons

    flat = np.ones((200, 200), np.float32)
    for dose in (5.0, tem.dose):
        counted = count_electrons(flat, dose, np.random.default_rng(0))
        assert counted.mean() == pytest.approx(1, abs=0.02)
        assert counted.std() == pytest.approx(dose**-0.5, rel=0.03)


def test_electron_wave_is_that_of_the_tables():
    from nanoseg_fiji.synthesis.tem import interaction, transfer, wavelength

    # tabulated values at 200 and 100 kV, nm; rad per V and nm
    assert wavelength(200) == pytest.approx(2.508e-3, rel=1e-3)
    assert wavelength(100) == pytest.approx(3.701e-3, rel=1e-3)
    assert interaction(200) == pytest.approx(7.29e-3, rel=5e-3)
    lens = transfer((64, 64), 0.2, 200.0, 300.0, 1.0, 0.3)
    assert lens[0, 0] == 1
    assert np.abs(lens).max() <= 1 + 1e-6
    np.testing.assert_allclose(np.abs(transfer((64, 64), 0.2, 200.0, 300.0, 1.0, 0.0)), 1, rtol=1e-5)


def test_underfocus_rings_particles_with_a_bright_fringe():
    quiet = TemConfig(film=0, roughness=0, dose=1e6, illumination=0, crystal_contrast=0, attenuation=30)
    base = replace(SMALL, particles=ParticleConfig(diameter=20), placement=PlacementConfig(count=1))
    ring = {}
    for defocus in (0.0, 1000.0):
        made = simulate(replace(base, tem=replace(quiet, defocus=defocus)), 3)
        outside = ndimage.distance_transform_edt(made.labels == 0)
        signal = made.image.astype(float)
        ring[defocus] = signal[(outside > 0) & (outside < 5)].max() - np.median(signal[outside > 12])
    assert ring[1000.0] > ring[0.0] + 10


def test_sem_edges_are_brighter_and_hollows_darker():
    sem = SemConfig(dose=1e5, edge=0.8, shading=0, material=0, line_noise=0, substrate_texture=0)
    lone = replace(SMALL, modality="sem", sem=sem, particles=ParticleConfig(diameter=20), placement=ONE)
    made = simulate(lone, 3)
    depth = ndimage.distance_transform_edt(made.labels > 0)
    assert made.image[(depth > 0) & (depth <= 3)].mean() > made.image[depth > 12].mean() + 20
    outside = ndimage.distance_transform_edt(made.labels == 0)
    near, far = made.image[(outside > 2) & (outside < 6)], made.image[outside > 60]
    assert near.mean() < far.mean() - 3


def test_afm_tip_widens_particles_by_its_radius():
    from nanoseg_fiji.synthesis.afm import dilate

    height = np.zeros((81, 81), np.float32)
    labels = np.zeros((81, 81), np.int32)
    height[40, 40], labels[40, 40] = 8.0, 7
    image, touched = dilate(height, labels, 9.0)
    y, x = np.mgrid[-40:41, -40:41]
    paraboloid = np.maximum(8.0 - (y**2 + x**2) / 18.0, 0)
    np.testing.assert_allclose(image, paraboloid, atol=1e-3)
    np.testing.assert_array_equal(touched[paraboloid > 0.01], 7)
    assert not touched[(y**2 + x**2) > 145].any()
    sharp = dilate(height, labels, 0.0)
    np.testing.assert_array_equal(sharp[0], height)
    config = replace(SMALL, modality="afm", particles=ParticleConfig(diameter=15), placement=ONE)
    blunt, fine = (
        (simulate(replace(config, afm=AfmConfig(tip_radius=radius, roughness=0)), 3).labels > 0).sum()
        for radius in (10.0, 0.5)
    )
    assert blunt > 1.2 * fine


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ParticleConfig(shape="blob"), "shape 'blob' is unknown; known are sphere"),
        (lambda: PlacementConfig(kind="pile"), "placement 'pile' is unknown"),
        (lambda: MicrographConfig(modality="xray"), "modality 'xray' is unknown"),
        (lambda: MicrographConfig(bits=12), "bits=12"),
        (lambda: MicrographConfig(pixel_size=100), "particles of 0.2 pixels"),
        (lambda: TemConfig(dose=float("nan")), "dose=nan must be a number"),
        (lambda: PlacementConfig(count=2.5), "count=2.5 must be a whole number"),
        (lambda: simulate(SMALL, -1), "seed=-1 must be a whole number"),
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
    for seed in range(6):
        config = draw_config(np.random.default_rng([9, seed]), size=(128, 128), modalities=[modality])
        made = simulate(config, seed)
        assert config.modality == modality
        assert np.ptp(made.image) > 100
        particles += int(made.labels.max())
    assert particles > 20


def test_dark_field_signal_is_thickness_times_a_power_of_the_atomic_number():
    from nanoseg_fiji.synthesis.scene import build_scene
    from nanoseg_fiji.synthesis.stem import dark_field

    stem = StemConfig(probe=0, dose=1e5, atomic_number=60, support=25, support_relief=0, drift=0)
    particles = ParticleConfig(diameter=25, gsd=1, irregularity=0)
    signal = {}
    for number in (6.0, 12.0):
        stem = replace(stem, support_number=number)
        config = replace(SMALL, modality="stem", stem=stem, particles=particles, placement=ONE)
        scene = build_scene(config, np.random.default_rng(6))
        image = dark_field(config, scene, np.random.default_rng(0))
        outside = ndimage.distance_transform_edt(scene.labels == 0)
        signal[number] = image[outside > 5].mean() - 0.01  # the detector's own current
        centre = image[scene.height > 0.999 * scene.height.max()].mean() - 0.01
        assert centre - signal[number] == pytest.approx(1, rel=0.02)
    assert signal[6.0] == pytest.approx(0.1**1.64, rel=0.03)
    assert signal[12.0] / signal[6.0] == pytest.approx(2**1.64, rel=0.03)
