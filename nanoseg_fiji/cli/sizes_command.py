"""``nanoseg-fiji sizes``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sizes"]


def sizes(
    tables: Annotated[
        list[Path],
        typer.Argument(help="Tables of particles (CSV), or folders of results; each is a group to compare."),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for tables, figure and provenance.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the files' names begin with.")] = "particles",
    size: Annotated[str, typer.Option(help="Diameter: ECD, MinFeret or Feret.")] = "ECD",
    basis: Annotated[
        str, typer.Option(help="number, area or volume; area and volume take particles for spheres.")
    ] = "number",
    compare: Annotated[
        str, typer.Option(help="What makes a group: auto, image, table, group (the column) or none.")
    ] = "auto",
    independent: Annotated[
        str, typer.Option(help="What is drawn for the intervals: image, slice or particle.")
    ] = "image",
    precision: Annotated[
        float, typer.Option(help="Relative error aimed at, in %; too few draw a warning.")
    ] = 5.0,
    unit: Annotated[str, typer.Option(help="Unit of the sizes where the tables do not say.")] = "",
    decimal_comma: Annotated[
        bool, typer.Option("--decimal-comma", help="Write CSV with decimal commas and semicolons.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:
    """Describe size distributions: D10, D50, D90, means, log-normal fit, intervals by image, comparison."""
    from nanoseg_fiji.errors import InputError
    from nanoseg_fiji.service import run

    params = {
        **{"paths": [str(path) for path in tables], "name": name, "size": size, "basis": basis},
        **{"compare": compare, "independent": independent, "precision": precision, "unit": unit},
        "decimal_comma": decimal_comma,
    }
    response = run(
        {
            "command": "size_distribution",
            "params": params,
            "output": str(output or ""),
            "overwrite": overwrite,
        }
    )
    if response["status"] != "ok":
        raise InputError(response["error"])
    typer.echo(response["summary_text"])
    for message in response["messages"]:
        typer.echo(f"note: {message}")
    for path in response["files"]:
        typer.echo(f"wrote {path}")
