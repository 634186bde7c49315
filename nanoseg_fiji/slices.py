"""The network on every slice of a stack, and what it is not asked about: pixels that say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import CancelledError
from nanoseg_fiji.progress import share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.network import Model
    from nanoseg_fiji.types import Calibration, Cancelled, Progress, SegmentationParams

__all__ = ["SegmentedSlices", "segment_slices"]

_SMALLEST_SIDE = 16


@dataclass(frozen=True)
class SegmentedSlices:
    """What the network gave for the slices."""

    labels: NDArray[np.int32]
    """(n, row, col) label images, ids 1..n on each slice."""
    scores: NDArray[np.float64]
    """(particles,) mean foreground probability, slice by slice and by ascending label."""
    diameters: tuple[float, ...]
    """Typical diameter of each slice that was looked at, in pixels; NaN where no particle was seen."""
    devices: tuple[str, ...]
    """Device of each slice that was looked at."""
    messages: tuple[str, ...]
    """What the user should know."""


def segment_slices(
    params: SegmentationParams,
    pixels: NDArray[np.float32],
    calibration: Calibration,
    frame: tuple[int, int] | NDArray[np.bool_],
    model: Model,
    progress: Progress | None,
    cancel: Cancelled | None,
    window: tuple[slice, slice] | None = None,
) -> SegmentedSlices:
    """Segment every slice, each by itself.

    Parameters
    ----------
    params : SegmentationParams
        What the user chose.
    pixels : ndarray of float32, (n, row, col)
        Grey values.
    calibration : Calibration
        Pixel size, for the diameter.
    frame : (rows, cols) or ndarray of bool, (row, col)
        What is looked at: the rows that remain above an info bar, or a selection.
    model : Model
        The network.
    progress, cancel : callable, optional
        Told and asked between tiles.
    window : (rows, cols) as slices, optional
        The part that the network is asked about.

    Raises
    ------
    CancelledError
        `cancel` said so.
    """
    from nanoseg_fiji.segmentation.segment import segment_pixels

    selection = frame if isinstance(frame, np.ndarray) else None
    rows = pixels.shape[1] - params.crop_bottom
    labels = np.zeros(pixels.shape, np.int32)
    scores, diameters, devices, messages = [np.zeros(0)], [], [], []
    count = len(pixels)
    where = f"slice {{}} of {count}: " if count > 1 else ""
    for i, gray in enumerate(pixels[:, :rows]):
        if cancel is not None and cancel():
            raise CancelledError("cancelled: nothing was kept")
        mask, reason = _usable(gray, None if selection is None else selection[:rows])
        told = [reason] if reason else []
        if mask is None or mask.any():
            part = segment_pixels(
                gray,
                model,
                diameter=params.diameter / (1.0 if params.pixel else calibration.pixel_size),
                split=params.split,
                tolerance=params.tolerance,
                mask=mask,
                device=params.device,
                tile=params.tile,
                progress=share(progress, i / count, (i + 1) / count, where.format(i + 1)),
                cancel=cancel,
                window=window,
            )
            labels[i, :rows] = part.labels
            scores.append(_mean_inside(part.labels, part.foreground))
            diameters.append(part.diameter)
            devices.append(part.device)
            told += part.messages
        messages += [f"slice {i + 1}: {text}" if len(pixels) > 1 else text for text in told]
    return SegmentedSlices(
        labels, np.concatenate(scores), tuple(diameters), tuple(devices), tuple(dict.fromkeys(messages))
    )


def _usable(
    gray: NDArray[np.float32], selection: NDArray[np.bool_] | None
) -> tuple[NDArray[np.bool_] | None, str]:
    """Where to look (None: everywhere; all false: nowhere), and what the user should know about it."""
    nowhere = np.zeros(gray.shape, bool)
    if min(gray.shape) < _SMALLEST_SIDE:
        size = f"{gray.shape[1]} x {gray.shape[0]}"
        side = _SMALLEST_SIDE
        return nowhere, f"{size} pixels are too few to look for particles: {side} x {side} is the least"
    finite = np.isfinite(gray)
    looked = finite if selection is None else finite & selection
    values = gray[looked]
    if values.size == 0:
        return nowhere, "no pixel is a finite number: check how the image was made"
    if values.min() == values.max():
        return nowhere, "the image is constant: there is nothing to find"
    bad = int(gray.size - finite.sum())
    reason = f"{bad} pixels are not finite numbers and count as background" if bad else ""
    return (None if looked.all() else looked), reason


def _mean_inside(labels: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean of the values over each particle, by ascending label."""
    inside = labels > 0
    count = np.bincount(labels[inside])
    total = np.bincount(labels[inside], weights=values[inside])
    return total[count > 0] / count[count > 0]
