"""``nanoseg-fiji macro`` and ``nanoseg-fiji gui``: ImageJ with the NanoSeg commands in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["gui", "macro"]

_Fiji = Annotated[
    str | None,
    typer.Option(
        "--fiji", help="Folder of a Fiji, or an endpoint such as sc.fiji:fiji, in place of ImageJ 1.54p."
    ),
]


def macro(
    file: Annotated[Path, typer.Argument(help="The macro (.ijm), in UTF-8.")],
    arg: Annotated[str, typer.Option("--arg", help="What getArgument() returns in the macro.")] = "",
    headless: Annotated[
        bool,
        typer.Option(
            "--headless/--display", help="Without windows, or in ImageJ's window (for the ROI Manager)."
        ),
    ] = True,
    fiji: _Fiji = None,
) -> None:
    """Run an ImageJ macro in which the NanoSeg commands are known; print what it returns."""
    from nanoseg_fiji.errors import InputError
    from nanoseg_fiji.imagej import start

    if not file.is_file():  # before ImageJ takes seconds to start
        raise InputError(f"no macro file {file}: check the path")
    value = start(fiji, headless=headless).run_macro(file, arg)
    if value:
        typer.echo(value)


def gui(
    files: Annotated[list[Path] | None, typer.Argument(help="Images to open.")] = None,
    fiji: _Fiji = None,
) -> None:
    """Open ImageJ with the NanoSeg commands under Plugins > NanoSeg; stays until its window is closed."""
    from threading import Thread

    from nanoseg_fiji.errors import InputError
    from nanoseg_fiji.imagej import start
    from nanoseg_fiji.service import warm_up

    for file in files or []:
        if not file.is_file():
            raise InputError(f"no image file {file}: check the path")
    ij = start(fiji, headless=False)
    Thread(target=warm_up, daemon=True).start()
    for file in files or []:
        ij.open(file)
    ij.wait_closed()
