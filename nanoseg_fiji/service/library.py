"""The commands of the service about models, documentation and what is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.service.request import Command, Request

if TYPE_CHECKING:
    from nanoseg_fiji.types import Cancelled, ModelSpec, Progress

__all__ = ["COMMANDS"]


def _models(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.resources import default_model, list_models

    models = [_described(spec) for spec in list_models()]
    return {"count": len(models), "models": models, "default": default_model()}


def _described(spec: ModelSpec) -> dict[str, Any]:
    """One model, for a list that a user reads."""
    from nanoseg_fiji.library import is_own
    from nanoseg_fiji.manual import as_html

    card = spec.card
    page, picture = spec.weights.with_suffix(".md"), spec.weights.with_suffix(".png")
    about = str(card.get("description", ""))
    text = page.read_text(encoding="utf-8") if page.is_file() else f"# {spec.name}\n\n{about}\n"
    scores = [
        f"{name} {pooled['AP50']:.3g}"
        for name, found in card.get("scores", {}).items()
        if "AP50" in (pooled := found.get("pooled", {}))
    ]
    return {
        "name": spec.name,
        "description": about,
        "sha256": spec.sha256,
        "own": is_own(spec),
        "weights": int(card.get("weights", 0)),
        "licence": str(card.get("licence", "")),
        "scores": f"AP50: {', '.join(scores)}" if scores else "",
        "file": str(spec.weights),
        "html": as_html(text),
        "picture": str(picture) if picture.is_file() else "",
    }


def _change_models(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.library import import_model, remove_model, set_default_model

    action, name, path = (str(request.params[key]).strip() for key in ("action", "name", "path"))
    if action not in ("import", "default", "remove"):
        raise InputError(f"unknown action {action!r}: known are import, default, remove")
    if action == "import":
        if not path:
            raise InputError(
                "import needs a path: that of a .safetensors file or a bioimage.io package (.zip)"
            )
        told = f"{import_model(path, name).name} is imported"
    elif not name:
        raise InputError(f"{action} needs the name of a model")
    elif action == "default":
        told = f"{set_default_model(name).name} is the default model"
    else:
        remove_model(name)
        told = f"{name} is removed"
    return _models(request, progress, cancel) | {"messages": [told]}


def _report(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.doctor import examine, report

    findings = examine()
    return {"count": sum(not finding.ok for finding in findings), "text": report(findings)}


def _manual(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji import __version__
    from nanoseg_fiji.imagej.jars import cache_dir
    from nanoseg_fiji.manual import write_manual

    page = write_manual(cache_dir().parent / f"manual-{__version__}")
    return {"count": 1, "address": page.as_uri()}


COMMANDS = {
    "models": Command(_models),
    "change_models": Command(_change_models, (), {"action": "", "name": "", "path": ""}),
    "report": Command(_report),
    "manual": Command(_manual),
}
"""The commands by name."""
