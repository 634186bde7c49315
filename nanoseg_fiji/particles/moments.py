"""Figures of a size distribution weighted by number, area or volume (ISO 9276-1, ISO 9276-2)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.weighted import mean_and_deviation, quantiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BASES", "FIGURES", "figures", "mean_diameter", "power_of"]

BASES = {"number": 0, "area": 2, "volume": 3}
"""Type of quantity, index r of ISO 9276-1: a particle counts as its diameter to the power of r."""
FIGURES = ("D10", "D50", "D90", "mean", "Sauter", "D43", "span", "geometric_mean", "GSD")
"""What `figures` gives; all but ``span`` and ``GSD`` are lengths."""


def power_of(basis: str) -> int:
    """Index r of a basis.

    Raises
    ------
    InputError
        The basis is unknown.
    """
    if basis not in BASES:
        raise InputError(f"unknown basis {basis!r}: known are {', '.join(BASES)}")
    return BASES[basis]


def mean_diameter(x: NDArray[np.float64], weights: NDArray[np.float64], p: int, q: int) -> float:
    """Give the mean diameter D[p, q] of the moment-ratio system: (sum w x^p / sum w x^q)^(1 / (p - q)).

    D[1, 0] is the arithmetic mean by number, D[3, 2] Sauter's, D[4, 3] De Brouckere's (ISO 9276-2).

    Parameters
    ----------
    x, weights : ndarray of float64, (n,)
        Diameters above 0, and what each counts for by number.
    p, q : int
        Different powers.
    """
    return float(((weights * x**p).sum() / (weights * x**q).sum()) ** (1 / (p - q)))


def figures(x: NDArray[np.float64], weights: NDArray[np.float64], basis: str) -> dict[str, float]:
    """Describe a sample.

    Parameters
    ----------
    x : ndarray of float64, (n,)
        Diameters above 0.
    weights : ndarray of float64, (n,)
        What each counts for by number; 0 leaves it out.
    basis : str
        One of `BASES`.

    Returns
    -------
    dict of str to float
        `FIGURES`: ``D10``, ``D50``, ``D90``, read off the empirical distribution of the basis, ``span``,
        which is (D90 - D10) / D50, and ``mean``, the arithmetic mean of the basis, D[r + 1, r]. The rest
        depends on no basis: ``Sauter`` is D[3, 2], ``D43`` is D[4, 3], and ``geometric_mean`` and ``GSD``,
        the geometric standard deviation, are those by number. NaN where the sample does not tell.
    """
    counted = weights > 0
    if not counted.any():
        return dict.fromkeys(FIGURES, math.nan)
    x, weights = x[counted], weights[counted]
    power = power_of(basis)
    d10, d50, d90 = quantiles(x, weights * x**power, (0.1, 0.5, 0.9))
    mu, sigma = mean_and_deviation(np.log(x), weights)
    return {
        "D10": d10,
        "D50": d50,
        "D90": d90,
        "mean": mean_diameter(x, weights, power + 1, power),
        "Sauter": mean_diameter(x, weights, 3, 2),
        "D43": mean_diameter(x, weights, 4, 3),
        "span": (d90 - d10) / d50,
        "geometric_mean": math.exp(mu),
        "GSD": math.exp(sigma),
    }
