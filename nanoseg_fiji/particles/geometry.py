"""Perimeter, fitted ellipse and filled area of all labels at once, by ImageJ's definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.particles.contours import Outlines
    from nanoseg_fiji.particles.runs import Runs

__all__ = ["Boxes", "Ellipses", "bounding_boxes", "filled_pixels", "fit_ellipses", "perimeters"]

_HALF_PI = 1.5707963267949  # the constants of ij.process.EllipseFitter
_TWELFTH = 0.08333333
_TINY = 0.000001


@dataclass(frozen=True)
class Boxes:
    """Bounding boxes, in pixels; `right` and `bottom` are outside."""

    left: NDArray[np.int64]
    top: NDArray[np.int64]
    right: NDArray[np.int64]
    bottom: NDArray[np.int64]


@dataclass(frozen=True)
class Ellipses:
    """Ellipses of the same centroid, second moments' orientation and area, in pixels and degrees."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    major: NDArray[np.float64]
    minor: NDArray[np.float64]
    angle: NDArray[np.float64]


def bounding_boxes(outlines: Outlines) -> Boxes:
    """Give the bounding box of each label's outlines."""
    spans = outlines.vertices[outlines.loops][:-1]
    if not len(spans):
        none = np.empty(0, dtype=np.int64)
        return Boxes(none, none, none, none)
    x, y = outlines.x.astype(np.int64), outlines.y.astype(np.int64)
    return Boxes(
        np.minimum.reduceat(x, spans),
        np.minimum.reduceat(y, spans),
        np.maximum.reduceat(x, spans),
        np.maximum.reduceat(y, spans),
    )


def perimeters(outlines: Outlines, pixel_width: float, pixel_height: float) -> NDArray[np.float64]:
    """Perimeter of each label as ``PolygonRoi.getTracedPerimeter`` has it, holes included.

    The length of the pixel edges, less 2 - sqrt(2) for each corner that is not next to one already counted
    along a side of one pixel. Which ones those are depends on where an outline starts.

    Parameters
    ----------
    outlines : Outlines
        Of n labels.
    pixel_width, pixel_height : float
        Size of a pixel.

    Returns
    -------
    ndarray of float64, (n,)
        Perimeters, calibrated.
    """
    if not len(outlines.ids):
        return np.empty(0)
    first = outlines.vertices[:-1]
    before = np.arange(-1, len(outlines.x) - 1)
    before[first] = outlines.vertices[1:] - 1
    across = np.abs(outlines.x - outlines.x[before])
    down = np.abs(outlines.y - outlines.y[before])
    # a corner counts at the start and after a long side; after a side of one pixel, every second one
    counts = across + down > 1
    counts[first] = True
    place = np.arange(len(counts))
    corners = (place - np.maximum.accumulate(np.where(counts, place, 0))) % 2 == 0
    diagonal = pixel_width + pixel_height - np.sqrt(pixel_width * pixel_width + pixel_height * pixel_height)
    lengths = [np.add.reduceat(part, first, dtype=np.int64) for part in (across, down, corners)]
    loops = lengths[0] * pixel_width + lengths[1] * pixel_height - lengths[2] * diagonal
    return np.asarray(np.bincount(outlines.label_of_loop, weights=loops), dtype=np.float64)


def filled_pixels(
    outlines: Outlines, boxes: Boxes, labels: NDArray[np.int32], pixels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Count the pixels of each label with its holes filled.

    Parameters
    ----------
    outlines : Outlines
        Of n labels.
    boxes : Boxes
        Of the n labels.
    labels : ndarray of int32, (row, col)
        The label image.
    pixels : ndarray of float64, (n,)
        Number of pixels without the holes.

    Returns
    -------
    ndarray of float64, (n,)
        Numbers of pixels.
    """
    if not outlines.hole.any():
        return pixels
    first = outlines.vertices[:-1]
    # the area is the sum of x dy over the vertical sides
    after = np.arange(1, len(outlines.x) + 1)
    after[outlines.vertices[1:] - 1] = first
    rise = outlines.y[after].astype(np.int64) - outlines.y
    area = np.abs(np.add.reduceat(outlines.x * rise, first))
    owner, count = outlines.label_of_loop, len(outlines.ids)
    holes = np.bincount(owner, weights=area * outlines.hole, minlength=count)
    components = np.bincount(owner, weights=~outlines.hole, minlength=count)
    filled = pixels + holes
    # a component may lie within a hole of another one
    for i in np.flatnonzero((components > 1) & (holes > 0)):
        box = labels[boxes.top[i] : boxes.bottom[i], boxes.left[i] : boxes.right[i]]
        filled[i] = np.count_nonzero(ndimage.binary_fill_holes(box == outlines.ids[i]))
    return filled


def fit_ellipses(runs: Runs, boxes: Boxes) -> Ellipses:
    """Fit an ellipse to each label as ``ij.process.EllipseFitter`` does, operation by operation.

    Parameters
    ----------
    runs : Runs
        Of n labels.
    boxes : Boxes
        Of the n labels.

    Returns
    -------
    Ellipses
        Of the n labels.
    """
    left, top = boxes.left[runs.index], boxes.top[runs.index]
    a, b, row = runs.start - left, runs.stop - left - 1, runs.row - top
    length = b - a + 1
    x_run = length * (a + b) // 2
    n = runs.total(length)
    xm, ym = runs.total(x_run) / n, runs.total(length * row) / n
    x2 = (runs.total(_squares(b) - _squares(a - 1)) + _TWELFTH * n) / n
    y2 = (runs.total(row * row * length) + _TWELFTH * n) / n
    u20, u02 = x2 - xm * xm, y2 - ym * ym
    u11 = runs.total(x_run * row) / n - xm * ym

    m4 = np.maximum(4.0 * np.abs(u02 * u20 - u11 * u11), _TINY)
    a11, a12, a22 = u02 / m4, u11 / m4, u20 / m4
    difference = a11 - a22
    difference[difference == 0.0] = _TINY
    theta = 0.5 * np.arctan(2.0 * a12 / difference)
    theta[theta < 0.0] += _HALF_PI
    theta[a12 > 0.0] += _HALF_PI
    upright = a12 == 0.0
    wide = upright & (a22 > a11)
    theta[wide] = 0.0
    theta[upright & (a22 < a11)] = _HALF_PI
    a11, a22 = np.where(wide, a22, a11), np.where(wide, a11, a22)
    sine = np.sin(theta)
    sine[sine == 0.0] = _TINY
    z = a12 * np.cos(theta) / sine
    major, minor = np.sqrt(1.0 / np.abs(a22 + z)), np.sqrt(1.0 / np.abs(a11 - z))
    scale = np.sqrt(n / (np.pi * major * minor))
    major, minor = major * scale * 2.0, minor * scale * 2.0
    angle = 180.0 * theta / np.pi
    angle[angle == 180.0] = 0.0
    return Ellipses(
        x=boxes.left + xm + 0.5,
        y=boxes.top + ym + 0.5,
        major=np.maximum(major, minor),
        minor=np.minimum(major, minor),
        angle=angle,
    )


def _squares(k: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of the squares of 0 to k; 0 for k = -1."""
    return k * (k + 1) * (2 * k + 1) // 6
