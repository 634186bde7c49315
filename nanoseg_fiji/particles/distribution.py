"""Particle size distribution: what was found, and a log-normal distribution beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.weighted import effective_size, mean_and_deviation, quantiles

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["SizeDistribution", "size_distribution"]

_SAMPLES = 1999
_LARGEST_SAMPLE = 500
_MOST_BINS = 100


@dataclass(frozen=True)
class SizeDistribution:
    """Number-based size distribution (index 0 in ISO 9276-1); lengths in the unit of the diameters."""

    count: int
    """Number of particles counted."""
    d10: float
    """x10,0: a tenth of the particles are smaller. Empirical, as `d50` and `d90`."""
    d50: float
    """x50,0, the median."""
    d90: float
    """x90,0."""
    geometric_mean: float
    """Geometric mean diameter, the median of the log-normal fit."""
    gsd: float
    """Geometric standard deviation of the log-normal fit."""
    ks_statistic: float
    """Kolmogorov-Smirnov distance of the empirical from the fitted cumulative distribution Q0."""
    p_value: float
    """Probability of such a distance or a larger one, were the distribution log-normal."""
    edges: NDArray[np.float64]
    """(bins + 1,) edges of the histogram's classes, equally wide."""
    shares: NDArray[np.float64]
    """(bins,) share of the particles in each class; they sum to 1."""
    method: str = (
        "log-normal fitted by weighted mean and standard deviation of ln x; Kolmogorov-Smirnov distance, "
        f"its p-value by Lilliefors' method ({_SAMPLES} simulated samples with fitted parameters)"
    )
    """How the fit and its p-value were made."""

    @property
    def density(self) -> NDArray[np.float64]:
        """(bins,) q0, the density of each class."""
        return self.shares / np.diff(self.edges)

    def fitted_density(self, x: ArrayLike) -> NDArray[np.float64]:
        """q0 of the log-normal fit at diameters above 0."""
        at = np.asarray(x, dtype=np.float64)
        sigma = math.log(self.gsd)
        z = np.log(at / self.geometric_mean) / sigma
        density: NDArray[np.float64] = np.exp(-0.5 * z * z) / (at * sigma * math.sqrt(2.0 * math.pi))
        return density

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers and text by the names users see."""
        return {
            "count": self.count,
            "D10": self.d10,
            "D50": self.d50,
            "D90": self.d90,
            "geometric_mean": self.geometric_mean,
            "GSD": self.gsd,
            "KS": self.ks_statistic,
            "p_value": self.p_value,
            "method": self.method,
        }


def size_distribution(ecd: ArrayLike, weights: ArrayLike | None = None) -> SizeDistribution:
    """Describe a size distribution, empirically and by a log-normal fit.

    Ordinary tables of the Kolmogorov-Smirnov distance do not hold where the parameters were fitted to the
    same data, so its distribution is simulated with the fit repeated on each sample (Lilliefors 1967, doi
    10.1080/01621459.1967.10482916). Weighted samples count as unweighted ones of their effective size.

    Parameters
    ----------
    ecd : array_like of float, (n,)
        Diameters, above 0.
    weights : array_like of float, (n,), optional
        Weight of each particle, 0 leaves it out; equal by default.

    Returns
    -------
    SizeDistribution
        NaN for what too few particles do not tell.

    Raises
    ------
    InputError
        A diameter is not above 0, a weight is negative or not finite, or lengths differ.
    """
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
    d10, d50, d90 = quantiles(x, w, (0.1, 0.5, 0.9))
    mu, sigma = mean_and_deviation(np.log(x), w)
    distance, p = _goodness_of_fit(np.log(x), w, mu, sigma)
    edges, shares = _histogram(x, w)
    return SizeDistribution(
        count=len(x),
        d10=d10,
        d50=d50,
        d90=d90,
        geometric_mean=math.exp(mu),
        gsd=math.exp(sigma),
        ks_statistic=distance,
        p_value=p,
        edges=edges,
        shares=shares,
    )


def _goodness_of_fit(
    values: NDArray[np.float64], weights: NDArray[np.float64], mu: float, sigma: float
) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance of sorted values from the normal distribution, and its p-value."""
    if not sigma > 0:
        return math.nan, math.nan
    size = effective_size(weights)
    total = weights.sum()
    last = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    upper = np.cumsum(weights)[last] / total
    expected = special.ndtr((values[last] - mu) / sigma)
    distance = float(max((upper - expected).max(), (expected - np.append(0.0, upper[:-1])).max()))

    # the root of the size times the distance hardly depends on the size beyond a few dozen
    count = max(min(round(size), _LARGEST_SAMPLE), 3)
    sample = np.sort(np.random.default_rng(0).standard_normal((_SAMPLES, count)), axis=1)
    sample -= sample.mean(axis=1, keepdims=True)
    sample /= sample.std(axis=1, ddof=1, keepdims=True)
    level = special.ndtr(sample)
    step = np.arange(count) / count
    distances = np.maximum((step + 1.0 / count - level).max(axis=1), (level - step).max(axis=1))
    reached = np.count_nonzero(distances * math.sqrt(count) >= distance * math.sqrt(size) * (1 - 1e-12))
    return distance, (reached + 1) / (_SAMPLES + 1)


def _histogram(
    x: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Histogram with classes of the width of Freedman and Diaconis (1981, doi 10.1007/BF01025868)."""
    if not len(x):
        return np.array([0.0, 1.0]), np.zeros(1)
    low, high = quantiles(x, weights, (0.25, 0.75))
    width = 2.0 * (high - low) / effective_size(weights) ** (1.0 / 3.0)
    spread = float(x[-1] - x[0])
    bins = min(max(math.ceil(spread / width), 1), _MOST_BINS) if width > 0 else 1
    shares, edges = np.histogram(x, bins=bins, weights=weights / weights.sum())
    return edges, shares
