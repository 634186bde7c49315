"""``nanoseg-fiji train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["train"]


def train(
    config: Annotated[Path, typer.Argument(help="TOML file of the run.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for weights, card and checkpoint.")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that prepare crops.", min=0)] = 2,
) -> None:
    """Train a model, or go on with an interrupted run in the same folder."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from nanoseg_fiji.training.config import load_config
    from nanoseg_fiji.training.trainer import train as run

    settings = load_config(config)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("reading data", total=1.0)
        weights = run(
            settings,
            output,
            device=device,
            workers=workers,
            progress=lambda done, text: bar.update(task, completed=done, description=text),
        )
    typer.echo(f"wrote {weights}")
