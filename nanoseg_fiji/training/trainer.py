"""The training loop: data in, batches through, curve, checkpoints, weights and card out."""

from __future__ import annotations

import json
import math
import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file

import nanoseg_fiji
from nanoseg_fiji.errors import CancelledError, InputError, ModelError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.network import build, save_weights
from nanoseg_fiji.progress import duration
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.training.curve import Curve
from nanoseg_fiji.training.datasets import manifest
from nanoseg_fiji.training.material import load_material, streams
from nanoseg_fiji.training.run import TrainingRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from torch import Tensor, nn

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.crops import CropStream
    from nanoseg_fiji.training.material import Material
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["fit", "time_left", "train", "train_on", "write_json", "write_model"]

_LOG_EVERY = 50


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
        Folder for ``NAME.safetensors``, its card, ``manifest.json``, ``curve.csv``, ``curve.png``,
        ``checkpoint.safetensors`` (all that the next step depends on) and ``best.safetensors`` (averaged
        weights of the lowest validation loss).
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
        If data or configuration cannot be used, or the data of an interrupted run have changed.
    ModelError
        If the loss stops being a number; the last good weights are kept.
    OutputError
        If a file cannot be written; the last checkpoint is kept.
    CancelledError
        If cancelled; the run can be resumed.
    """
    choose_device(device)
    return train_on(
        config,
        load_material(config),
        output,
        device=device,
        workers=workers,
        progress=progress,
        cancel=cancel,
    )


def train_on(
    config: TrainingConfig,
    material: Material,
    output: Path,
    *,
    device: str = "auto",
    workers: int = 2,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> Path:
    """Do what `train` does, on data that are read and split already."""
    stream, fixed = streams(config, material)
    run = TrainingRun(config, choose_device(device))
    checkpoint, listing = output / "checkpoint.safetensors", output / "manifest.json"
    content = [manifest(pairs) for pairs in material.pairs]
    if checkpoint.exists():
        run.load(checkpoint)
        _check_same_data(listing, content)
    write_json(listing, content)
    if run.step < config.steps and not run.exhausted:
        _loop(run, stream, fixed, output, workers, progress, cancel)
    return _finish(run, material, output)


def fit(
    run: TrainingRun,
    stream: CropStream,
    batches: Iterable[tuple[Tensor, Tensor]],
    folder: Path | None = None,
) -> Iterator[list[float]]:
    """Make a step with every batch and yield its losses.

    Raises
    ------
    ModelError
        If loss or gradient are no numbers: the averaged weights, which that batch has not touched, are kept
        in ``last-good.safetensors`` in `folder`, if one is given.
    """
    run.net.train()
    for images, targets in batches:
        losses = run.train_step(images, targets)
        if losses is None:
            kept = ""
            if folder is not None:
                save_weights(run.averaged(), folder / "last-good.safetensors")
                kept = f"; the weights before that step are kept in {folder / 'last-good.safetensors'}"
            raise ModelError(
                f"the loss is no number at step {run.step + 1} (seed {run.config.seed}; images "
                f"{', '.join(stream.names(run.step))}): lower the learning rate or look at these images{kept}"
            )
        yield losses


def _loop(
    run: TrainingRun,
    stream: CropStream,
    fixed: list[tuple[Tensor, Tensor]],
    output: Path,
    workers: int,
    progress: Progress | None,
    cancel: Cancelled | None,
) -> None:
    config, checkpoint = run.config, output / "checkpoint.safetensors"
    curve = Curve(output, run.step)
    recent: list[list[float]] = []
    first, started = run.step, time.monotonic()
    saved = started
    try:
        for losses in fit(run, stream, _loader(stream, run.step, workers), output):
            recent.append(losses)
            validated = run.step % config.validate_every == 0 or run.step == config.steps
            if validated or run.step % _LOG_EVERY == 0:
                judged = run.validation_loss(fixed) if validated else math.nan
                curve.add(run.step, np.mean(recent, axis=0).tolist(), judged)
                recent = []
                if validated and fixed and run.judge(judged):
                    save_weights(run.averaged(), output / "best.safetensors")
            if progress:
                left = time_left(started, run.step - first, config.steps - run.step)
                text = f"step {run.step} of {config.steps}, loss {sum(losses):.3f}, {left}"
                progress(run.step / config.steps, text)
            stopped = cancel is not None and cancel()
            due = time.monotonic() - saved > 60 * config.checkpoint_minutes
            if stopped or due or run.exhausted or run.step == config.steps:
                run.save(checkpoint)
                saved = time.monotonic()
            if stopped:
                raise CancelledError(f"cancelled at step {run.step}; run it again to go on from there")
            if run.exhausted:
                break
    finally:
        curve.close()


def _loader(stream: CropStream, start: int, workers: int) -> Iterable[tuple[Tensor, Tensor]]:
    loader: Iterable[tuple[Tensor, Tensor]] = torch.utils.data.DataLoader(
        stream,
        batch_size=None,
        sampler=range(start, len(stream)),
        num_workers=workers,
        worker_init_fn=_start_worker,
        prefetch_factor=4 if workers else None,
    )
    return loader


def _start_worker(_: int) -> None:
    torch.set_num_threads(1)


def time_left(started: float, done: int, todo: int) -> str:
    """Say how long the rest takes, at the pace since `started` (``time.monotonic``)."""
    return f"{duration((time.monotonic() - started) / max(done, 1) * todo)} left"


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _check_same_data(listing: Path, content: list[list[dict[str, str]]]) -> None:
    """Refuse to go on with other data than an interrupted run began with."""
    try:
        before = json.loads(listing.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    then, now = (
        {(item["image"], item["part"], item["image_sha256"]) for pairs in sets for item in pairs}
        for sets in (before, content)
    )
    if changed := sorted(name for name, _, _ in then ^ now):
        raise InputError(
            f"the data of the run in {listing.parent} have changed since it began (such as {changed[0]}): "
            "use another output folder"
        )


def write_model(net: nn.Module, path: Path, card: dict[str, Any]) -> Path:
    """Write weights and the card beside them; hash and version are filled in."""
    digest = save_weights(net, path)
    known = {"name": path.stem, "version": nanoseg_fiji.__version__, "sha256": digest}
    write_json(path.with_suffix(".json"), known | card)
    return path


def _finish(run: TrainingRun, material: Material, output: Path) -> Path:
    config = run.config
    best = output / "best.safetensors"
    use_best = config.keep == "best" or (config.keep == "auto" and run.exhausted)
    use_best = use_best and bool(run.best_step) and best.is_file()
    net = build(config.architecture)
    net.load_state_dict(load_file(best) if use_best else {k: v.cpu() for k, v in run.average.items()})
    card = {
        "name": config.name,
        "description": config.description,
        "architecture": dict(config.architecture),
        "weights": sum(p.numel() for p in net.parameters()),
        "diameter": config.diameter,
        "outline_zoom": config.outline_zoom,
        "licence": "BSD-3-Clause",
        "training": {
            "steps": run.step,
            "stopped_early": run.exhausted,
            "exported": {
                "weights": "best" if use_best else "last",
                "step": run.best_step if use_best else run.step,
            },
            "seed": config.seed,
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
                for data, found in zip(config.data, material.pairs, strict=True)
            ],
        },
    }
    return write_model(net, output / f"{config.name}.safetensors", card)
