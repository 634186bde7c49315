"""Command that judges one set of particles against another: ROIs, label images or files of either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import CancelledError, InputError
from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import as_bytes, plain_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation import Evaluation
    from nanoseg_fiji.types import Cancelled, Progress

    Slices = NDArray[np.int32]
    """Label images, (n, row, col)."""

__all__ = ["COMMANDS"]

_SHOWN = 12  # slices in the report
_OPAQUE = 0xFF


def _evaluate(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.evaluation import evaluate, evaluate_image
    from nanoseg_fiji.image_arrays import to_gray

    if request.output:
        _check_output(request)
    rows, cols = request.shape()[-2:]
    gray = to_gray(request.image()).reshape(-1, rows, cols)
    messages: list[str] = []
    pred, truth = (_side(request, prefix, gray, messages) for prefix in ("", "truth_"))
    numbers = request.places(len(gray))["slices"] or range(1, len(gray) + 1)
    names = [f"{request.name}:{i}" if len(gray) > 1 else request.name for i in numbers]
    judged = []
    for i, name in enumerate(names):
        if cancel is not None and cancel():
            raise CancelledError("cancelled: nothing was kept")
        if progress is not None:
            progress(i / len(names), f"judging {name}")
        judged.append(evaluate_image(name, pred[i], truth[i]))
    evaluation = evaluate(judged)
    summary = {
        "image": request.name,
        "predicted": request.params["predicted"],
        "truth": request.params["truth"],
    }
    summary |= _numbers(evaluation)
    rois, found = _outcomes(pred, truth, request.places(len(gray)))
    summary |= found
    files = _report(request, evaluation, gray, pred, truth) if request.output else []
    return {
        "count": int(summary["matched"]),
        "summary": plain_values(summary),
        "summary_text": ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in summary.items()
        ),
        "rois": as_bytes(rois),
        "messages": messages,
        "provenance": request.provenance(),
        "files": files,
    }


def _side(request: Request, prefix: str, gray: NDArray[np.float32], messages: list[str]) -> Slices:
    """Label images of the predicted (no prefix) or the true particles."""
    from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels

    parts, positions = request.parts, request.places(len(gray))["positions"]
    path = Path(str(parts.get(f"{prefix}path", "")))
    labels: Any = parts.get(f"{prefix}labels")
    if labels is not None:
        labels = np.asarray(labels)
    elif len(gray) == 1 and f"{prefix}path" in parts:
        from nanoseg_fiji.annotations import read_annotation

        found = read_annotation(path, gray.shape[1:], name=request.name, gray=gray[0])
        messages += [note for note in found.notes if note not in messages]
        labels = found.labels
    elif f"{prefix}path" in parts and path.suffix not in (".zip", ".roi"):
        from nanoseg_fiji.image_files import read_image

        labels = read_image(path).to_numpy()
    else:
        given = f"{prefix}path" in parts
        source = path if given else np.asarray(parts[f"{prefix}rois"]).astype(np.uint8).tobytes()
        rois = rois_to_labels(decode_rois(source), gray.shape, positions=positions)
        messages += [note for note in rois.messages if note not in messages]
        labels = rois.labels
    what = "true" if prefix else "predicted"
    if labels.shape[-2:] != gray.shape[1:] or labels.size != gray.size:
        raise InputError(
            f"the {what} labels are {labels.shape}, the image {gray.shape}: give labels of its size"
        )
    if labels.dtype.kind not in "bui" and not (
        np.isfinite(labels).all() and (labels == np.rint(labels)).all()
    ):
        raise InputError(f"the {what} labels are not whole numbers: is this a label image?")
    if labels.size and (labels.min() < 0 or labels.max() >= 2**31):
        raise InputError(f"the {what} labels run from {labels.min()} to {labels.max()}: they start at 0")
    checked: Slices = labels.reshape(gray.shape).astype(np.int32)
    return checked


def _numbers(evaluation: Evaluation) -> dict[str, Any]:
    """Scores over all slices, errors of the image (of the median slice)."""
    from nanoseg_fiji.evaluation.image_scores import ERRORS
    from nanoseg_fiji.evaluation.scores import COUNTS

    counts = np.sum([image.counts for image in evaluation.images], axis=0)
    predicted, true, matched = (int(counts[COUNTS.index(name)]) for name in ("n_pred", "n_truth", "tp50"))
    numbers: dict[str, Any] = {"n_predicted": predicted, "n_true": true, "matched": matched}
    numbers |= evaluation.pooled
    signed = np.array([image.errors for image in evaluation.images])
    for name, values in zip(ERRORS, signed.T, strict=True):
        known = values[np.isfinite(values)]
        if name != "diameter_error":
            numbers[name] = float(np.median(known)) if known.size else float("nan")
    return numbers


def _outcomes(pred: Slices, truth: Slices, places: dict[str, Any]) -> tuple[bytes, dict[str, int]]:
    """ROIs in the colours of what became of the particles, and how many there are of each.

    All predicted particles, and of the true ones those without a match.
    """
    import io
    import zipfile

    from nanoseg_fiji.evaluation.matching import find_overlaps
    from nanoseg_fiji.evaluation.pictures import OUTCOMES, outcomes
    from nanoseg_fiji.particles.rois import encode_rois

    kinds = list(OUTCOMES)
    number = dict.fromkeys(("missed", "false positive", "merge", "split"), 0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i, (one, other) in enumerate(zip(pred, truth, strict=True)):
            overlaps = find_overlaps(one, other)
            own = {name: values and values[i : i + 1] for name, values in places.items()}
            of_pred, of_truth = outcomes(overlaps)
            for side, labels, known, outcome in (
                ("predicted", one, overlaps.pred_labels, of_pred),
                ("true", other, overlaps.truth_labels, of_truth),
            ):
                for k, kind in enumerate(kinds):
                    ids = known[outcome == k]
                    # a merge is one predicted particle, a split one true one
                    if kind in number and (side == "true") == (kind in ("missed", "split")):
                        number[kind] += len(ids)
                    if not len(ids) or (side == "true" and kind == "match"):
                        continue
                    red, green, blue = OUTCOMES[kind]
                    rois = encode_rois(
                        np.where(np.isin(labels, ids), labels, 0),
                        **own,
                        properties={"outcome": kind, "side": side},
                        colours=[_OPAQUE << 24 | red << 16 | green << 8 | blue] * len(ids),
                    )
                    for id_, data in zip(ids.tolist(), rois.data, strict=True):
                        archive.writestr(f"{i + 1:04d} {side} {id_} {kind}.roi", data)
    names = {"missed": "missed", "false positive": "false_positives", "merge": "merges", "split": "splits"}
    return buffer.getvalue(), {names[kind]: count for kind, count in number.items()}


def _check_output(request: Request) -> None:
    from nanoseg_fiji.evaluation.report import FILES

    there = [path for name in FILES if (path := Path(request.output) / name).exists()]
    if there and not request.overwrite:
        raise InputError(f"{there[0]} is there already and was kept: give overwrite=true or another folder")


def _report(
    request: Request, evaluation: Evaluation, gray: NDArray[np.float32], pred: Slices, truth: Slices
) -> list[str]:
    """Write the report with pictures of the worst slices."""
    from nanoseg_fiji.evaluation.pictures import draw_outcomes
    from nanoseg_fiji.evaluation.report import badness, write_report

    worst = sorted(range(len(gray)), key=lambda i: badness(evaluation.images[i]))[:_SHOWN]
    pictures = [(evaluation.images[i], draw_outcomes(gray[i], pred[i], truth[i])) for i in worst]
    paths = write_report(evaluation, Path(request.output), request.provenance(), pictures)
    return [str(path) for path in paths]


COMMANDS = {
    "evaluate": Command(
        _evaluate,
        ("image", "labels|rois|path", "truth_labels|truth_rois|truth_path"),
        {"predicted": "", "truth": ""},
    ),
}
"""The commands by name."""
