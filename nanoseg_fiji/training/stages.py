"""Stages of a fine-tuning run, judged by what was kept aside."""

from __future__ import annotations

import itertools
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import CancelledError
from nanoseg_fiji.training.crops import CropStream
from nanoseg_fiji.training.judging import headline, judge
from nanoseg_fiji.training.trainer import fit, time_left, write_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor, nn

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.holdout import Holdout
    from nanoseg_fiji.training.run import TrainingRun
    from nanoseg_fiji.types import Cancelled, ModelSpec, Progress

__all__ = ["LOOKS", "Candidate", "Study"]

LOOKS = 4
"""Stages that are judged, evenly over the run."""
_FEWEST = 20  # steps
_WATCHED = 4  # batches that the validation loss is taken on


@dataclass(frozen=True)
class Candidate:
    """Weights and how good they are on what was kept aside."""

    step: int
    """Steps made; 0 for the starting weights."""
    weights: Path
    """Weights, with a card beside them."""
    scores: dict[str, float]
    """Pooled, as `nanoseg_fiji.training.judging.headline` gives them, and ``loss``, on fixed crops."""

    def beats(self, other: Candidate) -> bool:
        """Whether F1 is higher, or as high and the loss lower."""
        return (self.scores["F1"], -self.scores["loss"]) > (other.scores["F1"], -other.scores["loss"])

    def hurts(self, start: Candidate) -> bool:
        """Whether a score that users look at is lower than with the starting weights."""
        return any(self.scores[name] < start.scores[name] for name in ("F1", "AP50"))


class Study:
    """Stages of a run, judged on what was kept aside."""

    def __init__(
        self,
        config: TrainingConfig,
        spec: ModelSpec,
        held: Holdout,
        scratch: Path,
        device: str,
        cancel: Cancelled | None,
    ) -> None:
        self.spec, self.held, self.scratch, self.device, self.cancel = spec, held, scratch, device, cancel
        streams = (
            CropStream([(1.0, images)], config.steps, config.seed + i, config.crops, config.augmentation)
            for i, images in enumerate((held.training, held.validation))
        )
        self.stream, watched = streams
        self.fixed = [watched[i] for i in range(_WATCHED)]

    def judge_start(self, run: TrainingRun) -> Candidate:
        """Judge the weights that all starts from."""
        return self._judged(run, self.spec.weights)

    def affordable(self, run: TrainingRun, seconds: float) -> int:
        """Count the steps that fit into a time, from three that are thrown away."""
        batches = [self.stream[i] for i in range(2)]
        run.train_step(*batches[0])
        started = time.monotonic()
        for batch in batches:
            run.train_step(*batch)
        return max(_FEWEST, int(seconds / (time.monotonic() - started) * len(batches)))

    def tune(self, run: TrainingRun, start: Candidate, progress: Progress | None) -> Candidate:
        """Make all steps; return the best candidate."""
        steps, best = run.config.steps, start
        looks = {round(steps * (i + 1) / LOOKS) for i in range(LOOKS)}
        started = time.monotonic()
        for losses in fit(run, self.stream, _prefetched(self.stream, steps)):
            if progress:
                left = time_left(started, run.step, steps - run.step)
                progress(run.step / steps, f"step {run.step} of {steps}, loss {sum(losses):.3f}, {left}")
            if self.cancel is not None and self.cancel():
                raise CancelledError(f"cancelled at step {run.step} of {steps}: nothing was written")
            if run.step in looks:
                path = self._written(run.averaged(), run.step)
                candidate = self._judged(run, path)
                if not candidate.hurts(start) and candidate.beats(best):
                    best = candidate
        return best

    def _written(self, net: nn.Module, step: int) -> Path:
        keys = ("architecture", "diameter", "outline_zoom")
        card = {k: self.spec.card[k] for k in keys if k in self.spec.card}
        return write_model(net, self.scratch / f"step-{step}.safetensors", card)

    def _judged(self, run: TrainingRun, weights: Path) -> Candidate:
        scores = headline(judge(weights, self.held.samples, device=self.device, cancel=self.cancel))
        loss = round(run.validation_loss(self.fixed), 4)
        return Candidate(run.step, weights, scores | {"loss": loss})


def _prefetched(stream: CropStream, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut crops in a thread, some steps ahead.

    NB: not in processes: this also runs in a process that hosts Java, which must not be forked.
    """
    numbers = iter(range(steps))
    with ThreadPoolExecutor(1) as pool:
        ahead = deque(pool.submit(stream.__getitem__, i) for i in itertools.islice(numbers, 3))
        while ahead:
            batch = ahead.popleft().result()
            ahead.extend(pool.submit(stream.__getitem__, i) for i in itertools.islice(numbers, 1))
            yield batch
