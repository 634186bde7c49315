"""Weights to and from ``.safetensors`` files, with the hash that the card states."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.network.lite_unet import LiteUNet
from nanoseg_fiji.network.unet import UNet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import torch

    from nanoseg_fiji.network.maps import MapNet
    from nanoseg_fiji.types import ModelSpec

__all__ = ["Model", "build", "load_model", "save_weights"]

_ARCHITECTURES: dict[str, Callable[..., MapNet]] = {"flow-unet": UNet, "flow-lite-unet": LiteUNet}


@dataclass(frozen=True)
class Model:
    """A network in evaluation mode, on the CPU, and where it came from."""

    net: MapNet
    """The network."""
    spec: ModelSpec
    """Its file and card."""

    @cached_property
    def fused(self) -> MapNet:
        """The network for inference, made once: see `MapNet.fused`."""
        return self.net.fused()

    @property
    def diameter(self) -> float:
        """Particle diameter that the network knows best, in pixels; images are rescaled to it."""
        return float(self.spec.card["diameter"])

    @property
    def outline_zoom(self) -> float:
        """Magnification of the second look, which sharpens outlines; 1 where the first is enough."""
        return float(self.spec.card.get("outline_zoom", 1.0))


def build(architecture: Mapping[str, Any]) -> MapNet:
    """Make an untrained network.

    Parameters
    ----------
    architecture : mapping
        As in a card: ``{"name": "flow-unet", "channels": [...], "bottom_blocks": n, "fold": n}`` or
        ``{"name": "flow-lite-unet", "channels": [...]}``.

    Raises
    ------
    ModelError
        If the architecture is not one of this version's.
    """
    settings = dict(architecture)
    kind = _ARCHITECTURES.get(settings.pop("name", ""))
    if kind is None:
        raise ModelError(
            f"architecture {architecture.get('name')!r} is none of this version: update nanoseg-fiji, or "
            "train the model again"
        )
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise ModelError(f"architecture of the card does not fit this version ({error})") from error


def load_model(spec: ModelSpec) -> Model:
    """Load a model and check its hash.

    Parameters
    ----------
    spec : ModelSpec
        The model's file and card.

    Returns
    -------
    Model
        On the CPU, in evaluation mode, float32.

    Raises
    ------
    ModelError
        If the file cannot be read, has another hash than its card states, or does not fit the architecture.
    """
    try:
        data = spec.weights.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read model {spec.weights}: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != spec.sha256:
        raise ModelError(
            f"model {spec.name} is damaged or was changed: {spec.weights} has hash {found[:12]}, "
            f"its card says {spec.sha256[:12]}; install it again"
        )
    net = build(spec.card["architecture"])
    try:
        net.load_state_dict(load(data))
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"weights of model {spec.name} do not fit its card: {reason}") from error
    return Model(net.eval().requires_grad_(False), spec)


def save_weights(net: torch.nn.Module, path: Path) -> str:
    """Write weights, whole or not at all.

    Parameters
    ----------
    net : Module
        Network to save; weights are written as float32.
    path : Path
        A ``.safetensors`` file; replaced if it is there.

    Returns
    -------
    str
        Its sha256.

    Raises
    ------
    OutputError
        If the file cannot be written; an older file stays as it was.
    """
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in net.state_dict().items()}
    data = save(tensors)
    with replacing(path) as part:
        part.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
