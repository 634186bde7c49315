"""A U-Net whose encoder is that of EfficientNet-Lite0, which can bring weights of ImageNet along."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from nanoseg_fiji.network.maps import MAPS, MapNet
from nanoseg_fiji.network.unet import ResidualBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["STAGES", "InvertedResidual", "LiteUNet", "Stage"]

_EPSILON = 1e-3  # of the batch normalisation that the weights of ImageNet were trained with


class Stage(NamedTuple):
    """Blocks of one width."""

    outputs: int
    """Channels."""
    blocks: int
    """Inverted residuals; the first one has the stride."""
    kernel: int
    """Side of the depthwise kernels, in pixels of the stage."""
    stride: int
    """Of the first block."""
    expansion: int
    """Width inside a block over that of its input."""


STEM = 32
"""Channels of the first convolution, which has stride 2."""
STAGES = (
    Stage(16, 1, 3, 1, 1),
    Stage(24, 2, 3, 2, 6),
    Stage(40, 2, 5, 2, 6),
    Stage(80, 3, 3, 2, 6),
    Stage(112, 3, 5, 1, 6),
)
"""The first five of the seven stages of EfficientNet-B0 (Tan and Le 2019, arXiv 1905.11946); the others would
have pixels as large as a particle."""


def _unit(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=_EPSILON),
    ]


class InvertedResidual(nn.Module):
    """Wider, filtered channel by channel, narrow again (Sandler et al. 2018, 10.1109/CVPR.2018.00474)."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        width = inputs * stage.expansion
        self.expand = (
            nn.Sequential(*_unit(inputs, width), nn.ReLU6(inplace=True)) if width > inputs else nn.Identity()
        )
        self.filter = nn.Sequential(
            *_unit(width, width, stage.kernel, stride, groups=width), nn.ReLU6(inplace=True)
        )
        self.project = nn.Sequential(*_unit(width, stage.outputs))
        self.shortcut = inputs == stage.outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, inputs, row, col) to (batch, outputs, row / stride, col / stride)."""
        y: Tensor = self.project(self.filter(self.expand(x)))
        return x + y if self.shortcut else y


class LiteUNet(MapNet):
    """U-Net with the first five stages of EfficientNet-Lite0 as its encoder.

    The lite variant has no squeeze-and-excitation, which would pool over the image. The finest level of the
    decoder has half the resolution of the image: it sees the pixels themselves, folded into channels (Shi et
    al. 2016, 10.1109/CVPR.2016.207), and its maps are unfolded.

    Parameters
    ----------
    channels : sequence of three int
        Width of the decoder at strides 2, 4 and 8.
    """

    stride = 16
    halo = 224  # 212 px: 169 of the encoder, 28 of the decoder, up to 15 between the grids of the levels

    def __init__(self, channels: Sequence[int] = (40, 64, 96)) -> None:
        super().__init__()
        self.channels = tuple(channels)
        fine, middle, coarse = self.channels
        self.stem = nn.Sequential(*_unit(1, STEM, 3, 2), nn.ReLU6(inplace=True))
        self.encoder = nn.ModuleList()
        inputs = STEM
        for stage in STAGES:
            blocks = [InvertedResidual(inputs, stage, stage.stride)]
            blocks += [InvertedResidual(stage.outputs, stage, 1) for _ in range(stage.blocks - 1)]
            self.encoder.append(nn.Sequential(*blocks))
            inputs = stage.outputs
        skips = [stage.outputs for stage in STAGES[:3]]
        self.decoder = nn.ModuleList(
            [
                ResidualBlock(fine_in, fine_out)
                for fine_in, fine_out in (
                    (middle + skips[0] + 4, fine),
                    (coarse + skips[1], middle),
                    (inputs + skips[2], coarse),
                )
            ]
        )
        self.head = nn.Conv2d(fine, len(MAPS) * 4, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict the maps, as `MapNet` says."""
        self.check_sides(x)
        folded = F.pixel_unshuffle(x, 2)
        x = self.stem(x)
        seen: list[Tensor] = []
        for stage in self.encoder:
            x = stage(x)
            seen.append(x)
        skips = (torch.cat([seen[0], folded], dim=1), seen[1], seen[2])
        for level in (2, 1, 0):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.decoder[level](torch.cat([x, skips[level]], dim=1))
        return F.pixel_shuffle(self.head(x), 2)
