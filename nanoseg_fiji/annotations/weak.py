"""Boxes to outlines: a box says where a particle is, the image where it ends.

Along 64 rays from the middle of the box, the outline is the closed path that has the steepest slope of grey
values under it, all bright-to-dark or all dark-to-bright, and stays near the inscribed ellipse: dynamic
programming in polar coordinates (Bamford and Lovell 1998, doi 10.1016/S0165-1684(98)00054-5). Since people
draw boxes tight, the path is then stretched until it touches all four sides, which corrects slopes that were
found inside or outside of the true outline. Where the image shows nothing, the ellipse is what remains.
``benchmarks/boxes.py`` measures how good that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BoxOutlines", "outline_boxes"]

_ANGLES = 64
_RADII = np.linspace(0.6, 1.4, 33)
"""Where an outline may lie on a ray, in radii of the ellipse."""
_SMOOTH = 0.06
"""Sigma of the smoothing, in half sides of the median box."""
_PULL = 10.0
"""Cost of the squared distance to the ellipse, in mean slopes of the box; chosen on labelled data."""
_STEPS = 3
"""Most radii that the outline may step in or out from one ray to the next."""
_BEND = 0.05
"""Cost of such a step, times the square of its radii."""
_BAND = 0.1
"""Half width of the rim that counts as unknown, in distances from the middle."""


class BoxOutlines(NamedTuple):
    """Closed outlines, each (boxes, angles, 2): columns and rows along pixel edges, in pixels."""

    best: NDArray[np.float64]
    """Where the particle ends."""
    inner: NDArray[np.float64]
    """What lies within belongs to the particle."""
    outer: NDArray[np.float64]
    """What lies beyond does not."""


def outline_boxes(gray: NDArray[np.float32], boxes: NDArray[np.float64]) -> BoxOutlines:
    """Find the particles in boxes.

    Parameters
    ----------
    gray : ndarray of float32, (row, col)
        Micrograph.
    boxes : ndarray of float64, (boxes, 4)
        x0, y0, x1, y1 along pixel edges, in pixels; tight, one particle each.

    Returns
    -------
    BoxOutlines
        Outlines within their boxes.
    """
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    centre, half = (low + high) / 2, (high - low) / 2
    angle = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    ray = half * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    sigma = max(_SMOOTH * float(np.median(half)), 0.5)
    smooth = ndimage.gaussian_filter(np.nan_to_num(gray, posinf=0, neginf=0), sigma, mode="nearest")
    at = centre[:, :, None] + ray[:, :, None] * _RADII[:, None]
    place = (at[..., 1] - 0.5, at[..., 0] - 0.5)  # pixel centres lie at half pixels
    slope = np.gradient(ndimage.map_coordinates(smooth, place, order=1, mode="nearest"), axis=2)
    slope /= np.abs(slope).mean(axis=(1, 2), keepdims=True) + np.finfo(np.float32).tiny
    pull = _PULL * (_RADII - 1) ** 2
    (rising, up), (falling, down) = _closed_path(pull - slope), _closed_path(pull + slope)
    radius = _RADII[np.where((up < down)[:, None], rising, falling)]
    points = centre + ray * radius[..., None]
    least, most = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    best = low + (points - least) / (most - least) * (high - low)
    grown = (np.clip(centre + (best - centre) * (1 + band), low, high) for band in (-_BAND, _BAND))
    return BoxOutlines(best, *grown)


def _closed_path(cost: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Radius of the cheapest path round the clock, (boxes, angles), and what it costs, (boxes,).

    Two laps are gone; the half laps around the middle are kept, where the ends no longer matter.
    """
    boxes, angles, radii = cost.shape
    steps = np.arange(-_STEPS, _STEPS + 1)
    bend = (_BEND * steps**2)[:, None, None]
    back = np.empty((2 * angles, boxes, radii), np.int8)
    total = np.zeros((boxes, radii))
    for turn in range(2 * angles):
        wide = np.pad(total, ((0, 0), (_STEPS, _STEPS)), constant_values=np.inf)
        ways = np.stack([wide[:, i : i + radii] for i in range(steps.size)]) + bend
        way = ways.argmin(axis=0)
        back[turn] = steps[way]
        total = ways.min(axis=0) + cost[:, turn % angles]
    row, at = np.arange(boxes), total.argmin(axis=1)
    path = np.empty((boxes, angles), np.int64)
    for turn in range(2 * angles - 1, angles // 2 - 1, -1):
        path[:, turn % angles] = at  # the second half lap overwrites the last one
        at = at + back[turn, row, at]
    return path, np.take_along_axis(cost, path[..., None], axis=2).sum(axis=(1, 2))
