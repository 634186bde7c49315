"""Scale bars burnt into a micrograph: where they are and how long, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bar", "find_bars"]

_LEVELS = (250, 225, 190, 150, 110)  # of 255; a bar is of extreme grey, but JPEG and overlays soften it
_SHORTEST, _LONGEST = 0.035, 0.75  # of the width of the image
_LEAST_PIXELS = 14
_TALLEST = 0.06  # of the height of the image
_LEAST_ASPECT = 2.2
_LEAST_FILL = 0.72  # of its box; less than all where a figure was turned a little
_LEAST_CONTRAST = 25.0  # of 255
_TICKS = 11  # Hitachi's bars are eleven ticks in a row
_TICKS_SCORE = 0.7  # too little for a bar without its label


@dataclass(frozen=True)
class Bar:
    """A scale bar. Coordinates are pixel edges: a bar over columns 3 to 12 has left 3 and right 13."""

    left: float
    """Left end, in pixels."""
    right: float
    """Right end, in pixels."""
    top: int
    """First row."""
    bottom: int
    """Row after the last."""
    bright: bool
    """Whether it is brighter than what is around."""
    score: float
    """How much it looks like a bar, 0 to 1."""
    gap: tuple[float, float] | None = None
    """Columns between the two pieces of a bar that its label breaks; none where it is whole."""

    @property
    def length(self) -> float:
        """Length in pixels."""
        return self.right - self.left


def find_bars(gray: NDArray[np.floating]) -> list[Bar]:
    """Find what may be a scale bar: long, straight, uniform, level, of a grey that its surroundings have not.

    Plain and outlined bars, lines with ticks or arrow heads at their ends, bars broken in the middle by their
    label (FEI) and rows of eleven ticks (Hitachi) are found. Rulers of alternating blocks are not.

    Parameters
    ----------
    gray : ndarray of float, (row, col)
        Micrograph, with its info strip if it has one.

    Returns
    -------
    list of Bar
        The likeliest first; empty where there is none.
    """
    low, high = float(gray.min()), float(gray.max())
    if not high > low or min(gray.shape) < 2 * _LEAST_PIXELS:
        return []
    bright = (gray.astype(np.float32) - low) * np.float32(255 / (high - low))
    bars: list[Bar] = []
    for polarity, values in ((True, bright), (False, 255 - bright)):
        boxes = {box for level in _LEVELS for box in _boxes(values >= level)}
        found = [bar for box in sorted(boxes) if (bar := _measured(values, box, polarity)) is not None]
        found = _distinct(_without_rulers(found))
        bars += [*found, *_broken(found), *_ticks(values, polarity)]
    return _distinct(bars)


def _boxes(mask: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """Boxes (top, bottom, left, right) of the thin rectangles in a mask."""
    rows, columns = mask.shape
    least = max(_LEAST_PIXELS, int(_SHORTEST * columns))
    step = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(step == 1)
    end = np.nonzero(step == -1)[1]
    keep = end - start >= least
    row, start, end = row[keep], start[keep], end[keep]
    # the mask without runs shorter than a bar: letters and ticks fall off, a bar stays
    change = np.zeros((rows, columns + 1), np.int8)
    change[row, start], change[row, end] = 1, -1
    labels, _ = ndimage.label(np.cumsum(change[:, :-1], axis=1, dtype=np.int8))
    boxes = []
    for i, (across, along) in enumerate(ndimage.find_objects(labels), 1):
        height, width = across.stop - across.start, along.stop - along.start
        if height > max(_TALLEST * rows, 4) or not _LEAST_ASPECT * height <= width <= _LONGEST * columns:
            continue
        if (labels[across, along] == i).sum() > _LEAST_FILL * height * width:
            boxes.append((across.start, across.stop, along.start, along.stop))
    return boxes


def _measured(values: NDArray[np.float32], box: tuple[int, int, int, int], bright: bool) -> Bar | None:
    """Measure a box of bright values; None where it is no bar."""
    top, bottom, left, right = box
    rows, columns = values.shape
    inner = values[top:bottom, left:right]
    level = float(np.median(inner))
    height, end = bottom - top, max(3, (right - left) // 16)
    if top == 0 or bottom == rows:  # cut off
        return None
    above = values[max(top - height - 3, 0) : max(top - 2, 0), left:right]
    below = values[bottom + 2 : bottom + 3 + height, left:right]
    grounds = []
    for part in (above, below):
        if part.size:  # at the edge of the image the other side decides
            # both corners, inside of ticks: what is left of a box around a bar is no bar
            corners = [float(np.median(c)) for c in (part[:, 4 : 4 + end], part[:, -4 - end : -4])]
            grounds.append(max(float(np.median(part)), min(corners)))
    contrast = level - max(grounds, default=level)
    if contrast < _LEAST_CONTRAST:
        return None
    third = height // 3  # the middle rows: the others are blurred, or the bar is not quite level
    middle = values[top + third : bottom - third]
    spread = float(np.subtract(*np.percentile(middle[:, left + 2 : right - 2], [95, 5])))
    profile = middle.mean(axis=0)
    ends = _end(profile[::-1], columns - left, level), _end(profile, right, level)
    if None in ends:
        return None
    (outer_left, drop_left), (outer_right, drop_right) = ends  # type: ignore[misc]
    sharp = min(drop_left, drop_right) / level
    score = (
        np.clip(contrast / 90, 0.2, 1)
        * np.clip(1.3 - spread / 60, 0, 1)
        * np.clip(sharp / 0.35, 0, 1)
        * (0.55 + 0.45 * np.clip((top / rows - 0.4) / 0.3, 0, 1))  # most are in the lower part
        * (1.0 if level > 235 else 0.8 if level > 190 else 0.55)
    )
    if score < 0.02:
        return None
    return Bar(columns - outer_left, outer_right, top, bottom, bright, float(score))


def _end(profile: NDArray[np.float32], end: int, level: float) -> tuple[float, float] | None:
    """Place where a profile falls to half between the bar and its surroundings, and how far it falls.

    `end` is the column after the bar's last. None where the bar ends with the image.
    """
    outside = profile[end + 2 : end + 6]
    if not outside.size:
        return None
    ground = float(np.median(outside))
    half = (level + ground) / 2
    first = max(end - 4, 1)
    near = profile[first - 1 : end + 5]
    falls = np.flatnonzero((near[:-1] >= half) & (near[1:] < half))
    if not falls.size:
        return None
    i = int(falls[0]) + first  # first column below the half
    step = float(profile[i - 1] - profile[i])
    return i - 0.5 + (float(profile[i - 1]) - half) / step, level - ground


def _distinct(bars: list[Bar]) -> list[Bar]:
    """Of bars over the same place the best, the best first."""
    kept: list[Bar] = []
    for bar in sorted(bars, key=lambda b: (-b.score, b.top, b.left)):
        if not any(_overlap(bar, other) > 0.5 and bool(bar.gap) == bool(other.gap) for other in kept):
            kept.append(bar)
    return kept


def _overlap(a: Bar, b: Bar) -> float:
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    if across <= 0 or down <= 0:
        return 0.0
    return across / max(a.length, b.length)


def _aligned(a: Bar, b: Bar) -> bool:
    return abs(a.top - b.top) <= 1 and abs(a.bottom - b.bottom) <= 1


def _without_rulers(bars: list[Bar]) -> list[Bar]:
    """Drop the blocks of rulers: bars of one length in a row, a length apart."""
    return [
        bar
        for bar in bars
        if sum(
            _aligned(bar, other)
            and abs(bar.length - other.length) < 0.1 * bar.length + 1
            and abs(abs(bar.left - other.left) - 2 * bar.length) < 0.1 * bar.length + 2
            for other in bars
        )
        == 0
    ]


def _broken(bars: list[Bar]) -> list[Bar]:
    """Bars in two pieces with the label between them."""
    whole = []
    for a in bars:
        for b in bars:
            gap = b.left - a.right
            similar = abs(a.length - b.length) < 0.25 * max(a.length, b.length)
            if _aligned(a, b) and similar and 8 < gap < 2.5 * (a.length + b.length):
                score = min(a.score, b.score)
                whole.append(Bar(a.left, b.right, a.top, a.bottom, a.bright, score, (a.right, b.left)))
    return whole


def _ticks(values: NDArray[np.float32], bright: bool) -> list[Bar]:
    """Rows of eleven ticks at equal distances; the bar is from the first one's middle to the last one's."""
    rows, columns = values.shape
    upper = rows // 2  # they stand in the strip
    labels, count = ndimage.label(values[upper:] >= 160)
    if not count:
        return []
    boxes = [(a.start + upper, a.stop + upper, b.start, b.stop) for a, b in ndimage.find_objects(labels)]
    top, bottom, left, right = np.array(boxes).T
    small = (right - left <= max(0.012 * columns, 3)) & (bottom - top <= 0.05 * rows)
    top, bottom, middle = top[small], bottom[small], (left + right)[small] / 2
    found = []
    for row in np.flatnonzero(np.bincount(bottom) >= 2):
        inside = np.abs(bottom - row) <= 1
        if not _TICKS <= inside.sum() <= 8 * _TICKS:  # too few, or noise
            continue
        for series in _progressions(np.sort(middle[inside])):
            if len(series) == _TICKS:
                first = int(top[inside & np.isin(middle, series)].min())
                found.append(Bar(series[0], series[-1], first, int(row), bright, _TICKS_SCORE))
    return found


def _progressions(xs: NDArray[np.float64]) -> list[list[float]]:
    """Longest series of equal steps that start with two neighbours."""
    found = []
    for first, second in pairwise(xs):
        step, series = second - first, [float(first), float(second)]
        if step < 4 or np.abs(xs - (first - step)).min() <= 1:
            continue
        while (near := np.abs(xs - (series[-1] + step))).min() <= max(1.0, 0.1 * step):
            series.append(float(xs[near.argmin()]))
            step = (series[-1] - series[0]) / (len(series) - 1)
        found.append(series)
    return found
