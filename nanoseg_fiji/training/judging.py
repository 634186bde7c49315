"""Judge a model on labelled images, segmented the way that users go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nanoseg_fiji.evaluation import Evaluation, evaluate, evaluate_image
from nanoseg_fiji.pipeline import segment_with
from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Cancelled

__all__ = ["HEADLINE", "Sample", "headline", "judge"]

HEADLINE = ("AP50", "AP75", "AP90", "F1", "PQ")
"""Scores that cards and tables show."""


@dataclass(frozen=True)
class Sample:
    """A labelled image to judge a model by."""

    name: str
    """What it is called."""
    image: xr.DataArray
    """Micrograph, as `nanoseg_fiji.read_image` gives it."""
    truth: NDArray[np.int32]
    """Label image, (row, col)."""


def judge(
    weights: Path, samples: Iterable[Sample], *, device: str = "auto", cancel: Cancelled | None = None
) -> Evaluation:
    """Segment images with the default parameters, the scale found by the model, and score the particles.

    Parameters
    ----------
    weights : Path
        Weights with their card beside them.
    samples : iterable of Sample
        The images, at least one.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    cancel : callable, optional
        Asked between tiles.

    Returns
    -------
    Evaluation
        Scores, pooled and on average.
    """
    params = SegmentationParams(model=str(weights), device=device)
    scores = []
    for sample in samples:
        result = segment_with(params, sample.image, cancel=cancel)
        table = result.table.sort_values("Particle")
        found = result.diameter / result.calibration.pixel_size
        scored = table["Score"].to_numpy()
        scores.append(evaluate_image(sample.name, result.labels, sample.truth, scored, found))
    return evaluate(scores)


def headline(evaluation: Evaluation) -> dict[str, float]:
    """Pooled scores of `HEADLINE`, to four decimals."""
    return {name: round(evaluation.pooled[name], 4) for name in HEADLINE}
