"""Outlines of labels along pixel edges, as ImageJ's wand draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.runs import as_labels, index_labels, stable_order

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Outlines", "trace"]

# The four pixels around a lattice point are bits: upper left 1, upper right 2, lower left 4, lower right 8;
# a bit is set where the pixel has the label. An outline is walked with its label on the right-hand side. At
# a corner it arrives along one direction and leaves along the other; these are the patterns whose corner
# leaves along the row.
_LEAVES_ALONG_ROW = np.isin(np.arange(16), (1, 8, 9, 11, 13))
_FALLING, _RISING = 9, 6
_CORNERS = np.zeros(16, dtype=np.int64)
_CORNERS[[1, 2, 4, 8, 7, 11, 13, 14]] = 1
_CORNERS[[_FALLING, _RISING]] = 2


@dataclass(frozen=True)
class Outlines:
    """Closed outlines of the labels of one image, in lattice coordinates (pixel (0, 0) spans 0 to 1).

    A label has one loop for each 8-connected component and one for each 4-connected hole. Loops run
    clockwise around components and counter-clockwise around holes (y points down), horizontal and vertical
    sides in turn.
    """

    ids: NDArray[np.int32]
    """(n,) labels, ascending."""
    loops: NDArray[np.int64]
    """(n + 1,) the loops of label ``i`` are ``loops[i]`` to ``loops[i + 1]``; the first is no hole."""
    vertices: NDArray[np.int64]
    """(m + 1,) the vertices of loop ``j`` are ``vertices[j]`` to ``vertices[j + 1]``."""
    x: NDArray[np.int32]
    """(v,) column of each vertex."""
    y: NDArray[np.int32]
    """(v,) row of each vertex."""
    hole: NDArray[np.bool_]
    """(m,) whether a loop goes round a hole."""

    @property
    def label_of_loop(self) -> NDArray[np.int64]:
        """(m,) index of each loop's label."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.loops))

    @property
    def loop_of_vertex(self) -> NDArray[np.int64]:
        """(v,) index of each vertex's loop."""
        return np.repeat(np.arange(len(self.hole)), np.diff(self.vertices))


def trace(labels: ArrayLike) -> Outlines:
    """Trace the outlines of every label along pixel edges.

    The even-odd interior of a label's loops is exactly its pixels, at image borders and diagonal contacts
    too. Diagonal contacts join (8-connected), and an outer loop starts where the wand of ImageJ starts when
    it is clicked on the component's first pixel in raster order: ImageJ's perimeter of a traced ROI depends
    on it.

    Parameters
    ----------
    labels : array_like of int, (row, col)
        Label image, 0 is background.

    Returns
    -------
    Outlines
        Of all labels present.

    Raises
    ------
    InputError
        `labels` is not a 2-D array of whole numbers from 0.
    """
    array = as_labels(labels)
    if array.ndim != 2:
        raise InputError(f"outlines are traced slice by slice, on 2-D labels, not {array.ndim}-D ones")
    x, y, label, pattern, twin = _corners(array)
    ids, index = index_labels(label)
    if not len(ids):
        none = np.empty(0, dtype=np.int32)
        start = np.zeros(1, dtype=np.int64)
        return Outlines(none, start, start, none, none, np.empty(0, dtype=bool))

    along_row = _partners(stable_order(index))
    order = stable_order(index, x)
    # Of the two corners where a label touches itself along the falling diagonal, the first in raster order
    # owns the left and the lower side, the second the right and the upper one: on the column they swap
    # places.
    falling = np.flatnonzero((pattern == _FALLING) & (twin == 0))
    swap = np.arange(len(x))
    swap[falling], swap[falling + 1] = falling + 1, falling
    along_column = _partners(swap[order])

    leaving = np.flatnonzero(_LEAVES_ALONG_ROW[pattern])
    place = np.empty(len(x), dtype=np.int64)
    place[leaving] = np.arange(len(leaving))
    following = place[along_column[along_row[leaving]]]
    longest = int(np.bincount(index[leaving]).max())
    loop, rank, first = _rank_cycles(following, longest)

    # number the loops by label, then by their first corner in raster order
    turn = stable_order(index[leaving[first]])
    number = np.empty(len(first), dtype=np.int64)
    number[turn] = np.arange(len(first))
    first = first[turn]
    sizes = np.bincount(number[loop], minlength=len(first))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    place = offsets[number[loop]] + rank
    corner = np.empty_like(leaving)
    corner[place] = leaving

    ending = np.zeros(len(corner), dtype=bool)
    ending[offsets[1:] - 1] = True
    after = np.where(ending, offsets[:-1].repeat(sizes), np.arange(1, len(corner) + 1))
    vx = np.empty(2 * len(corner), dtype=np.int32)
    vy = np.empty(2 * len(corner), dtype=np.int32)
    vx[0::2], vy[0::2] = x[corner], y[corner]
    vx[1::2], vy[1::2] = x[corner[after]], y[corner]
    owner = index[leaving[first]]
    counts = np.bincount(owner, minlength=len(ids))
    return Outlines(
        ids=ids,
        loops=np.concatenate(([0], np.cumsum(counts))),
        vertices=2 * offsets,
        x=vx,
        y=vy,
        hole=pattern[leaving[first]] != 8,
    )


def _corners(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64]]:
    """Corners of all labels in raster order: x, y, label, pattern, 1 for the second of two at a point."""
    rows, cols = labels.shape
    padded = np.zeros((rows + 2, cols + 2), dtype=np.int32)
    padded[1:-1, 1:-1] = labels
    level = padded[:, 1:] == padded[:, :-1]
    upright = padded[1:] == padded[:-1]
    straight = level[:-1] & level[1:]
    straight |= upright[:, 1:] & upright[:, :-1]
    point = np.flatnonzero(~straight)
    y, x = np.divmod(point, cols + 1)
    corner = point + y  # the same point's upper left pixel in the padded image
    flat = padded.reshape(-1)
    around = np.stack([flat[corner + step] for step in (0, 1, cols + 2, cols + 3)], axis=1)

    pattern = np.zeros(around.shape, dtype=np.uint8)
    for bit in range(4):
        pattern |= (around == around[:, bit : bit + 1]).astype(np.uint8) << bit
    # a label that is around a point more than once counts at its first pixel
    repeated = pattern & np.array([0, 1, 3, 7], dtype=np.uint8) != 0
    times = np.where((around > 0) & ~repeated, _CORNERS[pattern], 0).reshape(-1)
    chosen = np.repeat(np.arange(times.size), times)
    twin = np.zeros(len(chosen), dtype=np.int64)
    twin[1:] = chosen[1:] == chosen[:-1]
    return (
        x[chosen >> 2],
        y[chosen >> 2],
        around.reshape(-1)[chosen],
        pattern.reshape(-1)[chosen],
        twin,
    )


def _partners(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair the corners of a label on each line: first with second, third with fourth; sides join them."""
    partner = np.empty_like(order)
    partner[order[0::2]] = order[1::2]
    partner[order[1::2]] = order[0::2]
    return partner


def _rank_cycles(
    following: NDArray[np.int64], longest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rank the elements of each cycle of a permutation, by pointer doubling (Wyllie's list ranking).

    Parameters
    ----------
    following : ndarray of int64, (n,)
        The permutation.
    longest : int
        Upper bound of the length of a cycle.

    Returns
    -------
    cycle : ndarray of int64, (n,)
        Cycle of each element, numbered by smallest element.
    rank : ndarray of int64, (n,)
        0 for the element after the cycle's smallest, which itself comes last.
    smallest : ndarray of int64, (cycles,)
        Smallest element of each cycle.
    """
    least = np.arange(len(following))
    jump = following
    for _ in range(max(longest - 1, 1).bit_length()):
        least = np.minimum(least, least[jump])
        jump = jump[jump]
    smallest = np.flatnonzero(least == np.arange(len(least)))
    cycle = np.empty(len(following), dtype=np.int64)
    cycle[smallest] = np.arange(len(smallest))
    cycle = cycle[least]

    # steps to the smallest element, where the list is cut
    jump = following.copy()
    jump[smallest] = smallest
    steps = np.ones(len(following), dtype=np.int64)
    steps[smallest] = 0
    open_ = np.flatnonzero(steps)
    while open_.size:
        ahead = jump[open_]
        # both are read before either is written
        more, jump[open_] = steps[ahead], jump[ahead]
        steps[open_] += more
        open_ = open_[more > 0]
    sizes = np.bincount(cycle, minlength=len(smallest))
    return cycle, sizes[cycle] - 1 - steps, smallest
