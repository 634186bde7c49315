"""What a run learns from and is judged by: pairs, images and crops of all its data sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.training.crops import CropStream
from nanoseg_fiji.training.datasets import find_pairs, load_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.datasets import Pair
    from nanoseg_fiji.training.targets import LabelledImage

__all__ = ["Material", "load_material", "streams"]

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
    pairs = [
        tuple(find_pairs(data, config.validation_fraction, config.validation_seed)) for data in config.data
    ]
    read = iter(load_pairs([pair for found in pairs for pair in found]))
    return Material(tuple(pairs), tuple(tuple(next(read) for _ in found) for found in pairs))


def streams(config: TrainingConfig, material: Material) -> tuple[CropStream, list[tuple[Tensor, Tensor]]]:
    """Make the stream of training batches, and the fixed validation batches (none without validation part).

    Raises
    ------
    InputError
        If a part has no labelled particle, or there is no training part.
    """
    sets = {
        part: [
            (data.weight, [image for _, image in found])
            for data, found in zip(config.data, material.part(part), strict=True)
            if found
        ]
        for part in (False, True)
    }
    if not sets[False]:
        raise InputError("no training image is left: lower validation_fraction")
    for part, name in ((False, "training"), (True, "validation")):
        if sets[part]:
            _require_particles([image for _, images in sets[part] for image in images], name)
    if config.patience and not sets[True]:
        raise InputError("patience needs a validation part: raise validation_fraction, or set patience = 0")
    stream = CropStream(sets[False], config.steps, config.seed, config.crops, config.augmentation)
    if not sets[True]:
        return stream, []
    held = CropStream(sets[True], _VALIDATION_BATCHES, config.seed + 1, config.crops, config.augmentation)
    return stream, [held[i] for i in range(len(held))]


def _require_particles(images: Sequence[LabelledImage], part: str) -> None:
    if not any(image.area.any() for image in images):
        names = ", ".join(image.name for image in images[:5]) + (", ..." if len(images) > 5 else "")
        raise InputError(
            f"the {part} part has no labelled particle ({names}): split otherwise (groups, "
            "validation_fraction, validation_seed, folds) or add labels"
        )
