"""Compare ways to use one model: how the scale is chosen, test-time augmentation, marker rules, merging.

python benchmarks/inference.py em-particles IMAGES LABELS --list benchmarks/validation-emps.txt

Prints a row a variant; the first is what ships. "Cost" is the number of pixels that the network reads, as a
multiple of what it reads in the first row (the search of the scale left out).
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage
from scipy.special import expit, logit
from skimage.segmentation import watershed

from nanoseg_fiji.evaluation import evaluate, evaluate_image
from nanoseg_fiji.evaluation.pairs import pair_files, read_labels
from nanoseg_fiji.evaluation.sizes import true_diameter
from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.network import load_model
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.segmentation.info_bar import info_bar_height
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.segmentation.resize import labels_to_shape, resize, resize_shape
from nanoseg_fiji.segmentation.scale import MAX_ZOOM, estimate_diameter
from nanoseg_fiji.segmentation.segment import labels_from_maps, landscape
from nanoseg_fiji.segmentation.split import split_mask
from nanoseg_fiji.segmentation.tiles import Predictor
from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation import ImageScores

    Maps = NDArray[np.float32]
    Labels = NDArray[np.int32]

_TOLERANCE, _SCORE = SegmentationParams.tolerance, SegmentationParams.min_score


def inside_border(maps: Maps) -> Labels:
    """Markers: the components of the foreground without the predicted border (three classes)."""
    mask = maps[0] > 0
    markers, _ = ndimage.label(mask & (maps[1] < 0))
    labels = watershed(-landscape(maps), markers, mask=mask, connectivity=2)
    return np.asarray(labels, np.int32)


def merged(maps: Maps, tolerance: float, limit: float) -> Labels:
    """Split at a tolerance, then join neighbours with little predicted border along their common outline."""
    labels = labels_from_maps(maps, True, tolerance)
    border = expit(maps[1])
    firsts, seconds, values = [], [], []
    for a, b in ((np.s_[:-1, :], np.s_[1:, :]), (np.s_[:, :-1], np.s_[:, 1:])):
        meet = (labels[a] != labels[b]) & (labels[a] > 0) & (labels[b] > 0)
        firsts.append(np.minimum(labels[a], labels[b])[meet])
        seconds.append(np.maximum(labels[a], labels[b])[meet])
        values.append(((border[a] + border[b]) / 2)[meet])
    pairs, index = np.unique(
        np.stack([np.concatenate(firsts), np.concatenate(seconds)]), axis=1, return_inverse=True
    )
    index = index.ravel()
    mean = np.bincount(index, np.concatenate(values)) / np.maximum(np.bincount(index), 1)
    root = np.arange(labels.max() + 1)
    for a, b in pairs.T[mean < limit]:
        root[root == root[b]] = root[a]
    return root[labels].astype(np.int32)


class Decoder(NamedTuple):
    """From maps to particles, as shipped but for what is given."""

    split: Callable[[Maps], Labels] = partial(labels_from_maps, split=True, tolerance=_TOLERANCE)
    """Maps to labels at the model's scale."""
    foreground: float = 0.5
    """Least probability of the foreground."""
    score: float = _SCORE
    """Least score of a particle."""


DECODERS = {
    "as shipped": Decoder(),
    **{
        f"tolerance {h:g} px": Decoder(partial(labels_from_maps, split=True, tolerance=h))
        for h in (0.75, 1.5, 6.0)
    },
    "not split": Decoder(partial(labels_from_maps, split=False, tolerance=0)),
    "markers: foreground less border": Decoder(inside_border),
    "markers: distance map of the mask": Decoder(lambda maps: split_mask(maps[0] > 0)),
    **{
        f"tolerance {h:g} px, joined where border < {limit:g}": Decoder(
            partial(merged, tolerance=h, limit=limit)
        )
        for h, limit in ((_TOLERANCE, 0.1), (_TOLERANCE, 0.3), (1.5, 0.3))
    },
    **{f"foreground over {p:g}": Decoder(foreground=p) for p in (0.4, 0.6)},
    **{f"least score {s:g}": Decoder(score=s) for s in (0.0, 0.5, 0.85)},
}


class Way:
    """From a micrograph to maps, in one of several ways, with what is needed twice kept."""

    def __init__(self, predictor: Predictor, diameter: float, gray: NDArray[np.float32], truth: Labels):
        self.predictor, self.known, self.truth = predictor, diameter, truth
        self.gray = gray
        self.image = normalise(gray)
        self.found = estimate_diameter(self.image, predictor, None, diameter)
        self.maps = self.at(self.found)

    def at(self, diameter: float, turn: int = 0, mirror: bool = False) -> Maps:
        """Predict at the scale of a diameter, of the image turned by quarters and mirrored."""
        scale = min(self.known / diameter, MAX_ZOOM) if diameter > 0 else 1.0
        small = np.rot90(resize(self.image, resize_shape(self.gray.shape, scale)), turn)
        maps = self.predictor(np.ascontiguousarray(small[:, ::-1] if mirror else small))
        maps = maps[..., ::-1] if mirror else maps
        return np.ascontiguousarray(np.rot90(maps, -turn, axes=(1, 2)))

    def turned(self, number: int) -> Maps:
        """Average over a number of the eight symmetries of the square."""
        ways = [(0, True), (2, False), (2, True), (1, False), (1, True), (3, False), (3, True)]
        maps = [self.maps, *(self.at(self.found, *way) for way in ways[: number - 1])]
        out: Maps = np.mean(maps, axis=0, dtype=np.float32)
        return out

    def scales(self, factors: tuple[float, ...]) -> Maps:
        """Average over scales; distances and sizes are those of the middle one."""
        total = self.maps.copy()
        for factor in factors:
            other = self.at(self.found / factor)
            other[2] /= np.sqrt(factor)
            other[3] -= np.log2(factor)
            total += np.stack([resize(one, self.maps.shape[1:]) for one in other])
        return total / np.float32(len(factors) + 1)

    def two_passes(self) -> Maps:
        """Take the scale from the particles of a first pass."""
        labels = labels_from_maps(self.maps, True, _TOLERANCE)
        if not labels.any():
            return self.maps
        scale = min(self.known / self.found, MAX_ZOOM)
        return self.at(true_diameter(labels) / scale)

    def finish(self, maps: Maps, decoder: Decoder) -> tuple[Labels, NDArray[np.float64]]:
        """Labels at full size and their scores."""
        maps = maps.copy()
        maps[0] -= logit(decoder.foreground)
        logits = resize(maps[0], self.gray.shape)
        labels = labels_to_shape(decoder.split(maps), logits > 0, self.gray.shape, landscape(maps))
        counts = np.bincount(labels.ravel(), minlength=1)
        scores = np.bincount(labels.ravel(), expit(logits).ravel(), minlength=1) / np.maximum(counts, 1)
        kept = (counts > 0) & (scores >= decoder.score)
        kept[0] = False
        return np.where(kept, np.cumsum(kept), 0).astype(np.int32)[labels], scores[kept]


WAYS: dict[str, tuple[Callable[[Way], Maps], str]] = {
    "true scale told": (lambda way: way.at(true_diameter(way.truth)), "1"),
    "two passes": (Way.two_passes, "2"),
    "mean of 2 mirror images": (lambda way: way.turned(2), "2"),
    "mean of 4 symmetries": (lambda way: way.turned(4), "4"),
    "mean of 8 symmetries": (lambda way: way.turned(8), "8"),
    "mean of scales 0.75, 1 and 1.33": (lambda way: way.scales((0.75, 4 / 3)), "3.3"),
}


def main() -> None:
    """Judge every variant on every image, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--list", type=Path, required=True)
    given = parser.parse_args()
    model = load_model(find_model(given.model))
    predictor = Predictor(model.net, choose_device("auto"), 1024)
    scores: dict[tuple[str, str], list[ImageScores]] = {}
    for pair in pair_files(given.images, given.labels, given.list):
        gray, truth = to_gray(read_image(pair.first)), read_labels(pair.truth)
        if bar := info_bar_height(gray):
            gray = gray[:-bar]
        way = Way(predictor, model.diameter, gray, truth[: gray.shape[0]])
        todo = [(label, "1", decoder, way.maps) for label, decoder in DECODERS.items()]
        todo += [(label, cost, Decoder(), make(way)) for label, (make, cost) in WAYS.items()]
        for label, cost, decoder, maps in todo:
            labels, scored = way.finish(maps, decoder)
            labels = np.pad(labels, ((0, truth.shape[0] - labels.shape[0]), (0, 0)))
            scores.setdefault((label, cost), []).append(
                evaluate_image(pair.name, labels, truth, scored, way.found)
            )
        print(pair.name, flush=True)
    print("| variant | cost | AP50 | AP75 | AP90 | F1 | AP50 mean over images | error of mean ECD |")
    print("|---|---|---|---|---|---|---|---|")
    for (label, cost), found in scores.items():
        judged = evaluate(found)
        pooled = " | ".join(f"{judged.pooled[key]:.3f}" for key in ("AP50", "AP75", "AP90", "F1"))
        error = judged.errors["mean_ecd_error"]
        print(f"| {label} | {cost} | {pooled} | {judged.mean['AP50']:.3f} | {error:.1%} |", flush=True)


if __name__ == "__main__":
    main()
