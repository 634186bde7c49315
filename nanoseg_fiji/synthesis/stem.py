"""HAADF-STEM: incoherent Z contrast, a probe, shot noise and uneven scan lines.

The signal is the projected thickness times the atomic number to the power of 1.64, convolved with the probe's
intensity (Pennycook and Jesson 1991, doi 10.1016/0304-3991(91)90004-P; exponent as measured by Krivanek et
al. 2010, doi 10.1038/nature08879).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.synthesis.fields import fractal
from nanoseg_fiji.synthesis.optics import blur, count_electrons, jitter_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig
    from nanoseg_fiji.synthesis.scene import Scene

__all__ = ["dark_field"]

_EXPONENT = 1.64
_CARBON = 6.0
_DARK = 0.01  # of the median particle: the detector's own current


def dark_field(config: MicrographConfig, scene: Scene, rng: np.random.Generator) -> NDArray[np.float32]:
    """Form the image of a scene.

    Returns
    -------
    ndarray of float32, (row, col)
        Counted electrons over those of a particle of median thickness.
    """
    stem, pixel = config.stem, config.pixel_size
    shape = (config.height, config.width)
    relief = 1 + stem.support_relief * fractal(shape, max(stem.support_scale / pixel, 2), rng)
    support = np.maximum(relief, 0) * np.float32(
        stem.support * (stem.support_number / stem.atomic_number) ** _EXPONENT
    )
    shells = scene.ligand * np.float32(0.5 * pixel * (_CARBON / stem.atomic_number) ** _EXPONENT)
    grains = scene.support * np.float32(config.support.density * pixel)
    signal = (scene.mass * np.float32(pixel) + grains + support + shells) / np.float32(
        config.particles.diameter
    )
    signal = blur(jitter_lines(signal, stem.drift, rng), max(stem.probe / pixel, 0.8))
    return count_electrons(signal + np.float32(_DARK), stem.dose, rng)
