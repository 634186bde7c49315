"""The training loop: AdamW, warm-up and cosine, averaged weights, checkpoints that resume exactly."""

from __future__ import annotations

import csv
import json
import math
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

import nanoseg_fiji
from nanoseg_fiji.errors import CancelledError, InputError, ModelError, OutputError
from nanoseg_fiji.network import build, save_weights
from nanoseg_fiji.network.losses import map_loss
from nanoseg_fiji.segmentation.device import autocast, choose_device
from nanoseg_fiji.training.crops import CropStream
from nanoseg_fiji.training.datasets import Pair, find_pairs, load_pairs, manifest

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["train"]

_LOG_EVERY = 50


class _Run:
    """Network, optimiser and averaged weights of a run, and their checkpoint."""

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.net = build(config.architecture).to(device).to(memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        decay = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decay, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=config.learning_rate,
            fused=True,
        )
        self.step = 0

    def rate(self) -> float:
        """Learning rate of the coming step."""
        if self.step < self.config.warmup:
            return self.config.learning_rate * (self.step + 1) / self.config.warmup
        done = (self.step - self.config.warmup) / max(1, self.config.steps - self.config.warmup)
        return self.config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def train_step(self, images: Tensor, targets: Tensor) -> list[float]:
        """Make one optimiser step; return the losses of the maps."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        images = images.to(self.device, memory_format=torch.channels_last, non_blocking=True)
        with autocast(self.device):
            maps = self.net(images)
        loss = map_loss(maps, targets.to(self.device, non_blocking=True))
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        self.optimiser.step()
        self.step += 1
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value.detach(), 1 - decay)
            else:
                self.average[name].copy_(value)
        return [float(part.detach()) for part in loss]

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on, whole or not at all."""
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{k}": v for k, v in state.items()}
        tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        part = path.with_name(path.name + ".part")
        try:
            save_file(tensors, part, {"step": str(self.step), "config": _fingerprint(self.config)})
            os.replace(part, path)
        except (OSError, SafetensorError) as error:
            part.unlink(missing_ok=True)
            raise OutputError(f"cannot write checkpoint {path} ({error}); the older one is kept") from error

    def load(self, path: Path) -> None:
        """Go on where `save` left off."""
        try:
            with safe_open(path, "pt") as file:
                meta = file.metadata()
                tensors = {k: file.get_tensor(k) for k in file.keys()}
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"checkpoint {path} cannot be read ({error}): delete it to start again"
            ) from error
        if meta.get("config") != _fingerprint(self.config):
            raise InputError(f"checkpoint {path} belongs to another configuration: use another output folder")
        self.net.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("net.")})
        self.average = {k[8:]: v.to(self.device) for k, v in tensors.items() if k.startswith("average.")}
        parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("optimiser."):
                _, index, name = key.split(".", 2)
                if value.ndim:  # NB: fused AdamW walks raw memory, so moments must lie as their weights do
                    value = torch.empty_like(parameters[int(index)]).copy_(value)
                state.setdefault(int(index), {})[name] = value
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": state})
        self.step = int(meta["step"])


def _fingerprint(config: TrainingConfig) -> str:
    return json.dumps(asdict(config), sort_keys=True, default=str)


def _validation_loss(run: _Run, batches: list[tuple[Tensor, Tensor]]) -> float:
    """Mean loss of the averaged weights over fixed validation crops; NaN without any."""
    if not batches:
        return math.nan
    net = build(run.config.architecture).to(run.device).to(memory_format=torch.channels_last)
    net.load_state_dict(run.average)
    net.eval()
    total = 0.0
    with torch.inference_mode(), autocast(run.device):
        for images, targets in batches:
            maps = net(images.to(run.device, memory_format=torch.channels_last))
            total += float(map_loss(maps, targets.to(run.device)).total)
    return total / len(batches)


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
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make folder {output}: {error.strerror}") from error
    pairs = [find_pairs(data, config.validation_fraction, config.validation_seed) for data in config.data]
    stream, fixed = _streams(config, pairs)
    (output / "manifest.json").write_text(
        json.dumps([manifest(p) for p in pairs], indent=1), encoding="utf-8"
    )
    run = _Run(config, chosen)
    checkpoint = output / "checkpoint.safetensors"
    if checkpoint.exists():
        run.load(checkpoint)
    _loop(run, stream, fixed, output, workers, progress, cancel)
    return _finish(run, pairs, output)


def _loop(
    run: _Run,
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
            judged = _validation_loss(run, fixed) if run.step % (_LOG_EVERY * 10) == 0 else math.nan
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


def _finish(run: _Run, pairs: list[list[Pair]], output: Path) -> Path:
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
    weights.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return weights
