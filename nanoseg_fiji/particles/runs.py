"""Label images as horizontal runs: what outlines and measurements are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Runs", "as_labels", "find_runs", "index_labels", "stable_order"]

_TABLE_LIMIT = 1 << 24


@dataclass(frozen=True)
class Runs:
    """Maximal horizontal runs of pixels of one label, in raster order."""

    ids: NDArray[np.int32]
    """(n,) labels present, ascending; every other field speaks of them by index."""
    index: NDArray[np.int64]
    """(r,) which label a run belongs to."""
    row: NDArray[np.int64]
    """(r,) row of a run, in pixels."""
    start: NDArray[np.int64]
    """(r,) first column, in pixels."""
    stop: NDArray[np.int64]
    """(r,) column after the last, in pixels."""

    def total(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Sum a value of each run over each label; exact for whole numbers below 2**53."""
        sums = np.bincount(self.index, weights=values, minlength=len(self.ids))
        return np.asarray(sums, dtype=np.float64)


def as_labels(labels: ArrayLike) -> NDArray[np.int32]:
    """Check a label image and give it as int32.

    Raises
    ------
    InputError
        It has fewer than two dimensions, is not of an integer type, or has labels below 0 or above 2**31 -
        1.
    """
    array = np.asarray(labels)
    if array.ndim < 2 or array.dtype.kind not in "iub":
        raise InputError(
            f"a label image has two or more dimensions and whole numbers, not {array.ndim} and {array.dtype}"
        )
    if array.dtype.kind != "b" and array.dtype != np.uint8 and array.size:
        if array.dtype.kind == "i" and array.min() < 0:
            raise InputError("a label image has no labels below 0: use 0 for background")
        if array.dtype.itemsize >= 4 and array.max() > np.iinfo(np.int32).max:
            raise InputError("labels above 2147483647 do not fit: renumber them")
    return np.ascontiguousarray(array, dtype=np.int32)


def index_labels(labels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Give the distinct labels, ascending, and for every entry the index of its label among them."""
    top = int(labels.max(initial=0))
    if top >= _TABLE_LIMIT:
        ids, index = np.unique(labels, return_inverse=True)
        return ids, index.astype(np.int64, copy=False)
    present = np.zeros(top + 1, dtype=bool)
    present[labels] = True
    place = np.cumsum(present) - 1
    return np.flatnonzero(present).astype(np.int32), place[labels]


def stable_order(*keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order that sorts by the first key, then by the next, and so on; equal entries keep their order.

    Keys are not negative. Numpy sorts 16-bit keys by radix, which is several times faster than the general
    sort.
    """
    order: NDArray[np.int64] | None = None
    for key in reversed(keys):
        top = int(key.max(initial=0))
        for shift in range(0, max(top.bit_length(), 1), 16):
            digit = ((key >> shift) & 0xFFFF).astype(np.uint16)
            step = np.argsort(digit if order is None else digit[order], kind="stable")
            order = step if order is None else order[step]
    return np.empty(0, dtype=np.int64) if order is None else order


def find_runs(labels: NDArray[np.int32]) -> Runs:
    """Find the horizontal runs of a label image.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image, 0 is background.

    Returns
    -------
    Runs
        In raster order.
    """
    rows, cols = labels.shape
    changed = np.ones((rows, cols), dtype=bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=changed[:, 1:])
    first = np.flatnonzero(changed)
    stop = np.append(first[1:], rows * cols)
    values = labels.reshape(-1)[first]
    inside = values > 0
    first, stop = first[inside], stop[inside]
    ids, index = index_labels(values[inside])
    row, start = np.divmod(first, max(cols, 1))
    return Runs(ids=ids, index=index, row=row, start=start, stop=stop - row * cols)
