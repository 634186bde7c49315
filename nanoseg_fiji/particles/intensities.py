"""Grey values within all labels at once, by ImageJ's definitions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.particles.runs import stable_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.particles.runs import Runs

__all__ = ["Intensities", "measure_intensities"]

_PIXELS_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class Intensities:
    """Grey values of n labels; NaN where no pixel of a label has a finite one."""

    count: NDArray[np.float64]
    """(n,) number of pixels with a finite value: ImageJ counts no others."""
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    """(n,) standard deviation, of n - 1 degrees of freedom; 0 for a single pixel."""
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]


def measure_intensities(runs: Runs, pixels: NDArray[Any]) -> Intensities:
    """Measure the grey values of all labels (``ByteStatistics``, ``ShortStatistics``, ``FloatStatistics``).

    Sums run over pixels in raster order in double precision, as in ImageJ, so that the deviation of float
    images is the same even where it suffers cancellation.

    Parameters
    ----------
    runs : Runs
        Of n labels.
    pixels : ndarray, (row, col)
        Grey values.

    Returns
    -------
    Intensities
        Of the n labels.
    """
    labels = len(runs.ids)
    flat = pixels.reshape(-1)
    length = runs.stop - runs.start
    begin = runs.row * pixels.shape[1] + runs.start
    total, squares, count = np.zeros(labels), np.zeros(labels), np.zeros(labels)
    low, high = np.empty(len(length)), np.empty(len(length))
    done = np.cumsum(length)
    cuts = np.searchsorted(done, np.arange(_PIXELS_AT_ONCE, done[-1] if labels else 0, _PIXELS_AT_ONCE))
    edges = np.unique(np.concatenate(([0], cuts, [len(length)])))
    for some in (slice(a, b) for a, b in pairwise(edges.tolist())):
        sizes = length[some]
        offset = np.cumsum(sizes) - sizes
        where = np.arange(int(sizes.sum())) + (begin[some] - offset).repeat(sizes)
        values = flat[where].astype(np.float64)
        owner = runs.index[some].repeat(sizes)
        finite = np.isfinite(values)
        if finite.all():
            count += np.bincount(runs.index[some], weights=sizes, minlength=labels)
            low[some], high[some] = np.minimum.reduceat(values, offset), np.maximum.reduceat(values, offset)
        else:
            low[some] = np.minimum.reduceat(np.where(finite, values, np.inf), offset)
            high[some] = np.maximum.reduceat(np.where(finite, values, -np.inf), offset)
            values, owner = values[finite], owner[finite]
            count += np.bincount(owner, minlength=labels)
        # in order, unlike the sum of sums
        np.add.at(total, owner, values)
        np.add.at(squares, owner, values * values)
    order = stable_order(runs.index)
    first = np.searchsorted(runs.index[order], np.arange(labels))
    empty = count == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (count * squares - total * total) / count
        deviation = np.where(spread > 0.0, np.sqrt(np.maximum(spread, 0.0) / (count - 1.0)), 0.0)
        mean = total / count
    least = np.minimum.reduceat(low[order], first) if labels else low
    greatest = np.maximum.reduceat(high[order], first) if labels else high
    nothing = np.where(empty, np.nan, 0.0)
    return Intensities(count, mean, deviation + nothing, least + nothing, greatest + nothing)
