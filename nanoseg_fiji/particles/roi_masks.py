"""ROIs to label images, by ImageJ's own rules of which pixels an ROI holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.runs import stable_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nanoseg_fiji.particles.roi_reader import Roi
    from nanoseg_fiji.particles.roi_shapes import Shape

__all__ = ["LabelledRois", "fill_shapes", "rois_to_labels"]

_NUDGE = 1e-8  # ij.process.PolygonFiller


@dataclass(frozen=True)
class LabelledRois:
    """A label image made from ROIs."""

    labels: NDArray[np.int32]
    """(row, col) or (n, row, col) label image."""
    names: tuple[str, ...]
    """Names of the ROIs that were used, in the order of the list."""
    ids: tuple[int, ...]
    """Their labels."""
    slices: tuple[int, ...]
    """Their slices, from 0; all 0 where there is one."""
    overlap: int
    """Number of pixels that more than one ROI claimed: the first in the list got them."""
    messages: tuple[str, ...]
    """What the user should know: ROIs left out, overlaps."""


def rois_to_labels(
    rois: Sequence[Roi], shape: Sequence[int], *, positions: Sequence[tuple[int, int, int]] | None = None
) -> LabelledRois:
    """Paint ROIs into a label image: the pixels of a label are exactly ImageJ's mask of its ROI.

    An ROI with a ``label`` property keeps its label, unless an earlier one on the slice has it; the others
    take the smallest labels that are free. Where ROIs overlap, the first in the list keeps the pixel.
    Lines, points, text and image ROIs are left out.

    Parameters
    ----------
    rois : sequence of Roi
        From `decode_rois`.
    shape : sequence of int
        ``(row, col)`` or ``(n, row, col)``, in pixels.
    positions : sequence of (c, z, t), optional
        Position of each slice of a hyperstack, from 1; a plain stack by default. On a stack, an ROI without
        any position lies on the slice that the first digits of its name tell (``SSSS-``), else on the
        first.

    Returns
    -------
    LabelledRois
        The label image and what became of the ROIs.

    Raises
    ------
    InputError
        `shape` has not two or three positive sizes, or there is not one position for each slice.
    """
    sizes = tuple(int(size) for size in shape)
    if len(sizes) not in (2, 3) or min(sizes) < 1:
        raise InputError(f"the shape {sizes} is not (row, col) or (n, row, col)")
    depth = sizes[0] if len(sizes) == 3 else 1
    if positions is not None and len(positions) != depth:
        raise InputError(f"{len(positions)} positions for {depth} slices: give one a slice")
    messages = []
    used: list[Roi] = []
    places: list[int] = []
    for roi in rois:
        place = _slice_of(roi, depth, positions)
        if roi.shape is None:
            messages.append(f"ROI {roi.name} left out: a {roi.kind} has no area")
        elif place is None:
            messages.append(f"ROI {roi.name} left out: its slice is not in the image")
        else:
            used.append(roi)
            places.append(place)
    ids = _assign_ids(used, places)
    shapes = [roi.shape for roi in used if roi.shape is not None]
    pixel, value = fill_shapes(shapes, places, np.array(ids, dtype=np.int32), sizes[-2], sizes[-1])
    labels = np.zeros(int(np.prod(sizes)), dtype=np.int32)
    # of equal indices numpy keeps the last
    labels[pixel[::-1]] = value[::-1]
    overlap = len(np.unique(pixel[labels[pixel] != value]))
    if overlap:
        messages.append(f"{overlap} pixels lie in more than one ROI: the first in the list keeps them")
    return LabelledRois(
        labels=labels.reshape(sizes),
        names=tuple(roi.name for roi in used),
        ids=ids,
        slices=tuple(places),
        overlap=overlap,
        messages=tuple(messages),
    )


def _slice_of(roi: Roi, depth: int, positions: Sequence[tuple[int, int, int]] | None) -> int | None:
    """Slice of an ROI, from 0; none where the image does not have it."""
    if depth == 1:
        return 0
    if any(roi.position):
        known = positions or [(1, i + 1, 1) for i in range(depth)]
        for i, place in enumerate(known):
            # 0 is any channel, slice or frame, as in a composite image
            if all(mine in (0, theirs) for mine, theirs in zip(roi.position, place, strict=True)):
                return i
        return None
    index = roi.index
    if index == 0:
        digits = roi.name.partition("-")[0]
        index = int(digits) if len(digits) == 4 and digits.isascii() and digits.isdigit() else 1
    return index - 1 if 1 <= index <= depth else None


def _assign_ids(rois: Sequence[Roi], places: Sequence[int]) -> tuple[int, ...]:
    """Labels, unique on each slice: the ROI's own where it is free, else the smallest that is."""
    taken: set[tuple[int, int]] = set()
    ids = []
    for roi, place in zip(rois, places, strict=True):
        own = roi.label if (place, roi.label) not in taken else 0
        if own:
            taken.add((place, own))
        ids.append(own)
    following: dict[int, int] = {}
    for i, place in enumerate(places):
        if not ids[i]:
            label = following.get(place, 1)
            while (place, label) in taken:
                label += 1
            ids[i], following[place] = label, label + 1
    return tuple(ids)


def fill_shapes(
    shapes: Sequence[Shape], places: Sequence[int], ids: NDArray[np.int32], rows: int, cols: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Find the pixels of shapes as ImageJ does.

    Parameters
    ----------
    shapes : sequence of Shape
        What is filled.
    places : sequence of int
        Slice of each shape, from 0.
    ids : ndarray of int32, (n,)
        Label of each shape.
    rows, cols : int
        Size of a slice, in pixels; what lies outside is left out.

    Returns
    -------
    pixel : ndarray of int64, (m,)
        Index in the flattened stack, shape after shape in the order of the list.
    value : ndarray of int32, (m,)
        The label there.
    """
    spans = [_polygon_spans(shapes), *(_oval_spans(i, s) for i, s in enumerate(shapes) if not len(s.starts))]
    owner, row, start, stop = (np.concatenate(part) for part in zip(*spans, strict=True))
    start, stop = np.clip(start, 0, cols), np.clip(stop, 0, cols)
    inside = np.flatnonzero((row >= 0) & (row < rows) & (stop > start))
    inside = inside[stable_order(owner[inside])]
    owner, row, start, stop = owner[inside], row[inside], start[inside], stop[inside]
    length = stop - start
    first = (np.array(places, dtype=np.int64)[owner] * rows + row) * cols + start
    pixel = np.arange(int(length.sum())) + (first - (np.cumsum(length) - length)).repeat(length)
    return pixel, ids[owner].repeat(length)


_Spans = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]"]


def _oval_spans(i: int, shape: Shape) -> _Spans:
    """``OvalRoi.getMask``."""
    x, y, width, height = shape.box
    dx = np.arange(width) - (width / 2.0 - 0.5)
    dy = np.arange(height)[:, None] - (height / 2.0 - 0.5)
    mask = dx * dx / (width / 2.0 * (width / 2.0)) + dy * dy / (height / 2.0 * (height / 2.0)) <= 1.0
    rows = np.flatnonzero(mask.any(axis=1))
    start = x + mask[rows].argmax(axis=1)
    return np.full(len(rows), i), rows + y, start, start + mask[rows].sum(axis=1)


def _polygon_spans(shapes: Sequence[Shape]) -> _Spans:
    """``PolygonFiller``: from each odd to each even crossing of a row's middle with the sides."""
    none = np.empty(0, dtype=np.int64)
    if not any(len(shape.starts) for shape in shapes):
        return none, none, none, none
    x = np.concatenate([shape.x for shape in shapes])
    y = np.concatenate([shape.y for shape in shapes])
    counts = np.array([len(shape.x) for shape in shapes])
    owner = np.repeat(np.arange(len(shapes)), counts)
    base = np.cumsum(counts) - counts
    starts = np.concatenate([shape.starts + offset for shape, offset in zip(shapes, base, strict=True)])
    after = np.arange(1, len(x) + 1)
    after[np.append(starts[1:], len(x)) - 1] = starts
    x1, y1, x2, y2 = x, y, x[after], y[after]
    first, last = np.floor(y1 + 0.5).astype(np.int64), np.floor(y2 + 0.5).astype(np.int64)
    down = first > last
    x1, x2, y1, y2 = (np.where(down, b, a) for a, b in ((x1, x2), (x2, x1), (y1, y2), (y2, y1)))
    first, last = np.minimum(first, last), np.maximum(first, last)
    side = np.flatnonzero(first < last)
    slope = (x2[side] - x1[side]) / (y2[side] - y1[side])
    at_first = x1[side] + (first[side] - y1[side] + 0.5) * slope + _NUDGE
    length = last[side] - first[side]
    step = np.arange(int(length.sum())) - (np.cumsum(length) - length).repeat(length)
    row = first[side].repeat(length) + step
    crossing = at_first.repeat(length) + step * slope.repeat(length)
    owner = owner[side].repeat(length)
    boxes = np.array([shape.box for shape in shapes])
    inside = (row >= 0) & (row < boxes[owner, 3])
    owner, row = owner[inside], row[inside]
    # truncated as a Java cast does; what lies left of the box is clipped anyway
    column = np.clip((crossing[inside] + 0.5).astype(np.int64), 0, boxes[owner, 2])
    order = stable_order(owner, row, column)
    left, right = column[order[0::2]], column[order[1::2]]
    owner, row = owner[order[0::2]], row[order[0::2]]
    return owner, row + boxes[owner, 1], left + boxes[owner, 0], right + boxes[owner, 0]
