"""Particles and where they lie: sizes, holes, overlap, and which of them is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from nanoseg_fiji.synthesis import ParticleConfig, PlacementConfig, SupportConfig


def one(shape: str, diameter: float, seed: int = 3, **values: object) -> np.ndarray:
    """Mask of a lone particle in the middle third of a large field; sizes in pixels."""
    from nanoseg_fiji.synthesis.shapes import make_body

    config = ParticleConfig(shape=shape, diameter=diameter, **values)
    body = make_body(config, (200.3, 200.6), diameter, 0.4, 1.0, np.random.default_rng(seed))
    assert body is not None
    return body.inside


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


def test_the_particle_in_front_has_the_pixel(small):
    from nanoseg_fiji.synthesis.scene import build_scene

    config = replace(
        small,
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
def test_overlap_is_kept(small, overlap):
    from nanoseg_fiji.synthesis.scene import build_scene

    placement = PlacementConfig(count=150, overlap=overlap)
    config = replace(small, particles=ParticleConfig(diameter=12), placement=placement)
    scene = build_scene(config, np.random.default_rng(2))
    covered = scene.areas.sum() - np.count_nonzero(scene.labels)
    assert covered == 0 if overlap == 0 else covered > 200


def test_supported_particles_lie_on_grains_that_have_no_label(small):
    from nanoseg_fiji.synthesis.scene import build_scene

    support = SupportConfig(grains=12, diameter=20, extent=0.3)
    placement = PlacementConfig(kind="supported", count=40, overlap=0.3)
    config = replace(small, particles=ParticleConfig(diameter=4), placement=placement, support=support)
    scene = build_scene(config, np.random.default_rng(2))
    grains = scene.support > 0
    assert 0.05 < grains.mean() < 0.9
    assert (scene.labels[grains] == 0).mean() > 0.3
    middles = ndimage.center_of_mass(scene.labels > 0, scene.labels, range(1, scene.labels.max() + 1))
    near = ndimage.binary_dilation(grains, iterations=2)
    assert len(middles) > 20 and all(near[int(row), int(col)] for row, col in middles)


def test_a_grain_is_as_thick_as_it_is_wide(small):
    from nanoseg_fiji.synthesis.support import support_path

    support = SupportConfig(grains=1, diameter=30, gsd=1, texture=0)
    paths = [
        support_path(replace(small, support=support), np.random.default_rng(seed)).max() for seed in range(6)
    ]
    assert max(paths) == pytest.approx(30 / small.pixel_size, rel=0.01)


def test_heap_with_an_extent_is_an_agglomerate(small):
    from nanoseg_fiji.synthesis.scene import build_scene

    covered = {}
    for extent in (0.2, 1.0):
        heap = PlacementConfig(kind="heap", count=150, extent=extent)
        config = replace(small, modality="sem", particles=ParticleConfig(diameter=6), placement=heap)
        covered[extent] = (build_scene(config, np.random.default_rng(4)).labels > 0).mean()
    assert 0.15 < covered[0.2] < 0.7 * covered[1.0]


def test_stretched_octahedron_is_a_bipyramid_of_the_same_volume():
    from scipy.spatial import ConvexHull, HalfspaceIntersection

    from nanoseg_fiji.synthesis.polytopes import unit_polytope

    body = unit_polytope("octahedron", 6, 2.5, 0.0)
    np.testing.assert_allclose(np.linalg.norm(body.normals, axis=1), 1)
    halves = np.column_stack([body.normals, -body.distances])
    corners = HalfspaceIntersection(halves, np.zeros(3)).intersections
    assert ConvexHull(corners).volume == pytest.approx(4 / 3 * np.pi)
    across, along = corners[:, 0].max(), corners[:, 2].max()
    assert along / across == pytest.approx(2.5)
