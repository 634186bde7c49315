"""Sizes of particles as users publish them, and how far predicted ones are off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.geometry import bounding_boxes, filled_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["equivalent_diameters", "relative_error", "true_diameter", "typical_diameter"]


def equivalent_diameters(labels: NDArray[np.int32], areas: NDArray[np.int64]) -> NDArray[np.float64]:
    """Equivalent circular diameter of every particle, its holes filled (the table's ``ECD``).

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image.
    areas : ndarray of int64, (n,)
        Number of pixels of each label, labels ascending.

    Returns
    -------
    ndarray of float64, (n,)
        Diameters in pixels, labels ascending.
    """
    outlines = trace(labels)
    filled = filled_pixels(outlines, bounding_boxes(outlines), labels, areas.astype(np.float64))
    return np.sqrt(4 * filled / np.pi)


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
    return typical_diameter(equivalent_diameters(labels, areas)) if areas.size else 0.0


def relative_error(pred: float, truth: float) -> float:
    """Error of a number as a share of the true one; NaN where the true one is 0 or NaN."""
    return (pred - truth) / truth if truth > 0 else float("nan")
