"""The command of the service that finds the scale of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nanoseg_fiji.service.request import Command, Request

if TYPE_CHECKING:
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS"]


def _find_scale(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.calibration.find import describe_scale, find_scale, length_given

    params = request.params
    given = length_given(params["length"], params["unit"]) if params["length"] or params["unit"] else None
    if progress is not None:
        progress(0.0, f"looking for the scale of {request.name}")
    # a length that is given is one of the bar
    source = "bar" if given is not None and params["source"] == "auto" else params["source"]
    found = find_scale(request.image(), params["path"] or None, source)
    if given is not None:
        found = found.with_length(given)
    return {"count": 1, "scale": describe_scale(found), "messages": list(found.messages)}


COMMANDS = {
    "find_scale": Command(_find_scale, ("image",), {"source": "auto", "path": "", "length": 0.0, "unit": ""})
}
"""The command by name."""
