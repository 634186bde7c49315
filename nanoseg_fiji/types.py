"""Plain records that the modules exchange. Lengths state their unit; everything is frozen."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Progress = Callable[[float, str], None]
    """Called with the fraction done (0 to 1) and what is going on."""
    Cancelled = Callable[[], bool]
    """Asked between tiles; true stops the work with `CancelledError`."""

__all__ = ["Calibration", "ModelSpec", "SegmentationParams", "SegmentationResult"]

_PIXEL_UNITS = frozenset({"", "pixel", "pixels", "px"})


@dataclass(frozen=True)
class Calibration:
    """Pixel size of an image, as ImageJ's *Set Scale* holds it."""

    pixel_width: float = 1.0
    """Width of a pixel, in `unit`."""
    pixel_height: float = 1.0
    """Height of a pixel, in `unit`."""
    unit: str = "pixel"
    """Unit of length, such as ``nm`` or ``µm``; ``pixel`` where the size is unknown."""

    def __post_init__(self) -> None:
        for value in (self.pixel_width, self.pixel_height):
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"pixel size {value} is not a positive number: set the scale of the image")

    @property
    def calibrated(self) -> bool:
        """Whether the unit is a physical one."""
        return self.unit.strip().lower() not in _PIXEL_UNITS

    @property
    def pixel_size(self) -> float:
        """Geometric mean of pixel width and height, in `unit`: turns a diameter into pixels."""
        return math.sqrt(self.pixel_width * self.pixel_height)


@dataclass(frozen=True)
class ModelSpec:
    """A model file and what its card (the JSON file beside it) says."""

    name: str
    """Name the user chooses it by, such as ``em-particles``."""
    weights: Path
    """The ``.safetensors`` file."""
    sha256: str
    """Hash that the weights must have, from the card."""
    card: Mapping[str, Any] = field(repr=False)
    """The whole card."""


@dataclass(frozen=True)
class SegmentationParams:
    """What the user chooses. Field names are the macro keys: lower case, and none ends another."""

    model: str = "em-particles"
    """Name of a model, ``default`` (the one that the user chose as usual), or path of a ``.safetensors`` file
    with its card beside it."""
    diameter: float = 0.0
    """Typical particle diameter in the image's unit; 0 finds it."""
    pixel: bool = False
    """Whether `diameter`, `min_ecd` and `max_ecd` are in pixels whatever the image's unit."""
    split: bool = True
    """Whether touching particles are split; false gives aggregates."""
    tolerance: float = 3.0
    """Distance up to which places where flows end are one particle's, in pixels at the model's scale; higher
    splits less."""
    min_ecd: float = 0.0
    """Smallest equivalent circular diameter kept, in the image's unit."""
    max_ecd: float = math.inf
    """Largest equivalent circular diameter kept, in the image's unit; 0 or inf is no limit."""
    min_score: float = 0.8
    """Lowest score kept, 0 to 1; the default was chosen on validation micrographs."""
    exclude_edges: bool = False
    """Whether particles that touch the edge of the frame are dropped."""
    crop_bottom: int = 0
    """Rows left out at the bottom (an info bar), in pixels; 0 leaves out what is plainly a bar."""
    device: str = "auto"
    """``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``."""
    tile: int = 1024
    """Side of a network tile without its halo, in pixels at the model's scale; a multiple of 32."""

    def __post_init__(self) -> None:
        for name in ("diameter", "tolerance", "min_ecd", "max_ecd", "min_score"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or math.isnan(value) or value < 0:
                raise InputError(f"{name}={value} must be a number that is not negative")
        if math.isinf(self.diameter) or math.isinf(self.tolerance):
            raise InputError("diameter and tolerance must be finite")
        if self.min_score > 1:
            raise InputError(f"min_score={self.min_score} must lie between 0 and 1")
        if self.max_ecd == 0:
            object.__setattr__(self, "max_ecd", math.inf)
        if self.max_ecd < self.min_ecd:
            raise InputError(f"max_ecd={self.max_ecd} is below min_ecd={self.min_ecd}: swap them")
        if self.crop_bottom < 0:
            raise InputError(f"crop_bottom={self.crop_bottom} must not be negative")
        if self.tile < 64 or self.tile % 32:
            raise InputError(f"tile={self.tile} must be a multiple of 32 and at least 64")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of all parameters."""
        return tuple(f.name for f in fields(cls))


@dataclass(frozen=True)
class SegmentationResult:
    """What `segment` returns: labels, ROI set, table, summary and provenance of one image."""

    labels: NDArray[np.int32]
    """Label image, shape of the input image (``row, col``, with leading slice axes for a stack); 0 is
    background, ids 1..n on each slice."""
    table: pd.DataFrame
    """One row a particle (see `nanoseg_fiji.particles.measure`); calibrated; ``attrs["units"]`` maps
    column to unit."""
    rois: bytes = field(repr=False)
    """ROI set as an ImageJ zip file, one ROI a particle, in the order of the table."""
    summary: Mapping[str, Any]
    """Counts and size statistics (see `nanoseg_fiji.particles.summary`), with ``warnings``."""
    provenance: Mapping[str, Any]
    """Model name and hash, all parameters, device really used, package version, image name."""
    calibration: Calibration
    """Pixel size of the image."""
    diameter: float
    """Typical particle diameter given or found, in the unit of `calibration`; NaN where none was found."""
    messages: tuple[str, ...] = ()
    """What the user should know about this run (fallbacks, ignored selections)."""

    @property
    def count(self) -> int:
        """Number of particles."""
        return len(self.table)
