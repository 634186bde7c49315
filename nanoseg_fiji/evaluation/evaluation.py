"""Put the scores of many images together: pooled, on average, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.evaluation.image_scores import ERRORS
from nanoseg_fiji.evaluation.scores import COUNTS, reliability, scores_of
from nanoseg_fiji.evaluation.sizes import size_bias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation.image_scores import ImageScores

__all__ = ["Evaluation", "evaluate"]

_RESAMPLES = 2000
_LEVEL = 0.95


@dataclass(frozen=True)
class Evaluation:
    """Scores of a set of images."""

    images: tuple[ImageScores, ...]
    """The images, in the order given."""
    per_image: dict[str, NDArray[np.float64]]
    """Every score of every image, shape (n_images,)."""
    pooled: dict[str, float]
    """Scores over all particles and pixels of the set."""
    mean: dict[str, float]
    """Mean of every score over images, those where it is NaN left out."""
    errors: dict[str, float]
    """Median over images of the absolute value of every error, images where it is NaN left out; and
    ``total_count_error``, the relative error of the number of particles of the whole set."""
    intervals: dict[str, dict[str, tuple[float, float]]]
    """95 % bootstrap intervals for ``pooled``, ``mean`` and ``errors``; images are drawn."""
    reliability: dict[str, list[float]] | None
    """Precision by score; see `nanoseg_fiji.evaluation.scores.reliability`. None without scores."""
    diameter: dict[str, float] | None
    """Choice of scale: number of images, median log2(found / true), median of its absolute value, and the
    shares of images within a factor of 1.25, 1.5 and 2. None where no diameter was estimated."""
    bias: dict[str, list[float]]
    """Signed errors of ECD and MinFeret by true size; see `nanoseg_fiji.evaluation.sizes.size_bias`."""
    false_particles: dict[str, float]
    """``all``: predicted particles without a match; ``empty_images``: images without particles, and
    ``on_empty_images``: those predicted there; ``marked_images``: images whose marks are known, and
    ``on_marks``: those of the particles without a match that lie on marks."""


def evaluate(images: Iterable[ImageScores], seed: int = 0) -> Evaluation:
    """Put the scores of images together.

    Parameters
    ----------
    images : iterable of ImageScores
        What `evaluate_image` gave, at least one.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Evaluation
        Pooled over all particles, mean over images, and intervals (percentile bootstrap over images, 2000
        draws).

    Raises
    ------
    InputError
        There are no images.
    """
    images = tuple(images)
    if not images:
        raise InputError("there are no images to evaluate")
    counts = np.stack([image.counts for image in images])
    errors = dict(zip(ERRORS, np.stack([image.errors for image in images], axis=1), strict=True))
    per_image = scores_of(counts)
    # how often each image is drawn; sums of counts over a draw are then one product
    draws = np.random.default_rng(seed).multinomial(
        len(images), np.full(len(images), 1 / len(images)), _RESAMPLES
    )
    once = np.ones((1, len(images)), np.int64)
    centre = {
        part: {name: float(value[0]) for name, value in values.items()}
        for part, values in _statistics(once, counts, per_image, errors).items()
    }
    spread = _statistics(draws, counts, per_image, errors)
    scored = [image for image in images if image.scores.size]
    return Evaluation(
        images,
        per_image,
        **centre,
        intervals={part: {n: _interval(v) for n, v in values.items()} for part, values in spread.items()},
        reliability=reliability(
            np.concatenate([image.scores for image in scored]),
            np.concatenate([image.matched for image in scored]),
        )
        if scored
        else None,
        diameter=_choice_of_scale(errors["diameter_error"]),
        bias=size_bias(np.concatenate([image.sizes for image in images])),
        false_particles=_false_particles(images),
    )


def _false_particles(images: tuple[ImageScores, ...]) -> dict[str, float]:
    empty = [i for i in images if i.counts[COUNTS.index("n_truth")] == 0]
    marked = [i for i in images if i.on_marks >= 0]
    return {
        "all": float(sum((~i.matched).sum() for i in images)),
        "empty_images": float(len(empty)),
        "on_empty_images": float(sum(i.matched.size for i in empty)),
        "marked_images": float(len(marked)),
        "on_marks": float(sum(i.on_marks for i in marked)),
    }


def _statistics(
    draws: NDArray[np.int64],
    counts: NDArray[np.float64],
    per_image: dict[str, NDArray[np.float64]],
    errors: dict[str, NDArray[np.float64]],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Give everything that describes a set, for every draw: ``draws[i, j]`` times image j is in draw i."""
    totals = draws @ counts
    pred, truth = (totals[:, COUNTS.index(name)] for name in ("n_pred", "n_truth"))
    middle = {name: _weighted_median(draws, np.abs(values)) for name, values in errors.items()}
    middle["total_count_error"] = np.where(truth > 0, pred / np.where(truth > 0, truth, 1) - 1, np.nan)
    return {
        "pooled": scores_of(totals),
        "mean": {name: _mean(draws, values) for name, values in per_image.items()},
        "errors": middle,
    }


def _mean(draws: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the images of each draw, those without a value left out."""
    known = np.isfinite(values)
    number = draws @ known
    return np.where(number > 0, draws @ np.where(known, values, 0) / np.maximum(number, 1), np.nan)


def _weighted_median(draws: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the images of each draw, those without a value left out."""
    order = np.argsort(values)[: int(np.isfinite(values).sum())]
    if order.size == 0:
        return np.full(len(draws), np.nan)
    reached = np.cumsum(draws[:, order], axis=1)
    number = reached[:, -1:]
    # the two middle ranks of an even number
    ranks = ((number + 1) // 2, number // 2 + 1)
    middle = [values[order][(reached >= rank).argmax(axis=1)] for rank in ranks]
    return np.where(number[:, 0] > 0, (middle[0] + middle[1]) / 2, np.nan)


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return float(low), float(high)


def _choice_of_scale(errors: NDArray[np.float64]) -> dict[str, float] | None:
    known = errors[np.isfinite(errors)]
    if known.size == 0:
        return None
    within = {f"within_{f:g}": float(np.mean(np.abs(known) <= np.log2(f))) for f in (1.25, 1.5, 2)}
    return {
        "images": float(known.size),
        "median_log2": float(np.median(known)),
        "median_abs_log2": float(np.median(np.abs(known))),
        **within,
    }
