"""``nanoseg-fiji segment``."""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from nanoseg_fiji.types import SegmentationResult

__all__ = ["segment"]

_log = logging.getLogger(__name__)


def segment(
    files: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")],
    model: Annotated[str, typer.Option(help="Name of a model, or a .safetensors file.")] = "default",
    diameter: Annotated[
        float, typer.Option(help="Typical particle diameter, in the image's unit; 0 finds it.")
    ] = 0.0,
    pixel: Annotated[
        bool, typer.Option("--pixel/--no-pixel", help="Diameters are in pixels whatever the image's unit.")
    ] = False,
    split: Annotated[
        bool, typer.Option("--split/--no-split", help="Split touching particles, or keep aggregates whole.")
    ] = True,
    tolerance: Annotated[
        float,
        typer.Option(
            help="Distance up to which centres are one particle's, in pixels at the model's scale; more "
            "splits less."
        ),
    ] = SegmentationParams.tolerance,
    min_ecd: Annotated[
        float, typer.Option(help="Smallest equivalent circular diameter kept, in the image's unit.")
    ] = 0.0,
    max_ecd: Annotated[
        float, typer.Option(help="Largest equivalent circular diameter kept; 0 is no limit.")
    ] = 0.0,
    min_score: Annotated[
        float, typer.Option(help="Lowest score kept, 0 to 1.")
    ] = SegmentationParams.min_score,
    exclude_edges: Annotated[
        bool, typer.Option("--exclude-edges", help="Drop particles that touch the edge of the frame.")
    ] = False,
    crop_bottom: Annotated[
        int, typer.Option(help="Rows left out at the bottom; 0: what is plainly an info bar.")
    ] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there.")] = False,
    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive",
            help="Take one folder with all below it: tables and sizes of the whole set; stopped, it goes on.",
        ),
    ] = False,
    pattern: Annotated[
        str, typer.Option(help="With --recursive: names of the images taken, such as '*_SE.tif'.")
    ] = "",
    decimal_comma: Annotated[
        bool, typer.Option("--decimal-comma", help="Write the table with decimal commas and semicolons.")
    ] = False,
) -> None:
    """Segment images: ROI set, table, label image, overlay and provenance of each into a folder."""
    _check_options(files, recursive, pattern, decimal_comma)
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
    )
    if recursive:
        from nanoseg_fiji.cli.batch_folder import run_folder

        failed = run_folder(files[0], output, params, pattern, overwrite)
    else:
        failed = _segment_all(files, output, params, overwrite, decimal_comma)
    if failed:
        raise typer.Exit(1)


def _check_options(files: list[Path], recursive: bool, pattern: str, decimal_comma: bool) -> None:
    """Refuse options that contradict each other."""
    if pattern and not recursive:
        raise typer.BadParameter("--pattern needs --recursive")
    if recursive and len(files) != 1:
        raise typer.BadParameter("--recursive takes one folder")
    if recursive and decimal_comma:
        raise typer.BadParameter("--decimal-comma is not for --recursive")


def _segment_all(
    files: list[Path], output: Path, params: SegmentationParams, overwrite: bool, decimal_comma: bool
) -> int:
    """Segment every image and report on each; count those that failed."""
    from nanoseg_fiji.cli.bar import progress_bar
    from nanoseg_fiji.cli.errors import one_line
    from nanoseg_fiji.files import scratch_beside
    from nanoseg_fiji.image_files import find_images
    from nanoseg_fiji.outputs import unique_stems
    from nanoseg_fiji.pipeline import prepare

    images = find_images(files)
    with scratch_beside(output):  # a folder that cannot be written to is told before the work
        pass
    prepare(params)
    failed = 0
    with progress_bar() as bar:
        for done, (path, stem) in enumerate(zip(images, unique_stems(images), strict=True)):
            try:
                report = _reporter(bar, done, len(images))
                typer.echo(_segment_one(path, output, stem, params, overwrite, decimal_comma, report))
            except Exception as error:
                failed += 1
                _log.debug("traceback", exc_info=True)
                text = one_line(error)
                typer.echo(f"error: {text if str(path) in text else f'{path}: {text}'}", err=True)
    if failed and len(images) > 1:
        typer.echo(f"error: {failed} of {len(images)} images failed", err=True)
    return failed


def _reporter(bar: Callable[[float, str], None], done: int, total: int) -> Callable[[float, str], None]:
    def report(fraction: float, message: str) -> None:
        bar((done + fraction) / total, f"[{done + 1}/{total}] {message}" if total > 1 else message)

    return report


def _segment_one(
    path: Path,
    output: Path,
    stem: str,
    params: SegmentationParams,
    overwrite: bool,
    decimal_comma: bool,
    progress: Callable[[float, str], None],
) -> str:
    from nanoseg_fiji.image_files import read_image
    from nanoseg_fiji.outputs import output_paths, write_results
    from nanoseg_fiji.pipeline import segment_with

    started = time.perf_counter()
    output_paths(output, stem, overwrite)  # results that are kept are told before the work
    progress(0.0, f"reading {path.name}")
    image = read_image(path)
    result = segment_with(params, image, progress=progress)
    paths = write_results(result, image, output, stem, overwrite, decimal_comma=decimal_comma)
    return _describe(path, result, paths, time.perf_counter() - started)


def _describe(path: Path, result: SegmentationResult, paths: list[Path], seconds: float) -> str:
    """Say what was found: the counts, the sizes, the time, the device and where the files are."""
    from nanoseg_fiji.particles.summary import format_summary

    plural = "" if result.count == 1 else "s"
    device = result.provenance["device"]
    head, *sizes = format_summary(result.summary).splitlines()
    counts = head.removeprefix(f"{result.summary['image']}: ")
    lines = [f"{path}: {result.count} particle{plural} in {seconds:.1f} s on {device} ({counts})"]
    if math.isfinite(result.diameter) and not result.provenance["parameters"]["diameter"]:
        sizes.insert(0, f"typical diameter found: {result.diameter:.4g} {result.calibration.unit}")
    lines += [f"  {text}" for text in (*sizes, *result.messages)]
    lines += ["  wrote:", *(f"    {p}" for p in paths)]
    return "\n".join(lines)
