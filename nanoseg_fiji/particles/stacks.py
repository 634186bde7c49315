"""Slices of a stack and where they lie in ImageJ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Stack"]


@dataclass(frozen=True)
class Stack:
    """Label images with their places in ImageJ's stack."""

    labels: NDArray[np.int32]
    """(n, row, col) label images."""
    slices: tuple[int, ...]
    """Stack index of each slice, from 1."""
    positions: tuple[tuple[int, int, int], ...]
    """(c, z, t) of each slice, from 1; (1, index, 1) on a plain stack."""
    hyperstack: bool
    """Whether positions are given: a slice of a plain stack has none."""

    @classmethod
    def of(
        cls,
        labels: NDArray[np.int32],
        slices: Sequence[int] | None,
        positions: Sequence[tuple[int, int, int]] | None,
    ) -> Stack:
        """Bring labels of any number of dimensions into one stack and check that the places fit.

        Raises
        ------
        InputError
            There is not one place for each slice, or a place is below 1.
        """
        flat = labels.reshape(-1, *labels.shape[-2:])
        index = tuple(range(1, len(flat) + 1)) if slices is None else tuple(int(i) for i in slices)
        places = (
            tuple((1, i, 1) for i in index)
            if positions is None
            else tuple((int(c), int(z), int(t)) for c, z, t in positions)
        )
        if not len(flat) == len(index) == len(places):
            raise InputError(
                f"{len(flat)} slices, {len(index)} slice numbers, {len(places)} positions: give one a slice"
            )
        if min((*index, *(value for place in places for value in place)), default=1) < 1:
            raise InputError("slices and positions count from 1")
        return cls(flat, index, places, positions is not None)
