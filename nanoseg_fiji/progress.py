"""How a running command says how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nanoseg_fiji.types import Progress

__all__ = ["duration", "share"]


def duration(seconds: float) -> str:
    """Write a time as a user reads it: seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def share(progress: Progress | None, start: float, stop: float, before: str = "") -> Progress | None:
    """Give a stage its share of the progress bar, and put what it belongs to before its messages."""
    if progress is None:
        return None
    return lambda done, text: progress(start + (stop - start) * done, before + text)
