"""Micrographs to the model's scale, label images back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["labels_to_shape", "resize", "resize_shape"]


def resize_shape(shape: tuple[int, int], scale: float) -> tuple[int, int]:
    """Shape of an image after scaling: at least 1 px a side."""
    rows, cols = (max(1, round(side * scale)) for side in shape)
    return rows, cols


def resize(image: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resample bilinearly, averaging over what a pixel covers when the image shrinks.

    Parameters
    ----------
    image : ndarray of float32, (..., row, col)
        Image, or maps.
    shape : (int, int)
        New rows and columns.

    Returns
    -------
    ndarray of float32, (..., row, col)
        Resampled image.
    """
    if image.shape[-2:] == shape:
        return image
    tensor = torch.from_numpy(np.ascontiguousarray(image)).reshape(1, -1, *image.shape[-2:])
    out = F.interpolate(tensor, shape, mode="bilinear", antialias=True)
    resampled: NDArray[np.float32] = out.reshape(*image.shape[:-2], *shape).numpy()
    return resampled


def labels_to_shape(
    labels: NDArray[np.int32], mask: NDArray[np.bool_], shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Bring a label image to the size of a mask, with smooth borders between labels.

    Every pixel takes the label that has most bilinear weight among the four nearest small pixels; where
    all four are background it stays background.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Small label image.
    mask : ndarray of bool, `shape`
        Foreground at the new size.
    shape : (int, int)
        New rows and columns.

    Returns
    -------
    ndarray of int32, `shape`
        Label image whose foreground lies within `mask`.
    """
    corners, weights = [], []
    sides = []
    for size, small in zip(shape, labels.shape, strict=True):
        at = (np.arange(size) + 0.5) * (small / size) - 0.5
        low = np.floor(at).astype(np.int64)
        part = (at - low).astype(np.float32)
        ends = [np.clip(low, 0, small - 1), np.clip(low + 1, 0, small - 1)]
        sides.append((ends, [1 - part, part]))
    for i in (0, 1):
        for j in (0, 1):
            corners.append(labels[sides[0][0][i][:, None], sides[1][0][j][None, :]])
            weights.append(sides[0][1][i][:, None] * sides[1][1][j][None, :])
    best = np.zeros(shape, np.int32)
    most = np.zeros(shape, np.float32)
    for corner in corners:
        votes = sum(
            (weight * (other == corner) for other, weight in zip(corners, weights, strict=True)),
            np.zeros(shape, np.float32),
        )
        better = (votes > most) & (corner > 0)
        best[better] = corner[better]
        most[better] = votes[better]
    best[~mask] = 0
    return best
