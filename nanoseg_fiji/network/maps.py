"""What every network of this package gives, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MAPS", "MapNet"]

MAPS = ("foreground", "flow_row", "flow_col", "size")
"""Output channels: logit of foreground, unit vector towards the particle's centre along rows and along
columns, and log2 of the particle's diameter in pixels."""


class MapNet(nn.Module, ABC):
    """A network from normalised micrographs, (batch, 1, row, col), to `MAPS`, (batch, 4, row, col).

    Sides are multiples of `stride`; an output pixel depends on no input pixel farther away than `halo`, so
    that tiles with a halo give what the whole image gives.
    """

    @property
    @abstractmethod
    def stride(self) -> int:
        """Both sides of an input must be multiples of this many pixels."""

    @property
    @abstractmethod
    def halo(self) -> int:
        """Radius of the receptive field, in pixels, rounded up to a multiple of the stride."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Predict the maps."""

    def check_sides(self, x: Tensor) -> None:
        """Refuse an input whose sides do not fit, and say which would.

        Raises
        ------
        ValueError
            If a side is no multiple of the stride.
        """
        if x.shape[-2] % self.stride or x.shape[-1] % self.stride:
            fit = [-(-s // self.stride) * self.stride for s in x.shape[-2:]]
            raise ValueError(f"sides {tuple(x.shape[-2:])} are no multiples of {self.stride}: pad to {fit}")

    def fused(self) -> Self:
        """Copy for inference: batch normalisation becomes part of the convolution before it.

        The maps are the same but for rounding, and a pass over memory is saved a layer. Every normalisation
        has to be registered directly behind its convolution.
        """
        net = deepcopy(self)
        for parent in net.modules():
            for (name, module), (after, norm) in pairwise(list(parent.named_children())):
                if isinstance(module, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    setattr(parent, name, fuse_conv_bn_eval(module, norm))
                    setattr(parent, after, nn.Identity())
        return net
