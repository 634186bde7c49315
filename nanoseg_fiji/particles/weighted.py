"""Statistics of weighted samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["effective_size", "mean_and_deviation", "quantiles"]


def effective_size(weights: NDArray[np.float64]) -> float:
    """Size of the unweighted sample that is as precise: (sum w)^2 / sum w^2 (Kish 1965); 0 for none."""
    total = float(weights.sum())
    return total * total / float((weights * weights).sum()) if total > 0 else 0.0


def mean_and_deviation(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Give mean and standard deviation, unbiased for weights that tell reliability.

    With equal weights the deviation is the usual one of n - 1 degrees of freedom. NaN where there is none.
    """
    total = float(weights.sum())
    if not total > 0:
        return np.nan, np.nan
    mean = float((weights * values).sum()) / total
    freedom = total - float((weights * weights).sum()) / total
    if freedom <= 1e-12 * total:
        return mean, np.nan
    return mean, float(np.sqrt((weights * (values - mean) ** 2).sum() / freedom))


def quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], levels: Sequence[float]
) -> list[float]:
    """Read quantiles off the empirical distribution.

    The distribution rises by a value's share of the weight, half of it below the value, and linearly in
    between (Hazen 1914): with equal weights the median is the usual one. Beyond the outermost values it is
    constant. NaN where there are no values.

    Parameters
    ----------
    values, weights : ndarray of float64, (n,)
        The sample; weights of 0 leave a value out.
    levels : sequence of float
        0 to 1.
    """
    counted = weights > 0
    if not counted.any():
        return [np.nan] * len(levels)
    values, weights = values[counted], weights[counted]
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    below = (np.cumsum(weights) - weights / 2) / weights.sum()
    return [float(value) for value in np.interp(levels, below, values)]
