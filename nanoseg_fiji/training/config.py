"""The TOML file that fixes a training run."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.network.losses import LossConfig
from nanoseg_fiji.training.augmentation import AugmentationConfig
from nanoseg_fiji.training.crops import CropConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DataConfig", "TrainingConfig", "changed_fields", "load_config", "plain"]

T = TypeVar("T")


@dataclass(frozen=True)
class DataConfig:
    """One data set: a folder of images with labels of any format (docs/training.md)."""

    folder: str
    """The folder; environment variables are expanded, and what is relative is relative to the file."""
    labels: str = ""
    """Folder or file of the labels, from the folder; empty finds it (`nanoseg_fiji.training.layout`)."""
    empty: bool = False
    """Whether drawings may hold no particle; a label image of zeros always may."""
    weight: float = 1.0
    """Share of the crops that come from here, beside the other sets."""
    groups: str = "image"
    """Rule of `nanoseg_fiji.training.splits.groups_of`."""
    validate: bool = True
    """Whether a part is kept for validation."""
    licence: str = ""
    """Licence and source, for the card."""


@dataclass(frozen=True)
class TrainingConfig:
    """A training run; together with the data and the package version it fixes the weights."""

    name: str
    """Name of the model."""
    data: tuple[DataConfig, ...]
    """Data sets."""
    architecture: Mapping[str, Any]
    """As `nanoseg_fiji.network.build` takes it."""
    description: str = ""
    """One line for the list of models."""
    start: str = ""
    """Model whose weights the run starts from: a name, or a file as `find_model` takes it; a path that begins
    with ``.`` is relative to the file. Empty: weights drawn at random."""
    diameter: float = 32.0
    """Particle diameter that images are rescaled to when the model is used, in pixels."""
    outline_zoom: float = 1.0
    """How much finer the model looks a second time when it is used, for sharper outlines; 1 for one look."""
    steps: int = 10_000
    """Optimiser steps."""
    learning_rate: float = 2e-3
    """Highest learning rate of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101)."""
    weight_decay: float = 0.02
    """Decoupled weight decay."""
    warmup: int = 300
    """Steps of linear warm-up, before the cosine."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.998
    """Decay of the averaged weights, which are the ones that are saved."""
    anchor: float = 0.0
    """Pull towards the weights that the run started from, as a decay times the learning rate."""
    seed: int = 1
    """Seed of weights and crops."""
    validation_fraction: float = 0.2
    """Share of the groups kept for validation."""
    validation_seed: int = 2
    """Seed of that choice."""
    validate_every: int = 500
    """Steps between two looks at the validation loss."""
    patience: int = 0
    """Looks without a lower validation loss after which training stops early; 0 never does."""
    keep: str = "auto"
    """Weights that become the model: ``last``, ``best`` (lowest validation loss), or ``auto``: the best where
    training stopped early, else the last, since the cosine ends where the loss is lowest."""
    checkpoint_minutes: float = 5.0
    """Time between checkpoints."""
    loss: LossConfig = field(default_factory=LossConfig)
    """How the loss is put together."""
    crops: CropConfig = field(default_factory=CropConfig)
    """How crops are drawn."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """What is done to their grey values."""

    def __post_init__(self) -> None:
        for name in ("steps", "validate_every", "learning_rate", "clip", "diameter", "outline_zoom"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} = {getattr(self, name)} must be above 0")
        if not 0 <= self.validation_fraction < 1:
            raise InputError(f"validation_fraction = {self.validation_fraction} must be from 0 to below 1")
        if self.keep not in ("auto", "best", "last"):
            raise InputError(f"keep = {self.keep!r} is unknown: use auto, best or last")


def _make(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    wrong = sorted(set(values) - known)
    if wrong:
        raise InputError(f"{where}: unknown key {', '.join(wrong)}; known are {', '.join(sorted(known))}")
    hints = get_type_hints(kind, {"Mapping": dict, "Any": Any, **globals()})
    made: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if name == "data":
            made[name] = tuple(_make(DataConfig, item, f"{where} [[data]]") for item in value)
        elif isinstance(hint, type) and is_dataclass(hint):
            made[name] = _make(hint, value, f"{where} [{name}]")
        elif isinstance(value, list) and name != "architecture":
            made[name] = tuple(value)
        elif hint in (int, float, str, bool) and not isinstance(
            value, (int, float) if hint is float else hint
        ):
            raise InputError(f"{where}: {name} = {value!r} is no {hint.__name__}")
        else:
            made[name] = value
    try:
        return kind(**made)
    except (TypeError, InputError) as error:
        raise InputError(f"{where}: {error}") from error


def load_config(path: Path) -> TrainingConfig:
    """Read a configuration.

    Parameters
    ----------
    path : Path
        A TOML file whose keys are the fields of `TrainingConfig`.

    Returns
    -------
    TrainingConfig
        With absolute data folders.

    Raises
    ------
    InputError
        If the file cannot be read, has an unknown or missing key, or names a folder that is not there.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no valid TOML: {error}") from error
    for item in values.get("data", []):
        folder = os.path.expandvars(str(item.get("folder", "")))
        if "$" in folder:
            raise InputError(f"{path}: {folder} uses an environment variable that is not set")
        item["folder"] = str((path.parent / Path(folder).expanduser()).resolve())
        if not Path(item["folder"]).is_dir():
            raise InputError(f"{path}: data folder {item['folder']} is not there")
    if str(values.get("start", "")).startswith("."):
        values["start"] = str((path.parent / values["start"]).resolve())
    return _make(TrainingConfig, values, str(path))


def plain(config: TrainingConfig) -> dict[str, Any]:
    """All fields as JSON gives them back."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(config), default=str))
    return values


def changed_fields(config: TrainingConfig, stored: Mapping[str, Any]) -> list[str]:
    """Name the fields in which a configuration differs from what `plain` gave, perhaps in an older version.

    A field that the older version did not know has its default there, so that a run goes on after an update.
    """
    return _changed(TrainingConfig, plain(config), stored)


def _changed(kind: type[Any], now: Mapping[str, Any], then: Mapping[str, Any], where: str = "") -> list[str]:
    hints = get_type_hints(kind, {"Mapping": dict, "Any": Any, **globals()})
    names = []
    for entry in fields(kind):
        name, value = entry.name, now[entry.name]
        if name == "data":
            sets = then.get(name, [])
            if len(sets) != len(value) or any(map(_changed, [DataConfig] * len(sets), value, sets)):
                names.append(name)
        elif is_dataclass(hints[name]):
            names += _changed(hints[name], value, then.get(name, {}), f"{name}.")
        else:
            default = None if entry.default is MISSING else entry.default
            before = then.get(name, json.loads(json.dumps(default)))
            if value != before:
                names.append(where + name)
    return names
