"""Sizes of particles as users publish them, and how far predicted ones are off."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.geometry import bounding_boxes, filled_pixels
from nanoseg_fiji.particles.hulls import feret, find_hulls

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["relative_error", "size_bias", "sizes_of", "true_diameter", "typical_diameter"]

_OCTAVES = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, np.inf)  # px


def sizes_of(labels: NDArray[np.int32], areas: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Equivalent circular diameter, holes filled, and smallest caliper of every particle.

    These are the table's ``ECD`` and ``MinFeret``.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image.
    areas : ndarray of int64, (n,)
        Number of pixels of each label, labels ascending.

    Returns
    -------
    ecd, min_feret : ndarray of float64, (n,)
        In pixels, labels ascending.
    """
    outlines = trace(labels)
    filled = filled_pixels(outlines, bounding_boxes(outlines), labels, areas.astype(np.float64))
    return np.sqrt(4 * filled / np.pi), feret(find_hulls(outlines), 1.0, 1.0).smallest


def size_bias(sizes: NDArray[np.float64]) -> dict[str, list[float]]:
    """Signed errors of the sizes of matched particles, by true size.

    Parameters
    ----------
    sizes : ndarray of float64, (n, 4)
        Of every pair: ECD found and true, MinFeret found and true, in pixels.

    Returns
    -------
    dict of str to list of float
        A value a class of true ECD, each twice as wide as the one before, those without pairs left out:
        ``from`` and ``to``, pixels; ``count``; ``ecd``, ``ecd_low`` and ``ecd_high``: median and quartiles of
        found / true - 1; ``min_feret`` likewise.
    """
    rows: dict[str, list[float]] = {name: [] for name in ("from", "to", "count")}
    error = sizes[:, ::2] / sizes[:, 1::2] - 1
    for low, high in pairwise(_OCTAVES):
        kept = error[(sizes[:, 1] >= low) & (sizes[:, 1] < high)]
        if not kept.size:
            continue
        values = {"from": low, "to": high, "count": len(kept)}
        for name, column in zip(("ecd", "min_feret"), kept.T, strict=True):
            quartiles = np.quantile(column, (0.5, 0.25, 0.75)).tolist()
            values |= dict(zip((name, f"{name}_low", f"{name}_high"), quartiles, strict=True))
        for name, value in values.items():
            rows.setdefault(name, []).append(float(value))
    return rows


def typical_diameter(diameters: NDArray[np.float64]) -> float:
    """Area-weighted median diameter: half of the particles' area lies in particles up to this size.

    Parameters
    ----------
    diameters : ndarray of float64, (n,)
        Equivalent circular diameters.

    Returns
    -------
    float
        In the unit of `diameters`; NaN without particles.
    """
    if diameters.size == 0:
        return float("nan")
    ordered = np.sort(diameters)
    area = np.cumsum(ordered**2)
    return float(ordered[np.searchsorted(area, area[-1] / 2)])


def true_diameter(labels: NDArray[np.int32]) -> float:
    """Give the area-weighted median diameter of a label image, in pixels; 0 without particles."""
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    return typical_diameter(sizes_of(labels, areas)[0]) if areas.size else 0.0


def relative_error(pred: float, truth: float) -> float:
    """Error of a number as a share of the true one; NaN where the true one is 0 or NaN."""
    return (pred - truth) / truth if truth > 0 else float("nan")
