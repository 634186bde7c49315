"""Grey values to a label image: the whole way for one 2-D micrograph, in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.special import expit

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.progress import share
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.segmentation.flows import labels_along_flow, split_flows
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.segmentation.resize import resize, resize_shape
from nanoseg_fiji.segmentation.scale import estimate_diameter, look_scales
from nanoseg_fiji.segmentation.split import aggregates
from nanoseg_fiji.segmentation.tiles import Predictor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.network import Model
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["Segmentation", "labels_from_maps", "predict_maps", "segment_pixels"]

_T = TypeVar("_T", bound=np.generic)
_SPECK = 25  # px at the model's scale: less is a sixth of the typical diameter, and nearly always noise
_SCAN_SHARE = 0.3  # of the progress bar


@dataclass(frozen=True)
class Segmentation:
    """What the network part gives for one image."""

    labels: NDArray[np.int32]
    """Label image, (row, col), ids 1..n."""
    foreground: NDArray[np.float32]
    """Probability that a pixel belongs to a particle, (row, col)."""
    diameter: float
    """Typical diameter given or found, in pixels of the image; NaN where no particle was seen."""
    device: str
    """Device really used."""
    messages: tuple[str, ...]
    """Fallbacks."""


def predict_maps(
    image: NDArray[np.float32],
    predictor: Predictor,
    scales: tuple[float, ...],
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> NDArray[np.float32]:
    """Predict the maps, averaged over the scales at which the network looks.

    Parameters
    ----------
    image : ndarray of float32, (row, col)
        Normalised micrograph.
    predictor : Predictor
        The network.
    scales : tuple of float
        One scale or two, the finer one last.
    progress, cancel : callable, optional
        Told and asked between tiles.

    Returns
    -------
    ndarray of float32, (4, row, col)
        As in `nanoseg_fiji.network.MAPS`, at the finer scale.
    """
    work = [scale**2 for scale in scales]
    done = np.cumsum([0.0, *work]) / sum(work)
    looks = []
    for scale, begin, end in zip(scales, done[:-1], done[1:], strict=True):
        small = resize(image, resize_shape(image.shape, scale))
        maps = predictor(small, share(progress, float(begin), float(end)), cancel)
        maps[3] += np.log2(scales[-1] / scale)
        looks.append(maps)
    if len(looks) == 1:
        return looks[0]
    looks[1] += resize(looks[0], looks[1].shape[1:])
    looks[1] /= 2
    return looks[1]


def labels_from_maps(
    maps: NDArray[np.float32], split: bool, tolerance: float, zoom: float = 1.0
) -> NDArray[np.int32]:
    """Turn maps into particles at the maps' scale.

    Parameters
    ----------
    maps : ndarray of float32, (4, row, col)
        As in `nanoseg_fiji.network.MAPS`.
    split : bool
        Whether touching particles are split.
    tolerance : float
        Distance up to which the places where flows end are one, in pixels at the model's scale.
    zoom : float
        Magnification of the maps over the model's scale.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image.
    """
    mask = maps[0] > 0
    labels = split_flows(maps[1:3], mask, tolerance * zoom) if split else aggregates(mask)
    kept = np.bincount(labels.ravel(), minlength=1) >= _SPECK * zoom**2
    kept[0] = False
    ids: NDArray[np.int32] = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return ids[labels]


def segment_pixels(
    gray: NDArray[np.float32],
    model: Model,
    *,
    diameter: float = 0.0,
    split: bool = True,
    tolerance: float = 3.0,
    mask: NDArray[np.bool_] | None = None,
    device: str = "auto",
    tile: int = 1024,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
    window: tuple[slice, slice] | None = None,
) -> Segmentation:
    """Segment one micrograph.

    Parameters
    ----------
    gray : ndarray of float32, (row, col)
        Grey values, any range; pixels that are not finite count as background.
    model : Model
        Loaded model.
    diameter : float
        Typical particle diameter, in pixels; 0 finds it.
    split : bool
        Whether touching particles are split.
    tolerance : float
        Distance up to which the places where flows end are one particle's, in pixels at the model's scale;
        higher splits less.
    mask : ndarray of bool, (row, col), optional
        Where to look; outside is background.
    device : str
        As `nanoseg_fiji.segmentation.device.choose_device` takes it.
    tile : int
        Side of a network tile without its halo, in pixels at the model's scale.
    progress, cancel : callable, optional
        Told and asked between tiles.
    window : (rows, cols) as slices, optional
        The part in which particles are looked for; grey levels and diameter are still those of the image.

    Returns
    -------
    Segmentation
        Labels, probability, diameter, device; empty for a constant image.

    Raises
    ------
    InputError
        If the image is not 2-D or the device not there.
    CancelledError
        If `cancel` says so.
    """
    if gray.ndim != 2:
        raise InputError(f"an image of {gray.ndim} dimensions cannot be segmented: give one slice")
    image = normalise(gray, mask)
    predictor = Predictor(model.fused, choose_device(device), tile)
    empty = not image.any()
    scan = 0.0
    if diameter <= 0 and not empty:
        scan = _SCAN_SHARE
        diameter = estimate_diameter(
            image, predictor, mask, model.diameter, share(progress, 0.0, scan), cancel
        )
    if empty or not diameter > 0:
        nothing = np.zeros(gray.shape, np.int32)
        return Segmentation(
            nothing,
            np.zeros(gray.shape, np.float32),
            np.nan,
            str(predictor.device),
            tuple(predictor.messages),
        )
    whole = gray.shape[0], gray.shape[1]
    scales = look_scales(whole, diameter, model.diameter, model.outline_zoom)
    if window is not None:
        image, gray, mask = image[window], gray[window], None if mask is None else mask[window]
    maps = predict_maps(image, predictor, scales, share(progress, scan, 0.95), cancel)
    labels = labels_from_maps(maps, split, tolerance, scales[-1] / scales[0])
    logits = resize(maps[0], gray.shape)
    inside = (logits > 0) & np.isfinite(gray)
    if mask is not None:
        inside &= mask
    labels = labels_along_flow(labels, maps[1:3], inside)
    probability: NDArray[np.float32] = expit(logits)
    if window is not None:
        labels, probability = _placed(labels, whole, window), _placed(probability, whole, window)
    if progress:
        progress(1.0, "particles split")
    return Segmentation(labels, probability, diameter, str(predictor.device), tuple(predictor.messages))


def _placed(part: NDArray[_T], shape: tuple[int, ...], window: tuple[slice, slice]) -> NDArray[_T]:
    """Zeros of the whole image's shape with the part in its window."""
    out = np.zeros(shape, part.dtype)
    out[window] = part
    return out
