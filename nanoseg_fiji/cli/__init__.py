"""The command line: ``nanoseg-fiji COMMAND``. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from nanoseg_fiji.cli.doctor_command import doctor
from nanoseg_fiji.cli.errors import one_line
from nanoseg_fiji.cli.evaluate_commands import evaluate
from nanoseg_fiji.cli.imagej_commands import gui, macro
from nanoseg_fiji.cli.install_commands import install, status, uninstall
from nanoseg_fiji.cli.models_command import models
from nanoseg_fiji.cli.scale_command import scale
from nanoseg_fiji.cli.segment_command import segment
from nanoseg_fiji.cli.sizes_command import sizes
from nanoseg_fiji.cli.synth_command import synth
from nanoseg_fiji.cli.train_commands import finetune, train
from nanoseg_fiji.errors import CancelledError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Segment nanoparticles in electron micrographs: every particle a ROI and a calibrated row.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    segment,
    gui,
    macro,
    install,
    uninstall,
    status,
    doctor,
    evaluate,
    train,
    finetune,
    synth,
    scale,
    sizes,
):
    app.command()(command)
app.add_typer(models, name="models")

_INTERRUPTED = 130


def _show_version(wanted: bool) -> None:
    if wanted:
        from nanoseg_fiji import __version__

        typer.echo(f"nanoseg-fiji {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options of all commands; ``--debug`` is taken by `main`, wherever it stands."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process by default.

    Returns
    -------
    int
        Exit status: 0 where all went well, 1 for an error, 2 for wrong usage, 130 when interrupted.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in words
    command = typer.main.get_command(app)
    log, handler = logging.getLogger("nanoseg_fiji"), logging.StreamHandler()
    if debug:
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
    try:
        status = command.main([w for w in words if w != "--debug"], "nanoseg-fiji", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort, CancelledError):
        status = _INTERRUPTED
    except Exception as error:
        if debug:
            raise
        status = _report(error)
    finally:
        log.removeHandler(handler)
    if status == _INTERRUPTED:
        typer.echo("interrupted", err=True)
    return status if isinstance(status, int) else 0


def _report(error: Exception) -> int:
    """Print one line about an error and give the exit status."""
    if hasattr(error, "format_message"):  # wrong usage; typer has exceptions of its own or click's
        text = " ".join(str(error.format_message()).split())
        if text:
            typer.echo(f"error: {text} (nanoseg-fiji --help)", err=True)
        return int(getattr(error, "exit_code", 2))
    typer.echo(f"error: {one_line(error)}", err=True)
    return 1
