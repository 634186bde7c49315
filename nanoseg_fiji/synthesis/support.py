"""The aggregate of larger grains that carries small particles, as in catalysts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.synthesis.fields import fractal
from nanoseg_fiji.synthesis.placement import strewn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig

    Array = NDArray[np.float32]

__all__ = ["carried", "support_path"]


def support_path(config: MicrographConfig, rng: np.random.Generator) -> Array:
    """Path length in the support on every ray: ellipsoids strewn over a part of the field.

    Parameters
    ----------
    config : MicrographConfig
        Its `support` says what to make.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of float32, (row, col)
        Pixels; 0 beside the support.
    """
    support = config.support
    shape = (config.height, config.width)
    path = np.zeros(shape, np.float32)
    centres = strewn(shape, support.grains, support.extent, rng)
    radii = (
        support.diameter / config.pixel_size / 2 * np.exp(rng.normal(0, np.log(support.gsd), support.grains))
    )
    for (row, col), radius in zip(centres, radii, strict=True):
        long = np.exp(abs(rng.normal(0, 0.25)))
        angle = rng.uniform(0, np.pi)
        reach = radius * long
        top, left = max(int(row - reach), 0), max(int(col - reach), 0)
        y = np.arange(top, min(int(row + reach) + 2, shape[0]), dtype=np.float32)[:, None] - np.float32(row)
        x = np.arange(left, min(int(col + reach) + 2, shape[1]), dtype=np.float32)[None, :] - np.float32(col)
        u = x * np.float32(np.cos(angle) / long) + y * np.float32(np.sin(angle) / long)
        v = y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))
        half = np.sqrt(np.maximum(np.float32(radius**2) - u * u - v * v, 0))
        path[top : top + y.size, left : left + x.size] += 2 * half
    if support.texture:
        grain = max(0.15 * support.diameter / config.pixel_size, 2)
        path *= np.maximum(1 + np.float32(support.texture) * fractal(shape, grain, rng), 0)
    return path


def carried(path: Array, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points on the support, every place of it as likely.

    Returns
    -------
    ndarray of float64, (count, 2)
        Rows and columns, pixels; none without support.
    """
    places = np.flatnonzero(path > 0)
    if not places.size:
        return np.zeros((0, 2))
    rows, cols = np.unravel_index(places[rng.integers(places.size, size=count)], path.shape)
    return np.stack([rows, cols], axis=1) + rng.uniform(-0.5, 0.5, (count, 2))
