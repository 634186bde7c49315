"""Particles as bodies: where a vertical ray enters and leaves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.synthesis.polytopes import orient, unit_polytope

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import ParticleConfig

    Array = NDArray[np.float32]
    Solid = Callable[[Array, Array, float], tuple[Array, Array]]
    """Rows (n, 1), columns (1, m) and a scale to heights (n, m) of top and bottom; outside, top <= bottom."""

__all__ = ["Body", "make_body", "widths"]


@dataclass(frozen=True)
class Body:
    """A particle on a patch of pixels; lengths in pixels, heights from the particle's centre."""

    row: int
    """First row of the patch in the image; may lie outside."""
    col: int
    """First column of the patch."""
    inside: NDArray[np.bool_]
    """Where a ray meets the particle."""
    top: Array
    """Height where the ray enters."""
    bottom: Array
    """Height where it leaves."""
    mass: Array
    """Material on the ray: path length times density over that of the particle's (outer) material."""
    ligand: Array | None
    """Path length in the organic shell."""


def widths(config: ParticleConfig, count: int, pixel_size: float, rng: np.random.Generator) -> Array:
    """Draw log-normal diameters.

    Returns
    -------
    ndarray of float32, (count,)
        Pixels, at least 2, within three geometric standard deviations.
    """
    spread = np.clip(rng.standard_normal(count), -3, 3) * np.log(config.gsd)
    return np.asarray(np.maximum(config.diameter / pixel_size * np.exp(spread), 2), np.float32)


def _ellipsoid(radius: float, aspect: float, angle: float, upright: float) -> tuple[Solid, float]:
    long, short = radius * aspect**0.5, radius / aspect**0.5
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    height = np.float32(short * upright)

    def solid(y: Array, x: Array, scale: float) -> tuple[Array, Array]:
        u, v = (x * cosine + y * sine) / np.float32(long), (y * cosine - x * sine) / np.float32(short)
        half = height * np.sqrt(np.maximum(np.float32(scale * scale) - u * u - v * v, 0))
        return half, -half

    return solid, long


def _rod(radius: float, aspect: float, angle: float, bend: float) -> tuple[Solid, float]:
    """Cylinder with half spheres at its ends, lying, bent to an arc."""
    aspect = max(aspect, 1.0)
    thin = radius * (np.pi / (np.pi + 4 * (aspect - 1))) ** 0.5
    half_length = thin * (aspect - 1)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))

    def solid(y: Array, x: Array, scale: float) -> tuple[Array, Array]:
        u, v = x * cosine + y * sine, y * cosine - x * sine
        along = np.float32(half_length)
        v = v + np.float32(bend / max(half_length, 1)) * (u * u - along * along / 2) / 2
        beyond = np.maximum(np.abs(u) - along, 0)
        half = np.sqrt(np.maximum(np.float32((thin * scale) ** 2) - v * v - beyond * beyond, 0))
        return half, -half

    return solid, half_length * (1 + abs(bend)) + thin


def _grain(
    radius: float, aspect: float, angle: float, rough: float, rng: np.random.Generator
) -> tuple[Solid, float]:
    """Star-shaped outline of random harmonics under a dome."""
    order = np.arange(2, 9)
    amplitude = rng.normal(0, 1, order.size) * 2.5 * rough / order**1.5
    phase = rng.uniform(0, 2 * np.pi, order.size)
    theta = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    outline = np.exp((amplitude[:, None] * np.cos(order[:, None] * theta + phase[:, None])).sum(axis=0))
    outline = (outline / np.sqrt((outline**2).mean())).astype(np.float32)
    long, short = np.float32(radius * aspect**0.5), np.float32(radius / aspect**0.5)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    power, flatness = np.float32(rng.uniform(2, 4)), np.float32(rng.uniform(0.6, 1))

    def solid(y: Array, x: Array, scale: float) -> tuple[Array, Array]:
        u, v = (x * cosine + y * sine) / long, (y * cosine - x * sine) / short
        turn = (np.arctan2(v, u) * np.float32(128 / np.pi)).astype(np.int32) & 255
        rho = np.sqrt(u * u + v * v) / outline[turn]
        half = short * flatness * np.sqrt(np.maximum(np.float32(scale) ** power - rho**power, 0))
        return half, -half

    return solid, float(long * outline.max())


def _ring(radius: float, thickness: float) -> tuple[Solid, float]:
    """Torus that lies flat: its hole is see-through."""
    tube = radius * thickness

    def solid(y: Array, x: Array, scale: float) -> tuple[Array, Array]:
        off = np.sqrt(x * x + y * y) - np.float32(radius - tube)
        half = np.sqrt(np.maximum(np.float32((tube * scale) ** 2) - off * off, 0))
        return half, -half

    return solid, radius


def _facets(
    config: ParticleConfig, radius: float, angle: float, rng: np.random.Generator
) -> tuple[Solid, float]:
    body = unit_polytope(config.shape, config.sides, config.aspect, config.truncation)
    normals = orient(body, bool(rng.random() < config.flat), angle, rng)
    vary = np.exp(rng.normal(0, config.irregularity, len(normals)))
    distances = body.distances * radius * vary

    def solid(y: Array, x: Array, scale: float) -> tuple[Array, Array]:
        shape = (y.shape[0], x.shape[1])
        top, bottom = np.full(shape, 1e6, np.float32), np.full(shape, -1e6, np.float32)
        for (nx, ny, nz), distance in zip(normals.astype(np.float32), distances * scale, strict=True):
            room = np.float32(distance) - nx * x - ny * y
            if nz > 1e-3:
                np.minimum(top, room / nz, out=top)
            elif nz < -1e-3:
                np.maximum(bottom, room / nz, out=bottom)
            else:
                np.copyto(top, np.float32(-1e6), where=room < 0)
        return top, bottom

    return solid, body.reach * radius * float(vary.max())


def _solid(
    config: ParticleConfig, width: float, angle: float, rng: np.random.Generator
) -> tuple[Solid, float]:
    radius = width / 2
    aspect = float(np.exp(np.log(config.aspect) * (1 + rng.normal(0, 0.15))))
    if config.shape == "sphere":
        return _ellipsoid(radius, aspect * np.exp(abs(rng.normal(0, config.irregularity))), angle, 1.0)
    if config.shape == "rod":
        return _rod(radius, aspect, angle, rng.normal(0, config.irregularity))
    if config.shape == "grain":
        return _grain(radius, aspect, angle, config.irregularity, rng)
    if config.shape == "ring":
        return _ring(radius, float(np.clip(rng.normal(0.2, 0.03), 0.1, 0.35)))
    return _facets(config, radius, angle, rng)


def make_body(
    config: ParticleConfig,
    centre: tuple[float, float],
    width: float,
    angle: float,
    pixel_size: float,
    rng: np.random.Generator,
) -> Body | None:
    """Make one particle.

    Parameters
    ----------
    config : ParticleConfig
        Shape and make-up.
    centre : tuple of float
        Row and column of the centre, pixels.
    width : float
        Diameter in the sense of `ParticleConfig.diameter`, pixels.
    angle : float
        Direction of the long axis, radians.
    pixel_size : float
        nm.
    rng : Generator
        Source of chance.

    Returns
    -------
    Body or None
        None where no centre of a pixel lies inside.
    """
    solid, reach = _solid(config, width, angle, rng)
    ligand = config.ligand / pixel_size
    size = int(np.ceil(reach + ligand)) + 1
    row, col = (int(np.floor(value)) - size for value in centre)
    y = (np.arange(2 * size + 2, dtype=np.float32) + np.float32(row - centre[0]))[:, None]
    x = (np.arange(2 * size + 2, dtype=np.float32) + np.float32(col - centre[1]))[None, :]
    top, bottom = solid(y, x, 1.0)
    inside = top > bottom
    if not inside.any():
        return None
    path = np.where(inside, top - bottom, np.float32(0))
    mass = path
    if config.core:
        upper, lower = solid(y, x, config.core)
        mass = path + np.float32(config.core_density - 1) * np.maximum(upper - lower, 0)
    shell = None
    if ligand:
        upper, lower = solid(y, x, 1 + 2 * ligand / width)
        shell = np.maximum(upper - lower, 0) - path
    return Body(row, col, inside, top, bottom, mass, shell)
