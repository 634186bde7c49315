"""Intervals of a size distribution's figures, by drawing whole images: particles of an image are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from nanoseg_fiji.particles.moments import FIGURES, figures

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Intervals", "bootstrap"]

_DRAWS = 400
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Intervals:
    """How sure figures are, by name."""

    units: int
    """Number of units drawn: images, slices or particles."""
    low: dict[str, float]
    """Lower ends of the 95 % intervals; NaN where there is none."""
    high: dict[str, float]
    """Upper ends."""
    errors: dict[str, float]
    """Standard errors, in the figure's own unit."""

    @classmethod
    def unknown(cls) -> Intervals:
        """Intervals of what cannot be told."""
        nothing = dict.fromkeys(FIGURES, math.nan)
        return cls(0, nothing, nothing, nothing)


def bootstrap(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    units: NDArray[np.int64],
    basis: str,
    seed: int = 0,
) -> Intervals:
    """Draw units with replacement and see how much the figures vary.

    All particles of a unit come and go together (cluster bootstrap; Davison and Hinkley 1997, section 3.8;
    Efron 1979, doi 10.1214/aos/1176344552). One unit fewer is drawn than there are, without which few units
    would seem to vary less than they do (Rao and Wu 1988, doi 10.1080/01621459.1988.10478591). The 95 %
    interval reaches Student's t of that many degrees of freedom times the standard error of the figure's
    logarithm to both sides (Cameron, Gelbach and Miller 2008, doi 10.1162/rest.90.3.414).

    Parameters
    ----------
    x, weights : ndarray of float64, (n,)
        Diameters and what they count for by number, both above 0.
    units : ndarray of int64, (n,)
        Number of the unit that each belongs to, from 0.
    basis : str
        As in `figures`.
    seed : int
        Seed of the draws.

    Returns
    -------
    Intervals
        All NaN where there are fewer than two units.
    """
    count = int(units.max()) + 1 if len(units) else 0
    if count < 2:
        return Intervals.unknown()
    centre = figures(x, weights, basis)
    order = np.argsort(x, kind="stable")
    x, weights, units = x[order], weights[order], units[order]
    rng = np.random.default_rng(seed)
    values = np.empty((_DRAWS, len(FIGURES)))
    for draw in values:
        times = np.bincount(rng.integers(0, count, count - 1), minlength=count)
        draw[:] = list(figures(x, weights * times[units], basis).values())
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, count - 1))
    low, high, errors = {}, {}, {}
    for name, column in zip(FIGURES, values.T, strict=True):
        known = column[np.isfinite(column) & (column > 0)]
        enough = len(known) > _DRAWS / 2 and centre[name] > 0
        errors[name] = float(known.std(ddof=1)) if enough else math.nan
        wide = math.exp(reach * float(np.log(known).std(ddof=1))) if enough else math.nan
        low[name], high[name] = centre[name] / wide, centre[name] * wide
    low["GSD"] = max(low["GSD"], 1.0) if math.isfinite(low["GSD"]) else math.nan
    return Intervals(count, low, high, errors)
