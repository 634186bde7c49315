"""Compare output representations: same trunk, crops and steps, judged at the true scale.

python benchmarks/representations.py models/em-particles-fast.toml -o runs/representations

Needs ``pip install stardist`` (no TensorFlow), whose code draws the particles of star-convex distances.
Trained on the training images of the first data set and judged on its validation images, each rescaled by its
true diameter. All networks see the same batches, and each predicts the size map beside its own maps, since a
model needs it to find the scale. What has its weights in the output folder is not trained.

Every particle has a confidence: the mean foreground probability, or the object probability of a star-convex
one. Shown are the scores at 0.5, the packages' default, and at the best of a few thresholds, chosen by F1 on
the images that are judged; those named ``truth`` are of the decoded true maps, the bound of a representation.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from representation_maps import LOWEST, REPRESENTATIONS, Crops, encode_truth
from safetensors.torch import load_file
from torch import nn

from nanoseg_fiji.evaluation import evaluate, evaluate_image
from nanoseg_fiji.evaluation.matching import find_overlaps
from nanoseg_fiji.evaluation.scores import count, match_all, scores_of
from nanoseg_fiji.evaluation.sizes import true_diameter
from nanoseg_fiji.files import replacing
from nanoseg_fiji.network import build, save_weights
from nanoseg_fiji.segmentation.device import autocast
from nanoseg_fiji.segmentation.resize import resize, resize_shape
from nanoseg_fiji.segmentation.scale import look_scales
from nanoseg_fiji.training.config import load_config
from nanoseg_fiji.training.material import load_material

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from representation_maps import Found, Maps, Representation, Targets
    from torch import Tensor

    from nanoseg_fiji.network import UNet
    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.targets import LabelledImage

_CPU = torch.device("cpu")
_AVERAGE = 0.99  # decay of the averaged weights, for short runs
_SPECK = 25  # px at the model's scale, as in the product
_THRESHOLDS = (LOWEST, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_DEFAULT = 0.5
_SCORES = ("AP50", "AP75", "AP90", "F1", "PQ")


def make_net(config: TrainingConfig, representation: Representation) -> UNet:
    """Make the configuration's network with a head of as many maps as the representation has, and size."""
    torch.manual_seed(config.seed)
    net = build(config.architecture)
    net.head = nn.Conv2d(net.channels[0], (representation.maps + 1) * net.fold**2, kernel_size=1)
    return net.to(memory_format=torch.channels_last)


class Learner:
    """A network in training: optimiser, schedule and averaged weights as in the product's training."""

    def __init__(self, config: TrainingConfig, representation: Representation) -> None:
        self.config, self.representation = config, representation
        self.net = make_net(config, representation).train()
        self.average = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        decayed = [p for p in self.net.parameters() if p.ndim > 1]
        others = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)

    def _rate(self, step: int) -> float:
        left = max(0, step - self.config.warmup) / max(1, self.config.steps - self.config.warmup)
        return min((step + 1) / self.config.warmup, 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * left)))

    def step(self, images: Tensor, targets: Targets) -> float:
        """Make one optimiser step and return the loss."""
        with autocast(_CPU):
            maps = self.net(images.contiguous(memory_format=torch.channels_last))
        loss = self.representation.loss(maps.float(), targets, self.config)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        self.optimiser.step()
        self.schedule.step()
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value.detach(), 1 - _AVERAGE)
        return float(loss.detach())


def train(config: TrainingConfig, images: Sequence[LabelledImage], files: dict[str, Path]) -> None:
    """Train all representations on the same batches and write their averaged weights."""
    crops = Crops(images, config)
    learners = {name: Learner(config, REPRESENTATIONS[name]) for name in files}
    spent = dict.fromkeys(files, 0.0)
    loader = torch.utils.data.DataLoader(
        crops, batch_size=None, num_workers=2, worker_init_fn=lambda _: torch.set_num_threads(1)
    )
    for step, (inputs, targets) in enumerate(loader, 1):
        losses = []
        for name, learner in learners.items():
            started = time.perf_counter()
            losses.append(learner.step(inputs, targets))
            spent[name] += time.perf_counter() - started
        if step % 50 == 0:
            print(step, *(f"{loss:.3f}" for loss in losses), flush=True)
    for name, learner in learners.items():
        print(f"{name}: {1000 * spent[name] / config.steps:.0f} ms a step")
        learner.net.load_state_dict(learner.average)
        save_weights(learner.net, files[name])


def predictor(config: TrainingConfig, representation: Representation, file: Path) -> Callable[[Maps], Maps]:
    """Give the function from a normalised image to its maps."""
    net = make_net(config, representation)
    net.load_state_dict(load_file(file))
    net.eval()

    def predict(image: Maps) -> Maps:
        rows, cols = image.shape
        padded = np.pad(image, [(0, -side % net.stride) for side in image.shape], mode="symmetric")
        with torch.inference_mode(), autocast(_CPU):
            maps = net(torch.from_numpy(padded)[None, None].contiguous(memory_format=torch.channels_last))
        found: Maps = maps[0, :, :rows, :cols].float().numpy()
        return found

    return predict


def confident(
    found: Found, threshold: float, smallest: float
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Keep the particles that are sure and no specks; labels, and the confidence of those left."""
    labels, confidence = found
    area = np.bincount(labels.ravel(), minlength=confidence.size + 1)[1:]
    kept = (confidence >= threshold) & (area >= max(smallest, 1))
    return np.where(np.concatenate([[False], kept])[labels], labels, 0).astype(np.int32), confidence[kept]


class Judged(NamedTuple):
    """What one representation gave for one image."""

    image: LabelledImage
    found: Found
    smallest: float
    """Area of a speck, in pixels of the image."""
    bound: NDArray[np.float64]
    """Counts of the decoded true maps."""
    seconds: float
    """CPU time of the decoder."""

    def counts(self, threshold: float) -> NDArray[np.float64]:
        """Count the particles that are at least as sure."""
        return _counts(confident(self.found, threshold, self.smallest)[0], self.image.labels)


def _counts(labels: NDArray[np.int32], truth: NDArray[np.int32]) -> NDArray[np.float64]:
    overlaps = find_overlaps(labels, truth)
    return count(overlaps, match_all(overlaps))


def judge(
    image: LabelledImage, config: TrainingConfig, predictors: dict[str, Callable[[Maps], Maps]]
) -> dict[str, Judged]:
    """Segment an image at its true scale with all networks, and decode its true maps."""
    shape = image.labels.shape
    (scale,) = look_scales(shape, true_diameter(image.labels), config.diameter, 1.0)
    gray = resize(image.levels[0], resize_shape(shape, scale))
    rows, cols = (
        ((np.arange(small) + 0.5) * side / small).astype(np.int64)
        for small, side in zip(gray.shape, shape, strict=True)
    )
    truth, smallest = encode_truth(image.labels[rows[:, None], cols]), _SPECK / scale**2
    judged = {}
    for name, predict in predictors.items():
        representation = REPRESENTATIONS[name]
        ideal = representation.decode(representation.ideal(truth).astype(np.float32), shape)
        bound = _counts(confident(ideal, _DEFAULT, smallest)[0], image.labels)
        maps = predict(gray)
        started = time.process_time()
        found = representation.decode(maps, shape)
        judged[name] = Judged(image, found, smallest, bound, time.process_time() - started)
    return judged


def summary(name: str, judged: Sequence[Judged]) -> dict[str, Any]:
    """Make the row of a representation."""
    bound = scores_of(np.sum([one.bound for one in judged], axis=0))
    scan = [scores_of(np.sum([one.counts(t) for one in judged], axis=0)) for t in _THRESHOLDS]
    default = scan[_THRESHOLDS.index(_DEFAULT)]
    best = _THRESHOLDS[int(np.argmax([scores["F1"] for scores in scan]))]
    parts = [(one.image, *confident(one.found, best, one.smallest)) for one in judged]
    found = evaluate(evaluate_image(i.name, labels, i.labels, sure) for i, labels, sure in parts)
    low, high = found.intervals["pooled"]["AP50"]
    row: dict[str, Any] = {"representation": name}
    row |= {f"truth {score}": f"{bound[score]:.3f}" for score in ("AP50", "AP90", "F1")}
    row |= {f"{score} at {_DEFAULT}": f"{default[score]:.3f}" for score in ("AP50", "F1")}
    row |= {"threshold": best} | {score: f"{found.pooled[score]:.3f}" for score in _SCORES}
    row |= {"AP50 low": f"{low:.3f}", "AP50 high": f"{high:.3f}", "mean AP50": f"{found.mean['AP50']:.3f}"}
    return row | {"decoder, CPU s an image": f"{np.mean([one.seconds for one in judged]):.2f}"}


def main() -> None:
    """Print a row a representation, and write them to representations.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="default: those of the configuration")
    parser.add_argument("--images", type=int, help="judge no more validation images than this")
    given = parser.parse_args()
    config = load_config(given.config)
    steps = given.steps or config.steps
    config = replace(
        config,
        steps=steps,
        warmup=max(1, steps // 10),
        data=config.data[:1],
        crops=replace(config.crops, pixels=4 * 256 * 256),
    )
    material = load_material(config)
    (training,), (held,) = (
        [[image for _, image in found] for found in material.part(part)] for part in (False, True)
    )
    given.output.mkdir(parents=True, exist_ok=True)
    files = {name: given.output / f"{name.replace(', ', '-')}.safetensors" for name in REPRESENTATIONS}
    missing = {name: file for name, file in files.items() if not file.exists()}
    if missing:
        train(config, training, missing)
    predictors = {name: predictor(config, REPRESENTATIONS[name], file) for name, file in files.items()}
    judged = [judge(image, config, predictors) for image in held[: given.images]]
    rows = [summary(name, [one[name] for one in judged]) for name in files]
    for row in rows:
        print(*(f"{key} {value}" for key, value in row.items()), sep="  ")
    with (
        replacing(given.output / "representations.csv") as path,
        path.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
