"""The network as an ONNX graph: one input, one output a map, any batch and any sides that fit."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from scipy.special import expit
from torch import nn

from nanoseg_fiji.network import MAPS
from nanoseg_fiji.segmentation.normalise import normalise

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from nanoseg_fiji.network import MapNet, Model

__all__ = ["INPUT", "OPSET", "PROBABILITIES", "as_given", "maps_of", "smallest_side", "write_onnx"]

INPUT = "image"
"""Name of the graph's input; its outputs have the names of the maps."""
OPSET = 17
"""Version of ONNX's operators."""
PROBABILITIES = ("foreground",)
"""Maps that the graph gives as logits and a package, by its postprocessing, as probabilities."""


class _Maps(nn.Module):
    """The network with its maps one by one."""

    def __init__(self, net: MapNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.net(image).split(1, dim=1))


def write_onnx(net: MapNet, path: Path) -> None:
    """Write a network as an ONNX graph.

    It goes from ``image`` (batch, 1, y, x), float32, normalised, sides multiples of the stride, to the
    maps, each (batch, 1, y, x).

    Parameters
    ----------
    net : MapNet
        Network in evaluation mode, on the CPU.
    path : Path
        The file.
    """
    names = [INPUT, *MAPS]
    example = torch.zeros(1, 1, 2 * net.stride, 4 * net.stride)
    with warnings.catch_warnings():
        # Tracing takes 2 s where the exporter that is to follow it takes a minute, for the same graph.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # The network refuses sides that do not fit: the description states which do.
        warnings.filterwarnings("ignore", message="Converting a tensor to a Python")
        torch.onnx.export(
            _Maps(net).eval(),
            (example,),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(MAPS),
            dynamic_axes={name: {0: "batch", 2: "y", 3: "x"} for name in names},
        )


def smallest_side(model: Model) -> int:
    """Smallest side of an input of which something is left when the halo is cropped, in pixels."""
    return 2 * model.net.halo + model.net.stride


def as_given(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn a map of the network into what a package gives: logits become probabilities."""
    return expit(values) if name in PROBABILITIES else values


def maps_of(model: Model, gray: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Predict with torch what a package of the model is to give.

    Parameters
    ----------
    model : Model
        The model.
    gray : ndarray of float32, (row, col)
        Micrograph at the model's scale, sides multiples of the stride.

    Returns
    -------
    dict of ndarray of float32, (row, col)
        Maps by name.
    """
    with torch.inference_mode():
        maps = model.net(torch.from_numpy(normalise(gray))[None, None])[0].numpy()
    return {name: as_given(name, values) for name, values in zip(MAPS, maps, strict=True)}
