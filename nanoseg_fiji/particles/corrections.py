"""Particles corrected by hand: divided by a line, merged, drawn; no pixel is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import find_objects

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["draw", "merge", "split_by_line", "under_line"]

_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))  # to the neighbours of a pixel that come after it
_AWAY = (1.37e-3, 0.91e-3)  # px; keeps the line off the centres of pixels, which lie on whole numbers
_SLIVER = 0.01  # of a particle's area; less than that is where a hand shook, no particle


def split_by_line(
    labels: NDArray[np.int32], x: ArrayLike, y: ArrayLike, ids: Sequence[int] | None = None
) -> tuple[NDArray[np.int32], list[int]]:
    """Divide particles along a line.

    Two neighbouring pixels (of eight) stay together unless the line passes between their centres; each piece
    is what stays together. Pieces under 1 % of the particle go to the piece that they border on most, parts
    of the particle that the line does not divide to the largest piece.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image.
    x, y : array_like of float, (n,)
        Vertices of the line, in pixels; pixel centres are at whole numbers, as for ImageJ's lines.
    ids : sequence of int, optional
        Labels that may be divided; all by default.

    Returns
    -------
    pieces : ndarray of int32, (row, col)
        The pieces, numbered from 1; 0 elsewhere.
    divided : list of int
        Labels that were divided, ascending.

    Raises
    ------
    InputError
        The line has fewer than two points.
    """
    xs, ys = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    if len(xs) != len(ys) or len(xs) < 2 or not np.isfinite([xs, ys]).all():
        raise InputError("a line of at least two points is needed: draw one across the particle")
    xs, ys = xs + _AWAY[0], ys + _AWAY[1]
    crossed = under_line(labels, xs, ys, reach=1)
    if ids is not None:
        crossed = np.intersect1d(crossed, np.asarray(ids, np.int64))
    boxes = find_objects(labels)
    pieces = np.zeros(labels.shape, np.int32)
    divided = []
    for label in crossed.tolist():
        rows, cols = boxes[label - 1]
        inside = labels[rows, cols] == label
        piece = _pieces(inside, xs - cols.start, ys - rows.start)
        if piece.max() > 0:
            divided.append(label)
            pieces[rows, cols][inside] = piece + 1 + pieces.max()
    return pieces, divided


def under_line(labels: NDArray[np.int32], x: ArrayLike, y: ArrayLike, reach: int = 0) -> NDArray[np.int32]:
    """Labels that a line passes over.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image.
    x, y : array_like of float, (n,)
        Vertices of the line, in pixels; pixel centres are at whole numbers.
    reach : int
        How far beside the line is looked as well, in pixels.

    Returns
    -------
    ndarray of int32, (m,)
        Ascending, without the background.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(xs), np.diff(ys)))])
    at = np.arange(0, along[-1] + 0.5, 0.5)
    near = np.arange(-reach, reach + 1)
    col = np.rint(np.interp(at, along, xs)).astype(int)[:, None, None] + near
    row = np.rint(np.interp(at, along, ys)).astype(int)[:, None, None] + near[:, None]
    rows, cols = labels.shape
    inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    found = np.unique(labels[np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)][inside])
    known: NDArray[np.int32] = found[found > 0]
    return known


def merge(labels: NDArray[np.int32], ids: Sequence[int]) -> tuple[NDArray[np.int32], list[int]]:
    """Make one particle of several.

    Returns
    -------
    merged : ndarray of int32, (row, col)
        1 inside, 0 elsewhere.
    ids : list of int
        Labels that were merged, ascending.

    Raises
    ------
    InputError
        There are not two of them in the label image.
    """
    found = np.intersect1d(labels, np.asarray(ids, np.int64))
    found = found[found > 0]
    if len(found) < 2:
        raise InputError("fewer than two particles to merge: select two or more, or draw a line over them")
    return np.isin(labels, found).astype(np.int32), found.tolist()


def draw(labels: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Make a particle of what was drawn, less the pixels of other particles.

    Returns
    -------
    ndarray of int32, (row, col)
        1 inside, 0 elsewhere.

    Raises
    ------
    InputError
        The shapes differ, or nothing is left.
    """
    if mask.shape != labels.shape:
        raise InputError(f"what was drawn has shape {mask.shape}, the image {labels.shape}")
    drawn = mask & (labels == 0)
    if not drawn.any():
        raise InputError("what was drawn lies inside particles that are there already: delete those first")
    added: NDArray[np.int32] = drawn.astype(np.int32)
    return added


def _pieces(inside: NDArray[np.bool_], xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.int64]:
    """Piece of each pixel of one particle, from 0, the largest first; all 0 where it is not divided."""
    a, b, cut = _neighbours(inside, xs, ys)
    count = int(inside.sum())
    whole, piece = _connected(count, a, b), _connected(count, a[~cut], b[~cut])
    areas = np.bincount(piece)
    border = np.zeros((len(areas), len(areas)), np.int64)
    np.add.at(border, (piece[a[cut]], piece[b[cut]]), 1)
    border += border.T
    np.fill_diagonal(border, 0)
    large = areas >= max(2.0, _SLIVER * count)
    largest = int(areas.argmax())
    goes = np.arange(len(areas))
    for small in np.flatnonzero(~large):
        near = np.where(large, border[small], 0)
        goes[small] = near.argmax() if near.any() else largest
    part = whole[np.unique(piece, return_index=True)[1]]
    undivided = large & (np.bincount(part[large], minlength=len(areas))[part] == 1)
    goes[undivided] = largest
    goes = goes[goes]  # slivers of undivided parts follow them
    joined = goes[piece]
    order = np.argsort(-np.bincount(joined, minlength=len(areas)), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[joined]


def _neighbours(
    inside: NDArray[np.bool_], xs: NDArray[np.float64], ys: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Pairs of neighbouring pixels, by their rank among those inside, and whether the line passes between."""
    rank = np.cumsum(inside).reshape(inside.shape) - 1
    cols = inside.shape[1]
    pairs = []
    for down, right in _STEPS:
        here = np.s_[: len(inside) - down, max(-right, 0) : cols - max(right, 0)]
        there = np.s_[down:, max(right, 0) : cols + min(right, 0)]
        both = inside[here] & inside[there]
        passed = _passed(inside.shape, down, right, xs, ys)[here]
        pairs.append((rank[here][both], rank[there][both], passed[both]))
    first, second, cut = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return first, second, cut


def _passed(
    shape: tuple[int, ...], down: int, right: int, xs: NDArray[np.float64], ys: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """For every pixel, whether the line passes between it and its neighbour of this step."""
    passed = np.zeros(shape, bool)
    ends = np.stack([ys[:-1], ys[1:], xs[:-1], xs[1:]])
    top, bottom = (
        np.clip(side, 0, shape[0]).astype(int) for side in (ends[:2].min(0) - 1, ends[:2].max(0) + 2)
    )
    left, end = (
        np.clip(side, 0, shape[1]).astype(int) for side in (ends[2:].min(0) - 1, ends[2:].max(0) + 3)
    )
    for i in np.flatnonzero((top < bottom) & (left < end)).tolist():
        window = np.s_[top[i] : bottom[i], left[i] : end[i]]
        row, col = np.ogrid[window]
        y0, x0 = ys[i], xs[i]
        dy, dx = ys[i + 1] - y0, xs[i + 1] - x0
        # on which side of the line the two pixels lie, and of the way between them the line's two ends
        side = dx * (row - y0) - dy * (col - x0)
        begin = right * (y0 - row) - down * (x0 - col)
        between = (side > 0) != (side + dx * down - dy * right > 0)
        passed[window] |= between & ((begin > 0) != (begin + right * dy - down * dx > 0))
    return passed


def _connected(count: int, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Component of each of the pixels that pairs connect."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(count, count))
    labels: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels
