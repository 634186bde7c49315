"""``nanoseg-fiji train`` and ``nanoseg-fiji finetune``."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanoseg_fiji.training.defaults import GROUPS, MINUTES, SEED, START, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.types import Progress

__all__ = ["finetune", "train"]

Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]


def train(
    config: Annotated[Path, typer.Argument(help="TOML file of the run.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for weights, card and checkpoint.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only list the data and all that is wrong with them.")
    ] = False,
    folds: Annotated[
        int, typer.Option(help="Cross-validate with this many folds, split by group; 0: one model.", min=0)
    ] = 0,
    device: Device = "auto",
    workers: Annotated[int, typer.Option(help="Processes that prepare crops.", min=0)] = 2,
) -> None:
    """Train a model or cross-validate one; an interrupted run in the same folder goes on."""
    from nanoseg_fiji.training.config import load_config

    settings = load_config(config)
    if check:
        _check(settings)
        return
    if output is None:
        raise typer.BadParameter("give a folder for the model", param_hint="--output")
    with _bar() as progress:
        if folds:
            from nanoseg_fiji.training.crossval import cross_validate

            table = cross_validate(settings, output, folds, device=device, workers=workers, progress=progress)
        else:
            from nanoseg_fiji.training.trainer import train as run

            weights = run(settings, output, device=device, workers=workers, progress=progress)
    if folds:
        typer.echo(table.text)
        typer.echo(f"wrote {table.csv} and {table.json}")
    else:
        typer.echo(f"wrote {weights}")


def _check(settings: TrainingConfig) -> None:
    """Print what would be trained on; fail where something is wrong with it."""
    from nanoseg_fiji.training.check import check_data

    with _bar() as progress:
        found = check_data(settings, progress)
    typer.echo("\n".join(found.lines()))
    if found.problems:
        raise typer.Exit(1)


def finetune(
    data: Annotated[
        Path, typer.Option(help="Folder with images/ and labels (see docs/training.md): one image or more.")
    ],
    model: Annotated[str, typer.Option(help="Model to start from: a name or a file.")] = START,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the model; by default it joins your own models."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the new model; made from model and folder.")] = "",
    labels: Annotated[
        str, typer.Option(help="Folder or file of the labels, from DATA; found if empty.")
    ] = "",
    groups: Annotated[
        str, typer.Option(help="Images that belong together: image, prefix, series, or a CSV file in DATA.")
    ] = GROUPS,
    steps: Annotated[int, typer.Option(help="Optimiser steps.", min=1)] = STEPS,
    minutes: Annotated[
        float, typer.Option(help="Time it may take, about; fewer steps if need be. 0: no limit.", min=0)
    ] = MINUTES,
    seed: Annotated[int, typer.Option(help="Seed of the crops and of what is kept aside.")] = SEED,
    device: Device = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model that is there.")] = False,
) -> None:
    """Fit a model to your own material, from one labelled image or more, in minutes on a CPU."""
    from nanoseg_fiji.training.finetune import finetune as run

    with _bar() as progress:
        tuned = run(
            data,
            model,
            output=output,
            name=name,
            labels=labels,
            groups=groups,
            steps=steps,
            minutes=minutes,
            seed=seed,
            device=device,
            overwrite=overwrite,
            progress=progress,
        )
    typer.echo(tuned.message)
    typer.echo(f"wrote {tuned.weights}")


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show how far the work is, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading data", total=1.0)
        yield lambda done, text: bar.update(task, completed=done, description=text)
