"""Curved outlines of ImageJ's ROIs as the polygons that ImageJ fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit_spline", "flatten"]

_FLATNESS = 0.01  # ShapeRoi.FILL_FLATNESS
_DEPTH = 10  # java.awt.geom.FlatteningPathIterator
_EXTENSION = 7  # SplineFitter.EXTEND_BY
_FEWEST_POINTS = 100  # PolygonRoi.fitSpline


def flatten(curve: NDArray[np.float64], depth: int = 0) -> list[tuple[float, float]]:
    """Halve a Bezier curve until its control points are within 0.01 px of its chord.

    Parameters
    ----------
    curve : ndarray of float64, (3 or 4, 2)
        Control points, x and y.
    depth : int
        Number of halvings so far.

    Returns
    -------
    list of (x, y)
        Ends of the straight pieces.
    """
    if depth >= _DEPTH or _distance_squared(curve) < _FLATNESS**2:
        return [(float(curve[-1, 0]), float(curve[-1, 1]))]
    left, right, level = [curve[0]], [curve[-1]], curve
    while len(level) > 1:
        level = (level[:-1] + level[1:]) / 2.0
        left.append(level[0])
        right.append(level[-1])
    return flatten(np.array(left), depth + 1) + flatten(np.array(right[::-1]), depth + 1)


def _distance_squared(curve: NDArray[np.float64]) -> float:
    """Square of the largest distance of the control points from the chord."""
    chord = curve[-1] - curve[0]
    length = float(chord @ chord)
    worst = 0.0
    for control in curve[1:-1] - curve[0]:
        along = float(control @ chord)
        if 0.0 < along < length:
            distance = float(control @ control) - along * along / length
        else:
            nearest = control if along <= 0.0 else control - chord
            distance = float(nearest @ nearest)
        worst = max(worst, distance)
    return worst


def fit_spline(points: NDArray[Any], *, freehand: bool) -> NDArray[np.float32]:
    """Fit the closed cubic spline of ImageJ's *Fit Spline* (``PolygonRoi.fitSpline``, ``SplineFitter``).

    Parameters
    ----------
    points : ndarray, (n, 2)
        Absolute coordinates, in pixels.
    freehand : bool
        Whether the ROI is of the freehand type: its length, which sets the number of points, is smoothed.

    Returns
    -------
    ndarray of float32, (m, 2)
        Points of the curve.
    """
    nodes = points.astype(np.float32)
    base = nodes.min(axis=0)
    nodes = nodes - base
    count = max(int(_length(nodes.astype(np.float64), freehand) / 2.0), _FEWEST_POINTS)
    step = np.diff(np.vstack([nodes, nodes[:1]]), axis=0)
    square = step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]
    stride = np.maximum(np.sqrt(np.sqrt(square.astype(np.float64))).astype(np.float32), np.float32(0.001))
    # float sums, as in Java
    place = np.concatenate([[np.float32(0)], np.cumsum(stride, dtype=np.float32)])
    closed = np.vstack([nodes, nodes[:1]])
    more = min(_EXTENSION, len(place) - 1)
    knots = np.concatenate(
        [place[-more - 1 : -1] - place[-1], place, place[1 : more + 1] - place[0] + place[-1]]
    )
    values = np.vstack([closed[-more - 1 : -1], closed, closed[1 : more + 1]])
    spline = CubicSpline(knots.astype(np.float64), values.astype(np.float64), bc_type="natural")
    where = np.arange(count) * (float(place[-1]) / (count - 1))
    curve: NDArray[np.float32] = spline(where).astype(np.float32) + base
    return curve


def _length(nodes: NDArray[np.float64], freehand: bool) -> float:
    """Length of a closed polygon; of a freehand one after a running mean over three points."""
    if not freehand or len(nodes) < 3:
        return float(np.hypot(*np.diff(np.vstack([nodes, nodes[:1]]), axis=0).T).sum())
    smooth = np.vstack([nodes[:1], (nodes[:-2] + nodes[1:-1] + nodes[2:]) / 3.0, nodes[-1:], nodes[:1]])
    return float(np.hypot(*np.diff(smooth, axis=0).T).sum())
