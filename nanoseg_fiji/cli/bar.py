"""A progress bar on the terminal, wherever that is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["progress_bar"]


@contextmanager
def progress_bar() -> Iterator[Callable[[float, str], None]]:
    """Give a function that shows a fraction and a text; what is printed meanwhile goes above the bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console() if sys.stdout.isatty() else Console(stderr=True)
    with Progress(
        *(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda fraction, text: bar.update(
            task, completed=fraction, description=text.replace("[", r"\[")
        )
