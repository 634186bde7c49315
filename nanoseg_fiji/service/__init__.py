"""What Java asks of Python: a plain dict in, a plain dict out, in one process or across two.

See ``docs/development.md`` for the request and the response.
"""

from __future__ import annotations

import logging
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import CancelledError, NanosegError
from nanoseg_fiji.service import (
    batch,
    calibration,
    commands,
    corrections,
    evaluation,
    finetuning,
    library,
    sizes,
)
from nanoseg_fiji.service.request import Request
from nanoseg_fiji.service.response import empty_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS", "run", "warm_up"]

COMMANDS = {
    **commands.COMMANDS,
    **library.COMMANDS,
    **corrections.COMMANDS,
    **evaluation.COMMANDS,
    **finetuning.COMMANDS,
    **calibration.COMMANDS,
    **sizes.COMMANDS,
    **batch.COMMANDS,
}
"""The commands by name."""

_log = logging.getLogger(__name__)


def run(
    request: Mapping[str, Any], progress: Progress | None = None, cancel: Cancelled | None = None
) -> dict[str, Any]:
    """Do what a request asks for.

    Parameters
    ----------
    request : mapping
        ``command`` and what it needs; str, numbers, bool, lists, dicts and numpy arrays.
    progress : callable, optional
        Told the fraction done (0 to 1) and what is going on.
    cancel : callable, optional
        Asked between tiles; true stops, and the response's status is ``cancelled``.

    Returns
    -------
    dict
        The response, of the same kinds of values. No exception leaves this function: ``status`` becomes
        ``error``, and ``error`` one line that says what is wrong and what to do.
    """
    started = time.perf_counter()
    response = empty_response()
    try:
        response |= Request.parse(request, COMMANDS).run(progress, cancel)
    except CancelledError as error:
        response |= {"status": "cancelled", "error": str(error)}
    except NanosegError as error:
        response |= {"status": "error", "error": " ".join(str(error).split())}
    except Exception as error:
        # torch says it with a RuntimeError
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            text = "not enough memory: use fewer slices, a smaller image or a smaller tile"
        else:
            _log.exception("service.run failed")
            text = f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; please report it"
        response |= {"status": "error", "error": text}
    response["seconds"] = time.perf_counter() - started
    return response


def warm_up() -> None:
    """Import what the first command needs and load the usual model, so that it need not wait for them."""
    from nanoseg_fiji.pipeline import prepare
    from nanoseg_fiji.resources import DEFAULT
    from nanoseg_fiji.types import SegmentationParams

    for module in ("particles.measure", "particles.rois", "particles.summary", "segmentation.segment"):
        import_module(f"nanoseg_fiji.{module}")
    try:
        prepare(SegmentationParams(model=DEFAULT))
    except NanosegError:
        _log.debug("not warmed up", exc_info=True)  # the first command says what is wrong
