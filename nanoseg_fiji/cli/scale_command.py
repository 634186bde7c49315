"""``nanoseg-fiji scale``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["scale"]


def scale(
    files: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    source: Annotated[
        str, typer.Option(help="auto, metadata or bar; auto takes the metadata, else the scale bar.")
    ] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON an image.")] = False,
) -> None:
    """Find the pixel size of images: in their metadata, else from the scale bar. Changes nothing."""
    from json import dumps

    from nanoseg_fiji.calibration.find import describe_scale, find_scale
    from nanoseg_fiji.cli.errors import one_line
    from nanoseg_fiji.errors import NanosegError
    from nanoseg_fiji.image_files import find_images, read_image

    failed = False
    for path in find_images(files):
        try:
            found = find_scale(read_image(path), path, source)
        except NanosegError as error:
            failed = True
            typer.echo(f"error: {path}: {one_line(error)}", err=True)
            continue
        if json:
            values = {"image": str(path)} | describe_scale(found) | {"messages": found.messages}
            typer.echo(dumps(values, ensure_ascii=False))
        else:
            typer.echo(f"{path}: {found}")
        failed |= found.calibration is None
    if failed:
        raise typer.Exit(1)
