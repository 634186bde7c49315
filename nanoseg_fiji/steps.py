"""The two halves of the way: what needs the network, and what measures its answer; they may overlap."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.describe import Limits, describe, provenance_of
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import calibration_of, positions_of, to_gray
from nanoseg_fiji.resources import DEFAULT, find_model
from nanoseg_fiji.slices import segment_slices
from nanoseg_fiji.types import SegmentationParams, SegmentationResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

    from nanoseg_fiji.network import Model
    from nanoseg_fiji.slices import SegmentedSlices
    from nanoseg_fiji.types import Cancelled, ModelSpec, Progress

__all__ = ["Located", "describe_located", "locate", "prepare"]


@dataclasses.dataclass(frozen=True)
class Located:
    """What the network found in an image, before it is measured."""

    image: xr.DataArray
    """The image."""
    pixels: NDArray[np.float32]
    """(n, row, col) grey values."""
    params: SegmentationParams
    """Parameters as they were applied: with the model's own name and the rows of an info bar."""
    frame: tuple[int, int] | NDArray[np.bool_]
    """What was looked at."""
    selected: bool
    """Whether a selection limited it."""
    bar: int
    """Rows of an info bar that was found, in pixels."""
    model: ModelSpec
    """The model."""
    found: SegmentedSlices
    """Labels and scores."""


def locate(
    params: SegmentationParams,
    image: xr.DataArray,
    *,
    mask: ArrayLike | None = None,
    window: tuple[slice, slice] | None = None,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> Located:
    """Do the first half of `segment_with`, which needs the network; `describe_located` does the other."""
    from nanoseg_fiji.segmentation.info_bar import info_bar_height

    rows, cols = image.sizes["row"], image.sizes["col"]
    pixels = to_gray(image).reshape(-1, rows, cols)
    bar = 0 if params.crop_bottom else min((info_bar_height(gray) for gray in pixels), default=0)
    if bar:
        params = dataclasses.replace(params, crop_bottom=bar)
    frame = _frame((rows, cols), params.crop_bottom, mask)
    model = prepare(params)
    found = segment_slices(params, pixels, calibration_of(image), frame, model, progress, cancel, window)
    if params.model == DEFAULT:  # the record says which one that was
        params = dataclasses.replace(params, model=model.spec.name)
    return Located(image, pixels, params, frame, mask is not None, bar, model.spec, found)


def describe_located(
    located: Located,
    *,
    slices: Sequence[int] | None = None,
    positions: Sequence[tuple[int, int, int]] | None = None,
    start: int = 0,
    colour: str = "none",
) -> SegmentationResult:
    """Do the second half of `segment_with`, which needs no network: measure, and apply the limits."""
    image, params, found, spec = located.image, located.params, located.found, located.model
    calibration = calibration_of(image)
    name = str(image.attrs["name"])
    to_unit = calibration.pixel_size if params.pixel else 1.0
    described = describe(
        found.labels,
        located.pixels,
        calibration,
        name=name,
        scores=found.scores,
        limits=Limits(
            params.min_ecd * to_unit, params.max_ecd * to_unit, params.min_score, params.exclude_edges
        ),
        frame=located.frame,
        slices=slices,
        positions=positions_of(image) if positions is None else positions,
        start=start,
        properties={"model": spec.name, "model_sha256": spec.sha256},
        colour=colour,
    )
    messages = (*found.messages, *([described.legend] if described.legend else []))
    if located.bar:
        rows = located.bar
        messages = (
            f"the lowest {rows} rows look like an info bar and were left out (crop_bottom={rows})",
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
            parameters=plain_parameters(params),
            selection=located.selected,
            device=", ".join(dict.fromkeys(found.devices)) or "none",
            diameters=diameters,
            unit=calibration.unit,
        ),
        calibration=calibration,
        diameter=float(np.median(known)) if known else math.nan,
        messages=messages,
    )


def plain_parameters(params: SegmentationParams) -> dict[str, Any]:
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
