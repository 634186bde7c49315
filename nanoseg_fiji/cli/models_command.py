"""``nanoseg-fiji models``."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["models"]


def models(
    name: Annotated[str, typer.Argument(help="Show this model's card (name or .safetensors file).")] = "",
) -> None:
    """List the models, or show the card of one."""
    from rich.console import Console
    from rich.table import Table

    from nanoseg_fiji.resources import find_model, list_models, models_dir

    if name:
        spec = find_model(name)
        page = spec.weights.with_suffix(".md")
        if page.is_file():
            typer.echo(page.read_text(encoding="utf-8").rstrip())
        else:
            import json

            typer.echo(json.dumps(dict(spec.card), indent=2, ensure_ascii=False))
        return
    specs = list_models()
    if not specs:
        typer.echo(f"no models in {models_dir()}: install nanoseg-fiji again")
        raise typer.Exit(1)
    table = Table("name", "what it is for", "licence", "sha256", box=None, pad_edge=False)
    for spec in specs:
        card = spec.card
        about = str(card.get("description", ""))
        table.add_row(spec.name, about, str(card.get("licence", "")), spec.sha256[:12])
    Console().print(table)
