"""Micrographs to the model's scale, maps back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["resize", "resize_shape"]


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
