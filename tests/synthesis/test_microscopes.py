"""What microscopes make of a scene: physics that holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from nanoseg_fiji.synthesis import (
    AfmConfig,
    ParticleConfig,
    PlacementConfig,
    SemConfig,
    StemConfig,
    SupportConfig,
    TemConfig,
    simulate,
)

ONE = PlacementConfig(count=1)


def test_beam_is_attenuated_by_the_material_on_its_way(small):
    from nanoseg_fiji.synthesis.scene import build_scene
    from nanoseg_fiji.synthesis.tem import bright_field

    tem = TemConfig(
        attenuation=30, defocus=0, cs=0, film=0, roughness=0, crystal_contrast=0, dose=1e5, illumination=0
    )
    field = replace(small, tem=tem, placement=ONE)
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


def test_underfocus_rings_particles_with_a_bright_fringe(small):
    quiet = TemConfig(film=0, roughness=0, dose=1e6, illumination=0, crystal_contrast=0, attenuation=30)
    base = replace(small, particles=ParticleConfig(diameter=20), placement=PlacementConfig(count=1))
    ring = {}
    for defocus in (0.0, 1000.0):
        made = simulate(replace(base, tem=replace(quiet, defocus=defocus)), 3)
        outside = ndimage.distance_transform_edt(made.labels == 0)
        signal = made.image.astype(float)
        ring[defocus] = signal[(outside > 0) & (outside < 5)].max() - np.median(signal[outside > 12])
    assert ring[1000.0] > ring[0.0] + 10


def test_sem_edges_are_brighter_and_hollows_darker(small):
    sem = SemConfig(dose=1e5, edge=0.8, shading=0, material=0, line_noise=0, substrate_texture=0)
    lone = replace(small, modality="sem", sem=sem, particles=ParticleConfig(diameter=20), placement=ONE)
    made = simulate(lone, 3)
    depth = ndimage.distance_transform_edt(made.labels > 0)
    assert made.image[(depth > 0) & (depth <= 3)].mean() > made.image[depth > 12].mean() + 20
    outside = ndimage.distance_transform_edt(made.labels == 0)
    near, far = made.image[(outside > 2) & (outside < 6)], made.image[outside > 60]
    assert near.mean() < far.mean() - 3


def test_afm_tip_widens_particles_by_its_radius(small):
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
    config = replace(small, modality="afm", particles=ParticleConfig(diameter=15), placement=ONE)
    blunt, fine = (
        (simulate(replace(config, afm=AfmConfig(tip_radius=radius, roughness=0)), 3).labels > 0).sum()
        for radius in (10.0, 0.5)
    )
    assert blunt > 1.2 * fine


def test_dark_field_signal_is_thickness_times_a_power_of_the_atomic_number(small):
    from nanoseg_fiji.synthesis.scene import build_scene
    from nanoseg_fiji.synthesis.stem import dark_field

    stem = StemConfig(probe=0, dose=1e5, atomic_number=60, support=25, support_relief=0, drift=0)
    particles = ParticleConfig(diameter=25, gsd=1, irregularity=0)
    signal = {}
    for number in (6.0, 12.0):
        stem = replace(stem, support_number=number)
        config = replace(small, modality="stem", stem=stem, particles=particles, placement=ONE)
        scene = build_scene(config, np.random.default_rng(6))
        image = dark_field(config, scene, np.random.default_rng(0))
        outside = ndimage.distance_transform_edt(scene.labels == 0)
        signal[number] = image[outside > 5].mean() - 0.01  # the detector's own current
        centre = image[scene.height > 0.999 * scene.height.max()].mean() - 0.01
        assert centre - signal[number] == pytest.approx(1, rel=0.02)
    assert signal[6.0] == pytest.approx(0.1**1.64, rel=0.03)
    assert signal[12.0] / signal[6.0] == pytest.approx(2**1.64, rel=0.03)


@pytest.mark.parametrize("modality", ["tem", "stem"])
def test_support_scatters_as_its_density_says(small, modality):
    from nanoseg_fiji.synthesis.scene import build_scene
    from nanoseg_fiji.synthesis.stem import dark_field
    from nanoseg_fiji.synthesis.tem import bright_field

    config = replace(
        small,
        modality=modality,
        particles=ParticleConfig(diameter=20),
        placement=PlacementConfig(kind="supported", count=0),
        support=SupportConfig(grains=6, diameter=60, density=0.25, texture=0),
        tem=TemConfig(
            attenuation=30, defocus=0, cs=0, film=0, roughness=0, crystal_contrast=0, dose=1e5, illumination=0
        ),
        stem=StemConfig(support=0, probe=0, drift=0, dose=1e5),
    )
    scene = build_scene(config, np.random.default_rng(1))
    thick = scene.support > 0.9 * scene.support.max()
    nm = float(scene.support[thick].mean()) * config.pixel_size * 0.25
    if modality == "tem":
        signal, expected = bright_field(config, scene, np.random.default_rng(0)), np.exp(-nm / 30)
    else:
        signal, expected = dark_field(config, scene, np.random.default_rng(0)), nm / 20
    assert nm > 10
    assert signal[thick].mean() == pytest.approx(expected, rel=0.03)
