"""Compare ways to use one model: how the scale is chosen, one look or two, test-time augmentation, splitting.

python benchmarks/inference.py em-particles IMAGES LABELS --list benchmarks/validation-emps.txt

Prints a row a variant; the first is what ships, and every other changes one thing of it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, logit

from nanoseg_fiji.evaluation import evaluate, evaluate_image
from nanoseg_fiji.evaluation.pairs import pair_files, read_labels
from nanoseg_fiji.evaluation.sizes import true_diameter
from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.network import load_model
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.segmentation.flows import labels_along_flow
from nanoseg_fiji.segmentation.info_bar import info_bar_height
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.segmentation.resize import resize
from nanoseg_fiji.segmentation.scale import estimate_diameter, look_scales
from nanoseg_fiji.segmentation.segment import labels_from_maps, predict_maps
from nanoseg_fiji.segmentation.split import split_mask
from nanoseg_fiji.segmentation.tiles import Predictor
from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nanoseg_fiji.evaluation import ImageScores
    from nanoseg_fiji.network import Model

    Maps = NDArray[np.float32]
    Labels = NDArray[np.int32]

_TOLERANCE, _SCORE = SegmentationParams.tolerance, SegmentationParams.min_score


class Looks(NamedTuple):
    """What a network has seen of an image."""

    maps: Maps
    """At the finest scale looked at."""
    zoom: float
    """Of that scale over the model's."""


class Decoder(NamedTuple):
    """From maps to particles, as shipped but for what is given."""

    tolerance: float | None = _TOLERANCE
    """Distance of places of rest; none for aggregates."""
    watershed: bool = False
    """Whether the mask is split by its own distance map."""
    foreground: float = 0.5
    """Least probability of the foreground."""
    score: float = _SCORE
    """Least score of a particle."""

    def split(self, seen: Looks) -> Labels:
        """Labels at the scale of the maps."""
        if self.watershed:
            return split_mask(seen.maps[0] > 0, seen.zoom)
        return labels_from_maps(seen.maps, self.tolerance is not None, self.tolerance or 0.0, seen.zoom)


DECODERS = {
    "as shipped": Decoder(),
    **{f"tolerance {h:g} px": Decoder(tolerance=h) for h in (0.75, 1.5, 6.0, 12.0)},
    "not split": Decoder(tolerance=None),
    "watershed of the mask's distance map": Decoder(watershed=True),
    **{f"foreground over {p:g}": Decoder(foreground=p) for p in (0.4, 0.6)},
    **{f"least score {s:g}": Decoder(score=s) for s in (0.0, 0.75, 0.85)},
}


def _turned_back(maps: Maps, turn: int, mirror: bool) -> Maps:
    """Undo a mirror image and quarter turns; flows turn with the image."""
    if mirror:
        maps = maps[..., ::-1] * np.array([1, 1, -1, 1], np.float32)[:, None, None]
    for _ in range(turn):
        maps = np.rot90(maps, -1, axes=(1, 2))
        maps = np.stack([maps[0], maps[2], -maps[1], maps[3]])
    return np.ascontiguousarray(maps)


class Way:
    """From a micrograph to maps, in one of several ways, with what is needed twice kept."""

    def __init__(self, predictor: Predictor, model: Model, gray: NDArray[np.float32], truth: Labels):
        self.predictor, self.model, self.gray, self.truth = predictor, model, gray, truth
        self.image = normalise(gray)
        self.found = estimate_diameter(self.image, predictor, None, model.diameter)
        self.seen = self.look()

    def scales(self, diameter: float, zoom: float | None = None) -> tuple[float, ...]:
        """Scales at which the network looks for particles of a diameter."""
        if not diameter > 0:
            return (1.0,)
        zoom = self.model.outline_zoom if zoom is None else zoom
        return look_scales(self.gray.shape[:2], diameter, self.model.diameter, zoom)

    def look(
        self,
        diameter: float | None = None,
        zoom: float | None = None,
        turn: int = 0,
        mirror: bool = False,
    ) -> Looks:
        """Predict at the scales of a diameter, of the image turned by quarters and mirrored."""
        scales = self.scales(diameter or self.found, zoom)
        image = np.rot90(self.image, turn)
        maps = predict_maps(np.ascontiguousarray(image[:, ::-1] if mirror else image), self.predictor, scales)
        return Looks(_turned_back(maps, turn, mirror), scales[-1] / scales[0])

    def turned(self, number: int) -> Looks:
        """Average over mirror images and the half turn: 2 or 4 in all."""
        ways = [(0, True), (2, False), (2, True)]
        maps = [self.seen.maps, *(self.look(None, None, *way).maps for way in ways[: number - 1])]
        return Looks(np.mean(maps, axis=0, dtype=np.float32), self.seen.zoom)

    def two_passes(self) -> Looks:
        """Take the scale from the particles of a first pass."""
        labels = Decoder().split(self.seen)
        return self.look(true_diameter(labels) / self.scales(self.found)[-1]) if labels.any() else self.seen

    def finish(self, seen: Looks, decoder: Decoder) -> tuple[Labels, NDArray[np.float64]]:
        """Labels at full size and their scores."""
        maps = seen.maps.copy()
        maps[0] -= logit(decoder.foreground)
        logits = resize(maps[0], self.gray.shape[:2])
        labels = labels_along_flow(decoder.split(Looks(maps, seen.zoom)), maps[1:3], logits > 0)
        counts = np.bincount(labels.ravel(), minlength=1)
        scores = np.bincount(labels.ravel(), expit(logits).ravel(), minlength=1) / np.maximum(counts, 1)
        kept = (counts > 0) & (scores >= decoder.score)
        kept[0] = False
        return np.where(kept, np.cumsum(kept), 0).astype(np.int32)[labels], scores[kept]


WAYS: dict[str, Callable[[Way], Looks]] = {
    "one look": lambda way: way.look(zoom=1.0),
    "second look 1.5 times finer": lambda way: way.look(zoom=1.5),
    "second look 2 times finer": lambda way: way.look(zoom=2.0),
    "true scale told": lambda way: way.look(true_diameter(way.truth)),
    "two passes": Way.two_passes,
    "mean of 2 mirror images": lambda way: way.turned(2),
    "mean of 4 mirror images and turns": lambda way: way.turned(4),
}


def main() -> None:
    """Judge every variant on every image, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="names of the variants to take")
    given = parser.parse_args()
    if unknown := set(given.only or ()) - set(DECODERS) - set(WAYS):
        parser.error(f"no variant {', '.join(sorted(unknown))}; there are {', '.join([*DECODERS, *WAYS])}")
    model = load_model(find_model(given.model))
    predictor = Predictor(model.fused, choose_device("auto"), 1024)
    scores: dict[str, list[ImageScores]] = {}
    for pair in pair_files(given.images, given.labels, given.list):
        gray, truth = to_gray(read_image(pair.first)), read_labels(pair.truth)
        if bar := info_bar_height(gray):
            gray = gray[:-bar]
        way = Way(predictor, model, gray, truth[: gray.shape[0]])
        for label in given.only or [*DECODERS, *WAYS]:
            seen = WAYS[label](way) if label in WAYS else way.seen
            labels, scored = way.finish(seen, DECODERS.get(label, Decoder()))
            labels = np.pad(labels, ((0, truth.shape[0] - labels.shape[0]), (0, 0)))
            scores.setdefault(label, []).append(evaluate_image(pair.name, labels, truth, scored, way.found))
        print(pair.name, flush=True)
    print("| variant | AP50 | AP75 | AP90 | F1 | AP50 mean over images | error of mean ECD |")
    print("|---|---|---|---|---|---|---|")
    for label, found in scores.items():
        judged = evaluate(found)
        pooled = " | ".join(f"{judged.pooled[key]:.3f}" for key in ("AP50", "AP75", "AP90", "F1"))
        error = judged.errors["mean_ecd_error"]
        print(f"| {label} | {pooled} | {judged.mean['AP50']:.3f} | {error:.1%} |", flush=True)


if __name__ == "__main__":
    main()
