"""The training loop: data in, batches through, curve, checkpoints, weights and card out."""

from __future__ import annotations

import csv
import json
import math
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import nanoseg_fiji
from nanoseg_fiji.errors import CancelledError, InputError, ModelError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.network import build, save_weights
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.training.crops import CropStream
from nanoseg_fiji.training.datasets import Pair, find_pairs, load_pairs, manifest
from nanoseg_fiji.training.run import TrainingRun

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["train"]

_LOG_EVERY = 50


def _streams(
    config: TrainingConfig, pairs: list[list[Pair]]
) -> tuple[CropStream, list[tuple[Tensor, Tensor]]]:
    parts: dict[bool, list[tuple[float, Any]]] = {False: [], True: []}
    for data, found in zip(config.data, pairs, strict=True):
        for validation, sets in parts.items():
            images = load_pairs([p for p in found if p.validation is validation])
            if images:
                sets.append((data.weight, images))
    if not parts[False]:
        raise InputError("no training image is left: lower validation_fraction")
    stream = CropStream(parts[False], config.steps, config.seed, config.crops, config.augmentation)
    fixed = []
    if parts[True]:
        held = CropStream(parts[True], 12, config.seed + 1, config.crops, config.augmentation)
        fixed = [held[i] for i in range(len(held))]
    return stream, fixed


def _start_worker(_: int) -> None:
    torch.set_num_threads(1)


def train(
    config: TrainingConfig,
    output: Path,
    *,
    device: str = "auto",
    workers: int = 2,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> Path:
    """Train a model; an interrupted run in the same folder goes on where its last checkpoint was.

    Parameters
    ----------
    config : TrainingConfig
        What to train on what, and how.
    output : Path
        Folder for ``NAME.safetensors``, its card, ``manifest.json``, ``curve.csv`` and
        ``checkpoint.safetensors``.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    workers : int
        Processes that prepare crops.
    progress, cancel : callable, optional
        Told and asked after every step.

    Returns
    -------
    Path
        The weights.

    Raises
    ------
    InputError
        If data or configuration cannot be used.
    ModelError
        If the loss stops being a number; the last checkpoint is kept.
    OutputError
        If a file cannot be written.
    CancelledError
        If cancelled; the run can be resumed.
    """
    chosen = choose_device(device)
    pairs = [find_pairs(data, config.validation_fraction, config.validation_seed) for data in config.data]
    stream, fixed = _streams(config, pairs)
    _write_json(output / "manifest.json", [manifest(p) for p in pairs])
    run = TrainingRun(config, chosen)
    checkpoint = output / "checkpoint.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    _loop(run, stream, fixed, output, workers, progress, cancel)
    return _finish(run, pairs, output)


def _loop(
    run: TrainingRun,
    stream: CropStream,
    fixed: list[tuple[Tensor, Tensor]],
    output: Path,
    workers: int,
    progress: Progress | None,
    cancel: Cancelled | None,
) -> None:
    checkpoint = output / "checkpoint.safetensors"
    loader = torch.utils.data.DataLoader(
        stream,
        batch_size=None,
        sampler=range(run.step, run.config.steps),
        num_workers=workers,
        worker_init_fn=_start_worker,
        prefetch_factor=4 if workers else None,
    )
    run.net.train()
    recent: list[list[float]] = []
    saved = time.monotonic()
    for images, targets in loader:
        losses = run.train_step(images, targets)
        if not np.isfinite(losses).all():
            raise ModelError(
                f"the loss is no number at step {run.step} (seed {run.config.seed}): lower the "
                f"learning rate; the weights of the last checkpoint are kept in {checkpoint}"
            )
        recent.append(losses)
        if progress:
            progress(run.step / run.config.steps, f"step {run.step}, loss {sum(losses):.3f}")
        if run.step % _LOG_EVERY == 0:
            judged = run.validation_loss(fixed) if run.step % (_LOG_EVERY * 10) == 0 else math.nan
            _log(output / "curve.csv", run.step, np.mean(recent, axis=0).tolist(), judged)
            recent = []
        stopped = cancel is not None and cancel()
        if stopped or time.monotonic() - saved > 60 * run.config.checkpoint_minutes:
            run.save(checkpoint)
            saved = time.monotonic()
        if stopped:
            raise CancelledError(f"cancelled at step {run.step}; run it again to go on from there")
    run.save(checkpoint)


def _log(path: Path, step: int, losses: list[float], validation: float) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "foreground", "border", "distance", "size", "validation"])
        writer.writerow([step, *(f"{value:.5f}" for value in losses), f"{validation:.5f}"])


def _write_json(path: Path, content: Any) -> None:
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _finish(run: TrainingRun, pairs: list[list[Pair]], output: Path) -> Path:
    net = build(run.config.architecture)
    net.load_state_dict({k: v.cpu() for k, v in run.average.items()})
    weights = output / f"{run.config.name}.safetensors"
    digest = save_weights(net, weights)
    card = {
        "name": run.config.name,
        "description": run.config.description,
        "version": nanoseg_fiji.__version__,
        "sha256": digest,
        "architecture": dict(run.config.architecture),
        "weights": sum(p.numel() for p in net.parameters()),
        "diameter": run.config.diameter,
        "licence": "BSD-3-Clause",
        "training": {
            "steps": run.step,
            "seed": run.config.seed,
            "device": run.device.type,
            "start": run.start and {"name": run.start.name, "sha256": run.start.sha256},
            "data": [
                {
                    "name": os.path.basename(data.folder),
                    "source": data.licence,
                    "groups": data.groups,
                    "training_images": sum(not p.validation for p in found),
                    "validation_images": sum(p.validation for p in found),
                }
                for data, found in zip(run.config.data, pairs, strict=True)
            ],
        },
    }
    _write_json(weights.with_suffix(".json"), card)
    return weights
