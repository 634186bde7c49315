"""``nanoseg-fiji evaluate``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray
    from rich.progress import Progress

    from nanoseg_fiji.evaluation import Evaluation, ImageScores
    from nanoseg_fiji.evaluation.pairs import FilePair

__all__ = ["evaluate"]

_SHOWN = 12  # images in the report


@dataclass(frozen=True)
class _Sample:
    """What is judged in one image."""

    pred: NDArray[np.int32]
    gray: NDArray[np.float32] | None = None
    scores: NDArray[np.float64] | None = None
    diameter: float = float("nan")


if TYPE_CHECKING:
    Predict = Callable[[FilePair, NDArray[np.int32]], _Sample]
    """From a pair of files and the true labels."""
    Picture = tuple[ImageScores, NDArray[np.uint8]]
    """Scores of an image, and what they say drawn on it."""


def evaluate(
    predicted: Annotated[
        Path, typer.Argument(help="Predicted label images; with --model or --baseline, the micrographs.")
    ],
    truth: Annotated[Path, typer.Argument(help="True label images, of the same names.")],
    model: Annotated[str, typer.Option(help="Segment the micrographs with this model (name or file).")] = "",
    baseline: Annotated[
        str, typer.Option(help="'imagej': Otsu threshold, watershed and Analyze Particles of ImageJ itself.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the report: JSON, CSV and HTML.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a report that is there.")] = False,
    listing: Annotated[
        Path | None,
        typer.Option("--list", help="Text file with the names of the images to take, one a line."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Micrographs to draw predicted label images on, in the report.")
    ] = None,
    diameter: Annotated[
        float, typer.Option(help="With --model: typical particle diameter, in pixels; 0 finds it.")
    ] = 0.0,
    true_scale: Annotated[
        bool,
        typer.Option("--true-scale", help="With --model: tell it the true typical diameter of each image."),
    ] = False,
    tolerance: Annotated[
        float, typer.Option(help="With --model: depth of a neck that splits.")
    ] = SegmentationParams.tolerance,
    device: Annotated[str, typer.Option(help="With --model: auto, cpu, cuda, cuda:N or mps.")] = "auto",
    marks: Annotated[
        Path | None,
        typer.Option(help="Masks of letters and bars: false particles there are counted by themselves."),
    ] = None,
) -> None:
    """Judge predicted label images, a model or ImageJ's classical pipeline against true label images."""
    from nanoseg_fiji.evaluation.pairs import find_partners, pair_files

    _check_options(model, baseline, images, diameter, true_scale)
    if output:
        _check_output(output, overwrite)
    settings: dict[str, Any] = {
        "predicted": str(predicted),
        "truth": str(truth),
        "list": listing and str(listing),
    }
    pairs = pair_files(predicted, truth, listing, labels=not (model or baseline))
    if model:
        options = {"diameter": diameter, "tolerance": tolerance, "device": device}
        predict = _with_model(model, true_scale, options, settings)
    elif baseline:
        predict = _with_imagej()
        settings["baseline"] = baseline
    else:
        predict = _from_files(pairs, images)
    marked = find_partners(marks, [pair.name for pair in pairs]) if marks else {}
    evaluation, worst = _judge(pairs, predict, marked, drawn=_SHOWN if output else 0)
    _show(evaluation)
    if output:
        _write(evaluation, output, settings, worst)


def _check_options(model: str, baseline: str, images: Path | None, diameter: float, true_scale: bool) -> None:
    """Refuse options that contradict each other."""
    from nanoseg_fiji.errors import InputError

    if model and baseline:
        raise InputError("give --model or --baseline, not both")
    if not model and (true_scale or diameter):
        raise InputError("--true-scale and --diameter are for --model")
    if true_scale and diameter:
        raise InputError("give --true-scale or --diameter, not both")
    if baseline and baseline != "imagej":
        raise InputError(f"unknown baseline {baseline!r}: there is imagej")
    if images and (model or baseline):
        raise InputError("--images is for predicted label images; else the micrographs come first")


def _check_output(folder: Path, overwrite: bool) -> None:
    """Tell before the work that a report is there, or that none can be written."""
    from nanoseg_fiji.errors import InputError
    from nanoseg_fiji.evaluation.report import FILES
    from nanoseg_fiji.files import scratch_beside

    there = [folder / name for name in FILES if (folder / name).exists()]
    if there and not overwrite:
        raise InputError(
            f"{there[0]} is there already and was kept: add --overwrite or choose another folder"
        )
    with scratch_beside(folder):
        pass


def _with_model(name: str, true_scale: bool, options: dict[str, Any], settings: dict[str, Any]) -> Predict:
    """Predict with a network, the whole way that users go."""
    from dataclasses import replace

    from nanoseg_fiji.evaluation.sizes import true_diameter
    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.image_files import read_image
    from nanoseg_fiji.pipeline import prepare, segment_with

    params = SegmentationParams(model=name, pixel=True, **options)
    spec = prepare(params).spec
    settings.update(model=spec.name, sha256=spec.sha256, true_scale=true_scale, **options)

    def predict(pair: FilePair, truth: NDArray[np.int32]) -> _Sample:
        image = read_image(pair.first)
        given = true_diameter(truth) if true_scale else params.diameter
        result = segment_with(replace(params, diameter=given), image)
        table = result.table.sort_values("Particle")
        found = float("nan") if given else result.diameter / result.calibration.pixel_size
        return _Sample(result.labels, to_gray(image), table["Score"].to_numpy(), found)

    return predict


def _with_imagej() -> Predict:
    """Predict with ImageJ's classical pipeline, which is told whether particles are bright."""
    import numpy as np

    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.image_files import read_image
    from nanoseg_fiji.imagej import start
    from nanoseg_fiji.imagej.baseline import otsu_watershed

    start()

    def predict(pair: FilePair, truth: NDArray[np.int32]) -> _Sample:
        gray = np.nan_to_num(to_gray(read_image(pair.first)), posinf=0.0, neginf=0.0)
        _same_shape(pair, gray, truth)
        inside = truth > 0
        bright = not inside.any() or inside.all() or gray[inside].mean() > gray[~inside].mean()
        return _Sample(otsu_watershed(gray, bright=bool(bright)), gray)

    return predict


def _from_files(pairs: list[FilePair], images: Path | None) -> Predict:
    """Take predicted label images from files."""
    from nanoseg_fiji.evaluation.pairs import find_partners, read_labels
    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.image_files import read_image

    drawn_on = find_partners(images, [pair.name for pair in pairs]) if images else {}

    def predict(pair: FilePair, truth: NDArray[np.int32]) -> _Sample:
        pred = read_labels(pair.first, pair.truth)
        gray = to_gray(read_image(drawn_on[pair.name])) if images else None
        if gray is not None:
            _same_shape(pair, gray, truth)
        return _Sample(pred, gray)

    return predict


def _same_shape(pair: FilePair, gray: NDArray[np.float32], truth: NDArray[np.int32]) -> None:
    from nanoseg_fiji.errors import InputError

    if gray.shape != truth.shape:
        raise InputError(f"{pair.name}: the micrograph is {gray.shape}, its true labels {truth.shape}")


def _judge(
    pairs: list[FilePair], predict: Predict, marked: dict[str, Path], drawn: int
) -> tuple[Evaluation, list[Picture]]:
    """Judge every pair; draw the worst."""
    import heapq

    from nanoseg_fiji.errors import InputError
    from nanoseg_fiji.evaluation import evaluate as put_together
    from nanoseg_fiji.evaluation import evaluate_image
    from nanoseg_fiji.evaluation.pairs import read_labels
    from nanoseg_fiji.evaluation.pictures import draw_outcomes
    from nanoseg_fiji.evaluation.report import badness
    from nanoseg_fiji.image_arrays import to_gray
    from nanoseg_fiji.image_files import read_image

    judged: list[ImageScores] = []

    def one_by_one(bar: Progress) -> Iterator[tuple[ImageScores, _Sample, NDArray[np.int32]]]:
        for pair in bar.track(pairs, description=f"{len(pairs)} images"):
            truth = read_labels(pair.truth, pair.first)
            sample = predict(pair, truth)
            marks = to_gray(read_image(marked[pair.name])) > 0 if marked else None
            try:
                scores = evaluate_image(pair.name, sample.pred, truth, sample.scores, sample.diameter, marks)
            except InputError as error:
                raise InputError(f"{pair.name}: {error}") from error
            judged.append(scores)
            yield scores, sample, truth

    # only as many label images as are drawn stay in memory
    with _bar() as bar:
        worst = heapq.nsmallest(max(drawn, 1), one_by_one(bar), key=lambda item: badness(item[0]))
    pictures = [
        (scores, draw_outcomes(sample.gray, sample.pred, truth)) for scores, sample, truth in worst[:drawn]
    ]
    return put_together(judged), pictures


def _bar() -> Progress:
    """Make a bar that shows how far the work is, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console() if sys.stdout.isatty() else Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _show(evaluation: Evaluation) -> None:
    """Print the scores."""
    from rich.console import Console
    from rich.table import Table

    from nanoseg_fiji.evaluation.report import bias_rows, headline, score_rows

    typer.echo(headline(evaluation))
    sizes = ("true ECD", "matched", "error of ECD (quartiles)", "error of MinFeret (quartiles)")
    for titles, rows in (
        (("", "pooled", "95 % interval", "mean over images"), score_rows(evaluation)),
        (sizes, bias_rows(evaluation)),
    ):
        table = Table(titles[0], box=None, pad_edge=False)
        for title in titles[1:]:
            table.add_column(title, justify="right")
        for row in rows:
            table.add_row(*row)
        Console().print(table)


def _write(evaluation: Evaluation, folder: Path, settings: dict[str, Any], worst: list[Picture]) -> None:
    """Write the report and say which files it has."""
    from nanoseg_fiji.evaluation.report import write_report

    paths = write_report(evaluation, folder, settings, worst)
    typer.echo(f"wrote {', '.join(path.name for path in paths)} in {folder}")
