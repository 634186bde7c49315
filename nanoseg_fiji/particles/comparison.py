"""Two groups of images compared: how far apart their medians are, and how unlike their distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, islice
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.particles.bootstrap import Intervals

__all__ = ["Difference", "difference_of_medians", "distance"]

_PERMUTATIONS = 1999
_CHUNK = 4_000_000


@dataclass(frozen=True)
class Difference:
    """Second group less first."""

    value: float
    """Difference of the medians."""
    low: float
    """Lower end of its 95 % interval; NaN where there is none."""
    high: float
    """Upper end."""


def difference_of_medians(medians: tuple[float, float], intervals: tuple[Intervals, Intervals]) -> Difference:
    """Give the difference of two medians with a 95 % interval.

    From the standard errors that the bootstrap gave each, with Student's t of the degrees of freedom of Welch
    (1947, doi 10.1093/biomet/34.1-2.28).
    """
    value = medians[1] - medians[0]
    parts = [spread.errors["D50"] ** 2 for spread in intervals]
    total = sum(parts)
    if not total > 0:
        return Difference(value, math.nan, math.nan)
    freedom = total**2 / sum(
        part**2 / (spread.units - 1) for part, spread in zip(parts, intervals, strict=True)
    )
    reach = float(stats.t.ppf(0.975, freedom)) * math.sqrt(total)
    return Difference(value, value - reach, value + reach)


def distance(
    x: NDArray[np.float64],
    amounts: NDArray[np.float64],
    units: NDArray[np.int64],
    second: NDArray[np.bool_],
    seed: int = 0,
) -> tuple[float, float]:
    """Give the Kolmogorov-Smirnov distance of two groups and its p-value.

    The p-value is the share of the ways to deal the units out to the two groups (all ways, or 1,999 at
    random) that bring the distributions as far apart: particles of one image stay together, and weights
    need no approximation.

    Parameters
    ----------
    x, amounts : ndarray of float64, (n,)
        Diameters of both groups, and what each counts for.
    units : ndarray of int64, (n,)
        Unit of each particle, from 0; no unit has particles of both groups.
    second : ndarray of bool, (units,)
        Whether the unit is in the second group.

    Returns
    -------
    (float, float)
        Distance and p-value, which is NaN where there is a unit alone in a group.
    """
    order = np.argsort(x, kind="stable")
    x, amounts, units = x[order], amounts[order], units[order]
    ends = np.append(np.flatnonzero(np.diff(x)), len(x) - 1)
    observed = float(_distances(second[None], amounts, units, ends)[0])
    if min(second.sum(), (~second).sum()) < 2:
        return observed, math.nan
    dealt = _deals(second, seed)
    step = max(_CHUNK // len(x), 1)
    found = np.concatenate(
        [_distances(dealt[i : i + step], amounts, units, ends) for i in range(0, len(dealt), step)]
    )
    return observed, float(np.mean(found >= observed * (1 - 1e-9)))


def _deals(second: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Ways to deal units out, (ways, units): all, or the one there is and random ones."""
    count, size = len(second), int(second.sum())
    if math.comb(count, size) <= _PERMUTATIONS + 1:
        ways = np.array(list(islice(combinations(range(count), size), _PERMUTATIONS + 1)))
        dealt = np.zeros((len(ways), count), bool)
        np.put_along_axis(dealt, ways, True, axis=1)
        return dealt
    rng = np.random.default_rng(seed)
    return np.concatenate([second[None], rng.permuted(np.tile(second, (_PERMUTATIONS, 1)), axis=1)])


def _distances(
    dealt: NDArray[np.bool_], amounts: NDArray[np.float64], units: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    in_second = np.where(dealt[:, units], amounts, 0.0)
    in_first = amounts - in_second
    levels = [
        np.cumsum(part, axis=1)[:, ends] / part.sum(axis=1, keepdims=True) for part in (in_first, in_second)
    ]
    distances: NDArray[np.float64] = np.abs(levels[0] - levels[1]).max(axis=1)
    return distances
