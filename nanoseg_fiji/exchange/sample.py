"""The micrograph that a package shows what the model does with: simulated, so that it may go anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.overlay import draw_overlay
from nanoseg_fiji.segmentation import segment_pixels
from nanoseg_fiji.synthesis import simulate
from nanoseg_fiji.synthesis.config import MicrographConfig, ParticleConfig, PlacementConfig
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nanoseg_fiji.network import Model

__all__ = ["sample_image", "write_cover"]

_COVER = 512  # px, height; twice as wide


def sample_image(rows: int, cols: int, diameter: float, seed: int = 3) -> NDArray[np.float32]:
    """Simulate a bright-field micrograph of polyhedra.

    Parameters
    ----------
    rows, cols : int
        Shape, in pixels.
    diameter : float
        Of the particles, in pixels.
    seed : int
        Another one gives other particles.

    Returns
    -------
    ndarray of float32, (row, col)
        Grey values, 0 to 255.
    """
    config = MicrographConfig(
        height=rows,
        width=cols,
        pixel_size=0.5,
        particles=ParticleConfig(shape="polyhedron", diameter=0.5 * diameter, gsd=1.2),
        placement=PlacementConfig(count=max(8, int(0.3 * rows * cols / diameter**2)), overlap=0.05),
    )
    return simulate(config, seed).image.astype(np.float32)


def write_cover(model: Model, path: Path) -> None:
    """Draw what the model finds in a simulated micrograph, as a PNG file twice as wide as high."""
    from PIL import Image

    gray = sample_image(_COVER, 2 * _COVER, 1.5 * model.diameter)
    found = segment_pixels(gray, model, diameter=1.5 * model.diameter, device="cpu")
    picture = draw_overlay(gray, found.labels, Calibration())
    Image.fromarray(picture).resize((2 * _COVER, _COVER)).quantize(128).save(path, optimize=True)
