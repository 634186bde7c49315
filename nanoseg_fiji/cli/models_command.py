"""``nanoseg-fiji models``: the list, and what is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["models"]

models = typer.Typer(
    help="List the models; show, import, export, remove one, or choose the default.",
    invoke_without_command=True,
)


@models.callback()
def list_(context: typer.Context) -> None:
    """List the models; show, import, export, remove one, or choose the default."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.table import Table

    from nanoseg_fiji.library import is_own
    from nanoseg_fiji.resources import default_model, list_models, models_dir

    specs = list_models()
    if not specs:
        typer.echo(f"no models in {models_dir()}: install nanoseg-fiji again")
        raise typer.Exit(1)
    default = default_model()
    table = Table("name", "what it is for", "licence", "sha256", box=None, pad_edge=False)
    for spec in specs:
        notes = [note for note, true in (("yours", is_own(spec)), ("default", spec.name == default)) if true]
        about = str(spec.card.get("description", "")) + (f" ({', '.join(notes)})" if notes else "")
        table.add_row(spec.name, about, str(spec.card.get("licence", "")), spec.sha256[:12])
    Console().print(table)


@models.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a model, or path of a .safetensors file.")],
) -> None:
    """Show a model's card."""
    from nanoseg_fiji.resources import find_model

    spec = find_model(name)
    page = spec.weights.with_suffix(".md")
    if page.is_file():
        typer.echo(page.read_text(encoding="utf-8").rstrip())
    else:
        import json

        typer.echo(json.dumps(dict(spec.card), indent=2, ensure_ascii=False))


@models.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(help="A .safetensors file with its card beside it, or a bioimage.io package (.zip)."),
    ],
    name: Annotated[str, typer.Option(help="Name that it gets; that of its card by default.")] = "",
) -> None:
    """Add a model to your models."""
    from nanoseg_fiji.library import import_model

    spec = import_model(source, name)
    typer.echo(f"{spec.name}: {spec.weights}")


@models.command()
def export(
    name: Annotated[str, typer.Argument(help="Name of a model.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The package to write, a .zip file.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write a model as a package of bioimage.io, with ONNX weights, that other programs run."""
    from nanoseg_fiji.exchange.writer import write_package
    from nanoseg_fiji.resources import find_model

    typer.echo(write_package(find_model(name), output, overwrite=overwrite))


@models.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of one of your models.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete one of your models."""
    from nanoseg_fiji.library import own_model, remove_model

    spec = own_model(name)
    if not yes:
        typer.confirm(f"delete {spec.weights}?", abort=True)
    remove_model(spec.name)
    typer.echo(f"{spec.name} is removed")


@models.command()
def default(
    name: Annotated[str, typer.Argument(help="Name of a model; omitted, the default is told.")] = "",
) -> None:
    """Choose the model that is used where none is named, or tell which it is."""
    from nanoseg_fiji.library import set_default_model
    from nanoseg_fiji.resources import default_model

    typer.echo(set_default_model(name).name if name else default_model())
