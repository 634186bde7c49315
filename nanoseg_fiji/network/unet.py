"""A residual U-Net without global context, so that tiles with a halo give what the whole image gives."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F

from nanoseg_fiji.network.maps import MAPS, MapNet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["ResidualBlock", "UNet"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation and a shortcut (He et al. 2016, 10.1109/CVPR.2016.90)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = (
            nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, row, col) to (batch, outputs, row, col)."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y)) + self.shortcut(x)
        return F.relu(y, inplace=True)


class UNet(MapNet):
    """U-Net (Ronneberger et al. 2015, 10.1007/978-3-319-24574-4_28) of residual blocks.

    Batch normalisation has fixed statistics at inference and nothing pools over the image, so an output pixel
    depends on no input pixel farther away than `halo`.

    Parameters
    ----------
    channels : sequence of int
        Width of every level, from the finest down; the stride is ``fold * 2 ** (len(channels) - 1)``.
    bottom_blocks : int
        Residual blocks at the lowest level; each widens the context by two strides on every side.
    fold : int
        Side of the squares of pixels that are folded into channels at the door and unfolded behind the last
        layer (Shi et al. 2016, 10.1109/CVPR.2016.207): every layer is that much smaller, a side.
    """

    def __init__(
        self, channels: Sequence[int] = (16, 32, 64, 128, 256), bottom_blocks: int = 2, fold: int = 1
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.bottom_blocks = bottom_blocks
        self.fold = fold
        widths = (fold * fold, *self.channels)
        self.encoder = nn.ModuleList(ResidualBlock(a, b) for a, b in pairwise(widths))
        self.bottom = nn.Sequential(
            *(ResidualBlock(channels[-1], channels[-1]) for _ in range(bottom_blocks - 1))
        )
        self.decoder = nn.ModuleList(ResidualBlock(a + b, a) for a, b in pairwise(channels))
        self.head = nn.Conv2d(channels[0], len(MAPS) * fold * fold, kernel_size=1)

    @property
    def stride(self) -> int:
        """Both sides of an input must be multiples of this many pixels."""
        return self.fold << (len(self.channels) - 1)

    @property
    def halo(self) -> int:
        """Radius of the receptive field, in pixels, rounded up to a multiple of the stride.

        A 3x3 convolution at level ``l`` reaches ``2**l`` pixels: encoder and decoder have two a level,
        the bottom two a block. Pooling and nearest upsampling shift by less than a pixel of the lower level.
        """
        bottom = len(self.channels) - 1
        radius = sum(4 << level for level in range(bottom))
        radius += (2 * self.bottom_blocks << bottom) + 2 * ((1 << bottom) - 1)
        reach = radius * self.fold + self.fold - 1
        return -(-reach // self.stride) * self.stride

    def forward(self, x: Tensor) -> Tensor:
        """Predict the maps, as `MapNet` says."""
        self.check_sides(x)
        x = F.pixel_unshuffle(x, self.fold)
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        x = self.bottom(x)
        for level in reversed(range(len(self.decoder))):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.decoder[level](torch.cat([x, skips[level]], dim=1))
        return F.pixel_shuffle(self.head(x), self.fold)
