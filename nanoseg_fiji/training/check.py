"""What a run would be trained on, and all that is wrong with it, without training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.training.datasets import Pair, find_pairs, read_pair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.types import Progress

__all__ = ["CheckedImage", "DataCheck", "check_data"]


@dataclass(frozen=True)
class CheckedImage:
    """One image of a data set."""

    pair: Pair
    """Its files, group and part."""
    shape: tuple[int, int]
    """Rows and columns, in pixels."""
    diameters: np.ndarray[tuple[int], np.dtype[np.float64]]
    """Equivalent circular diameter of each particle, in pixels."""
    unknown: float
    """Share of the pixels whose label is uncertain, 0 to 1."""
    notes: tuple[str, ...]
    """What reading the labels had to say."""


@dataclass(frozen=True)
class DataCheck:
    """All data sets of a run."""

    sets: tuple[tuple[str, tuple[CheckedImage, ...]], ...]
    """Folder and usable images of each data set."""
    problems: tuple[str, ...]
    """What has to be put right before training."""

    def lines(self) -> list[str]:
        """Give the report as lines of text: each set with its parts, each image, notes and problems."""
        out = []
        for folder, images in self.sets:
            out.append(f"{folder}: {_total(images)}")
            for name, held in (("training", False), ("validation", True)):
                out.append(f"  {name}: {_total([i for i in images if i.pair.validation is held])}")
            for image in images:
                group = "" if image.pair.group == image.pair.image.name else f", group {image.pair.group}"
                part = "validation" if image.pair.validation else "training"
                unsure = f", {image.unknown:.1%} unknown" if image.unknown else ""
                out.append(
                    f"    {image.pair.image.name}: {image.shape[1]} x {image.shape[0]} px, "
                    f"{_sizes([image])}{unsure}{group}, {part}"
                )
                out += [f"      note: {note}" for note in image.notes]
        return [*out, *(f"problem: {problem}" for problem in self.problems)]


def _sizes(images: Sequence[CheckedImage]) -> str:
    diameters = np.concatenate([i.diameters for i in images] or [np.empty(0)])
    if not diameters.size:
        return "no particle"
    return f"{diameters.size} particles, median diameter {np.median(diameters):.1f} px"


def _total(images: Sequence[CheckedImage]) -> str:
    groups = len({i.pair.group for i in images})
    return f"{len(images)} images in {groups} groups, {_sizes(images)}"


def check_data(config: TrainingConfig, progress: Progress | None = None) -> DataCheck:
    """Read all data of a run as training does.

    Parameters
    ----------
    config : TrainingConfig
        The run.
    progress : callable, optional
        Told after every image.

    Returns
    -------
    DataCheck
        Images, groups, counts and sizes, and every problem of every data set.
    """
    problems: list[str] = []
    found: list[list[Pair]] = []
    for data in config.data:
        try:
            found.append(find_pairs(data, config.validation_fraction, config.validation_seed))
        except InputError as error:
            found.append([])
            problems.append(str(error))
    total, done, sets = sum(map(len, found)), 0, []
    for data, pairs in zip(config.data, found, strict=True):
        images = []
        for pair in pairs:
            try:
                images.append(_check(pair))
            except InputError as error:
                problems.append(str(error).splitlines()[0])
            done += 1
            if progress:
                progress(done / total, f"{Path(data.folder).name}/{pair.image.name}")
        sets.append((data.folder, tuple(images)))
    if not problems:  # where images are missing, parts would be empty for that reason alone
        problems += _empty_parts([image for _, images in sets for image in images])
    return DataCheck(tuple(sets), tuple(problems))


def _check(pair: Pair) -> CheckedImage:
    gray, found = read_pair(pair)
    area = np.bincount(found.labels.reshape(-1))[1:]
    unknown = 0.0 if found.known is None else 1 - float(found.known.mean())
    rows, cols = gray.shape
    return CheckedImage(pair, (rows, cols), 2 * np.sqrt(area[area > 0] / np.pi), unknown, found.notes)


def _empty_parts(images: Sequence[CheckedImage]) -> list[str]:
    """Say which part has no particle; there need not be a validation part."""
    problems = []
    for name, validation in (("training", False), ("validation", True)):
        part = [i for i in images if i.pair.validation is validation]
        if (part or not validation) and not any(i.diameters.size for i in part):
            problems.append(
                f"the {name} part has no particle in its {len(part)} image(s): change validation_fraction, "
                "validation_seed or groups, or add labelled images"
            )
    return problems
