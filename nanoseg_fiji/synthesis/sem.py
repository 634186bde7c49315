"""SEM: yield of secondary electrons over tilt and edges, shading, shadowing, charging, noise.

The yield rises as 1 / cos(tilt)**n and at edges thinner than the escape depth; a detector at one side shades
slopes; hollows lose electrons to their walls (Reimer, Scanning Electron Microscopy, 2nd ed. 1998, doi
10.1007/978-3-540-38967-5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import lfilter

from nanoseg_fiji.synthesis.fields import fractal, smooth
from nanoseg_fiji.synthesis.optics import blur, blur_wide, count_electrons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig
    from nanoseg_fiji.synthesis.microscopes import SemConfig
    from nanoseg_fiji.synthesis.scene import Scene

    Array = NDArray[np.float32]

__all__ = ["secondary_electrons", "slopes"]

_STEEPEST = 6.0  # rise over run beyond which the yield rises no more


def slopes(height: Array) -> tuple[Array, Array]:
    """Slopes along rows and columns: the smaller of those to both sides, 0 at ridges.

    So a particle's limb keeps its own slope, and the jump down to what lies behind it is no slope.

    Returns
    -------
    tuple of two ndarray of float32, (row, col)
        Rise over run towards higher rows and higher columns.
    """
    both = []
    for axis in (0, 1):
        step = np.diff(height, axis=axis)
        zero = np.zeros_like(np.take(height, [0], axis=axis))
        before, after = (np.concatenate(parts, axis=axis) for parts in ((zero, step), (step, zero)))
        smaller = np.minimum(np.abs(before), np.abs(after))
        both.append(np.where(before * after > 0, np.copysign(smaller, after), np.float32(0)))
    return both[0], both[1]


def _streaks(bright: Array, sem: SemConfig) -> Array:
    """Trails of charged particles along the scan lines, decaying to both sides."""
    decay = np.exp(-1 / 40)
    forward = lfilter([1 - decay], [1, -decay], bright, axis=1)
    backward = lfilter([1 - decay], [1, -decay], bright[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((forward + 0.4 * backward) * sem.charging, np.float32)


def secondary_electrons(config: MicrographConfig, scene: Scene, rng: np.random.Generator) -> Array:
    """Form the image of a scene.

    Returns
    -------
    ndarray of float32, (row, col)
        Counted electrons over those of a flat particle.
    """
    sem, width = config.sem, config.diameter_px
    shape = (config.height, config.width)
    particle = scene.labels > 0
    height: Array = scene.height
    if sem.roughness:
        relief = fractal(shape, max(0.15 * width, 2), rng)
        height = height + relief * particle * np.float32(sem.roughness * width)
    down, right = slopes(height)
    steep = np.sqrt(down * down + right * right)
    tilt = np.sqrt(1 + np.minimum(steep, np.float32(_STEEPEST)) ** 2)
    light = tilt ** np.float32(sem.edge)
    if sem.shading:
        towards = np.deg2rad(sem.detector)
        facing = np.float32(np.sin(towards)) * down - np.float32(np.cos(towards)) * right
        light = light * (1 + np.float32(sem.shading) * facing / np.sqrt(1 + steep * steep))
    # ridges: electrons leave through both sides of them
    ridge = np.clip((height - blur(height, max(0.06 * width, 2))) / np.float32(0.05 * width), 0, 1)
    light = light * (1 + np.float32(0.35 * sem.edge) * ridge)
    own = 1 + sem.material * rng.standard_normal(scene.areas.size, dtype=np.float32)
    ground = np.float32(sem.substrate) * (1 + sem.substrate_texture * fractal(shape, max(width, 8), rng, 6))
    signal = np.where(particle, light * own[scene.labels], ground)
    signal = np.maximum(signal * _open_sky(height, width, sem.shadowing), 0)
    if sem.charging:
        signal = np.maximum(signal + _streaks(np.where(particle, signal, np.float32(0)), sem), 0)
    if sem.gradient:
        signal = signal * np.exp(np.float32(sem.gradient) * smooth(shape, 1.2 * max(shape), rng))
    signal = signal * (1 + sem.line_noise * rng.standard_normal((shape[0], 1), dtype=np.float32))
    return count_electrons(blur(signal, sem.probe), sem.dose, rng)


def _open_sky(height: Array, width: float, strength: float) -> Array:
    """Share of the electrons that get out past what stands around, near by and further off."""
    if not strength:
        return np.ones_like(height)
    near, far = blur_wide(height, 0.5 * width), blur_wide(height, 1.5 * width)
    depth = np.maximum(near - height, 0) + np.maximum(far - height, 0)
    return np.asarray(np.exp(depth * np.float32(-strength / width * 1.5)), np.float32)
