"""Command that fits a model to the user's own material and adds it to the list of models."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.resources import DEFAULT
from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import plain_values
from nanoseg_fiji.training.defaults import LEARNING_RATE, MINUTES, STEPS

if TYPE_CHECKING:
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS"]

_SHOWN = ("F1", "AP50", "AP75", "PQ")


def _finetune(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.library import add_model, free_name, set_default_model
    from nanoseg_fiji.training.finetune import finetune

    params = request.params
    if not params["data"]:
        raise InputError("no training folder: name the one that NanoSeg Add to Training Set... filled")
    if not params["name"]:
        raise InputError("no name for the new model: give one, such as my-particles")
    name = free_name(params["name"])
    with tempfile.TemporaryDirectory(prefix="nanoseg-") as scratch:
        tuned = finetune(
            params["data"],
            params["model"],
            output=scratch,
            name=name,
            steps=params["steps"],
            minutes=params["minutes"],
            learning_rate=params["learning_rate"],
            device=params["device"],
            progress=progress,
            cancel=cancel,
        )
        added = tuned.step > 0
        if added:
            add_model(Path(tuned.weights), name)
    if added and params["usual"]:
        set_default_model(name)
    summary: dict[str, Any] = {
        "model": name if added else "",
        "start": params["model"],
        "kept_step": tuned.step,
    }
    for what, scores in (("before", tuned.before), ("after", tuned.after)):
        summary |= {f"{score}_{what}": scores[score] for score in _SHOWN if score in scores}
    ending = f"the model {name} is in the list" if added else "no model was added"
    return {
        "count": int(added),
        "summary": plain_values(summary),
        "summary_text": ", ".join(f"{name} {value}" for name, value in summary.items()),
        "messages": [f"{tuned.message}; {ending}"],
        "provenance": {},
    }


COMMANDS = {
    "finetune": Command(
        _finetune,
        ("params",),
        {
            "data": "",
            "model": DEFAULT,
            "name": "",
            "steps": STEPS,
            "minutes": MINUTES,
            "learning_rate": LEARNING_RATE,
            "usual": False,
            "device": "auto",
        },
    ),
}
"""The commands by name."""
