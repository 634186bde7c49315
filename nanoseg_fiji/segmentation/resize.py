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


def labels_to_shape(labels: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Bring a label image to the size of a mask.

    Every pixel takes the label that has most bilinear weight among the four nearest small pixels; where all
    four are background it stays background.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Small label image.
    mask : ndarray of bool, (row, col)
        Foreground at the new size.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image whose foreground lies within `mask`.
    """
    sides = []
    for size, small in zip(mask.shape, labels.shape, strict=True):
        at = (np.arange(size) + 0.5) * (small / size) - 0.5
        low = np.floor(at).astype(np.int64)
        part = (at - low).astype(np.float32)
        sides.append(((np.clip(low, 0, small - 1), 1 - part), (np.clip(low + 1, 0, small - 1), part)))
    corners = [labels[r[:, None], c[None, :]] for r, _ in sides[0] for c, _ in sides[1]]
    weights = [u[:, None] * v[None, :] for _, u in sides[0] for _, v in sides[1]]
    best = np.zeros(mask.shape, np.int32)
    most = np.zeros(mask.shape, np.float32)
    for corner in corners:
        votes = sum(
            (weight * (other == corner) for other, weight in zip(corners, weights, strict=True)),
            np.zeros(mask.shape, np.float32),
        )
        better = (votes > most) & (corner > 0)
        best[better] = corner[better]
        most[better] = votes[better]
    best[~mask] = 0
    return best
