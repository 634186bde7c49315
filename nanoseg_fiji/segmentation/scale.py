"""How large the particles are: the scale at which the network itself sees particles of the size it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit

from nanoseg_fiji.segmentation.resize import resize, resize_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.segmentation.tiles import Predictor
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["estimate_diameter", "look_scales"]

_MAX_ZOOM = 4.0  # particles smaller than the model's diameter / _MAX_ZOOM stay small
_SMALLEST = 48  # px, longest side at the coarsest scale: one particle may fill the image
_LARGEST = 2048  # px, longest side at the finest scale beyond the image's own
_STEP = 2.0  # between scales
_FITTING = 1.2  # times the shorter side: what is larger is uneven ground, not a particle
_NOTICED = 0.02  # share of the image
_WIDTH = 0.5  # octaves: how far from the model's diameter a particle's size is believed
_FITTED = 0.1  # octaves: particles less than this below the model's diameter are too large at the next scale
_GROWTH = 1.25  # times the share seen one scale coarser: less, and finer scales show no further particles


def _finest(shape: tuple[int, int]) -> float:
    return max(1.0, min(_MAX_ZOOM, _LARGEST / max(shape)))


def look_scales(shape: tuple[int, int], diameter: float, known: float, zoom: float) -> tuple[float, ...]:
    """Scales at which the network looks at an image, once its typical particle diameter is known.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the image.
    diameter : float
        Typical particle diameter, in pixels of the image.
    known : float
        The diameter that the network knows best, in pixels, which gives the first scale.
    zoom : float
        Magnification of the second scale over the first; 1 for one look.

    Returns
    -------
    tuple of float
        One scale or two, the finer one last. The second is no finer than the image's own pixels, unless the
        image is small.
    """
    scale = min(known / diameter, _MAX_ZOOM)
    finer = min(scale * zoom, _finest(shape))
    return (scale, finer) if finer > scale else (scale,)


def _scales(shape: tuple[int, int]) -> list[float]:
    finest = _finest(shape)
    count = int(np.log2(max(finest * max(shape) / _SMALLEST, 1)) / np.log2(_STEP)) + 1
    return [finest / _STEP**k for k in reversed(range(count))]


class _Evidence(NamedTuple):
    """What one scale shows, in shares of the image."""

    found: float
    """Particles of about the size that the network knows."""
    octaves: float
    """Their size over the known one, log2; NaN where none is found."""
    larger: float
    """Particles of more than twice the known size."""
    seen: float
    """Particles of any size."""


def _evidence(maps: NDArray[np.float32], mask: NDArray[np.bool_] | None, known: float) -> _Evidence:
    probability = expit(maps[0])
    believed = (probability > 0.5) & (maps[3] < np.log2(_FITTING * min(maps.shape[1:])))
    weight = np.where(believed, 2 * probability - 1, 0)
    if mask is not None:
        weight = weight * mask
    octaves = maps[3] - np.log2(known)
    near = weight * np.exp(-0.5 * (octaves / _WIDTH) ** 2)
    total = float(near.sum())
    centre = float((near * octaves).sum() / total) if total > 0 else np.nan
    return _Evidence(
        total / near.size,
        centre,
        float(weight[octaves > 1].sum()) / near.size,
        float(weight.sum()) / near.size,
    )


def estimate_diameter(
    image: NDArray[np.float32],
    predictor: Predictor,
    mask: NDArray[np.bool_] | None,
    known: float,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> float:
    """Estimate the area-weighted typical diameter.

    The network, which predicts the size of the particle that a pixel belongs to, looks at the image at
    several scales, coarse ones first. Each scale gathers evidence: how much of the image it takes for
    particles of about the size that it knows. The scale with most evidence wins, and the sizes predicted
    there give the diameter. The search ends where finer scales can only show the same particles larger.

    Parameters
    ----------
    image : ndarray of float32, (row, col)
        Normalised micrograph.
    predictor : Predictor
        The network.
    mask : ndarray of bool, (row, col), optional
        Where to look.
    known : float
        The diameter that the network knows best, in pixels.
    progress, cancel : callable, optional
        Told and asked between tiles.

    Returns
    -------
    float
        Diameter in pixels of the image; NaN where no particle is seen at any scale.
    """
    scales = _scales((image.shape[0], image.shape[1]))
    best, diameter, before = 1e-4, np.nan, 0.0
    for index, scale in enumerate(scales):
        shape = resize_shape(image.shape, scale)
        maps = predictor(resize(image, shape), None, cancel)
        small = None if mask is None else resize(mask.astype(np.float32), shape) > 0.5
        now = _evidence(maps, small, known)
        won = now.found > best
        if won:
            best, diameter = now.found, known * 2**now.octaves / scale
        if progress:
            progress((index + 1) / len(scales), f"looking at scale {scale:.2g}")
        # most of what is seen fits, will not at the next scale, and no more comes into sight
        if won and now.octaves > -_FITTED and now.found > now.seen / 2 and now.seen < _GROWTH * before:
            break
        # finer scales show larger particles larger still; those not seen at the scale of their own are ground
        if now.larger > max(now.found, best / 4, _NOTICED) and best > now.larger / 4:
            break
        before = now.seen
    return float(diameter)
