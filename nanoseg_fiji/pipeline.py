"""The whole way for an image or a stack: micrograph in; labels, ROI set, table and provenance out."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.describe import Limits, describe, provenance_of
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.images import as_image, calibration_of, positions_of, read_image, to_gray
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.slices import segment_slices
from nanoseg_fiji.types import SegmentationParams, SegmentationResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from nanoseg_fiji.network import Model
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["prepare", "segment", "segment_with"]


def segment(
    image: xr.DataArray | ArrayLike | str | os.PathLike[str],
    model: str = "em-particles",
    diameter: float = 0.0,
    *,
    pixel: bool = False,
    split: bool = True,
    tolerance: float = SegmentationParams.tolerance,
    min_ecd: float = 0.0,
    max_ecd: float = math.inf,
    min_score: float = SegmentationParams.min_score,
    exclude_edges: bool = False,
    crop_bottom: int = 0,
    device: str = "auto",
    tile: int = 1024,
    mask: ArrayLike | None = None,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> SegmentationResult:
    """Segment the particles of a micrograph or of every slice of a stack.

    Parameters
    ----------
    image : DataArray, array_like or path
        What `nanoseg_fiji.read_image` gives, a bare array (row, col), (n, row, col) or RGB in a last axis,
        or an image file. Bright particles on dark ground and the reverse are both understood; pixels that are
        not finite count as background.
    model : str
        Name of a model, or path of a ``.safetensors`` file with its card beside it.
    diameter : float
        Typical particle diameter, in the image's unit; 0 finds it, slice by slice.
    pixel : bool
        Whether `diameter`, `min_ecd` and `max_ecd` are in pixels whatever the image's unit.
    split : bool
        Whether touching particles are split; false gives aggregates.
    tolerance : float
        Depth of the h-maxima that mark particles, in pixels at the model's scale; higher splits less.
    min_ecd, max_ecd : float
        Range of equivalent circular diameters kept, in the image's unit.
    min_score : float
        Lowest score kept, 0 to 1.
    exclude_edges : bool
        Whether particles that touch the edge of what was looked at are dropped.
    crop_bottom : int
        Rows left out at the bottom (an info bar), in pixels; 0 leaves out what is plainly a bar.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    tile : int
        Side of a network tile without its halo, in pixels at the model's scale; a multiple of 32.
    mask : array_like of bool, (row, col), optional
        Where to look, on every slice; pixels outside are background.
    progress : callable, optional
        Told the fraction done (0 to 1) and what is going on.
    cancel : callable, optional
        Asked between tiles; true stops.

    Returns
    -------
    SegmentationResult
        Labels, table, ROI set, summary and provenance. Empty, with a message that says why, where an image is
        constant or smaller than 16 x 16 pixels.

    Raises
    ------
    InputError
        The image, a parameter or the mask cannot be used.
    ModelError
        The model is unknown or damaged.
    CancelledError
        `cancel` said so.
    """
    params = SegmentationParams(
        model=model,
        diameter=diameter,
        pixel=pixel,
        split=split,
        tolerance=tolerance,
        min_ecd=min_ecd,
        max_ecd=max_ecd,
        min_score=min_score,
        exclude_edges=exclude_edges,
        crop_bottom=crop_bottom,
        device=device,
        tile=tile,
    )
    loaded = read_image(image) if isinstance(image, str | os.PathLike) else as_image(image)
    return segment_with(params, loaded, mask=mask, progress=progress, cancel=cancel)


def segment_with(
    params: SegmentationParams,
    image: xr.DataArray,
    *,
    mask: ArrayLike | None = None,
    slices: Sequence[int] | None = None,
    positions: Sequence[tuple[int, int, int]] | None = None,
    start: int = 0,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> SegmentationResult:
    """Do what `segment` does, with the parameters in one record and an image as `as_image` gives it.

    Parameters
    ----------
    params : SegmentationParams
        What the user chose.
    image : DataArray
        The image.
    mask : array_like of bool, (row, col), optional
        Where to look.
    slices : sequence of int, optional
        ImageJ's stack index of every slice, from 1.
    positions : sequence of (c, z, t), optional
        ImageJ's position of every slice, from 1.
    start : int
        Number of ROIs that exist already: names go on counting.
    progress, cancel : callable, optional
        As for `segment`.
    """
    from nanoseg_fiji.segmentation.info_bar import info_bar_height

    calibration = calibration_of(image)
    name = str(image.attrs["name"])
    rows, cols = image.sizes["row"], image.sizes["col"]
    pixels = to_gray(image).reshape(-1, rows, cols)
    bar = 0 if params.crop_bottom else min((info_bar_height(gray) for gray in pixels), default=0)
    if bar:
        params = dataclasses.replace(params, crop_bottom=bar)
    frame = _frame((rows, cols), params.crop_bottom, mask)
    model = prepare(params)
    found = segment_slices(params, pixels, calibration, frame, model, progress, cancel)
    to_unit = calibration.pixel_size if params.pixel else 1.0
    spec = model.spec
    described = describe(
        found.labels,
        pixels,
        calibration,
        name=name,
        scores=found.scores,
        limits=Limits(
            params.min_ecd * to_unit, params.max_ecd * to_unit, params.min_score, params.exclude_edges
        ),
        frame=frame,
        slices=slices,
        positions=positions_of(image) if positions is None else positions,
        start=start,
        properties={"model": spec.name, "model_sha256": spec.sha256},
    )
    messages = found.messages
    if bar:
        messages = (
            f"the lowest {bar} rows look like an info bar and were left out (crop_bottom={bar})",
            *messages,
        )
    if described.table.empty:
        messages = (*messages, f"no particles were found in {name}")
    diameters = [d * calibration.pixel_size for d in found.diameters]
    known = [d for d in diameters if math.isfinite(d)]
    return SegmentationResult(
        labels=described.labels.reshape([n for d, n in image.sizes.items() if d != "rgb"]),
        table=described.table,
        rois=described.rois,
        summary=described.summary,
        provenance=provenance_of(
            name,
            model=spec.name,
            model_sha256=spec.sha256,
            parameters=_plain_parameters(params),
            selection=mask is not None,
            device=", ".join(dict.fromkeys(found.devices)) or "none",
            diameters=diameters,
            unit=calibration.unit,
        ),
        calibration=calibration,
        diameter=float(np.median(known)) if known else math.nan,
        messages=messages,
    )


def _plain_parameters(params: SegmentationParams) -> dict[str, Any]:
    """All parameters, with 0 for no limit: JSON knows no infinity."""
    return dataclasses.asdict(params) | ({} if math.isfinite(params.max_ecd) else {"max_ecd": 0.0})


def prepare(params: SegmentationParams) -> Model:
    """Load the model, or take it from the last time, and check that the device is there.

    Raises
    ------
    ModelError
        The model is unknown or damaged.
    InputError
        The device is unknown or not there.
    """
    from nanoseg_fiji.segmentation.device import choose_device

    choose_device(params.device)
    spec = find_model(params.model)
    changed = spec.weights.stat().st_mtime_ns if spec.weights.is_file() else 0
    return _load(str(spec.weights), spec.sha256, changed)


@functools.lru_cache(maxsize=2)
def _load(weights: str, sha256: str, changed: int) -> Model:
    """Load a model; the hash and the time of change are there to load it again when the file is another."""
    from nanoseg_fiji.network import load_model

    return load_model(find_model(weights))


def _frame(
    shape: tuple[int, int], crop_bottom: int, mask: ArrayLike | None
) -> tuple[int, int] | NDArray[np.bool_]:
    """Say what is looked at: the rows that remain, or the selection within them."""
    rows = shape[0] - crop_bottom
    if rows < 1:
        raise InputError(
            f"crop_bottom={crop_bottom} leaves nothing of {shape[0]} rows: give the bar's height"
        )
    if mask is None:
        return rows, shape[1]
    inside = np.array(mask, dtype=bool)
    if inside.shape != shape:
        raise InputError(f"a selection of shape {inside.shape} does not fit an image of {shape}")
    inside[rows:] = False
    if not inside.any():
        raise InputError("the selection is empty: select an area of the image, above the rows cropped")
    return inside
