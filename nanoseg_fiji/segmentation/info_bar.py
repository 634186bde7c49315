"""The strip of text below a micrograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["info_bar_height"]

_LEAST_ROWS = 8
_MOST_OF_IMAGE = 0.25
_GROUND = 0.5  # share of a row of the bar that is exactly the bar's ground; the rest is text
_FIRST_ROW = 0.8  # the same, in its uppermost row, where there is no text yet
_ABOVE = 0.1  # the same, in the last row of the micrograph


def info_bar_height(gray: NDArray[np.float32]) -> int:
    """Count the rows of an info bar, as microscopes print it along the bottom.

    A bar has a ground of exactly one grey value and a sharp, straight upper edge, which no micrograph has.

    Parameters
    ----------
    gray : ndarray of float32, (row, col)
        Micrograph.

    Returns
    -------
    int
        Height in pixels; 0 where there is plainly no bar.
    """
    values, counts = np.unique(gray[-1], return_counts=True)
    ground = (gray == values[counts.argmax()]).mean(axis=1)
    other = np.flatnonzero(ground < _GROUND)
    height = int(gray.shape[0] - 1 - other[-1]) if other.size else gray.shape[0]
    if not _LEAST_ROWS <= height <= _MOST_OF_IMAGE * gray.shape[0]:
        return 0
    return height if ground[-height] >= _FIRST_ROW and ground[-height - 1] <= _ABOVE else 0
