"""The log-normal distribution of a sample of diameters, by number, area and volume, and how well it fits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from nanoseg_fiji.particles.moments import power_of
from nanoseg_fiji.particles.weighted import effective_size, mean_and_deviation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["LogNormal", "fit_lognormal"]

_SAMPLES = 9999
_SAMPLE_SIZE = 100


@dataclass(frozen=True)
class LogNormal:
    """A log-normal distribution fitted to the numbers of particles.

    By area and by volume it is log-normal again, of the same standard deviation (Hatch and Choate 1929, doi
    10.1016/S0016-0032(29)91451-4; ISO 9276-5).
    """

    median: float
    """Geometric mean diameter, the median by number."""
    gsd: float
    """Geometric standard deviation."""
    ks_statistic: float
    """Kolmogorov-Smirnov distance of the empirical from the fitted cumulative distribution Q0."""
    p_value: float
    """Probability of such a distance or a larger one, were the diameters log-normal and independent."""

    @property
    def sigma(self) -> float:
        """Standard deviation of ln x."""
        return math.log(self.gsd)

    def median_of(self, basis: str) -> float:
        """Median of the basis, x50,r = x50,0 exp(r sigma^2)."""
        return self.median * math.exp(power_of(basis) * self.sigma**2)

    def cumulative(self, x: ArrayLike, basis: str = "number") -> NDArray[np.float64]:
        """Qr at diameters above 0."""
        values: NDArray[np.float64] = special.ndtr(self._z(x, basis))
        return values

    def density(self, x: ArrayLike, basis: str = "number") -> NDArray[np.float64]:
        """Give qr at diameters above 0, in 1 / unit."""
        z = self._z(x, basis)
        values: NDArray[np.float64] = np.exp(-z * z / 2) / (
            np.asarray(x) * self.sigma * math.sqrt(2 * math.pi)
        )
        return values

    def _z(self, x: ArrayLike, basis: str) -> NDArray[np.float64]:
        z: NDArray[np.float64] = np.log(np.asarray(x, np.float64) / self.median_of(basis)) / self.sigma
        return z


def fit_lognormal(x: NDArray[np.float64], weights: NDArray[np.float64]) -> LogNormal:
    """Fit a log-normal distribution by mean and standard deviation of ln x.

    Ordinary tables of the Kolmogorov-Smirnov distance do not hold where the parameters were fitted to the
    same data, so its distribution is simulated with the fit repeated on each sample (Lilliefors 1967, doi
    10.1080/01621459.1967.10482916), for one sample size: Stephens' factor makes the distances of all sizes
    from 5 on alike (1974, doi 10.1080/01621459.1974.10480196). Weighted samples count as unweighted ones of
    their effective size.

    Parameters
    ----------
    x : ndarray of float64, (n,)
        Diameters above 0.
    weights : ndarray of float64, (n,)
        Above 0.

    Returns
    -------
    LogNormal
        NaN for what too few particles do not tell.
    """
    order = np.argsort(x, kind="stable")
    logs, weights = np.log(x[order]), weights[order]
    mu, sigma = mean_and_deviation(logs, weights)
    if not sigma > 1e-9:
        return LogNormal(math.exp(mu), math.exp(sigma), math.nan, math.nan)
    last = np.append(np.flatnonzero(np.diff(logs)), len(logs) - 1)
    upper = np.cumsum(weights)[last] / weights.sum()
    expected = special.ndtr((logs[last] - mu) / sigma)
    distance = float(max((upper - expected).max(), (expected - np.append(0.0, upper[:-1])).max()))
    reference = _reference()
    reached = len(reference) - np.searchsorted(
        reference, distance * _factor(effective_size(weights)) * (1 - 1e-9)
    )
    return LogNormal(math.exp(mu), math.exp(sigma), distance, float(reached + 1) / (len(reference) + 1))


def _factor(size: float) -> float:
    """Make distances of samples of different sizes comparable (Stephens 1974, table 1A, case 3)."""
    return math.sqrt(size) - 0.01 + 0.85 / math.sqrt(size)


@cache
def _reference() -> NDArray[np.float64]:
    """Sorted distances, times their factor, of normal samples from the distributions fitted to them."""
    sample = np.sort(np.random.default_rng(0).standard_normal((_SAMPLES, _SAMPLE_SIZE)), axis=1)
    sample -= sample.mean(axis=1, keepdims=True)
    sample /= sample.std(axis=1, ddof=1, keepdims=True)
    level = special.ndtr(sample)
    step = np.arange(_SAMPLE_SIZE) / _SAMPLE_SIZE
    distances = np.maximum((step + 1 / _SAMPLE_SIZE - level).max(axis=1), (level - step).max(axis=1))
    return np.sort(distances) * _factor(_SAMPLE_SIZE)
