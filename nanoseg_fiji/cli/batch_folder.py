"""``nanoseg-fiji segment --recursive``: a whole folder."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from nanoseg_fiji.types import SegmentationParams

__all__ = ["run_folder"]


def run_folder(source: Path, output: Path, params: SegmentationParams, pattern: str, overwrite: bool) -> int:
    """Segment a folder and tell of every image and of the whole; count the images that failed.

    Raises
    ------
    CancelledError
        Ctrl-C or SIGTERM: what is done is kept, and said.
    """
    from nanoseg_fiji.batch import segment_folder
    from nanoseg_fiji.cli.bar import progress_bar
    from nanoseg_fiji.errors import CancelledError

    try:
        with _stoppable() as stopped, progress_bar() as bar:
            result = segment_folder(
                source,
                output,
                params,
                pattern=pattern,
                overwrite=overwrite,
                progress=bar,
                report=_tell,
                cancel=stopped,
            )
    except CancelledError as error:
        typer.echo(str(error), err=True)
        raise
    if result.earlier:
        typer.echo(f"{result.earlier} images were done by an earlier run")
    for line in (result.text, *result.messages, "wrote:", *(f"  {path}" for path in result.files)):
        typer.echo(line)
    if result.failed:
        typer.echo(f"error: {result.failures}", err=True)
    return len(result.failed)


def _tell(entry: Mapping[str, Any]) -> None:
    """Print a line about an image."""
    if "error" in entry:
        name, text = entry["image"], entry["error"]
        typer.echo(f"error: {text if name in text else f'{name}: {text}'}", err=True)
        return
    count = entry["count"]
    notes = "".join(f"; {text}" for text in entry["messages"])
    plural = "" if count == 1 else "s"
    typer.echo(f"{entry['image']}: {count} particle{plural} in {entry['seconds']:.1f} s{notes}")


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM end the work at the next tile; a second one ends it at once."""
    stop = threading.Event()

    def handle(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop.is_set
        return
    usual = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop.is_set
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
