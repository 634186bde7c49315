"""What each command of the service does."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import CancelledError
from nanoseg_fiji.outputs import OUTPUTS, output_paths, safe_stem, write_results
from nanoseg_fiji.service.preview import PREVIEW
from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import as_bytes, particles_response
from nanoseg_fiji.types import SegmentationParams, SegmentationResult

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS"]


def _segment(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.image_arrays import slices_of
    from nanoseg_fiji.pipeline import segment_with

    _check_output(request, OUTPUTS)
    image = request.image()
    result = segment_with(
        SegmentationParams(**request.params),
        image,
        mask=request.selection(),
        start=request.start,
        colour=request.colour,
        progress=progress,
        cancel=cancel,
        **request.places(slices_of(image)),
    )
    return _finish(request, image, result, OUTPUTS)


def _split(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.segmentation.split_labels import split_labels

    _check_output(request, OUTPUTS)
    labels = request.labels()
    image = request.image()
    selection = request.selection_of(labels.shape[1:])
    out = np.zeros_like(labels)
    for i, part in enumerate(labels):
        if cancel is not None and cancel():
            raise CancelledError("cancelled: nothing was kept")
        if progress is not None:
            progress(i / len(labels), f"splitting slice {i + 1} of {len(labels)}")
        inside = part if selection is None else np.where(selection, part, 0)
        out[i] = split_labels(inside, request.params["tolerance"])
    result = _described(request, image, out, selection, start=request.start)
    return _finish(request, image, result, OUTPUTS)


def _measure(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    _check_output(request, _TABLE_FILES)
    image = request.image()
    names: list[str] | None = None
    messages: tuple[str, ...] = ()
    if "labels" in request.parts:
        labels = request.labels()
    else:
        labels, names, messages = _labels_of_rois(request)
    selection = request.selection_of(labels.shape[1:])
    result = _described(request, image, labels, selection, roi_names=names, messages=messages)
    return _finish(request, image, result, _TABLE_FILES) | {"rois": np.zeros(0, np.uint8)}


def _labels_of_rois(request: Request) -> tuple[NDArray[np.int32], list[str], tuple[str, ...]]:
    """Labels of the ROIs as (n, row, col), the ROIs' names in the order of the labels, and messages."""
    from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels

    shape = request.shape()
    depth = shape[0] if len(shape) == 3 else 1
    found = rois_to_labels(decode_rois(request.rois()), shape, positions=request.places(depth)["positions"])
    labels = found.labels.reshape(-1, *shape[-2:])
    there = [set(np.unique(part).tolist()) for part in labels]
    named = {
        (place, id_): name for place, id_, name in zip(found.slices, found.ids, found.names, strict=True)
    }
    names = [name for (place, id_), name in sorted(named.items()) if id_ in there[place]]
    lost = len(found.names) - len(names)
    hidden = (f"{lost} ROIs have no pixels of their own and were left out",) if lost else ()
    return labels, names, (*found.messages, *hidden)


def _labels_to_rois(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.particles.rois import encode_rois

    labels = request.labels()
    rois = encode_rois(labels, start=request.start, **request.places(len(labels)))
    return {"count": len(rois), "rois": as_bytes(rois.to_zip() if len(rois) else b"")}


def _rois_to_labels(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    labels, names, messages = _labels_of_rois(request)
    provenance = request.provenance()
    return {
        "count": len(names),
        "labels": labels.reshape(request.shape()),
        "messages": list(messages),
        "provenance": provenance,
    }


def _described(
    request: Request,
    image: xr.DataArray,
    labels: NDArray[np.int32],
    selection: NDArray[np.bool_] | None,
    *,
    start: int = 0,
    roi_names: list[str] | None = None,
    messages: tuple[str, ...] = (),
) -> SegmentationResult:
    """Measure labels that a user brought."""
    from nanoseg_fiji.describe import describe
    from nanoseg_fiji.image_arrays import to_gray

    described = describe(
        labels,
        to_gray(image).reshape(labels.shape),
        request.calibration,
        name=request.name,
        frame=selection,
        start=start,
        roi_names=roi_names,
        **request.places(len(labels)),
    )
    if described.table.empty:
        messages = (*messages, f"no particles were found in {request.name}")
    return SegmentationResult(
        labels=described.labels.reshape([n for d, n in image.sizes.items() if d != "rgb"]),
        table=described.table,
        rois=described.rois,
        summary=described.summary,
        provenance=request.provenance(),
        calibration=request.calibration,
        diameter=math.nan,
        messages=messages,
    )


_TABLE_FILES = ("particles.csv", "run.json")


def _check_output(request: Request, files: tuple[str, ...]) -> None:
    """Tell before the work that results are there already."""
    if request.output:
        output_paths(request.output, safe_stem(request.name), request.overwrite, files)


def _finish(
    request: Request, image: xr.DataArray, result: SegmentationResult, files: tuple[str, ...]
) -> dict[str, Any]:
    """Write the files where wanted and make the response."""
    paths = []
    if request.output:
        stem = safe_stem(request.name)
        paths = write_results(
            result, image, request.output, stem, request.overwrite, files, request.decimal_comma
        )
    response = particles_response(
        table=result.table,
        summary=result.summary,
        provenance=result.provenance,
        messages=result.messages,
        rois=result.rois,
        labels=result.labels,
    )
    return response | {"files": [str(path) for path in paths]}


_SEGMENT_DEFAULTS = {f.name: f.default for f in dataclasses.fields(SegmentationParams)}

COMMANDS = {
    "segment": Command(_segment, ("image",), _SEGMENT_DEFAULTS),
    "split": Command(_split, ("image", "labels"), {"tolerance": 1.0}),
    "measure": Command(_measure, ("image", "labels|rois")),
    "labels_to_rois": Command(_labels_to_rois, ("labels",)),
    "rois_to_labels": Command(_rois_to_labels, ("rois", "shape|image")),
    "preview": PREVIEW,
}
"""The commands by name."""
