"""The training loss: every map by itself, only where the label is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LossConfig", "LossParts", "map_loss"]

_FLOW_WEIGHT = 1.5
_GROUND = 0.2  # weight of the background, where there is no flow
_SIZE_WEIGHT = 0.25


@dataclass(frozen=True)
class LossConfig:
    """How the loss is put together."""

    dice: float = 0.5
    """Share of the soft Dice in the foreground's loss, 0 to 1; the rest is cross-entropy. Much of it makes
    outlines loose, since a doubtful pixel costs Dice less inside than outside."""


class LossParts(NamedTuple):
    """Weighted loss of every map, each a scalar tensor; the sum is what is minimised."""

    foreground: Tensor
    flow: Tensor
    size: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum."""
        return self.foreground + self.flow + self.size


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp_min(1.0)


def map_loss(maps: Tensor, targets: Tensor, config: LossConfig | None = None) -> LossParts:
    """Compare predicted with true maps.

    Foreground: binary cross-entropy and soft Dice (Milletari et al. 2016, 10.1109/3DV.2016.79).
    Flow: squared length of the error. Size: smooth L1 inside particles.

    Parameters
    ----------
    maps : Tensor
        Network output, (batch, 4, row, col).
    targets : Tensor
        (batch, 6, row, col): the four true maps (foreground as 0 or 1), then the weight of a pixel (0 where
        the label is unknown) and the weight of its size (0 where the particle is cut by the image's edge).
    config : LossConfig, optional
        How the parts are weighted.

    Returns
    -------
    LossParts
        Scalar float32 tensors.
    """
    share = (config or LossConfig()).dice
    maps = maps.float()
    known, sized = targets[:, 4], targets[:, 5]
    fore = targets[:, 0]
    inside = fore * known
    cross = F.binary_cross_entropy_with_logits(maps[:, 0], fore, reduction="none")
    prob = torch.sigmoid(maps[:, 0]) * known
    overlap = 2 * (prob * inside).sum((1, 2)) + 1.0
    dice = 1 - overlap / (prob.sum((1, 2)) + inside.sum((1, 2)) + 1.0)
    flow = (maps[:, 1:3] - targets[:, 1:3]).square().sum(1)
    led = targets[:, 1:3].square().sum(1)  # 1 in particles and their holes, 0 where there is no flow
    size = F.smooth_l1_loss(maps[:, 3], targets[:, 3], reduction="none", beta=0.5)
    return LossParts(
        foreground=(1 - share) * _mean(cross, known) + share * dice.mean(),
        flow=_FLOW_WEIGHT * _mean(flow, known * (_GROUND + (1 - _GROUND) * led)),
        size=_SIZE_WEIGHT * _mean(size, inside * sized),
    )
