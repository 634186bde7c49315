"""An evaluation as files: JSON, a CSV with a row an image, and a page with the worst images."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.evaluation.image_scores import ERRORS
from nanoseg_fiji.evaluation.pictures import OUTCOMES
from nanoseg_fiji.evaluation.scores import COUNTS, SCORES
from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.outputs import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation.evaluation import Evaluation
    from nanoseg_fiji.evaluation.image_scores import ImageScores

__all__ = ["badness", "bias_rows", "headline", "image_rows", "score_rows", "write_report"]

FILES = ("evaluation.json", "evaluation.csv", "evaluation.html")
_WIDEST = 1000  # px of a picture in the page
_STYLE = """
body {font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222}
table {border-collapse: collapse; margin: 1em 0}
td, th {padding: 2px 10px; text-align: right; border-bottom: 1px solid #ddd}
td:first-child, th:first-child {text-align: left}
figure {margin: 2em 0}
img {max-width: 100%}
.key span {display: inline-block; width: 1em; height: 1em; margin: 0 .4em 0 1.2em; vertical-align: -2px}
"""


def badness(image: ImageScores) -> tuple[float, float]:
    """Sort key that puts the worst image first: AP50, then the number of particles that are wrong."""
    found, pred, truth = (image.counts[COUNTS.index(name)] for name in ("tp50", "n_pred", "n_truth"))
    wrong = pred + truth - 2 * found
    return (found / (found + wrong) if pred + truth else 1.0), -wrong


def headline(evaluation: Evaluation) -> str:
    """Say in a line what was judged, and how well the scale was chosen where it was."""
    pred, truth = (
        sum(int(image.counts[COUNTS.index(name)]) for image in evaluation.images)
        for name in ("n_pred", "n_truth")
    )
    text = f"{len(evaluation.images)} images, {truth} particles, {pred} predicted"
    scale = evaluation.diameter
    if scale is not None:
        within = ", ".join(f"{scale[f'within_{f}']:.0%} within a factor of {f}" for f in ("1.25", "1.5", "2"))
        text += f"; diameter found: {within}"
    false = evaluation.false_particles
    if false["empty_images"]:
        text += f"; {false['on_empty_images']:.0f} found on {false['empty_images']:.0f} images without any"
    if false["marked_images"]:
        text += f"; {false['on_marks']:.0f} of {false['all']:.0f} false ones lie on text or bars"
    return text


def bias_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Give the lines of a table: true ECD, particles, median error of ECD and MinFeret with quartiles."""
    bias = evaluation.bias
    return [
        (
            f"{bias['from'][i]:.0f} to {bias['to'][i]:.0f} px"
            if np.isfinite(bias["to"][i])
            else f"from {bias['from'][i]:.0f} px",
            f"{bias['count'][i]:.0f}",
            *(
                f"{bias[n][i]:+.1%} ({bias[f'{n}_low'][i]:+.1%} to {bias[f'{n}_high'][i]:+.1%})"
                for n in ("ecd", "min_feret")
            ),
        )
        for i in range(len(bias["from"]))
    ]


def score_rows(evaluation: Evaluation) -> list[tuple[str, str, str, str]]:
    """Give the lines of a table: score, pooled, its 95 % interval, mean over images."""
    rows = [
        (
            name,
            _number(evaluation.pooled[name]),
            _range(evaluation.intervals["pooled"][name]),
            _number(evaluation.mean[name]),
        )
        for name in SCORES
    ]
    titles = {
        "total_count_error": "count error, whole set",
        "count_error": "count error, median image",
        "mean_ecd_error": "error of mean ECD, median image",
        "median_ecd_error": "error of median ECD, median image",
        "diameter_error": "error of diameter found (|log2|)",
    }
    for name, title in titles.items():
        value = evaluation.errors[name]
        if np.isfinite(value):
            rows.append((title, _number(value), _range(evaluation.intervals["errors"][name]), ""))
    return rows


def image_rows(evaluation: Evaluation) -> tuple[list[str], list[list[Any]]]:
    """Give the header and a row for every image: counts, merges, splits, scores and errors."""
    header = ["image", *COUNTS, "merges", "splits", "on_marks", "true_diameter", *SCORES, *ERRORS]
    rows = [
        [
            image.name,
            *image.counts,
            image.merges,
            image.splits,
            image.on_marks,
            image.true_diameter,
            *(evaluation.per_image[name][i] for name in SCORES),
            *image.errors,
        ]
        for i, image in enumerate(evaluation.images)
    ]
    return header, rows


def write_report(
    evaluation: Evaluation,
    folder: Path,
    settings: Mapping[str, Any],
    pictures: Sequence[tuple[ImageScores, NDArray[np.uint8]]],
) -> list[Path]:
    """Write ``evaluation.json``, ``evaluation.csv`` and ``evaluation.html``, whole or not at all.

    Parameters
    ----------
    evaluation : Evaluation
        What to write.
    folder : Path
        Where the files go; made where it is missing, and files that are there are replaced.
    settings : mapping
        What was evaluated and how: model and hash or folder, list, options.
    pictures : sequence of (ImageScores, ndarray of uint8 (row, col, 3))
        Pictures for the page, the worst image first.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    content = {
        "settings": settings,
        "images": len(evaluation.images),
        "pooled": evaluation.pooled,
        "mean": evaluation.mean,
        "errors": evaluation.errors,
        "intervals": evaluation.intervals,
        "reliability": evaluation.reliability,
        "diameter": evaluation.diameter,
        "bias": evaluation.bias,
        "false_particles": evaluation.false_particles,
    }
    header, rows = image_rows(evaluation)
    with scratch_beside(folder) as scratch:
        text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
        (scratch / FILES[0]).write_text(text + "\n", encoding="utf-8")
        with (scratch / FILES[1]).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows([f"{v:.9g}" if isinstance(v, float) else v for v in row] for row in rows)
        (scratch / FILES[2]).write_text(_page(evaluation, settings, pictures), encoding="utf-8")
        for name in FILES:
            os.replace(scratch / name, folder / name)
    return [folder / name for name in FILES]


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "-"


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}" if np.isfinite(interval[0]) else ""


def _page(
    evaluation: Evaluation,
    settings: Mapping[str, Any],
    pictures: Sequence[tuple[ImageScores, NDArray[np.uint8]]],
) -> str:
    said = ", ".join(f"{name} {value}" for name, value in settings.items() if value not in (None, "", False))
    ordered = sorted(evaluation.images, key=badness)
    key = "".join(
        f'<span style="background:rgb{color}"></span>{html.escape(name)}' for name, color in OUTCOMES.items()
    )
    parts = [
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Evaluation</title>",
        f"<style>{_STYLE}</style><h1>Evaluation</h1><p>{html.escape(said)}</p>",
        f"<p>{html.escape(headline(evaluation))}</p>",
        _table(("score", "pooled", "95 % interval", "mean over images"), score_rows(evaluation)),
    ]
    if evaluation.reliability is not None:
        bins = evaluation.reliability
        lines = [
            (
                f"{low:.1f} to {low + 1 / len(bins['from']):.1f}",
                f"{count:.0f}",
                _number(score),
                _number(right),
            )
            for low, count, score, right in zip(
                bins["from"], bins["count"], bins["score"], bins["precision"], strict=True
            )
        ]
        parts += ["<h2>Reliability of Score</h2>", _table(("Score", "particles", "mean", "precision"), lines)]
    sizes = ("true ECD", "matched", "error of ECD (quartiles)", "error of MinFeret (quartiles)")
    parts += ["<h2>Bias of size</h2>", _table(sizes, bias_rows(evaluation))]
    if pictures:
        parts.append(f'<h2>Worst images</h2><p class="key">Outlines as predicted:{key}</p>')
        parts += [
            f"<figure>{_picture(drawn)}<figcaption>{_caption(i)}</figcaption></figure>"
            for i, drawn in pictures
        ]
    header = ("image", "AP50", "particles", "found", "matched", "merges", "splits")
    parts += [
        "<h2>All images, the worst first</h2>",
        _table(header, [_image_line(image) for image in ordered]),
    ]
    return "\n".join(parts) + "\n"


def _image_line(image: ImageScores) -> tuple[str, ...]:
    matched, pred, truth = (image.counts[COUNTS.index(name)] for name in ("tp50", "n_pred", "n_truth"))
    counts = (truth, pred, matched, image.merges, image.splits)
    return (image.name, _number(badness(image)[0]), *(f"{value:.0f}" for value in counts))


def _caption(image: ImageScores) -> str:
    name, ap, truth, pred, matched, merges, splits = _image_line(image)
    return html.escape(
        f"{name}: AP50 {ap}; {truth} particles, {pred} found, {matched} matched, {merges} merges, "
        f"{splits} splits"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["".join(f"<th>{html.escape(cell)}</th>" for cell in header)]
    lines += ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _picture(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((_WIDEST, _WIDEST))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
