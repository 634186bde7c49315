"""Where particles lie in the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from nanoseg_fiji.synthesis.fields import smooth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import PlacementConfig

__all__ = ["angles", "centres", "strewn"]


def strewn(
    shape: tuple[int, int], count: int, extent: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Points all over a connected-looking part of the field, `extent` of its area.

    Returns
    -------
    ndarray of float64, (count, 2)
        Rows and columns, pixels.
    """
    lie = smooth(shape, 0.6 * max(shape), rng)[::4, ::4]
    rows, cols = np.nonzero(lie >= np.quantile(lie, 1 - extent))
    chosen = rng.integers(rows.size, size=count)
    return np.stack([rows, cols], axis=1)[chosen] * 4 + rng.uniform(-2, 6, (count, 2))


def _clusters(
    config: PlacementConfig, widths: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Thomas process: Gaussian clusters about random centres."""
    parents = rng.uniform(0, shape, (config.groups, 2))
    spread = widths.mean() * np.sqrt(widths.size / config.groups) * 0.4
    return np.asarray(
        parents[rng.integers(config.groups, size=widths.size)] + rng.normal(0, spread, (widths.size, 2))
    )


def _chains(
    config: PlacementConfig, widths: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Walk at random: steps are the distance of neighbours in touch, the direction changes slowly."""
    chain = np.sort(rng.integers(config.groups, size=widths.size))
    first = np.diff(chain, prepend=-1) != 0
    turn = np.where(first, rng.uniform(0, 2 * np.pi, widths.size), rng.normal(0, 0.5, widths.size))
    walked = np.cumsum(turn)
    step = np.where(first, 0, (widths + np.roll(widths, 1)) / 2 * config.spacing)
    path = np.cumsum(step[:, None] * np.stack([np.sin(walked), np.cos(walked)], axis=1), axis=0)
    start = path[first][np.cumsum(first) - 1]
    return np.asarray(path - start + rng.uniform(0, shape, (config.groups, 2))[chain])


def _monolayer(
    config: PlacementConfig, widths: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Hexagonal lattice, jittered, from the middle of an island outwards."""
    pitch = float(widths.mean()) * config.spacing
    reach = int(np.hypot(*shape) / pitch / 2 * 1.3) + 2
    i, j = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    angle = rng.uniform(0, np.pi / 3)
    x, y = (i + j / 2).ravel() * pitch, (j * np.sqrt(3) / 2).ravel() * pitch
    points = np.stack([x * np.sin(angle) + y * np.cos(angle), x * np.cos(angle) - y * np.sin(angle)], axis=1)
    points += rng.normal(0, 0.03 * pitch, points.shape) + np.array(shape) / 2
    # an island's middle off the field's, so that its edge is often in sight
    middle = rng.uniform(0, shape)
    order = np.argsort(np.linalg.norm(points - middle, axis=1) + rng.normal(0, pitch, len(points)))
    near = np.all((points > -pitch) & (points < np.array(shape) + pitch), axis=1)
    order = order[near[order]]
    return np.asarray(points[order[: widths.size]])


def _relax(points: NDArray[np.float64], radii: NDArray[np.float64], rounds: int = 12) -> NDArray[np.float64]:
    """Push overlapping discs apart."""
    points = points.copy()
    for _ in range(rounds):
        pairs = cKDTree(points).query_pairs(2 * float(np.percentile(radii, 95)), output_type="ndarray")
        if not len(pairs):
            break
        a, b = pairs.T
        gap = points[a] - points[b]
        distance = np.maximum(np.linalg.norm(gap, axis=1), 1e-6)
        push = np.maximum(radii[a] + radii[b] - distance, 0) * 0.45
        move = gap / distance[:, None] * push[:, None]
        for axis in (0, 1):
            points[:, axis] += np.bincount(a, move[:, axis], len(points))
            points[:, axis] -= np.bincount(b, move[:, axis], len(points))
    return points


def centres(
    config: PlacementConfig, widths: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the centres of particles, in the order in which they are laid down.

    Parameters
    ----------
    config : PlacementConfig
        How they lie.
    widths : ndarray of float32, (n,)
        Diameters, pixels.
    shape : tuple of int
        Rows and columns of the field; centres may lie beyond it.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of float64, (m, 2)
        Rows and columns, pixels; m is n, or less where a monolayer is full.
    """
    if not widths.size:
        return np.zeros((0, 2))
    if config.kind == "monolayer":
        return _monolayer(config, widths, shape, rng)
    margin = float(widths.mean()) / 2
    if config.kind == "clusters":
        points = _clusters(config, widths, shape, rng)
    elif config.kind == "chains":
        points = _chains(config, widths, shape, rng)
    elif config.kind == "heap" and config.extent < 1:
        points = strewn(shape, widths.size, config.extent, rng)
    else:
        points = rng.uniform(-margin, np.array(shape) + margin, (widths.size, 2))
    if config.kind in ("heap", "random"):
        return points
    radii = widths.astype(np.float64) / 2 * config.spacing * (1 - config.overlap / 2)
    return _relax(points, radii)


def angles(
    align: float, points: NDArray[np.float64], shape: tuple[int, int], scale: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Directions of long axes: neighbours agree as `align` says, over a distance of `scale` pixels.

    Returns
    -------
    ndarray of float64, (n,)
        Radians.
    """
    free = rng.uniform(0, np.pi, len(points))
    if not align:
        return free
    grid = (max(shape[0] // 8, 4), max(shape[1] // 8, 4))
    common = smooth(grid, max(scale / 8, 1), rng)
    rows, cols = (np.clip(points[:, k] / 8, 0, grid[k] - 1).astype(int) for k in (0, 1))
    return np.asarray(common[rows, cols] * 0.8 + (free - np.pi / 2) * (1 - align))
