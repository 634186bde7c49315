"""The state of a training run: network, optimiser, averaged weights; its checkpoint resumes exactly."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from nanoseg_fiji.errors import InputError, ModelError, OutputError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.network import build, load_model
from nanoseg_fiji.network.losses import map_loss
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.segmentation.device import autocast
from nanoseg_fiji.training.config import changed_fields, plain

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from nanoseg_fiji.network.maps import MapNet
    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.types import ModelSpec

__all__ = ["TrainingRun"]


class TrainingRun:
    """Network, optimiser and averaged weights of a run, and their checkpoint."""

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        net = build(config.architecture)
        self.start = _start_from(config, net) if config.start else None
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.net.state_dict().items()}
        decay = [p for p in self.net.parameters() if p.ndim > 1]
        plain = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decay, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=config.learning_rate,
            fused=True,
        )
        self.anchors = [p.detach().clone() for p in self.net.parameters()] if config.anchor else []
        self.step = 0
        self.best, self.best_step, self.stale = math.inf, 0, 0

    def rate(self) -> float:
        """Learning rate of the coming step."""
        if self.step < self.config.warmup:
            return self.config.learning_rate * (self.step + 1) / self.config.warmup
        done = (self.step - self.config.warmup) / max(1, self.config.steps - self.config.warmup)
        return self.config.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def train_step(self, images: Tensor, targets: Tensor) -> list[float] | None:
        """Make one optimiser step; return the losses of the maps.

        None, and no step, where loss or gradient are no numbers: averaged weights and optimiser stay as they
        were.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        images = images.to(self.device, memory_format=torch.channels_last, non_blocking=True)
        with autocast(self.device):
            maps = self.net(images)
        loss = map_loss(maps, targets.to(self.device, non_blocking=True), self.config.loss)
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.clip)
        losses = [float(part.detach()) for part in loss]
        if not all(map(math.isfinite, (*losses, float(norm)))):
            return None
        self.optimiser.step()
        for weight, anchor in zip(self.net.parameters(), self.anchors, strict=False):
            weight.data.lerp_(anchor, self.rate() * self.config.anchor)
        self.step += 1
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value.detach(), 1 - decay)
            else:
                self.average[name].copy_(value)
        return losses

    def averaged(self) -> MapNet:
        """Network with the averaged weights, in evaluation mode."""
        net = build(self.config.architecture).to(self.device).to(memory_format=torch.channels_last)
        net.load_state_dict(self.average)
        return net.eval()

    def judge(self, loss: float) -> bool:
        """Take note of a validation loss; return whether it is the lowest so far."""
        if not loss < self.best:
            self.stale += 1
            return False
        self.best, self.best_step, self.stale = loss, self.step, 0
        return True

    @property
    def exhausted(self) -> bool:
        """Whether the validation loss has not fallen for as long as the configuration is patient."""
        return 0 < self.config.patience <= self.stale

    def validation_loss(self, batches: list[tuple[Tensor, Tensor]]) -> float:
        """Mean loss of the averaged weights over fixed validation crops; NaN without any."""
        if not batches:
            return math.nan
        net = self.averaged()
        total = 0.0
        with torch.inference_mode(), autocast(self.device):
            for images, targets in batches:
                maps = net(images.to(self.device, memory_format=torch.channels_last))
                total += float(map_loss(maps, targets.to(self.device), self.config.loss).total)
        return total / len(batches)

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on, whole or not at all."""
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{k}": v for k, v in state.items()}
        tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        try:
            with replacing(path) as part:
                save_file(tensors, part, self._meta())
        except SafetensorError as error:
            raise OutputError(f"cannot write checkpoint {path} ({error}); the older one is kept") from error

    def _meta(self) -> dict[str, str]:
        judged = {"best": repr(self.best), "best_step": str(self.best_step), "stale": str(self.stale)}
        return {"step": str(self.step), "config": json.dumps(plain(self.config)), **judged}

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
        if changed := changed_fields(self.config, json.loads(meta.get("config", "{}"))):
            raise InputError(
                f"checkpoint {path} belongs to another configuration ({', '.join(changed)}): use another "
                "output folder"
            )
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
        self.best, self.best_step = float(meta.get("best", "inf")), int(meta.get("best_step", 0))
        self.stale = int(meta.get("stale", 0))


def _start_from(config: TrainingConfig, net: torch.nn.Module) -> ModelSpec:
    """Give `net` the weights of the model that `config.start` names; return which it is."""
    model = load_model(find_model(config.start))
    try:
        net.load_state_dict(model.net.state_dict())
    except RuntimeError as error:
        raise InputError(
            f"{config.name} cannot start from {config.start}: its architecture is "
            f"{model.spec.card['architecture']}, so give the same one"
        ) from error
    return model.spec
