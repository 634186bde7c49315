"""Grey values to the range that the networks know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["normalise"]

_SAMPLE = 1 << 20


def normalise(gray: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Map the 1st and 99th percentile to -1 and 1, softly bounded outside.

    Percentiles hold still against hot pixels, burnt-in bars and any bit depth; neither display range nor LUT
    takes part.

    Parameters
    ----------
    gray : ndarray of float32, (row, col)
        Micrograph, any unit; pixels that are not finite become 0.
    mask : ndarray of bool, (row, col), optional
        Pixels that the percentiles are taken from; all finite ones by default.

    Returns
    -------
    ndarray of float32, (row, col)
        Normalised micrograph, within -3 to 3; all 0 for a constant image.
    """
    finite = np.isfinite(gray)
    used = gray[finite if mask is None else finite & mask]
    if used.size == 0:
        return np.zeros(gray.shape, np.float32)
    step = max(1, used.size // _SAMPLE)
    low, high = np.percentile(used[::step], (1, 99))
    if high <= low:
        low, high = float(used.min()), float(used.max())
    if high <= low:
        return np.zeros(gray.shape, np.float32)
    with np.errstate(over="ignore"):
        scaled = (gray.astype(np.float64) - (low + high) / 2) * (2 / (high - low))
    out: NDArray[np.float32] = np.where(finite, np.clip(scaled, -3, 3), 0).astype(np.float32)
    return out
