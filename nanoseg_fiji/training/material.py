"""What a run learns from and is judged by: pairs, images and crops of all its data sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.training.crops import CropStream
from nanoseg_fiji.training.datasets import find_sets, load_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.datasets import Pair
    from nanoseg_fiji.training.targets import LabelledImage

__all__ = ["Material", "check_parts", "load_material", "streams"]

_VALIDATION_BATCHES = 12


@dataclass(frozen=True)
class Material:
    """Pairs of every data set, and the images read from them, in the same order."""

    pairs: tuple[tuple[Pair, ...], ...]
    """Pairs by data set."""
    images: tuple[tuple[LabelledImage, ...], ...]
    """Images by data set."""

    def part(self, validation: bool) -> list[list[tuple[Pair, LabelledImage]]]:
        """Pairs and images of the training or the validation part, by data set."""
        return [
            [(p, i) for p, i in zip(pairs, images, strict=True) if p.validation is validation]
            for pairs, images in zip(self.pairs, self.images, strict=True)
        ]

    def split(self, validation: Sequence[Sequence[bool]]) -> Material:
        """Split anew: for every pair of every data set, whether it is kept for validation."""
        pairs = (
            tuple(replace(p, validation=kept) for p, kept in zip(found, flags, strict=True))
            for found, flags in zip(self.pairs, validation, strict=True)
        )
        return replace(self, pairs=tuple(pairs))


def load_material(config: TrainingConfig) -> Material:
    """Find and read the data of a run.

    Raises
    ------
    InputError
        Naming every bad pair of all data sets at once.
    """
    pairs = find_sets(config.data, config.validation_fraction, config.validation_seed)
    read = iter(load_pairs([pair for found in pairs for pair in found]))
    return Material(tuple(map(tuple, pairs)), tuple(tuple(next(read) for _ in found) for found in pairs))


def streams(config: TrainingConfig, material: Material) -> tuple[CropStream, list[tuple[Tensor, Tensor]]]:
    """Make the stream of training batches, and the fixed validation batches (none without validation part).

    Raises
    ------
    InputError
        As `check_parts`.
    """
    check_parts(config, material)
    training, held = (
        [
            (data.weight, [image for _, image in found])
            for data, found in zip(config.data, material.part(part), strict=True)
            if found
        ]
        for part in (False, True)
    )
    stream = CropStream(training, config.steps, config.seed, config.crops, config.augmentation)
    if not held:
        return stream, []
    fixed = CropStream(held, _VALIDATION_BATCHES, config.seed + 1, config.crops, config.augmentation)
    return stream, [fixed[i] for i in range(len(fixed))]


def check_parts(config: TrainingConfig, material: Material) -> None:
    """Check that there is something to learn from and, where a part is kept aside, to judge by.

    Raises
    ------
    InputError
        A part has no labelled particle, there is no training part, or none to be patient with.
    """
    training, held = (
        [image for found in material.part(part) for _, image in found] for part in (False, True)
    )
    if not training:
        raise InputError("no training image is left: lower validation_fraction")
    if config.patience and not held:
        raise InputError("patience needs a validation part: raise validation_fraction, or set patience = 0")
    _require_particles(training, "training")
    if held:
        _require_particles(held, "validation")


def _require_particles(images: Sequence[LabelledImage], part: str) -> None:
    if not any(image.area.any() for image in images):
        names = ", ".join(image.name for image in images[:5]) + (", ..." if len(images) > 5 else "")
        raise InputError(
            f"the {part} part has no labelled particle ({names}): split otherwise (groups, "
            "validation_fraction, validation_seed, folds) or add labels"
        )
