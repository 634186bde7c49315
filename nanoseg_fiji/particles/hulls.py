"""Convex hulls of all labels at once, and what ImageJ measures on them: Feret diameters and hull area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.particles.runs import stable_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.particles.contours import Outlines

__all__ = ["Feret", "Hulls", "feret", "find_hulls"]

_PAIRS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Hulls:
    """Strictly convex hulls in ImageJ's order: from the top left vertex down the left side and up again."""

    starts: NDArray[np.int64]
    """(n + 1,) the vertices of hull ``i`` are ``starts[i]`` to ``starts[i + 1]``."""
    x: NDArray[np.float64]
    """(v,) column of each vertex."""
    y: NDArray[np.float64]
    """(v,) row of each vertex."""

    def areas(self) -> NDArray[np.float64]:
        """Area of each hull, in pixels."""
        if not len(self.x):
            return np.zeros(len(self.starts) - 1)
        before = np.arange(-1, len(self.x) - 1)
        before[self.starts[:-1]] = self.starts[1:] - 1
        parts = (self.x + self.x[before]) * (self.y - self.y[before])
        return np.abs(np.add.reduceat(parts, self.starts[:-1])) / 2.0


@dataclass(frozen=True)
class Feret:
    """Caliper diameters, as `ij.gui.Roi.getFeretValues` gives them."""

    diameter: NDArray[np.float64]
    """(n,) largest distance of two hull vertices, calibrated."""
    x: NDArray[np.float64]
    """(n,) column of its left end, in pixels."""
    y: NDArray[np.float64]
    """(n,) row of its left end, in pixels."""
    angle: NDArray[np.float64]
    """(n,) its angle with the x axis, anticlockwise, 0 to 180 degrees."""
    smallest: NDArray[np.float64]
    """(n,) smallest caliper width, calibrated."""


def find_hulls(outlines: Outlines) -> Hulls:
    """Find the convex hulls of the outlines of all labels.

    Parameters
    ----------
    outlines : Outlines
        Of n labels.

    Returns
    -------
    Hulls
        Of the n labels; each has four vertices or more.
    """
    count = len(outlines.ids)
    spans = outlines.vertices[outlines.loops]
    owner = np.repeat(np.arange(count), np.diff(spans))
    x, y = outlines.x.astype(np.int64), outlines.y.astype(np.int64)
    order = stable_order(owner, y)
    owner, x, y = owner[order], x[order], y[order]
    new = np.ones(len(x), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (y[1:] != y[:-1])
    first = np.flatnonzero(new)
    owner, y = owner[first], y[first]
    if not count:
        none = np.empty(0)
        return Hulls(np.zeros(1, dtype=np.int64), none, none)
    left = _chain(owner, y, np.minimum.reduceat(x, first))
    right = _chain(owner, y, -np.maximum.reduceat(x, first))
    down = np.bincount(left[0], minlength=count)
    up = np.bincount(right[0], minlength=count)
    starts = np.concatenate(([0], np.cumsum(down + up)))
    hull_x, hull_y = np.empty(starts[-1]), np.empty(starts[-1])
    for (who, level, column), sizes, sign in ((left, down, 1), (right, up, -1)):
        rank = np.arange(len(who)) - (np.cumsum(sizes) - sizes)[who]
        place = starts[who] + rank if sign > 0 else starts[who + 1] - 1 - rank
        hull_x[place], hull_y[place] = sign * column, level
    return Hulls(starts, hull_x, hull_y)


def _chain(
    owner: NDArray[np.int64], y: NDArray[np.int64], x: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Strictly convex chain on the side of small x, of points sorted by owner and y.

    A point that is not strictly to the left of the line through its neighbours is no vertex of the hull,
    whatever else is removed; so all such points go at once, until there are none.
    """
    while True:
        a, b, c = slice(None, -2), slice(1, -1), slice(2, None)
        inner = (owner[a] == owner[b]) & (owner[b] == owner[c])
        bent = (x[b] - x[a]) * (y[c] - y[a]) < (x[c] - x[a]) * (y[b] - y[a])
        keep = np.ones(len(x), dtype=bool)
        keep[1:-1] = ~inner | bent
        if keep.all():
            return owner, y, x
        owner, y, x = owner[keep], y[keep], x[keep]


def feret(hulls: Hulls, pixel_width: float, pixel_height: float) -> Feret:
    """Measure the largest and the smallest caliper diameter.

    Of equal diameters the first pair of vertices in the order of the hull counts, as in ImageJ; so the
    arithmetic is ImageJ's, operation by operation.

    Parameters
    ----------
    hulls : Hulls
        Of n labels.
    pixel_width, pixel_height : float
        Size of a pixel.

    Returns
    -------
    Feret
        Of the n labels.
    """
    sizes = np.diff(hulls.starts)
    largest, smallest = np.empty(len(sizes)), np.empty(len(sizes))
    ends = np.empty((4, len(sizes)))
    for size in np.unique(sizes).tolist():
        alike = np.flatnonzero(sizes == size)
        step = max(_PAIRS_AT_ONCE // (size * size), 1)
        for some in (alike[i : i + step] for i in range(0, len(alike), step)):
            vertex = hulls.starts[some, None] + np.arange(size)
            x, y = hulls.x[vertex], hulls.y[vertex]
            across = (x[:, :, None] - x[:, None, :]) * pixel_width
            down = (y[:, :, None] - y[:, None, :]) * pixel_height
            square = (across * across + down * down).reshape(len(some), -1)
            best = square.argmax(axis=1)
            row = np.arange(len(some))
            p, q = np.divmod(best, size)
            p, q = np.where(x[row, p] > x[row, q], q, p), np.where(x[row, p] > x[row, q], p, q)
            largest[some] = np.sqrt(square[row, best])
            ends[:, some] = x[row, p], y[row, p], x[row, q], y[row, q]
            smallest[some] = _smallest_width(x, y, pixel_width, pixel_height)
    x1, y1, x2, y2 = ends
    angle = (180.0 / np.pi) * np.arctan2((y1 - y2) * pixel_height, (x2 - x1) * pixel_width)
    return Feret(largest, x1, y1, np.where(angle < 0.0, angle + 180.0, angle), smallest)


def _smallest_width(
    x: NDArray[np.float64], y: NDArray[np.float64], pixel_width: float, pixel_height: float
) -> NDArray[np.float64]:
    """Least distance between a side and the vertex farthest from it, for (n, size) vertices of n hulls."""
    across = (y - np.roll(y, 1, axis=1)) * pixel_height
    down = (np.roll(x, 1, axis=1) - x) * pixel_width
    scale = 1.0 / np.sqrt(across * across + down * down)
    across, down = across * (scale * pixel_width), down * (scale * pixel_height)
    distance = (x[:, None, :] - x[:, :, None]) * across[:, :, None]
    distance += (y[:, None, :] - y[:, :, None]) * down[:, :, None]
    width: NDArray[np.float64] = distance.max(axis=2).min(axis=1)
    return width
