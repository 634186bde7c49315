"""Particles laid down in a field: labels, heights and what lies on every ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.synthesis.placement import angles, centres
from nanoseg_fiji.synthesis.shapes import make_body, widths
from nanoseg_fiji.synthesis.support import carried, support_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig
    from nanoseg_fiji.synthesis.shapes import Body

    Array = NDArray[np.float32]

__all__ = ["Scene", "build_scene", "keep_visible"]


@dataclass(frozen=True)
class Scene:
    """The specimen; all fields (row, col), lengths in pixels, heights above the substrate."""

    labels: NDArray[np.int32]
    """Particle in front, 0 where a ray meets none."""
    height: Array
    """Surface seen from above; 0 on the substrate."""
    mass: Array
    """Material on the ray, see `Body.mass`."""
    diffracting: Array
    """Material weighted by how strongly each particle diffracts in its orientation (mean 1)."""
    ligand: Array
    """Path length in organic shells."""
    fringes: Array
    """Material weighted by a cosine with the particle's lattice spacing and direction."""
    support: Array
    """Path length in the grains that carry the particles."""
    areas: NDArray[np.int64]
    """Projected area of every particle within the field, whatever lies over it; index is the label."""


class _Field:
    """A scene in the making."""

    def __init__(self, config: MicrographConfig, rng: np.random.Generator) -> None:
        shape = (config.height, config.width)
        self.config, self.rng = config, rng
        self.labels = np.zeros(shape, np.int32)
        self.height, self.mass, self.diffracting, self.ligand, self.fringes = (
            np.zeros(shape, np.float32) for _ in range(5)
        )
        self.areas = [0]
        self.projects = config.modality in ("tem", "stem")
        self.crystal = config.tem.crystal_contrast if config.modality == "tem" else 0.0
        self.spacing = config.tem.fringe_spacing / config.pixel_size if config.modality == "tem" else 0.0
        self.rows = np.arange(shape[0], dtype=np.float32)[:, None]
        self.cols = np.arange(shape[1], dtype=np.float32)[None, :]

    def add(self, body: Body) -> None:
        """Lay a particle down where it is, unless it would cover or be covered too much."""
        rows, cols = body.inside.shape
        top, left = max(-body.row, 0), max(-body.col, 0)
        bottom = min(rows, self.labels.shape[0] - body.row)
        right = min(cols, self.labels.shape[1] - body.col)
        if bottom <= top or right <= left:
            return
        part = np.s_[top:bottom, left:right]
        here = np.s_[body.row + top : body.row + bottom, body.col + left : body.col + right]
        inside = body.inside[part]
        area = int(np.count_nonzero(inside))
        if not area:
            return
        placement = self.config.placement
        below = self.height[here]
        if placement.kind != "heap":
            covered = np.count_nonzero(self.labels[here][inside])
            if covered > placement.overlap * area:
                return
        # it comes to rest on the highest point under it
        rest = np.where(inside, below - body.bottom[part], np.float32(-np.inf)).max()
        surface = body.top[part] + rest
        front = inside & (surface > below)
        self.labels[here][front] = len(self.areas)
        below[front] = surface[front]
        self.areas.append(area)
        if self.projects:
            self._project(body, part, here)

    def _project(self, body: Body, part: tuple[slice, slice], here: tuple[slice, slice]) -> None:
        mass = body.mass[part]
        self.mass[here] += mass
        if body.ligand is not None:
            self.ligand[here] += body.ligand[part]
        if self.crystal:
            weight = np.float32(np.exp(self.rng.normal(0, self.crystal) - self.crystal**2 / 2))
            self.diffracting[here] += weight * mass
        if self.spacing and self.rng.random() < 0.6:  # the others are off the zone axis
            angle, phase = self.rng.uniform(0, 2 * np.pi, 2)
            k = 2 * np.pi / self.spacing
            ray = (
                np.float32(k * np.sin(angle)) * self.rows[here[0]]
                + np.float32(k * np.cos(angle)) * self.cols[:, here[1]]
            )
            self.fringes[here] += mass * np.cos(ray + np.float32(phase))


def build_scene(config: MicrographConfig, rng: np.random.Generator) -> Scene:
    """Make particles and lay them down, one after the other.

    Parameters
    ----------
    config : MicrographConfig
        What to make.
    rng : Generator
        Source of chance.

    Returns
    -------
    Scene
        With labels from 1 in the order in which particles were laid down; hidden ones have no pixel.
    """
    shape = (config.height, config.width)
    size = widths(config.particles, config.placement.count, config.pixel_size, rng)
    if config.placement.kind == "supported":
        support = support_path(config, rng)
        points = carried(support, size.size, rng)
    else:
        support = np.zeros(shape, np.float32)
        points = centres(config.placement, size, shape, rng)
    turned = angles(config.placement.align, points, shape, 6 * config.diameter_px, rng)
    field = _Field(config, rng)
    for point, width, angle in zip(points, size, turned, strict=False):
        centre = (float(point[0]), float(point[1]))
        if config.placement.kind == "heap":
            centre = _lower(field.height, centre, float(width), rng)
        body = make_body(config.particles, centre, float(width), float(angle), config.pixel_size, rng)
        if body is not None:
            field.add(body)
    diffracting = field.diffracting if field.crystal else field.mass
    return Scene(
        field.labels,
        field.height,
        field.mass,
        diffracting,
        field.ligand,
        field.fringes,
        support,
        np.array(field.areas),
    )


def _lower(
    height: Array, centre: tuple[float, float], width: float, rng: np.random.Generator, tries: int = 12
) -> tuple[float, float]:
    """Of some places around `centre` the lowest: particles roll off one another."""
    near = np.array(centre) + np.concatenate([np.zeros((1, 2)), rng.normal(0, 0.6 * width, (tries, 2))])
    rows, cols = (np.clip(near[:, k], 0, height.shape[k] - 1).astype(int) for k in (0, 1))
    best = near[int(height[rows, cols].argmin())]
    return float(best[0]), float(best[1])


def keep_visible(labels: NDArray[np.int32], areas: NDArray[np.int64], share: float) -> NDArray[np.int32]:
    """Drop particles of which too little can be seen, and number the others 1..n.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Particle in front.
    areas : ndarray of int, (n + 1,)
        Projected area of each.
    share : float
        Smallest share of it that must show.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image.
    """
    seen = np.bincount(labels.ravel(), minlength=areas.size)
    kept = (seen > 0) & (seen >= share * areas)
    kept[0] = False
    return np.where(kept, np.cumsum(kept), 0).astype(np.int32)[labels]
