"""A crop of a micrograph segmented as the whole would be: what a dialog shows while its values change."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import as_bytes
from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.network import Model
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["PREVIEW", "crop_window"]

_SIDE = 512
"""Longest side of the crop, in pixels at the model's scale."""
_found: dict[str, float] = {}
"""Diameter of the image looked at last: while other values change, it need not be found again."""


def crop_window(shape: tuple[int, int], inside: NDArray[np.bool_] | None, side: int) -> tuple[slice, slice]:
    """Choose the crop: the middle of the image or of the selection's bounds.

    Parameters
    ----------
    shape : (rows, cols)
        Size of the image, in pixels.
    inside : ndarray of bool, (row, col), optional
        Selection, not empty.
    side : int
        Most rows and columns of the crop, in pixels.

    Returns
    -------
    (rows, cols) as slices
        Within the image.
    """
    window = []
    for axis in (0, 1):
        start, stop = 0, shape[axis]
        if inside is not None:
            used = np.flatnonzero(inside.any(axis=1 - axis))
            start, stop = int(used[0]), int(used[-1]) + 1
        first = max(start, (start + stop - side) // 2)
        window.append(slice(first, min(stop, first + side)))
    return window[0], window[1]


def _preview(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.pipeline import prepare, segment_with
    from nanoseg_fiji.segmentation.info_bar import info_bar_height

    image = request.image()
    image = image.isel(pln=0) if "pln" in image.dims else image
    gray = to_gray(image)
    params = SegmentationParams(**request.params)
    params = dataclasses.replace(params, crop_bottom=params.crop_bottom or info_bar_height(gray))
    rows = max(gray.shape[0] - params.crop_bottom, 0)
    selection = request.selection_of(gray.shape)
    inside = None if selection is None else selection[:rows]
    if inside is not None and not inside.any():
        inside = None
    model = prepare(params)
    to_unit = 1.0 if params.pixel else request.calibration.pixel_size
    if not params.diameter and gray[:rows].size:
        found = _diameter(gray[:rows], inside, model, params, cancel)
        params = dataclasses.replace(params, diameter=found * to_unit)
    side = round(_SIDE * (params.diameter / to_unit or model.diameter) / model.diameter)
    window = crop_window((rows, gray.shape[1]), inside, max(side, 32))
    result = segment_with(
        params, image, mask=selection, window=window, colour=request.colour, cancel=cancel, progress=progress
    )
    down, right = window
    return {
        "count": result.count,
        "rois": as_bytes(result.rois if result.count else b""),
        "box": [right.start, down.start, right.stop - right.start, down.stop - down.start],
        "diameter": params.diameter,
        "unit": "px" if params.pixel else request.calibration.unit,
        "messages": list(result.messages),
    }


def _diameter(
    gray: NDArray[np.float32],
    mask: NDArray[np.bool_] | None,
    model: Model,
    params: SegmentationParams,
    cancel: Cancelled | None,
) -> float:
    """Typical diameter in pixels, 0 where no particle was seen; kept while the image stays the same."""
    from nanoseg_fiji.segmentation.device import choose_device
    from nanoseg_fiji.segmentation.normalise import normalise
    from nanoseg_fiji.segmentation.scale import estimate_diameter
    from nanoseg_fiji.segmentation.tiles import Predictor

    state = hashlib.sha256(f"{model.spec.sha256} {gray.shape} {params.device}".encode())
    state.update(gray.tobytes())
    state.update(b"" if mask is None else mask.tobytes())
    key = state.hexdigest()
    if key not in _found:
        predictor = Predictor(model.fused, choose_device(params.device), params.tile)
        found = estimate_diameter(normalise(gray, mask), predictor, mask, model.diameter, None, cancel)
        _found.clear()
        _found[key] = float(np.nan_to_num(found))
    return _found[key]


PREVIEW = Command(_preview, ("image",), {f.name: f.default for f in dataclasses.fields(SegmentationParams)})
"""The command ``preview``."""
