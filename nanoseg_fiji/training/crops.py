"""Crops at random scale, angle and place, with their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from nanoseg_fiji.training.augmentation import AugmentationConfig, augment
from nanoseg_fiji.training.targets import SIZE_RANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from nanoseg_fiji.training.targets import LabelledImage

__all__ = ["CropConfig", "CropStream", "cut_crop", "place_crop", "resample"]


@dataclass(frozen=True)
class CropConfig:
    """How crops are drawn."""

    sides: tuple[int, ...] = (96, 128, 192, 256, 384)
    """Sides of the crops of one batch, in pixels; multiples of the stride."""
    side_weights: tuple[float, ...] = (0.1, 0.2, 0.3, 0.3, 0.1)
    """How often each side is drawn."""
    pixels: int = 8 * 256 * 256
    """Pixels of a batch: small crops come in larger numbers."""
    diameter: tuple[float, float] = (10.0, 72.0)
    """Range of the diameter to which the chosen particle is scaled, in pixels, log-uniform."""
    odd_fraction: float = 0.2
    """Share of crops at the odd scales, so that the network knows what a wrong scale looks like."""
    odd_diameter: tuple[float, float] = (5.0, 250.0)
    """Range of the diameter at odd scales, in pixels, log-uniform."""
    max_zoom: float = 5.0
    """Largest magnification."""
    cover: float = 0.3
    """Share of the crop that the image should cover: scales that make it smaller are drawn again, thrice."""


def _reflect(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    if size == 1:
        return np.zeros_like(index)
    index = np.abs(index) % (2 * size - 2)
    return np.where(index >= size, 2 * size - 2 - index, index)


def _bilinear(
    image: NDArray[np.float32], rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float32]:
    top, left = np.floor(rows).astype(np.int64), np.floor(cols).astype(np.int64)
    down, right = (rows - top).astype(np.float32), (cols - left).astype(np.float32)
    r0, r1 = _reflect(top, image.shape[0]), _reflect(top + 1, image.shape[0])
    c0, c1 = _reflect(left, image.shape[1]), _reflect(left + 1, image.shape[1])
    upper = image[r0, c0] * (1 - right) + image[r0, c1] * right
    lower = image[r1, c0] * (1 - right) + image[r1, c1] * right
    out: NDArray[np.float32] = (upper * (1 - down) + lower * down).astype(np.float32)
    return out


def _pixels_per_pixel(matrix: NDArray[np.float64]) -> float:
    """Image pixels per crop pixel, a side."""
    return float(np.sqrt(abs(np.linalg.det(matrix))))


def resample(
    source: LabelledImage, matrix: NDArray[np.float64], offset: NDArray[np.float64], side: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_], NDArray[np.float32]]:
    """Read a square through an affine map from crop to image coordinates.

    Parameters
    ----------
    source : LabelledImage
        Where to read.
    matrix, offset : ndarray of float64, (2, 2) and (2,)
        Image coordinates are ``matrix @ (row, col) + offset``, in pixels.
    side : int
        Side of the crop, in pixels.

    Returns
    -------
    image, labels, known : ndarrays, (side, side)
        Micrograph; labels; where the crop lies inside the image and the label is certain.
    flow : ndarray of float32, (2, side, side)
        Unit vectors to the particle's centre, along rows and columns of the crop.
    """
    grid = np.arange(side, dtype=np.float64)
    rows = matrix[0, 0] * grid[:, None] + matrix[0, 1] * grid[None, :] + offset[0]
    cols = matrix[1, 0] * grid[:, None] + matrix[1, 1] * grid[None, :] + offset[1]
    step = _pixels_per_pixel(matrix)
    level = int(np.clip(np.floor(np.log2(max(step, 1.0)) + 0.3), 0, len(source.levels) - 1))
    image = _bilinear(source.levels[level], rows / 2**level, cols / 2**level)
    height, width = source.labels.shape
    near_r, near_c = np.rint(rows).astype(np.int64), np.rint(cols).astype(np.int64)
    known = (near_r >= 0) & (near_r < height) & (near_c >= 0) & (near_c < width)
    near_r, near_c = _reflect(near_r, height), _reflect(near_c, width)
    if source.known is not None:
        known &= source.known[near_r, near_c]
    flow = np.tensordot(np.linalg.inv(matrix), source.flow[:, near_r, near_c].astype(np.float32), 1)
    flow /= np.maximum(np.hypot(*flow), 1e-6)
    return image, source.labels[near_r, near_c], known, flow.astype(np.float32)


def _place(
    rng: Generator, source: LabelledImage, side: int, step: float, target: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Affine map that turns, mirrors and scales, with some pixel of the chosen particle in the crop."""
    angle = rng.integers(4) * np.pi / 2 if rng.random() < 0.5 else rng.uniform(0, 2 * np.pi)
    stretch = np.exp(rng.uniform(-0.12, 0.12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = step * turn @ np.diag([stretch, 1 / stretch])
    if rng.random() < 0.5:
        matrix[:, 0] *= -1
    shape = np.array(source.labels.shape, float)
    pixels = np.flatnonzero(source.labels.ravel() == target)
    anchor = np.array(np.unravel_index(pixels[rng.integers(pixels.size)], source.labels.shape), float)
    centre = anchor + rng.uniform(-0.4, 0.4, 2) * side * step
    half = np.minimum(side * step / 2, shape / 2)  # keep the crop inside where it fits
    centre = np.clip(centre, half, shape - half)
    return matrix, centre - matrix @ np.full(2, (side - 1) / 2)


def _choose(rng: Generator, source: LabelledImage, side: int, config: CropConfig) -> tuple[int, float]:
    """Choose a particle by its area, and how many image pixels make a crop pixel."""
    total = source.area.sum()
    if total == 0:
        return 0, float(np.exp(rng.uniform(-0.7, 1.4)))
    target = int(rng.choice(source.area.size, p=source.area / total))
    odd = rng.random() < config.odd_fraction
    low, high = np.log(config.odd_diameter if odd else config.diameter)
    for _ in range(4):
        wanted = float(np.exp(rng.uniform(low, high)))
        step = max(float(source.diameter[target]) / wanted, 1 / config.max_zoom)
        if source.labels.size >= config.cover * (side * step) ** 2:
            break
    return target, step


def place_crop(
    rng: Generator, source: LabelledImage, side: int, config: CropConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose where a crop lies, turned, mirrored and scaled.

    Parameters
    ----------
    rng : Generator
        Source of chance: the same state gives the same place.
    source : LabelledImage
        Image to cut from.
    side : int
        Side of the crop, in pixels.
    config : CropConfig
        Range of scales.

    Returns
    -------
    matrix, offset : ndarray of float64, (2, 2) and (2,)
        Map from crop to image coordinates, as `resample` takes it.
    """
    target, step = _choose(rng, source, side, config)
    return _place(rng, source, side, step, target)


def cut_crop(
    rng: Generator,
    source: LabelledImage,
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    side: int,
    augmentation: AugmentationConfig,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cut one training crop.

    Parameters
    ----------
    rng : Generator
        Source of chance: the same state gives the same crop.
    source : LabelledImage
        Image to cut from.
    matrix, offset : ndarray of float64, (2, 2) and (2,)
        Where, as `place_crop` gives it.
    side : int
        Side of the crop, in pixels.
    augmentation : AugmentationConfig
        What is done to the grey values.

    Returns
    -------
    image : ndarray of float32, (side, side)
        Augmented micrograph.
    targets : ndarray of float32, (6, side, side)
        As `nanoseg_fiji.network.losses.map_loss` takes them.
    """
    image, labels, known, flow = resample(source, matrix, offset, side)
    image, cleared = augment(rng, image, augmentation)
    labels = np.where(cleared, 0, labels)
    targets = np.empty((6, side, side), np.float32)
    targets[0] = labels > 0
    targets[1:3] = flow * ~cleared
    with np.errstate(divide="ignore"):
        size = np.log2(source.diameter / np.float32(_pixels_per_pixel(matrix)))
    targets[3] = np.clip(size, *SIZE_RANGE)[labels]
    targets[4] = known
    targets[5] = ~source.cut[labels] & known
    return image, targets


class CropStream(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Batches by step number.

    Step, seed and data fix a batch, so that a resumed run sees what it would have seen.

    Parameters
    ----------
    sets : sequence of (weight, images)
        Data sets and how often each is drawn from.
    steps : int
        Number of batches.
    seed : int
        Seed of the run.
    config : CropConfig
        How crops are drawn.
    augmentation : AugmentationConfig
        What is done to the grey values.
    """

    def __init__(
        self,
        sets: Sequence[tuple[float, Sequence[LabelledImage]]],
        steps: int,
        seed: int,
        config: CropConfig,
        augmentation: AugmentationConfig,
    ) -> None:
        self.images = [image for _, images in sets for image in images]
        chances = []
        for weight, images in sets:
            # images with many particles count for more, since scores are pooled over particles
            share = np.array([max(1, i.area.size - 1) ** 0.3 for i in images])
            chances.append(weight * share / share.sum())
        chance = np.concatenate(chances)
        self.chance = chance / chance.sum()
        self.steps, self.seed = steps, seed
        self.config, self.augmentation = config, augmentation

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Make the batch of a step: images (n, 1, side, side) and targets (n, 6, side, side), float32."""
        rng, side, chosen = self._draw(step)
        crops = []
        for image in (self.images[i] for i in chosen):
            matrix, offset = place_crop(rng, image, side, self.config)
            crops.append(cut_crop(rng, image, matrix, offset, side, self.augmentation))
        images = torch.from_numpy(np.stack([image for image, _ in crops]))[:, None]
        return images, torch.from_numpy(np.stack([targets for _, targets in crops]))

    def names(self, step: int) -> list[str]:
        """Names of the images that the batch of a step is cut from, each once."""
        return sorted({self.images[i].name for i in self._draw(step)[2]})

    def _draw(self, step: int) -> tuple[Generator, int, NDArray[np.int64]]:
        rng = np.random.default_rng([self.seed, step])
        weights = np.array(self.config.side_weights)
        side = int(rng.choice(self.config.sides, p=weights / weights.sum()))
        number = max(1, self.config.pixels // (side * side))
        return rng, side, rng.choice(len(self.images), size=number, p=self.chance)
