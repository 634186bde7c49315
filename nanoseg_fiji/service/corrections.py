"""Commands for particles corrected by hand: divide, merge, draw; and into a training folder with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.outputs import safe_stem
from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import particles_response

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS"]

_ACTIONS = ("split", "merge", "draw")


def _correct(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.describe import describe
    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels

    action = request.params["action"]
    if action not in _ACTIONS:
        raise InputError(f"unknown action {action!r}: known are {', '.join(_ACTIONS)}")
    gray = to_gray(request.image()).reshape(1, *request.shape()[-2:])
    rois = decode_rois(request.rois()) if "rois" in request.parts else []
    # names need not be unique
    numbered = [replace(roi, name=str(i)) for i, roi in enumerate(rois)]
    found = rois_to_labels(numbered, gray.shape[-2:])
    index = {id_: int(name) for id_, name in zip(found.ids, found.names, strict=True)}
    selected = {int(i) for i in request.params["selected"] or ()}
    new, gone = _apply(request, action, found.labels, [id_ for id_, i in index.items() if i in selected])
    # labels that no ROI of the slice has, so that rows and ROIs stay apart
    taken = max((roi.label for roi in rois), default=0)
    new = np.where(new > 0, new + max(taken, int(found.labels.max(initial=0))), 0).astype(np.int32)
    described = describe(
        new[None],
        gray,
        request.calibration,
        name=request.name,
        start=request.start,
        properties={"origin": action},
        **request.places(1),
    )
    response = particles_response(
        table=described.table,
        summary=described.summary,
        provenance=request.provenance(),
        messages=(),
        rois=described.rois,
    )
    return response | {"removed": sorted(index[id_] for id_ in gone)}


def _apply(
    request: Request, action: str, labels: NDArray[np.int32], selected: list[int]
) -> tuple[NDArray[np.int32], list[int]]:
    """Make the new particles, numbered from 1, and list the labels of those that they replace."""
    from nanoseg_fiji.particles.corrections import draw, merge, split_by_line, under_line

    x, y = request.params["x"], request.params["y"]
    selection = request.selection_of(labels.shape)
    if action == "split":
        if x is None or y is None:
            raise InputError("no line to split along: draw a line across the particle")
        # a particle selected earlier must not keep the line from the one that it is drawn across
        for ids in (selected, None):
            pieces, divided = split_by_line(labels, x, y, ids)
            if divided:
                return pieces, divided
        raise InputError("the line divides no particle: draw it right across, from ground to ground")
    if action == "merge":
        if len(selected) > 1:
            return merge(labels, selected)
        if x is not None and y is not None:
            return merge(labels, under_line(labels, x, y).tolist())
        return merge(labels, [] if selection is None else np.unique(labels[selection]).tolist())
    new = np.zeros_like(labels)
    for number, label in enumerate(selected, 1):
        new[labels == label] = number
    # a selection that was added to the ROI Manager as well is not drawn twice
    if selection is not None and (not selected or (selection & (labels == 0)).any()):
        new += draw(labels, selection) * (len(selected) + 1)
    if not new.any():
        raise InputError("nothing was drawn: outline a particle with an area selection")
    return new, selected


def _training_pairs(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels
    from nanoseg_fiji.training.collect import add_pairs

    if not request.output:
        raise InputError("no training folder: name one with folder=")
    image = request.image()
    pixels = (to_gray(image) if "rgb" in image.dims else image.to_numpy()).reshape(-1, *request.shape()[-2:])
    places = request.places(len(pixels))
    found = rois_to_labels(decode_rois(request.rois()), pixels.shape, positions=places["positions"])
    window, messages = _window(request.selection_of(pixels.shape[1:])), list(found.messages)
    name, pairs, empty = request.params["name"] or request.name, [], []
    for i, (part, labels) in enumerate(zip(pixels, found.labels, strict=True)):
        number = i + 1 if places["slices"] is None else places["slices"][i]
        if not labels[window].any():
            empty.append(str(number))
            continue
        stem = f"{safe_stem(name)}-{number:04d}" if len(pixels) > 1 else name
        pairs.append((stem, part[window], labels[window]))
    if not pairs:
        raise InputError(f"no ROI lies on the part of {request.name} that is to be added: add ROIs first")
    if empty:
        messages.append(f"slice {', '.join(empty)} has no ROIs and was left out")
    files = add_pairs(Path(request.output), pairs, request.calibration, overwrite=request.overwrite)
    return {
        "count": sum(len(np.unique(labels[labels > 0])) for _, _, labels in pairs),
        "files": [str(path) for path in files],
        "messages": messages,
        "provenance": request.provenance(),
    }


def _window(selection: NDArray[np.bool_] | None) -> tuple[slice, slice]:
    """Bounding box of the selection."""
    if selection is None:
        return np.s_[:, :]
    rows, cols = (np.flatnonzero(selection.any(axis=axis)) for axis in (1, 0))
    return np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]


COMMANDS = {
    "correct": Command(_correct, ("image",), {"action": "", "x": None, "y": None, "selected": None}),
    "training_pairs": Command(_training_pairs, ("image", "rois"), {"name": ""}),
}
"""The commands by name."""
