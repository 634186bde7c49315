"""Cross-validation: every group is judged once by a model that has not seen it."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.evaluation.image_scores import ERRORS
from nanoseg_fiji.evaluation.scores import SCORES
from nanoseg_fiji.files import replacing
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.progress import share
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.training.config import plain
from nanoseg_fiji.training.judging import Sample, judge
from nanoseg_fiji.training.material import check_parts, load_material
from nanoseg_fiji.training.trainer import train_on, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from nanoseg_fiji.evaluation import Evaluation
    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.datasets import Pair
    from nanoseg_fiji.training.material import Material
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["CrossValidation", "cross_validate", "deal_groups"]

_SHOWN = ("pooled.AP50", "pooled.AP75", "pooled.AP90", "pooled.F1", "pooled.PQ", "mean.AP50")


@dataclass(frozen=True)
class CrossValidation:
    """Scores of the folds."""

    scores: dict[str, list[float]]
    """By name (``pooled.AP50``, ``mean.F1``, ``errors.count_error``, ...), one value a fold."""
    csv: Path
    """A row a score: mean, SD over folds, and the folds."""
    json: Path
    """The same, with the configuration and the groups of each fold."""

    def mean(self, name: str) -> float:
        """Mean over folds; folds where a score is not defined are left out."""
        known = [value for value in self.scores[name] if math.isfinite(value)]
        return float(np.mean(known)) if known else math.nan

    def spread(self, name: str) -> float:
        """Sample standard deviation over folds; NaN for fewer than two."""
        known = [value for value in self.scores[name] if math.isfinite(value)]
        return float(np.std(known, ddof=1)) if len(known) > 1 else math.nan

    @property
    def text(self) -> str:
        """The scores that matter most, a line each."""
        names = [*_SHOWN, *(f"errors.{name}" for name in ("count_error", "mean_ecd_error"))]
        return "\n".join(f"{n:22} {self.mean(n):.3f} (SD {self.spread(n):.3f})" for n in names)


def deal_groups(pairs: tuple[Pair, ...], folds: int, seed: int) -> list[int]:
    """Deal the groups of a data set to folds of about as many images, the largest first.

    Parameters
    ----------
    pairs : tuple of Pair
        One data set.
    folds : int
        Number of folds.
    seed : int
        Decides among groups of one size.

    Returns
    -------
    list of int
        Fold of every pair, from 0; pairs of one group have one fold.

    Raises
    ------
    InputError
        There are fewer groups than folds.
    """
    sizes: dict[str, int] = {}
    for pair in pairs:
        sizes[pair.group] = sizes.get(pair.group, 0) + 1
    if len(sizes) < folds:
        raise InputError(f"{len(sizes)} groups cannot be dealt to {folds} folds: use fewer folds")
    filled = [0] * folds
    where: dict[str, int] = {}
    key = {group: hashlib.sha256(f"{seed}:{group}".encode()).digest() for group in sizes}
    for group in sorted(sizes, key=lambda g: (-sizes[g], key[g])):
        where[group] = filled.index(min(filled))
        filled[where[group]] += sizes[group]
    return [where[pair.group] for pair in pairs]


def cross_validate(
    config: TrainingConfig,
    output: Path,
    folds: int,
    *,
    device: str = "auto",
    workers: int = 2,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> CrossValidation:
    """Train once a fold and judge what the fold kept aside, segmented with the default parameters.

    Data sets with ``validate = false`` are trained on in every fold. An interrupted run goes on where it was:
    in the fold and at the step of the last checkpoint.

    Parameters
    ----------
    config : TrainingConfig
        What to train; ``validation_fraction`` is not looked at.
    output : Path
        Folder for ``fold-1`` and so on, ``crossval.json`` and ``crossval.csv``.
    folds : int
        Number of folds, at least 2.
    device, workers, progress, cancel
        As for `nanoseg_fiji.training.trainer.train`.

    Returns
    -------
    CrossValidation
        Every score of every fold, and where it was written.

    Raises
    ------
    InputError
        There are too few groups, or a fold has no particle: told before training.
    ModelError, OutputError, CancelledError
        As for training.
    """
    if folds < 2:
        raise InputError(f"{folds} fold cannot cross-validate: use 2 or more")
    material = load_material(config)
    dealt = _deal(config, material, folds)
    parts = []
    for fold in range(folds):
        part = material.split([[of == fold for of in found] for found in dealt])
        try:
            check_parts(config, part)
        except InputError as error:
            raise InputError(f"fold {fold + 1} of {folds}: {error}") from error
        parts.append(part)
    found = []
    for fold, part in enumerate(parts):
        folder = output / f"fold-{fold + 1}"
        told = share(progress, fold / folds, (fold + 1) / folds, f"fold {fold + 1} of {folds}: ")
        weights = train_on(config, part, folder, device=device, workers=workers, progress=told, cancel=cancel)
        found.append(_scores(weights, part, folder, device, cancel))
    return _write(config, parts, found, output)


def _deal(config: TrainingConfig, material: Material, folds: int) -> list[list[int]]:
    dealt = []
    for data, pairs in zip(config.data, material.pairs, strict=True):
        try:
            dealt.append(
                deal_groups(pairs, folds, config.validation_seed) if data.validate else [-1] * len(pairs)
            )
        except InputError as error:
            raise InputError(f"{data.folder}: {error}") from error
    if not any(data.validate for data in config.data):
        raise InputError("no data set has validate = true: there is nothing to judge")
    return dealt


def _scores(
    weights: Path, part: Material, folder: Path, device: str, cancel: Cancelled | None
) -> dict[str, float]:
    """Judge a fold, or take what was written when these weights were judged before."""
    path, sha256 = folder / "scores.json", find_model(str(weights)).sha256
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        if before["sha256"] == sha256:
            return {n: math.nan if v is None else float(v) for n, v in before["scores"].items()}
    except (OSError, ValueError, KeyError):
        pass
    samples = (
        Sample(pair.image.name, read_image(pair.image), image.labels)
        for found in part.part(True)
        for pair, image in found
    )
    scores = _flat(judge(weights, samples, device=device, cancel=cancel))
    write_json(path, {"sha256": sha256, "scores": {n: _plain(v) for n, v in scores.items()}})
    return scores


def _flat(evaluation: Evaluation) -> dict[str, float]:
    errors = (*ERRORS, "total_count_error")
    return {
        **{f"pooled.{name}": evaluation.pooled[name] for name in SCORES},
        **{f"mean.{name}": evaluation.mean[name] for name in SCORES},
        **{f"errors.{name}": evaluation.errors[name] for name in errors},
    }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON has no NaN


def _write(
    config: TrainingConfig, parts: list[Material], found: list[dict[str, float]], output: Path
) -> CrossValidation:
    scores = {name: [fold[name] for fold in found] for name in found[0]}
    table = CrossValidation(scores, output / "crossval.csv", output / "crossval.json")
    rows = {name: [table.mean(name), table.spread(name), *values] for name, values in scores.items()}
    with replacing(table.csv) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["score", "mean", "SD", *(f"fold {i + 1}" for i in range(len(found)))])
        writer.writerows([name, *(f"{value:.6g}" for value in row)] for name, row in rows.items())
    content = {
        "config": plain(config),
        "folds": [
            {"groups": sorted({p.group for pairs in part.part(True) for p, _ in pairs})} for part in parts
        ],
        "scores": {
            name: {"mean": _plain(row[0]), "sd": _plain(row[1]), "folds": [_plain(v) for v in row[2:]]}
            for name, row in rows.items()
        },
    }
    write_json(table.json, content)
    return table
