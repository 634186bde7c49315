"""``nanoseg-fiji install``, ``uninstall`` and ``status``: the commands in a Fiji of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nanoseg_fiji.install import Installation

__all__ = ["install", "status", "uninstall"]

_Fiji = Annotated[
    Path, typer.Argument(metavar="FIJI_FOLDER", help="The folder that holds Fiji's jars and plugins.")
]


def install(fiji: _Fiji) -> None:
    """Put the NanoSeg commands into a Fiji, which will start this Python for them."""
    from nanoseg_fiji import install as installer

    found = installer.install(fiji)
    typer.echo(f"installed in {found.fiji}: restart Fiji, then Plugins > NanoSeg")
    _tell(found)


def uninstall(fiji: _Fiji) -> None:
    """Remove the NanoSeg commands from a Fiji; nothing else in it is touched."""
    from nanoseg_fiji import install as installer

    count = installer.uninstall(fiji)
    typer.echo(f"removed {count} files from {fiji}" if count else f"nothing was installed in {fiji}")


def status(fiji: _Fiji) -> None:
    """Say whether the NanoSeg commands in a Fiji can work, and what to do where they cannot."""
    from nanoseg_fiji import install as installer

    _tell(installer.status(fiji))


def _tell(found: Installation) -> None:
    if found.python is not None:
        typer.echo(f"commands of version {found.version}\nPython   {found.python}")
    for problem in found.problems:
        typer.echo(f"problem  {problem}")
    if found.problems:
        raise typer.Exit(1)
    typer.echo("ready")
