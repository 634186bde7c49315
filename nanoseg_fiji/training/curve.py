"""The learning curve: a CSV file, a figure, and TensorBoard's events where TensorBoard is installed."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import OutputError
from nanoseg_fiji.files import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Curve"]

_PARTS = ("foreground", "flow", "size")
_HEADER = ["step", *_PARTS, "validation"]


class Curve:
    """Learning curve of a run, in ``curve.csv``, ``curve.png`` and ``tensorboard/``.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    step : int
        Step that the run goes on from: what was written after it, before a kill, is dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.csv, self.figure = folder / "curve.csv", folder / "curve.png"
        self.rows = [row for row in _read(self.csv) if row[0] <= step]
        with replacing(self.csv) as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_HEADER)
            writer.writerows(_cells(row) for row in self.rows)
        self.events = _event_writer(folder / "tensorboard", step)

    def add(self, step: int, losses: Sequence[float], validation: float) -> None:
        """Add a row: mean losses of the maps since the last one, and the validation loss (or NaN).

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        row = [float(step), *losses, validation]
        self.rows.append(row)
        try:
            with self.csv.open("a", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(_cells(row))
        except OSError as error:
            raise OutputError(f"cannot write {self.csv} ({error.strerror}): make room") from error
        if self.events is not None:
            for name, value in zip(_HEADER[1:], row[1:], strict=True):
                if math.isfinite(value):
                    self.events.add_scalar(f"loss/{name}", value, step)

    def close(self) -> None:
        """Draw the figure and end the event file."""
        if self.events is not None:
            self.events.close()
        if self.rows:
            self._draw()

    def _draw(self) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        steps = [row[0] for row in self.rows]
        axes.plot(steps, [sum(row[1:-1]) for row in self.rows], label="training")
        judged = [(row[0], row[-1]) for row in self.rows if math.isfinite(row[-1])]
        if judged:
            axes.plot(*zip(*judged, strict=True), "o-", label="validation, averaged weights")
            lowest = min(judged, key=lambda point: point[1])
            axes.annotate("lowest", lowest, (0, 12), textcoords="offset points", ha="center")
        axes.set(xlabel="step", ylabel="loss", yscale="log")
        axes.legend()
        with replacing(self.figure) as part:
            figure.savefig(part, dpi=150)


def _cells(row: Sequence[float]) -> list[str]:
    return [str(int(row[0])), *(f"{value:.5f}" for value in row[1:])]


def _read(path: Path) -> list[list[float]]:
    """Rows of an older curve; a last row that a kill cut short is left out."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            cells = list(csv.reader(file))[1:]
    except OSError:
        return []
    rows = []
    for row in cells:
        try:
            values = [float(cell) for cell in row]
        except ValueError:
            continue
        if len(values) == len(_HEADER):
            rows.append(values)
    return rows


def _event_writer(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # TensorBoard is optional
        return None
    return SummaryWriter(folder, purge_step=step + 1 if step else None)
