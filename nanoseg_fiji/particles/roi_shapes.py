"""Shapes of ImageJ's area ROIs, built with ImageJ's own arithmetic so that their masks are the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.particles.roi_curves import flatten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = [
    "Shape",
    "composite",
    "ellipse",
    "oval",
    "polygon",
    "rectangle",
    "rotated_rectangle",
    "rounded_rectangle",
]

_Box = tuple[int, int, int, int]
_MOVE, _LINE, _QUADRATIC, _CUBIC, _CLOSE = range(5)
_ELLIPSE_VERTICES = 72


@dataclass(frozen=True)
class Shape:
    """Closed polygons, filled by the even-odd rule within a box, or the ellipse inscribed in the box."""

    box: _Box
    """x, y, width, height, in pixels."""
    x: NDArray[np.float64]
    """Columns of the vertices, from the left of the box."""
    y: NDArray[np.float64]
    """Rows of the vertices, from the top of the box."""
    starts: NDArray[np.int64]
    """First vertex of each polygon; none for the ellipse."""


def rectangle(box: _Box) -> Shape:
    """``Roi``: the box itself."""
    _, _, width, height = box
    x = np.array([0.0, width, width, 0.0])
    return Shape(box, x, np.array([0.0, 0.0, height, height]), np.zeros(1, dtype=np.int64))


def oval(box: _Box) -> Shape:
    """``OvalRoi``: pixels whose centre lies in the ellipse inscribed in the box."""
    none = np.empty(0)
    return Shape(box, none, none, np.empty(0, dtype=np.int64))


def polygon(points: NDArray[Any], *, whole: bool) -> Shape:
    """``PolygonRoi`` of (n, 2) absolute coordinates, whole numbers or 32-bit floats."""
    start = np.zeros(1, dtype=np.int64)
    if whole:
        left, top = points.min(axis=0)
        width, height = np.ptp(points, axis=0)
        relative = (points - (left, top)).astype(np.float64)
        return Shape((int(left), int(top), int(width), int(height)), relative[:, 0], relative[:, 1], start)
    points = points.astype(np.float32)
    low = points.min(axis=0)
    # FloatPolygon looks for the largest coordinate from the smallest positive float upwards
    high = np.maximum(points.max(axis=0), np.finfo(np.float32).smallest_subnormal)
    return _subpixel(points - low, low, (high - low).astype(np.float64), start)


def _subpixel(
    relative: NDArray[np.float32],
    base: NDArray[np.float32],
    size: NDArray[np.float64],
    starts: NDArray[np.int64],
) -> Shape:
    """Polygons relative to `base`: the box is the least one of whole pixels (``Roi.setIntBounds``)."""
    left, top = np.floor(base.astype(np.float64))
    right, bottom = np.ceil(base.astype(np.float64) + size)
    inside = relative.astype(np.float64) + (base.astype(np.float64) - (left, top))
    return Shape(
        (int(left), int(top), int(right - left), int(bottom - top)), inside[:, 0], inside[:, 1], starts
    )


def rotated_rectangle(x1: float, y1: float, x2: float, y2: float, width: float) -> Shape:
    """``RotatedRectRoi``: `width` across the line from (x1, y1) to (x2, y2)."""
    length = math.hypot(x2 - x1, y2 - y1)
    across = 0.5 * width * (y2 - y1) / length
    down = -0.5 * width * (x2 - x1) / length
    return _in_rounded_box(
        [
            (x1 + across, y1 + down),
            (x2 + across, y2 + down),
            (x2 - across, y2 - down),
            (x1 - across, y1 - down),
        ]
    )


def ellipse(x1: float, y1: float, x2: float, y2: float, ratio: float) -> Shape:
    """``EllipseRoi``: major axis from (x1, y1) to (x2, y2), minor one `ratio` of it."""
    ratio = min(max(ratio, 0.0), 1.0)
    major = math.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)
    tilt = math.atan2(y2 - y1, x2 - x1) * 180.0 / math.pi / 180.0 * math.pi
    points = []
    for i in range(_ELLIPSE_VERTICES):
        beta = i * 360.0 / _ELLIPSE_VERTICES / 180.0 * math.pi
        dx, dy = math.cos(beta) * major / 2.0, math.sin(beta) * (major * ratio) / 2.0
        angle, radius = math.atan2(dy, dx) + tilt, math.sqrt(dx * dx + dy * dy)
        points.append(
            ((x1 + x2) / 2.0 + math.cos(angle) * radius, (y1 + y2) / 2.0 + math.sin(angle) * radius)
        )
    return _in_rounded_box(points)


def _in_rounded_box(points: list[tuple[float, float]]) -> Shape:
    """Polygon in the box that ``FloatPolygon.getBounds`` gives: its size is rounded, not enlarged."""
    corners = np.array(points, dtype=np.float32)
    low = np.floor(corners.min(axis=0))
    size = (corners.max(axis=0) - low + 0.5).astype(np.int64)
    relative = (corners - low).astype(np.float64)
    box = (int(low[0]), int(low[1]), int(size[0]), int(size[1]))
    return Shape(box, relative[:, 0], relative[:, 1], np.zeros(1, dtype=np.int64))


def rounded_rectangle(box: _Box, diameter: float) -> Shape:
    """``Roi`` with a corner diameter: ``java.awt.geom.RoundRectangle2D`` as a path."""
    x, y, width, height = box
    across, down = min(width, diameter), min(height, diameter)
    # the Bezier arc of a quarter circle, in units of the corner's diameter
    a, b = 1.0 - math.cos(math.pi / 4), math.tan(math.pi / 4)
    c = math.sqrt(1.0 + b * b) - 1.0 + a
    handle = (1.0 - 4.0 / 3.0 * a * b / c) / 2.0
    right, bottom = x + width, y + height
    path = [_MOVE, x, y + down / 2, _LINE, x, bottom - down / 2]
    path += [_CUBIC, x, bottom - handle * down, x + handle * across, bottom, x + across / 2, bottom]
    path += [_LINE, right - across / 2, bottom]
    path += [_CUBIC, right - handle * across, bottom, right, bottom - handle * down, right, bottom - down / 2]
    path += [_LINE, right, y + down / 2]
    path += [_CUBIC, right, y + handle * down, right - handle * across, y, right - across / 2, y]
    path += [_LINE, x + across / 2, y]
    path += [_CUBIC, x + handle * across, y, x, y + handle * down, x, y + down / 2, _CLOSE]
    return composite(np.array(path, dtype=np.float32))


def composite(path: NDArray[np.float32]) -> Shape:
    """``ShapeRoi`` of a path: segment types and absolute coordinates in turn."""
    control = np.concatenate(
        [points for _, points in _segments(path)] or [np.empty((0, 2), dtype=np.float32)]
    )
    if not len(control):
        raise ValueError("an empty path")
    left, top = np.floor(control.min(axis=0)).astype(int)
    right, bottom = np.ceil(control.max(axis=0)).astype(int)
    origin = np.array([left, top], dtype=np.float32)
    points: list[tuple[float, float]] = []
    starts: list[int] = []
    for kind, ends in _segments(path):
        ends = (ends - origin).astype(np.float32).astype(np.float64)
        if kind == _MOVE or not points:
            starts.append(len(points))
        if kind in (_QUADRATIC, _CUBIC):
            points += flatten(np.vstack([points[-1], ends]))
        else:
            points += [(float(x), float(y)) for x, y in ends]
    flat = np.array(points, dtype=np.float32).astype(np.float64)
    box = (int(left), int(top), int(right - left), int(bottom - top))
    return Shape(box, flat[:, 0], flat[:, 1], np.array(starts, dtype=np.int64))


def _segments(path: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    lengths = (2, 2, 4, 6, 0)
    i = 0
    while i < len(path):
        kind = int(path[i])
        if not 0 <= kind < len(lengths):
            raise ValueError(f"unknown path segment {kind}")
        i += 1 + lengths[kind]
        if i > len(path):
            return
        yield kind, path[i - lengths[kind] : i].reshape(-1, 2)
