"""The one place that finds models and scripts: in the wheel first, else in the checkout (editable)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.types import ModelSpec

__all__ = ["find_model", "list_models", "models_dir", "scripts_dir"]

_PACKAGE = Path(__file__).resolve().parent


def _resource_dir(name: str) -> Path:
    for folder in (_PACKAGE / "_resources" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ModelError(f"the folder {name!r} of nanoseg-fiji is missing: install the package again")


def scripts_dir() -> Path:
    """Folder of the ImageJ scripts, with ``Plugins/NanoSeg`` and ``lib`` in it."""
    return _resource_dir("fiji-scripts")


def models_dir() -> Path:
    """Folder of the models that come with the package."""
    return _resource_dir("models")


def list_models() -> list[ModelSpec]:
    """Models that come with the package, by name.

    Returns
    -------
    list of ModelSpec
        Sorted by name; a model without a readable card is left out here and complained about by `find_model`.
    """
    specs = []
    for weights in sorted(models_dir().glob("*.safetensors")):
        try:
            specs.append(_read_spec(weights))
        except ModelError:
            continue
    return specs


def find_model(name: str | Path) -> ModelSpec:
    """Find a model by its name or by the path of its weights.

    Parameters
    ----------
    name : str or Path
        Name of a model of the package, or path of a ``.safetensors`` file with its ``.json`` card beside it.

    Returns
    -------
    ModelSpec
        Where the weights are and what the card says; the hash is checked when the weights are loaded.

    Raises
    ------
    ModelError
        There is no such model, or its card is missing or damaged.
    """
    text = str(name).strip()
    if text.endswith(".safetensors"):
        weights = Path(text).expanduser()
        if not weights.is_file():
            raise ModelError(f"no model file {weights}: check the path")
        return _read_spec(weights)
    weights = models_dir() / f"{text}.safetensors"
    if not text or Path(text).name != text or not weights.is_file():
        known = ", ".join(spec.name for spec in list_models()) or "none"
        raise ModelError(
            f"unknown model {text!r}: known are {known}; or give the path of a .safetensors file"
        )
    return _read_spec(weights)


def _read_spec(weights: Path) -> ModelSpec:
    path = weights.with_suffix(".json")
    try:
        card: Any = json.loads(path.read_text(encoding="utf-8"))
        return ModelSpec(name=str(card["name"]), weights=weights, sha256=str(card["sha256"]), card=card)
    except FileNotFoundError as error:
        raise ModelError(f"the card {path} is missing: keep it beside {weights.name}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the card {path} cannot be used ({error!r}): get it again") from error
