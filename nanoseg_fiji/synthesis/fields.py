"""Random fields: smooth ones and those with the spectrum of worn or amorphous surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fractal", "smooth", "white"]


def white(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """White Gaussian noise, mean 0 and standard deviation 1."""
    return rng.standard_normal(shape, dtype=np.float32)


def smooth(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Gaussian field that changes over about `scale` pixels.

    Noise on a coarse grid, interpolated bicubically: the cost does not grow with the scale.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    scale : float
        Distance of independent values, pixels.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of float32, `shape`
        Mean 0, standard deviation 1.
    """
    if scale <= 1:
        return white(shape, rng)
    rows, cols = (int(np.ceil(n / scale)) + 3 for n in shape)
    coarse = Image.fromarray(white((rows, cols), rng))
    left, top = rng.uniform(0, 1, 2)
    box = (1 + left, 1 + top, 1 + left + shape[1] / scale, 1 + top + shape[0] / scale)
    values = np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC, box=box))
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-6), np.float32)


def fractal(
    shape: tuple[int, int], scale: float, rng: np.random.Generator, octaves: int = 3
) -> NDArray[np.float32]:
    """Sum of smooth fields, each of half the scale and half the height of the one before.

    Returns
    -------
    ndarray of float32, `shape`
        Mean 0, standard deviation 1.
    """
    total = smooth(shape, scale, rng)
    for octave in range(1, octaves):
        if scale / 2**octave < 1:
            break
        total = total + smooth(shape, scale / 2**octave, rng) / np.float32(2**octave)
    return (total / max(float(total.std()), 1e-6)).astype(np.float32)
