"""Blur, electron counts and grey values: what all microscopes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

__all__ = ["blur", "blur_wide", "count_electrons", "jitter_lines", "quantise"]

_FWHM = 2.3548  # full width at half maximum of a Gaussian over its standard deviation
_GAUSSIAN_FROM = 25.0


def blur(values: Array, fwhm: float) -> Array:
    """Convolve with a Gaussian of this full width at half maximum, pixels."""
    if fwhm <= 0.2:
        return values
    out: Array = gaussian_filter(values, fwhm / _FWHM, truncate=3, mode="nearest")
    return out


def blur_wide(values: Array, scale: float) -> Array:
    """Mean over about `scale` pixels, on a coarse grid: a wide one costs no more than a narrow one."""
    step = max(int(scale / 4), 1)
    size = (max(values.shape[1] // step, 4), max(values.shape[0] // step, 4))
    coarse = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BOX))
    mean = Image.fromarray(gaussian_filter(coarse, scale / step / 2, mode="nearest"))
    return np.asarray(mean.resize(values.shape[::-1], Image.Resampling.BILINEAR))


def count_electrons(signal: Array, dose: float, rng: np.random.Generator) -> Array:
    """Draw what a detector counts where it expects ``dose * signal`` electrons a pixel, in units of `dose`.

    Poisson's law; its normal limit from 25 electrons on, which no eye can tell apart at a fifth of the time.
    """
    expected = np.maximum(signal, 0) * np.float32(dose)
    if dose * float(np.median(signal)) < _GAUSSIAN_FROM:
        return np.asarray(rng.poisson(expected) / dose, np.float32)
    counts = expected + np.sqrt(expected) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.maximum(counts, 0) / dose, np.float32)


def jitter_lines(values: Array, deviation: float, rng: np.random.Generator) -> Array:
    """Shift every scan line along itself by chance, standard deviation in pixels."""
    if not deviation:
        return values
    shift = rng.normal(0, deviation, values.shape[0])
    whole = np.floor(shift).astype(int)
    part = (shift - whole).astype(np.float32)[:, None]
    last = values.shape[1] - 1
    left = np.clip(np.arange(values.shape[1]) + whole[:, None], 0, last)
    rows = np.arange(values.shape[0])[:, None]
    mixed = values[rows, left] * (1 - part) + values[rows, np.minimum(left + 1, last)] * part
    return np.asarray(mixed, np.float32)


def quantise(signal: Array, bits: int, saturation: float, headroom: float) -> NDArray[Any]:
    """Spread a signal over the grey values, as an operator sets brightness and contrast.

    Parameters
    ----------
    signal : ndarray of float32, (row, col)
        What was detected.
    bits : int
        8 or 16.
    saturation : float
        Share of the pixels outside the range at either end.
    headroom : float
        Share of the grey values left free at either end; used by the pixels outside.

    Returns
    -------
    ndarray of uint8 or uint16, (row, col)
        Grey values; half the range where the signal is constant.
    """
    sample = signal[::3, ::3]
    low, high = np.percentile(sample, (100 * saturation, 100 - 100 * saturation))
    top = 2**bits - 1
    if high <= low:
        return np.full(signal.shape, top // 2, np.uint8 if bits == 8 else np.uint16)
    spread = headroom + (signal - np.float32(low)) * np.float32((1 - 2 * headroom) / (high - low))
    return np.asarray(np.clip(spread, 0, 1) * top + 0.5, np.uint8 if bits == 8 else np.uint16)
