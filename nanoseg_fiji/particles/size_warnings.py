"""What to be wary of in a size distribution: too few particles for a figure, or a volume that few hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.particles.needed import iso_particles_needed, particles_needed
from nanoseg_fiji.particles.weighted import effective_size

if TYPE_CHECKING:
    from nanoseg_fiji.particles.distribution import SizeDistribution

__all__ = ["group_warnings", "needed"]

_FIGURES = ("D10", "D50", "D90", "mean", "Sauter")
_ISO_FIGURES = {"number": "mean", "area": "Sauter", "volume": "D50"}
_FEW_HOLD_HALF = 20
_FEW_UNITS = 5


def needed(distribution: SizeDistribution, error: float) -> dict[str, int]:
    """Give the particles that each figure needs to be within a relative `error` (95 %), by the fit."""
    gsd = distribution.fit.gsd
    if not math.isfinite(gsd):
        return {}
    return {name: particles_needed(name, distribution.basis, gsd, error) for name in _FIGURES}


def group_warnings(
    distribution: SizeDistribution, units: int, drawn: str, asked: str, error: float
) -> tuple[str, ...]:
    """Say what makes figures doubtful.

    Parameters
    ----------
    distribution : SizeDistribution
        What was found.
    units : int
        Number of units drawn for intervals.
    drawn, asked : str
        What the units are, and were to be: ``image``, ``slice`` or ``particle``.
    error : float
        Relative error aimed at.
    """
    count = distribution.count
    if count < 2:
        return (f"{count} particle{'' if count == 1 else 's'} counted: there is no distribution",)
    texts = []
    size = effective_size(distribution.weights)
    most = needed(distribution, error)
    short = [f"{name} about {number}" for name, number in most.items() if number > size]
    iso = iso_particles_needed(distribution.basis, distribution.fit.gsd, error) if most else 0
    if short or iso > size:
        texts.append(
            f"{count} particles are too few to be within {100 * error:.3g} % (95 %): "
            + "".join(f"{text}, " for text in short)
            + f"{_ISO_FIGURES[distribution.basis]} {iso} by ISO 13322-1 (GSD {distribution.fit.gsd:.3g})"
        )
    amounts = np.sort(distribution.amounts)[::-1]
    half = int(np.searchsorted(np.cumsum(amounts), 0.5)) + 1
    if distribution.basis != "number" and half < min(_FEW_HOLD_HALF, count / 4):
        texts.append(
            f"{half} of {count} particles hold half of the {distribution.basis}: they decide the figures"
        )
    if asked != drawn:
        texts.append("one image: the intervals take its particles for independent and know no other image")
    elif units < 2:
        texts.append(f"one {drawn}, as its slices are not independent: there are no intervals")
    elif drawn != "particle" and units < _FEW_UNITS:
        texts.append(f"only {units} {drawn}s: intervals are wide, and more would tell more")
    return tuple(texts)
