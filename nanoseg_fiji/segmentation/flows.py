"""Flows to particles: every pixel follows its flow, and pixels that come to rest together are a particle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage
from skimage.measure import label as components
from skimage.segmentation import expand_labels, relabel_sequential
from torch.nn import functional as F

from nanoseg_fiji.segmentation.split import flood

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["labels_along_flow", "rest_points", "split_flows"]

_DOUBLINGS = 10  # 1,024 steps: particles larger than a tile are followed to the centre
_MOVING = 0.5  # px: flows this long lead on where there is no particle, as through the hole of a ring
_LEAST = 5  # pixels that must come to rest within 3 x 3 for a particle; fewer have lost their way
_INWARD = 2  # steps from a full-size pixel: past the steps of a border drawn at the maps' scale
_RIM = 1.5  # px: the outline at full size runs between pixels of the maps, and may lie this far outside
_TOUCHING = np.ones((3, 3))


def rest_points(flow: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Follow the flow from every pixel of a mask.

    The steps, of a pixel at most, are composed by scaling and squaring (Arsigny et al. 2006,
    10.1007/11866565_113): each doubling reads, where a pixel has got to, how far the pixel there has got.

    Parameters
    ----------
    flow : ndarray of float32, (2, row, col)
        Steps along rows and columns, in pixels.
    mask : ndarray of bool, (row, col)
        Where to start.

    Returns
    -------
    ndarray of float32, (2, pixels)
        Row and column where each pixel of the mask, in raster order, comes to rest.
    """
    moving = mask | (np.hypot(*flow) > _MOVING)
    start = torch.from_numpy(np.stack(np.nonzero(moving)).astype(np.float32))
    move = torch.from_numpy(np.ascontiguousarray(flow[:, moving]))
    inside = torch.from_numpy(np.flatnonzero(moving))
    field = torch.zeros(1, 2, *mask.shape)
    for _ in range(_DOUBLINGS):
        field.view(2, -1).index_copy_(1, inside, move)
        move = move + _read(field, start + move)
    points: NDArray[np.float32] = (start + move).numpy()[:, mask[moving]]
    return points


def _read(field: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Read a field, (1, 2, row, col), between its pixels at points, (2, n), the outermost beyond the edge."""
    scale = 2 / torch.tensor(field.shape[2:])[:, None]  # grid_sample goes from -1 to 1
    there = ((points + 0.5) * scale - 1).flip(0).T[None, None]
    return F.grid_sample(field, there, padding_mode="border", align_corners=False)[0, :, 0]


def split_flows(flow: NDArray[np.float32], mask: NDArray[np.bool_], tolerance: float) -> NDArray[np.int32]:
    """Split a mask into particles by flows (Stringer et al. 2021, 10.1038/s41592-020-01018-x).

    Pixels that come to rest together are one particle. Pixels that have lost their way, or whose way led
    through the ground, go to the particle that they touch. A component without any particle stays one.

    Parameters
    ----------
    flow : ndarray of float32, (2, row, col)
        Steps towards the particle's centre along rows and columns, at most 1 px long.
    mask : ndarray of bool, (row, col)
        Where particles are.
    tolerance : float
        Distance up to which places of rest are one, in pixels; higher splits less.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image with ids 1..n, each one connected component (8-connected).
    """
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    last = np.array(mask.shape)[:, None] - 1
    rest = tuple(np.clip(np.rint(rest_points(flow, mask)), 0, last).astype(np.int64))
    ends = np.bincount(np.ravel_multi_index(rest, mask.shape), minlength=mask.size)
    count = ends.reshape(mask.shape).astype(np.int32)
    crowded = ndimage.convolve(count, _TOUCHING.astype(np.int32), mode="constant") >= _LEAST
    grown = ndimage.distance_transform_edt(~crowded) <= tolerance / 2 if crowded.any() else crowded
    places, _ = ndimage.label(grown, structure=_TOUCHING)
    found = np.zeros(mask.shape, np.int32)
    found[mask] = places[rest]
    labels = flood(np.zeros(mask.shape, np.float32), _largest_parts(found), mask)
    return np.asarray(relabel_sequential(labels)[0], np.int32)


def labels_along_flow(
    labels: NDArray[np.int32], flow: NDArray[np.float32], mask: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Bring a label image to the size of a mask.

    A pixel takes the label to which its flow, read between the pixels of the map, leads in a few steps. Flows
    part where particles touch, so that the border is as smooth as they are. Of a label in several parts the
    largest stays.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image at the maps' scale.
    flow : ndarray of float32, (2, row, col)
        Steps towards the particle's centre, in pixels at that scale.
    mask : ndarray of bool, (row, col)
        Foreground at the new size.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image whose foreground lies within `mask`.
    """
    near = expand_labels(labels, _RIM)
    # where all that a pixel can be led to has one label, nothing needs to be followed
    window = 2 * int(_INWARD * np.abs(flow).max(initial=0) + 1) + 1
    sure = ndimage.minimum_filter(near, window) == ndimage.maximum_filter(near, window)
    height, width = labels.shape
    row = (np.arange(mask.shape[0], dtype=np.float32) + 0.5) * np.float32(height / mask.shape[0]) - 0.5
    col = (np.arange(mask.shape[1], dtype=np.float32) + 0.5) * np.float32(width / mask.shape[1]) - 0.5
    nearest = np.ix_(_index(row, height), _index(col, width))
    out = np.where(mask, near[nearest], 0)
    unsure = np.nonzero(mask & ~sure[nearest])
    points = torch.from_numpy(np.stack([row[unsure[0]], col[unsure[1]]]))
    field = torch.from_numpy(np.ascontiguousarray(flow))[None]
    found = out[unsure]
    for _ in range(_INWARD):
        points = points + _read(field, points)
        there = near[_index(points[0].numpy(), height), _index(points[1].numpy(), width)]
        found = np.where(there > 0, there, found)  # a flow may end in a ring's hole
    out[unsure] = found
    return _largest_parts(out)


def _index(places: NDArray[np.float32], size: int) -> NDArray[np.int64]:
    """Round to the nearest pixels along one axis."""
    return np.clip(np.rint(places), 0, size - 1).astype(np.int64)


def _largest_parts(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Keep the largest component of every label."""
    parts = components(labels, connectivity=2)
    area = np.bincount(parts.ravel())
    owner = np.zeros(area.size, np.int64)
    owner[parts] = labels
    largest = np.zeros(int(labels.max()) + 1, np.int64)
    by_area = np.argsort(area, kind="stable")
    largest[owner[by_area]] = by_area  # the last, that is largest, part of a label stays
    return np.where(parts == largest[labels], labels, 0).astype(np.int32)
