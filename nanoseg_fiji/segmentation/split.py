"""Watershed splitting: maps or a mask to a label image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.measure import label as components
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["flood", "split_landscape", "split_mask"]

_SMOOTHING = 1.0  # px; flattens the staircase that a distance map has on a pixel grid


def split_landscape(
    landscape: NDArray[np.float32], mask: NDArray[np.bool_], tolerance: float
) -> NDArray[np.int32]:
    """Split a mask along the valleys of a landscape by marker-controlled watershed.

    The markers are the h-maxima of the landscape (Soille 2003, *Morphological Image Analysis*, section
    6.3.4); the
    watershed (Beucher and Meyer 1993) floods from them. A component without a marker of its own stays one
    particle.

    Parameters
    ----------
    landscape : ndarray of float32, (row, col)
        High inside particles, low between them, in pixels.
    mask : ndarray of bool, (row, col)
        Where particles are.
    tolerance : float
        Depth h that a valley must have to split, in pixels; higher splits less.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image with ids 1..n.
    """
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    heights = np.where(mask, landscape, 0).astype(np.float32)
    # NB: skimage's h_maxima marks each of several equal tops of one dome; a ring has many
    domes = reconstruction(heights - np.float32(tolerance), heights) if tolerance > 0 else heights
    peaks = local_maxima(domes) & mask
    markers, _ = ndimage.label(peaks, structure=np.ones((3, 3)))
    return flood(heights, markers, mask)


def flood(
    heights: NDArray[np.float32], markers: NDArray[np.integer], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Flood a mask from markers, from the tops down; a component without a marker stays one particle.

    Parameters
    ----------
    heights : ndarray of float32, (row, col)
        High inside particles, low between them.
    markers : ndarray of int, (row, col)
        A particle's id on its marker, 0 elsewhere and outside the mask.
    mask : ndarray of bool, (row, col)
        Where particles are.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image with the ids of the markers, then those of the components without one.
    """
    islands, count = ndimage.label(mask, structure=np.ones((3, 3)))
    marked = np.zeros(count + 1, bool)
    marked[islands[markers > 0]] = True
    marked[0] = True
    fresh = np.cumsum(~marked) + markers.max()  # ids of the components without a marker
    markers = np.where(marked[islands], markers, fresh[islands])
    labels: NDArray[np.int32] = watershed(-heights, markers, mask=mask, connectivity=2).astype(np.int32)
    return labels


def split_mask(mask: NDArray[np.bool_], tolerance: float = 1.0) -> NDArray[np.int32]:
    """Split touching particles of a mask along the necks of its Euclidean distance map.

    Parameters
    ----------
    mask : ndarray of bool, (row, col)
        Where particles are.
    tolerance : float
        Depth of the h-maxima of the distance map, in pixels; higher splits less.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image with ids 1..n.

    Raises
    ------
    InputError
        If the mask is not 2-D or the tolerance negative.
    """
    if mask.ndim != 2:
        raise InputError(f"a mask of {mask.ndim} dimensions cannot be split: give a 2-D one")
    if not tolerance >= 0:
        raise InputError(f"tolerance={tolerance} must not be negative")
    depth = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1].astype(np.float32)
    smooth = ndimage.gaussian_filter(depth, _SMOOTHING)
    return split_landscape(smooth, mask, tolerance)


def aggregates(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Label connected components (8-connected), touching particles as one."""
    labels: NDArray[np.int32] = components(mask, connectivity=2).astype(np.int32)
    return labels
