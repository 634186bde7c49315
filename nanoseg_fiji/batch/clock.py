"""Where a run is and how long it will take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nanoseg_fiji.progress import duration

if TYPE_CHECKING:
    from nanoseg_fiji.batch.inputs import Item
    from nanoseg_fiji.types import Progress

__all__ = ["Clock"]


class Clock:
    """Tells a run's progress, as in "12 of 340, 3 min left".

    Parameters
    ----------
    total : int
        Number of images.
    earlier : int
        Number of those that were done before the run.
    progress : callable, optional
        Told the fraction done and the text.
    """

    def __init__(self, total: int, earlier: int, progress: Progress | None) -> None:
        self.total = total
        self.begun = earlier
        self.earlier = earlier
        self.progress = progress
        self.current: Item | None = None
        self.started = time.monotonic()

    def tell(self, item: Item, fraction: float, message: str) -> None:
        """Pass on the progress of an image."""
        if item is not self.current:
            self.begun += self.current is not None
            self.current = item
        if self.progress is not None:
            done = self.begun + fraction
            now = done - self.earlier
            left = (time.monotonic() - self.started) * (self.total - done) / now if now >= 1 else None
            rest = "" if left is None else f", {duration(left)} left"
            self.progress(
                done / self.total, f"{self.begun + 1} of {self.total}{rest}: {item.name}, {message}"
            )
