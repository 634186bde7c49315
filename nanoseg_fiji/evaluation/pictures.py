"""Pictures of what went right and wrong in a micrograph."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.evaluation.image_scores import merged_and_split
from nanoseg_fiji.evaluation.matching import find_overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation.matching import Overlaps

__all__ = ["OUTCOMES", "draw_outcomes", "outcomes"]

OUTCOMES = {
    "match": (0, 200, 140),
    "missed": (230, 70, 20),
    "false positive": (245, 225, 50),
    "merge": (225, 110, 200),
    "split": (80, 180, 255),
}
"""What becomes of a particle, and its colour (RGB, apart for the colour-blind too)."""
_PALETTE = np.array(list(OUTCOMES.values()), np.float32)
_SMALL_SIDE = 500  # smaller pictures are enlarged by a whole factor
_FILL = 0.4


def outcomes(overlaps: Overlaps) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Say what became of every particle.

    A match is one at IoU 0.5. Of the others, a predicted particle that holds more than half of each of
    several true ones is a merge, as are these; a true one that holds more than half of each of several
    predicted ones is split, as are these; the rest is missed or a false positive.

    Returns
    -------
    pred, truth : ndarray of int64, (n_pred,) and (n_truth,)
        Index in `OUTCOMES`.
    """
    match, missed, false, merge, split = range(5)
    merges, splits = merged_and_split(overlaps)
    pred = np.where(merges, merge, false)
    truth = np.where(splits, split, missed)
    fragment = 2 * overlaps.shared > overlaps.pred_areas[overlaps.pred]
    parts = overlaps.pred[fragment & splits[overlaps.truth]]
    pred[parts[pred[parts] == false]] = split
    swallowed = 2 * overlaps.shared > overlaps.truth_areas[overlaps.truth]
    truth[overlaps.truth[swallowed & merges[overlaps.pred]]] = merge
    matching = overlaps.match()
    pred[matching.pred] = match
    truth[matching.truth] = match
    return pred, truth


def draw_outcomes(
    gray: NDArray[np.float32] | None, pred: NDArray[np.int32], truth: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Draw predicted outlines on the micrograph, in the colour of what became of each particle.

    Particles without a match are filled as well, true ones that were missed included.

    Parameters
    ----------
    gray : ndarray of float32, (row, col), or None
        Micrograph; without it the ground is black.
    pred, truth : ndarray of int32, (row, col)
        Label images.

    Returns
    -------
    ndarray of uint8, (row, col, 3)
        RGB picture; small ones are enlarged by a whole factor.
    """
    overlaps = find_overlaps(pred, truth)
    of_pred, of_truth = outcomes(overlaps)
    zoom = max(1, math.ceil(_SMALL_SIDE / max(pred.shape)))
    ground = np.zeros(pred.shape, np.float32) if gray is None else _stretch(gray)
    picture = np.repeat(ground.repeat(zoom, 0).repeat(zoom, 1)[..., None], 3, axis=2)
    layers = []
    for labels, known, outcome in (
        (truth, overlaps.truth_labels, of_truth),
        (pred, overlaps.pred_labels, of_pred),
    ):
        # rank 0 is the background
        rank = np.searchsorted(known, labels, side="right").repeat(zoom, 0).repeat(zoom, 1)
        result = np.concatenate([[-1], outcome])[rank]
        wrong = result > 0
        picture[wrong] += _FILL * (_PALETTE[result[wrong]] - picture[wrong])
        layers.append((result, _outline(rank)))
    for (result, line), lowest in zip(layers, (1, 0), strict=True):  # of true particles, those in error
        shown = line & (result >= lowest)
        picture[shown] = _PALETTE[result[shown]]
    return picture.round().astype(np.uint8)


def _outline(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Pixels of a particle that have another label beside them."""
    padded = np.pad(labels, 1, mode="edge")
    sides = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    differs: NDArray[np.bool_] = np.any([side != labels for side in sides], axis=0)
    return differs & (labels > 0)


def _stretch(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey values to 0 to 200, so that colours stand out."""
    known = np.nan_to_num(gray, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = np.percentile(known, (0.2, 99.8))
    stretched: NDArray[np.float32] = np.clip((known - low) / max(high - low, 1e-9), 0, 1) * np.float32(200)
    return stretched.astype(np.float32)
