"""Fine-tuning: a model learns a user's own material from a few labelled images."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.library import add_model, free_name
from nanoseg_fiji.network import load_model
from nanoseg_fiji.network.losses import LossConfig
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.training.augmentation import AugmentationConfig
from nanoseg_fiji.training.config import DataConfig, TrainingConfig
from nanoseg_fiji.training.crops import CropConfig
from nanoseg_fiji.training.datasets import find_pairs, load_pairs, manifest
from nanoseg_fiji.training.defaults import GROUPS, LEARNING_RATE, MINUTES, SEED, START, STEPS
from nanoseg_fiji.training.holdout import hold_out
from nanoseg_fiji.training.run import TrainingRun
from nanoseg_fiji.training.stages import LOOKS, Study
from nanoseg_fiji.training.trainer import write_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nanoseg_fiji.training.datasets import Pair
    from nanoseg_fiji.training.holdout import Holdout
    from nanoseg_fiji.training.stages import Candidate
    from nanoseg_fiji.types import Cancelled, ModelSpec, Progress

__all__ = ["FineTuned", "finetune"]

CROPS = CropConfig(sides=(128, 192, 256), side_weights=(0.3, 0.4, 0.3), pixels=2 * 256 * 256)
AUGMENTATION = AugmentationConfig(invert=0.1, contrast=0.3, shading=0.2, blur=0.2, noise=0.3)


@dataclass(frozen=True)
class FineTuned:
    """What fine-tuning gave."""

    weights: Path
    """The model: weights, with the card beside them."""
    step: int
    """Step whose weights were kept; 0 are the starting weights."""
    before: dict[str, float]
    """Scores of the starting weights on the part kept aside, pooled, and their ``loss``."""
    after: dict[str, float]
    """Scores of the weights that were kept, on the same."""
    message: str
    """Which weights were kept and why, in one line."""


def finetune(
    data: str | Path,
    model: str = START,
    *,
    output: str | Path | None = None,
    name: str = "",
    labels: str = "",
    groups: str = GROUPS,
    steps: int = STEPS,
    minutes: float = MINUTES,
    learning_rate: float = LEARNING_RATE,
    seed: int = SEED,
    device: str = "auto",
    overwrite: bool = False,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> FineTuned:
    """Fit a model to the user's own material, from one labelled image or more, in minutes on a CPU.

    A part is kept aside: a fifth of the groups, at least one, or a strip of the only image. The starting
    weights and four stages of the run (averaged weights) segment it the way users do; the stage of the
    highest F1 is kept, the loss deciding among equals. Where each has a lower F1 or AP50 than the starting
    weights, these are kept.

    Parameters
    ----------
    data : str or Path
        Folder with ``images/`` and labels, as for training.
    model : str
        Model to start from: its name or its ``.safetensors`` file.
    output : str or Path, optional
        Folder for ``NAME.safetensors`` and its card; by default the model is added to the user's own models.
    name : str
        Name of the new model; by default that of the start and the data folder.
    labels : str
        Folder or file of the labels, from `data`; empty finds it.
    groups : str
        Which images belong together, as `nanoseg_fiji.training.splits.groups_of` takes it.
    steps : int
        Optimiser steps.
    minutes : float
        Time that it may take, about: a machine too slow for all steps makes fewer. 0 is no limit.
    learning_rate : float
        Highest learning rate.
    seed : int
        Seed of the crops and of what is kept aside.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    overwrite : bool
        Whether a model of that name in `output` is replaced; one in the user's models never is.
    progress, cancel : callable, optional
        Told and asked after every step.

    Returns
    -------
    FineTuned
        The new model and its scores before and after.

    Raises
    ------
    InputError
        The data or a parameter cannot be used.
    ModelError
        The model cannot be used, or the loss stopped being a number.
    OutputError
        The model cannot be written.
    CancelledError
        `cancel` said so; nothing was written.
    """
    started = time.monotonic()
    spec = find_model(model)
    folder = Path(data).expanduser().resolve()
    name = name or f"{spec.name}-{folder.name}"
    _check_free(output, name, overwrite)
    config = _config(spec, folder, name, labels, groups, steps, learning_rate, seed)
    chosen = choose_device(device)
    pairs = find_pairs(config.data[0], 0.0, seed)
    held = hold_out(pairs, load_pairs(pairs), seed)
    with tempfile.TemporaryDirectory(prefix="nanoseg-") as scratch:
        study = Study(config, spec, held, Path(scratch), device, cancel)
        start = study.judge_start(TrainingRun(config, chosen))
        if minutes > 0:
            spent = (time.monotonic() - started) * (1 + LOOKS)
            steps = min(steps, study.affordable(TrainingRun(config, chosen), 60 * minutes - spent))
        run = TrainingRun(replace(config, steps=steps), chosen)
        best = study.tune(run, start, progress)
        message = _message(start, best, held, run.step)
        card = _card(spec, run, pairs, held, start, best, message)
        weights = _keep(best, card, output, name, Path(scratch))
    if progress:
        progress(1.0, message)
    return FineTuned(weights, best.step, start.scores, best.scores, message)


def _check_free(output: str | Path | None, name: str, overwrite: bool) -> None:
    """Tell before the work that the name is taken, or that the folder cannot be written to."""
    if output is None:
        free_name(name)
        return
    folder = Path(output).expanduser()
    with scratch_beside(folder):
        pass
    target = folder / f"{name}.safetensors"
    if target.exists() and not overwrite:
        raise InputError(f"{target} is there already and was kept: give another name, or allow overwriting")


def _config(
    spec: ModelSpec,
    folder: Path,
    name: str,
    labels: str,
    groups: str,
    steps: int,
    learning_rate: float,
    seed: int,
) -> TrainingConfig:
    return TrainingConfig(
        name=name,
        data=(DataConfig(str(folder), labels=labels, groups=groups),),
        architecture=spec.card["architecture"],
        start=str(spec.weights),
        diameter=float(spec.card["diameter"]),
        outline_zoom=float(spec.card.get("outline_zoom", 1.0)),
        steps=steps,
        learning_rate=learning_rate,
        weight_decay=0.0,
        warmup=10,
        ema=0.95,
        seed=seed,
        loss=LossConfig(dice=0.1),
        crops=CROPS,
        augmentation=AUGMENTATION,
    )


def _keep(best: Candidate, card: dict[str, Any], output: str | Path | None, name: str, scratch: Path) -> Path:
    """Write the model into the folder, or else add it to the user's own; where its weights are."""
    folder = scratch / "new" if output is None else Path(output).expanduser()
    target = folder / f"{name}.safetensors"
    write_model(load_model(find_model(str(best.weights))).net, target, card)
    return add_model(target).weights if output is None else target


def _message(start: Candidate, best: Candidate, held: Holdout, steps: int) -> str:
    if best is start:
        return (
            f"kept the starting weights: no stage of {steps} steps was better on {held.kept} "
            f"(F1 {start.scores['F1']:.3f}, AP50 {start.scores['AP50']:.3f}); label more images"
        )
    was, now = start.scores, best.scores
    return (
        f"kept the weights of step {best.step} of {steps}: on {held.kept} F1 went from {was['F1']:.3f} to "
        f"{now['F1']:.3f}, AP50 from {was['AP50']:.3f} to {now['AP50']:.3f}"
    )


def _card(
    spec: ModelSpec,
    run: TrainingRun,
    pairs: Sequence[Pair],
    held: Holdout,
    start: Candidate,
    best: Candidate,
    message: str,
) -> dict[str, Any]:
    config = run.config
    marked = [replace(pair, validation=pair.image.name in held.names) for pair in pairs]
    return {
        "description": f"{spec.name}, fine-tuned on {Path(config.data[0].folder).name}",
        "architecture": dict(config.architecture),
        "weights": sum(p.numel() for p in run.net.parameters()),
        "diameter": config.diameter,
        "outline_zoom": config.outline_zoom,
        "licence": spec.card.get("licence", ""),
        "training": {
            "method": "fine-tuning",
            "start": {"name": spec.name, "sha256": spec.sha256},
            "steps": run.step,
            "kept_step": best.step,
            "learning_rate": config.learning_rate,
            "seed": config.seed,
            "device": run.device.type,
            "kept_aside": held.kept,
            "data": manifest(marked),
        },
        "fine_tuning": {"before": start.scores, "after": best.scores, "message": message},
    }
