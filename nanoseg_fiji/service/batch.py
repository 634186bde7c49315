"""The service's command for a whole folder."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import plain_table
from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS"]


def _batch(request: Request, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
    from nanoseg_fiji.batch import segment_folder
    from nanoseg_fiji.errors import InputError

    params = dict(request.params)
    recursive, pattern = params.pop("recursive"), params.pop("pattern")
    source = str(request.parts["input"]).strip()
    for name, folder in (("input", source), ("output", request.output)):
        if not folder:
            raise InputError(f"no {name} folder: name one with {name}=")
    result = segment_folder(
        source,
        request.output,
        SegmentationParams(**params),
        recursive=recursive,
        pattern=pattern,
        overwrite=request.overwrite,
        progress=progress,
        cancel=cancel,
    )
    earlier = f"{result.earlier} images were done by an earlier run"
    return {
        "count": result.count,
        "table": plain_table(result.images),
        "summary": {"images": len(result.images), "failed": len(result.failed), "earlier": result.earlier},
        "summary_text": result.text,
        "failures": result.failures,
        "messages": [*([earlier] if result.earlier else []), *result.messages],
        "files": [str(path) for path in result.files],
    }


_DEFAULTS = {f.name: f.default for f in dataclasses.fields(SegmentationParams)}

COMMANDS = {"batch": Command(_batch, ("input", "output"), {**_DEFAULTS, "recursive": True, "pattern": ""})}
"""The commands by name."""
