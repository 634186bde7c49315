"""``nanoseg-fiji doctor``."""

from __future__ import annotations

import typer

__all__ = ["doctor"]

_NEEDED = ("Java", "torch", "model")
"""Without these nothing works; what else is missing limits what can be done."""


def doctor() -> None:
    """Say what was found (torch, device, models, Java, ImageJ, display) and what to do about the rest."""
    from nanoseg_fiji.doctor import examine, report

    findings = examine()
    typer.echo(report(findings))
    broken = [f.name for f in findings if not f.ok and f.name.startswith(_NEEDED)]
    if broken:
        typer.echo(
            f"error: not usable without {', '.join(dict.fromkeys(broken))}: see 'to do' above", err=True
        )
        raise typer.Exit(1)
