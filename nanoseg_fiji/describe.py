"""From labels to what a user gets: ROI set, table and summary of the particles that are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Calibration

__all__ = ["Described", "Limits", "describe", "provenance_of"]


@dataclass(frozen=True)
class Limits:
    """Which particles are kept."""

    min_ecd: float = 0.0
    """Smallest equivalent circular diameter, in the image's unit."""
    max_ecd: float = math.inf
    """Largest equivalent circular diameter, in the image's unit."""
    min_score: float = 0.0
    """Lowest score."""
    exclude_edges: bool = False
    """Whether particles at the edge are dropped."""

    def keep(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """(particles,) which rows of a table are kept."""
        ecd = table["ECD"].to_numpy()
        kept: NDArray[np.bool_] = (ecd >= self.min_ecd) & (ecd <= self.max_ecd)
        if self.min_score > 0:
            kept &= table["Score"].to_numpy() >= self.min_score
        return kept & (table["Edge"].to_numpy() == 0) if self.exclude_edges else kept


@dataclass(frozen=True)
class Described:
    """Particles that were kept."""

    labels: NDArray[np.int32]
    """(n, row, col) label images; where particles were dropped, the others are numbered anew."""
    table: pd.DataFrame
    """One row a particle."""
    rois: bytes
    """ImageJ ROI zip."""
    summary: dict[str, Any]
    """Counts and size statistics."""
    legend: str = ""
    """What the colours of the outlines mean; empty where they mean nothing."""


def describe(
    labels: NDArray[np.int32],
    pixels: NDArray[np.float32],
    calibration: Calibration,
    *,
    name: str,
    scores: NDArray[np.float64] | None = None,
    limits: Limits | None = None,
    frame: tuple[int, int] | NDArray[np.bool_] | None = None,
    slices: Sequence[int] | None = None,
    positions: Sequence[tuple[int, int, int]] | None = None,
    start: int = 0,
    roi_names: Sequence[str] | None = None,
    properties: Mapping[str, object] | None = None,
    colour: str = "none",
) -> Described:
    """Measure particles, drop those beyond the limits, and make the ROI set of the others.

    Parameters
    ----------
    labels : ndarray of int32, (n, row, col)
        Label images of the slices.
    pixels : ndarray of float32, (n, row, col)
        Grey values.
    calibration : Calibration
        Pixel size.
    name : str
        Name of the image, for the row labels.
    scores : ndarray of float, (particles,), optional
        Score of every particle, slice by slice and by ascending label.
    limits : Limits, optional
        Which particles are kept; all by default.
    roi_names : sequence of str, optional
        Names of ROIs that are there already, a particle each; by default those of the ROI set made here.
    frame, slices, positions, start, properties
        As `nanoseg_fiji.particles.measure` and `nanoseg_fiji.particles.rois` take them.
    colour : str
        What the colour of an outline shows: one of `nanoseg_fiji.particles.colours.COLOURS`.

    Returns
    -------
    Described
        Of the particles that are kept.
    """
    import pandas as pd

    from nanoseg_fiji.particles.colours import colours_of
    from nanoseg_fiji.particles.contours import trace
    from nanoseg_fiji.particles.measure import measure
    from nanoseg_fiji.particles.rois import encode_rois
    from nanoseg_fiji.particles.summary import summarise

    limits = limits or Limits()
    outlines = [trace(part) for part in labels]
    places: dict[str, Any] = {"slices": slices, "positions": positions}
    table = measure(
        labels, pixels, calibration, scores=scores, frame=frame, image_name=name, outlines=outlines, **places
    )
    kept = limits.keep(table)
    too_small = int((table["ECD"].to_numpy() < limits.min_ecd).sum())
    if not kept.all():
        labels, ids = _renumber(labels, [part.ids for part in outlines], kept)
        outlines = [trace(part) for part in labels]
        table = table[kept].assign(Particle=ids)
    colours, legend = colours_of(table, colour)
    rois = encode_rois(
        labels,
        scores=None if scores is None else scores[kept],
        start=start,
        properties=properties,
        outlines=outlines,
        colours=colours,
        **places,
    )
    table.index = pd.Index([f"{name}:{roi}" for roi in roi_names or rois.names], dtype=object, name="Label")
    return Described(
        labels, table, rois.to_zip(), summarise(table, calibration, image=name, too_small=too_small), legend
    )


def _renumber(
    labels: NDArray[np.int32], ids: Sequence[NDArray[np.int32]], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Give the kept particles of each slice ids from 1, in their order, and the others 0."""
    out = np.zeros_like(labels)
    numbers = []
    for i, (part, known) in enumerate(zip(labels, ids, strict=True)):
        keep, kept = kept[: len(known)], kept[len(known) :]
        new = np.where(keep, np.cumsum(keep), 0)
        numbers.append(new[keep])
        lookup = np.zeros(int(known.max(initial=0)) + 1, np.int32)
        lookup[known] = new
        out[i] = lookup[part]
    return out, np.concatenate(numbers)


def provenance_of(name: str, **more: Any) -> dict[str, Any]:
    """Where a result comes from: program, version, image, and what is given besides."""
    from nanoseg_fiji import __version__

    return {"software": "nanoseg-fiji", "version": __version__, "image": name, **more}
