"""Particle size distribution: what was found, and a log-normal distribution beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.lognormal import LogNormal, fit_lognormal
from nanoseg_fiji.particles.moments import FIGURES, figures, power_of
from nanoseg_fiji.particles.weighted import effective_size, quantiles

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SizeDistribution", "histogram_edges", "size_distribution"]

_MOST_BINS = 100
_CURVE_POINTS = 1000


@dataclass(frozen=True)
class SizeDistribution:
    """Size distribution of a sample; lengths in the unit of the diameters."""

    basis: str
    """What particles count by: ``number``, ``area`` or ``volume``, index r of 0, 2 or 3 in ISO 9276-1. Area
    and volume take them for spheres (or any bodies of one shape) of their diameters."""
    x: NDArray[np.float64]
    """(n,) diameters counted, ascending."""
    weights: NDArray[np.float64]
    """(n,) what each counts for by number."""
    figures: dict[str, float]
    """Empirical figures, see `nanoseg_fiji.particles.moments.figures`."""
    fit: LogNormal
    """Log-normal distribution fitted to the numbers."""
    edges: NDArray[np.float64]
    """(bins + 1,) edges of the histogram's classes, equally wide."""

    @property
    def count(self) -> int:
        """Number of particles counted."""
        return len(self.x)

    @property
    def amounts(self) -> NDArray[np.float64]:
        """(n,) share of each particle in the number, area or volume; they sum to 1."""
        amounts: NDArray[np.float64] = self.weights * self.x ** power_of(self.basis)
        return amounts / float(amounts.sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        """(bins,) share of each class; they sum to 1."""
        return np.histogram(self.x, self.edges, weights=self.amounts)[0] if self.count else np.zeros(1)

    @property
    def density(self) -> NDArray[np.float64]:
        """(bins,) qr, the density of each class, in 1 / unit."""
        return self.shares / np.diff(self.edges)

    def fitted_density(self, x: ArrayLike) -> NDArray[np.float64]:
        """Give qr of the log-normal fit at diameters above 0, in 1 / unit."""
        return self.fit.density(x, self.basis)

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Diameters and Qr there, 1000 at most: D-values are read off the lines between them."""
        amounts = self.amounts
        level = np.cumsum(amounts) - amounts / 2
        if self.count <= _CURVE_POINTS:
            return self.x, level
        taken = np.unique(np.linspace(0, self.count - 1, _CURVE_POINTS).round().astype(int))
        return self.x[taken], level[taken]

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers and text by the names users see."""
        return {
            "count": self.count,
            "basis": self.basis,
            **self.figures,
            "KS": self.fit.ks_statistic,
            "p_value": self.fit.p_value,
        }


def size_distribution(
    ecd: ArrayLike,
    weights: ArrayLike | None = None,
    basis: str = "number",
    edges: NDArray[np.float64] | None = None,
) -> SizeDistribution:
    """Describe a size distribution, empirically and by a log-normal fit.

    Parameters
    ----------
    ecd : array_like of float, (n,)
        Diameters, above 0.
    weights : array_like of float, (n,), optional
        Weight of each particle by number, 0 leaves it out; equal by default.
    basis : str
        ``number``, ``area`` or ``volume``.
    edges : ndarray of float64, (bins + 1,), optional
        Edges of the histogram's classes; chosen by `histogram_edges` by default.

    Returns
    -------
    SizeDistribution
        NaN for what too few particles do not tell.

    Raises
    ------
    InputError
        A diameter is not above 0, a weight is negative or not finite, lengths differ, or the basis is
        unknown.
    """
    power = power_of(basis)
    x = np.asarray(ecd, dtype=np.float64).reshape(-1)
    w = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)
    if len(w) != len(x):
        raise InputError(f"{len(w)} weights for {len(x)} diameters: give one each")
    if not (np.isfinite(w).all() and (w >= 0).all()):
        raise InputError("weights must be finite and not negative")
    x, w = x[w > 0], w[w > 0]
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise InputError("diameters must be finite and above 0")
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    if not len(x):
        nothing = LogNormal(math.nan, math.nan, math.nan, math.nan)
        return SizeDistribution(basis, x, w, dict.fromkeys(FIGURES, math.nan), nothing, np.array([0.0, 1.0]))
    return SizeDistribution(
        basis=basis,
        x=x,
        weights=w,
        figures=figures(x, w, basis),
        fit=fit_lognormal(x, w),
        edges=histogram_edges(x, w * x**power) if edges is None else edges,
    )


def histogram_edges(x: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of classes of the width of Freedman and Diaconis (1981, doi 10.1007/BF01025868), 100 at most.

    Parameters
    ----------
    x, weights : ndarray of float64, (n,)
        A weighted sample of at least one.
    """
    low, high = quantiles(x, weights, (0.25, 0.75))
    width = 2.0 * (high - low) / effective_size(weights) ** (1.0 / 3.0)
    spread = float(x.max() - x.min())
    bins = min(max(math.ceil(spread / width), 1), _MOST_BINS) if width > 0 else 1
    return np.histogram_bin_edges(x, bins)
