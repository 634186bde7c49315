"""``nanoseg-fiji synth``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["synth"]


def synth(
    output: Annotated[Path, typer.Argument(help="Folder to make: images, labels, marks, synthesis.json.")],
    count: Annotated[int, typer.Option("-n", "--count", help="How many micrographs.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="The same seed gives the same micrographs again.", min=0)] = 1,
    modality: Annotated[
        list[str] | None, typer.Option(help="tem, stem, sem or afm; may be repeated. All by default.")
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(
            help="sphere, rod, cube, octahedron, polyhedron, prism, grain or ring; may be repeated."
        ),
    ] = None,
    placement: Annotated[
        list[str] | None,
        typer.Option(
            help="random, clusters, chains, monolayer, heap or supported (tem, stem); may be repeated."
        ),
    ] = None,
    size: Annotated[int, typer.Option(help="Rows and columns, pixels.", min=32)] = 512,
    min_diameter: Annotated[float, typer.Option(help="Smallest median diameter, pixels.")] = 12.0,
    max_diameter: Annotated[float, typer.Option(help="Largest median diameter, pixels.")] = 130.0,
    annotated: Annotated[
        bool, typer.Option("--annotated/--plain", help="With or without scale bars, letters, info strips.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a folder that an earlier call has written.")
    ] = False,
) -> None:
    """Simulate micrographs with exact labels, as training data."""
    from rich.progress import Progress

    from nanoseg_fiji.synthesis.dataset import write_dataset

    with Progress() as bar:
        task = bar.add_task("simulating", total=1.0)
        write_dataset(
            output,
            count,
            seed,
            overwrite=overwrite,
            progress=lambda done, _: bar.update(task, completed=done),
            size=(size, size),
            modalities=modality,
            shapes=shape,
            placements=placement,
            diameters=(min_diameter, max_diameter),
            annotated=annotated,
        )
    typer.echo(f"wrote {count} micrographs to {output}")
