"""One call from a configuration and a seed to a micrograph with exact labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.synthesis.afm import height_image
from nanoseg_fiji.synthesis.annotations import annotate
from nanoseg_fiji.synthesis.optics import quantise
from nanoseg_fiji.synthesis.scene import build_scene, keep_visible
from nanoseg_fiji.synthesis.sem import secondary_electrons
from nanoseg_fiji.synthesis.stem import dark_field
from nanoseg_fiji.synthesis.tem import bright_field
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig

__all__ = ["Micrograph", "simulate"]

_IMAGING = {"tem": bright_field, "stem": dark_field, "sem": secondary_electrons}


class Micrograph(NamedTuple):
    """A simulated micrograph."""

    image: NDArray[Any]
    """uint8 or uint16, (row, col)."""
    labels: NDArray[np.int32]
    """int32, (row, col): 0 is background, ids 1..n."""
    calibration: Calibration
    """Pixel size, nm."""
    marks: NDArray[np.bool_]
    """(row, col): where letters, scale bars and info strips are burnt in."""


def simulate(config: MicrographConfig, seed: int) -> Micrograph:
    """Simulate a micrograph.

    Labels are exact: a pixel belongs to the particle that is in front there, if its centre lies inside. Rings
    keep their hole, a particle with core and shell is one particle, organic shells belong to none.

    Parameters
    ----------
    config : MicrographConfig
        What to simulate.
    seed : int
        Not negative; the same seed and configuration give the same micrograph again.

    Returns
    -------
    Micrograph
        Image, labels, calibration and marks.

    Raises
    ------
    InputError
        The seed is negative or no whole number.
    """
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed={seed} must be a whole number that is not negative")
    # scene, imaging and annotations have chance of their own: changing one leaves the others as they are
    specimen, microscope, author = (np.random.default_rng([seed, part]) for part in range(3))
    scene = build_scene(config, specimen)
    if config.modality == "afm":
        signal, labels = height_image(config, scene, microscope)
    else:
        signal, labels = _IMAGING[config.modality](config, scene, microscope), scene.labels
    image = quantise(signal, config.bits, config.saturation, config.headroom)
    image, labels, marks = annotate(image, labels, config, author)
    labels = keep_visible(labels, scene.areas, config.min_visible)
    return Micrograph(image, labels, Calibration(config.pixel_size, config.pixel_size, "nm"), marks)
