"""Configurations drawn at random, as varied as the micrographs of papers (domain randomisation).

After Tobin et al. 2017, arXiv 1703.06907: what a network meets in training must vary more than what it will
meet in use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.synthesis.config import (
    AnnotationConfig,
    MicrographConfig,
    ParticleConfig,
    PlacementConfig,
    SupportConfig,
)
from nanoseg_fiji.synthesis.microscopes import AfmConfig, SemConfig, StemConfig, TemConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["draw_config"]

_SHAPES: dict[str, float] = {
    "sphere": 0.32, "rod": 0.14, "cube": 0.08, "octahedron": 0.06, "polyhedron": 0.1, "prism": 0.12,
    "grain": 0.15, "ring": 0.03,
}  # fmt: skip
_PLACEMENTS: dict[str, float] = {
    "random": 0.3, "clusters": 0.2, "chains": 0.1, "monolayer": 0.15, "heap": 0.2, "supported": 0.15,
}  # fmt: skip
_MODALITIES: dict[str, float] = {"tem": 0.4, "stem": 0.12, "sem": 0.4, "afm": 0.08}
_MOST = 220
"""Particles at most, for speed; small ones leave most of the field empty."""
_CARRIED = 45.0
"""Largest median diameter of supported particles, pixels."""


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _pick(
    rng: np.random.Generator, shares: dict[str, float], allowed: Sequence[str] | None, what: str
) -> str:
    if allowed is not None and (unknown := sorted(set(allowed) - set(shares))):
        raise InputError(f"{what} {', '.join(unknown)} is unknown; known are {', '.join(shares)}")
    names = [name for name in shares if not allowed or name in allowed]
    weights = np.array([shares[name] for name in names])
    return str(rng.choice(names, p=weights / weights.sum()))


def _draw_particles(
    rng: np.random.Generator, shape: str, diameter: float, modality: str, kind: str
) -> ParticleConfig:
    projects = modality in ("tem", "stem")
    aspect = {"rod": _log(rng, 1.5, 7), "grain": _log(rng, 1, 1.6), "sphere": 1.0}.get(shape, 1.0)
    if shape == "prism":
        aspect = _log(rng, 0.15, 0.5) if rng.random() < 0.6 else _log(rng, 1.2, 4)
    if shape == "octahedron" and rng.random() < 0.5:
        aspect = _log(rng, 1.2, 3)
    core, density = 0.0, 1.0
    cored = projects and kind != "supported" and shape in ("sphere", "polyhedron", "cube", "rod", "grain")
    if cored and rng.random() < 0.3:
        core = rng.uniform(0.35, 0.85)
        density = 0.0 if rng.random() < 0.5 else _log(rng, 3, 10)
    return ParticleConfig(
        shape=shape,  # type: ignore[arg-type]
        diameter=diameter,
        gsd=1 + _log(rng, 0.02, 0.5),
        aspect=aspect,
        sides=int(rng.choice([3, 4, 5, 6, 6])),
        truncation=rng.uniform(0.05, 0.8),
        irregularity=_log(rng, 0.01, 0.12) if shape != "grain" else rng.uniform(0.04, 0.15),
        flat=rng.choice([0.2, 0.8, 1.0]),
        core=core,
        core_density=density,
        ligand=min(rng.uniform(1, 3), 0.15 * diameter) if projects and rng.random() < 0.2 else 0.0,
    )


def _draw_placement(
    rng: np.random.Generator, kind: str, filling: float, modality: str, extent: float
) -> PlacementConfig:
    """Draw a placement; `filling` is how many particles would cover the field, `extent` a heap's."""
    projects = modality in ("tem", "stem")
    # in projection, deep heaps are a shade in which nobody tells particles apart
    deepest = 0.7 if projects else 3.0
    ranges = {"heap": (0.25, deepest), "monolayer": (0.4, 1.1)}
    sparse = (0.025, 0.25) if kind == "supported" else (0.05, 0.5)
    cover = rng.uniform(*ranges[kind]) if kind in ranges else _log(rng, *sparse)
    overlap = 0.0 if rng.random() < 0.6 else rng.uniform(0.05, 0.25 if modality == "sem" else 0.4)
    return PlacementConfig(
        kind=kind,  # type: ignore[arg-type]
        count=int(np.clip(cover * filling * extent, 3, _MOST)),
        overlap=max(overlap, 0.1) if kind in ("monolayer", "clusters", "chains") else overlap,
        spacing=rng.uniform(0.98, 1.2),
        extent=extent,
        groups=int(rng.integers(1, 7)),
        align=rng.choice([0.0, 0.5, 0.9]),
    )


def _draw_support(rng: np.random.Generator, area: float, diameter: float, pixel: float) -> SupportConfig:
    """Draw grains for a field of `area` pixels; `diameter` is the particles', nm."""
    grain = min(diameter * _log(rng, 2, 12), 300 * pixel)
    extent, layers = rng.uniform(0.3, 1.0), _log(rng, 0.6, 5)
    grains = int(np.clip(layers * extent * area / (np.pi / 4 * (grain / pixel) ** 2), 2, 2000))
    return SupportConfig(
        grains=grains,
        diameter=grain,
        gsd=1 + _log(rng, 0.05, 0.5),
        extent=extent,
        density=_log(rng, 0.05, 0.9) * diameter / grain,  # a grain alone is fainter than a particle
        texture=_log(rng, 0.01, 0.2),
    )


def _draw_tem(rng: np.random.Generator, diameter: float, pixel: float, kind: str) -> TemConfig:
    # Fresnel fringes of up to about four pixels; a phase that changes slowly enough for the pixel
    fringe = _log(rng, 0.2, 4) * pixel
    crystalline = rng.random() < 0.6
    lattice = crystalline and 0.08 <= pixel <= 0.2 and rng.random() < 0.6
    return TemConfig(
        voltage=float(rng.choice([80, 120, 200, 300])),
        defocus=float(np.clip(fringe**2 / 2.5e-3 * rng.choice([-1, 1, 1]), -4e4, 4e4)),
        cs=rng.uniform(0.5, 2),
        convergence=_log(rng, 0.05, 0.5),
        dose=_log(rng, 8, 800),
        attenuation=diameter / _log(rng, 0.25, 1.0 if kind in ("heap", "supported") else 3.5),
        inner_potential=min(rng.uniform(8, 25), 600 * pixel / diameter + 2),
        crystal_contrast=rng.uniform(0.1, 0.5) if crystalline else 0.0,
        fringe_spacing=rng.uniform(max(0.2, 2.5 * pixel), 0.55) if lattice else 0.0,
        fringe_contrast=rng.uniform(0.05, 0.3),
        film=_log(rng, 3, 30),
        roughness=min(_log(rng, 0.2, 2.5), 2.5),
        hole=rng.uniform(0.1, 0.5) if rng.random() < 0.15 else 0.0,
        residue=_log(rng, 5, 60) if rng.random() < 0.3 else 0.0,
        wrinkles=_log(rng, 3, 30) if rng.random() < 0.15 else 0.0,
        illumination=_log(rng, 0.01, 0.12),
    )


def _draw_stem(rng: np.random.Generator, diameter: float, pixel: float, kind: str) -> StemConfig:
    # an oxide or carbon support as thick as the particles
    thick = kind != "supported" and rng.random() < 0.35
    return StemConfig(
        probe=_log(rng, 0.8, 3) * pixel,
        dose=_log(rng, 15, 600),
        atomic_number=rng.uniform(30, 80),
        support_number=float(rng.choice([6, 10, 13])),
        support=diameter * (_log(rng, 1, 6) if thick else _log(rng, 0.05, 0.8)),
        support_relief=rng.uniform(0.4, 1.2) if thick else rng.uniform(0.05, 0.5),
        support_scale=diameter * _log(rng, 1, 6),
        drift=rng.choice([0, rng.uniform(0.1, 0.6)]),
    )


def _draw_sem(rng: np.random.Generator) -> SemConfig:
    return SemConfig(
        probe=_log(rng, 0.8, 3.5),
        dose=_log(rng, 15, 500),
        substrate=_log(rng, 0.08, 1.1),
        gradient=_log(rng, 0.01, 0.25),
        substrate_texture=_log(rng, 0.01, 0.2),
        edge=rng.uniform(0.15, 0.9),
        shading=rng.uniform(0, 0.5),
        detector=rng.uniform(0, 360),
        shadowing=rng.uniform(0.2, 1.3),
        material=_log(rng, 0.01, 0.12),
        roughness=_log(rng, 0.002, 0.03) if rng.random() < 0.5 else 0.0,
        charging=rng.uniform(-0.4, 0.4) if rng.random() < 0.25 else 0.0,
        line_noise=_log(rng, 0.001, 0.03),
    )


def _draw_afm(rng: np.random.Generator, diameter: float) -> AfmConfig:
    return AfmConfig(
        tip_radius=diameter * _log(rng, 0.05, 0.6),
        roughness=diameter * _log(rng, 0.004, 0.06),
        line_noise=diameter * _log(rng, 0.002, 0.02),
        noise=diameter * _log(rng, 0.001, 0.02),
        bow=diameter * rng.normal(0, 0.15),
        scars=int(rng.integers(0, 5)),
    )


def draw_config(
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = (512, 512),
    modalities: Sequence[str] | None = None,
    shapes: Sequence[str] | None = None,
    placements: Sequence[str] | None = None,
    diameters: tuple[float, float] = (12.0, 130.0),
    annotated: bool = True,
) -> MicrographConfig:
    """Draw a configuration.

    Parameters
    ----------
    rng : Generator
        Source of chance.
    size : tuple of int
        Rows and columns.
    modalities, shapes, placements : sequence of str, optional
        What to draw from; everything by default.
    diameters : tuple of float
        Smallest and largest median diameter, pixels; every octave is as likely.
    annotated : bool
        Whether some images have bars, letters and strips.

    Returns
    -------
    MicrographConfig
        For `nanoseg_fiji.synthesis.simulate`.

    Raises
    ------
    InputError
        A name is unknown, or the diameters cannot be drawn.
    """
    if not 4 <= diameters[0] <= diameters[1] <= 2 * max(size):
        raise InputError(
            f"diameters from {diameters[0]:g} to {diameters[1]:g} pixels cannot be drawn: give at least 4, "
            "at most twice the image, the smaller one first"
        )
    modality = _pick(rng, _MODALITIES, modalities, "modality")
    shape = _pick(rng, _SHAPES, shapes, "shape")
    projects = modality in ("tem", "stem")
    shown = {name: share for name, share in _PLACEMENTS.items() if projects or name != "supported"}
    kind = _pick(rng, shown, placements, "placement")
    area = size[0] * size[1]
    largest = max(diameters[0], min(diameters[1], _CARRIED)) if kind == "supported" else diameters[1]
    width = _log(rng, diameters[0], largest)
    extent = rng.uniform(0.1, 0.7) if kind == "heap" and rng.random() < 0.5 else 1.0
    if kind == "heap":  # else there are too few to lie on each other
        width = min(max(width, np.sqrt(2 * area * extent / _MOST)), max(diameters))
    finest = {"tem": (0.08, 2.0), "stem": (0.05, 1.0), "sem": (0.5, 100.0), "afm": (0.5, 10.0)}[modality]
    pixel = max(_log(rng, *finest), 1.5 / width)  # no particle smaller than 1.5 nm
    diameter = width * pixel
    filling = area / (np.pi / 4 * width**2)
    config = MicrographConfig(
        modality=modality,  # type: ignore[arg-type]
        height=size[0],
        width=size[1],
        pixel_size=pixel,
        saturation=_log(rng, 2e-4, 0.01),
        headroom=rng.uniform(0, 0.2),
        particles=_draw_particles(rng, shape, diameter, modality, kind),
        placement=_draw_placement(rng, kind, filling, modality, extent),
        support=_draw_support(rng, area, diameter, pixel) if kind == "supported" else SupportConfig(),
        tem=_draw_tem(rng, diameter, pixel, kind) if modality == "tem" else TemConfig(),
        stem=_draw_stem(rng, diameter, pixel, kind) if modality == "stem" else StemConfig(),
        sem=_draw_sem(rng) if modality == "sem" else SemConfig(),
        afm=_draw_afm(rng, diameter) if modality == "afm" else AfmConfig(),
    )
    if not annotated:
        return config
    strip = rng.uniform(0.05, 0.1) if modality == "sem" and rng.random() < 0.35 else 0.0
    bar, box, letter = (bool(rng.random() < share) for share in (0.5 * (not strip), 0.3, 0.3))
    return replace(config, annotations=AnnotationConfig(scale_bar=bar, box=box, letter=letter, strip=strip))
