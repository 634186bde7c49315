"""The one place that finds models, scripts and documentation.

What comes with the package is in the wheel, else in the checkout (editable installs); the user's own models
are in a folder of the user's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.types import ModelSpec, SegmentationParams

__all__ = [
    "DEFAULT",
    "SUFFIXES",
    "default_model",
    "docs_dir",
    "find_model",
    "list_models",
    "models_dir",
    "read_spec",
    "scripts_dir",
    "user_models_dir",
]

DEFAULT = "default"
"""Stands for the model that the user has chosen as the usual one, else that of the package."""
SUFFIXES = (".safetensors", ".onnx")
"""Endings of weights: this package's models, and those imported from others as ONNX."""
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


def docs_dir() -> Path:
    """Folder of the documentation; ``README.md`` lies beside it."""
    return _resource_dir("docs")


def user_models_dir() -> Path:
    """Folder of the user's own models, which may be missing: ``$NANOSEG_MODELS`` or with the user's data."""
    if own := os.environ.get("NANOSEG_MODELS"):
        return Path(own).expanduser()
    from platformdirs import user_data_path

    return user_data_path("nanoseg-fiji", appauthor=False) / "models"


def default_model() -> str:
    """Name of the model that `DEFAULT` stands for.

    Raises
    ------
    ModelError
        The user's choice cannot be read.
    """
    path = user_models_dir() / f"{DEFAULT}.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["model"])
    except FileNotFoundError:
        return SegmentationParams.model
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be used ({error!r}): choose the default model again") from error


def list_models() -> list[ModelSpec]:
    """Models that come with the package and those of the user.

    Returns
    -------
    list of ModelSpec
        The package's first, each part sorted by name; a model without a readable card is left out here and
        complained about by `find_model`.
    """
    specs: dict[str, ModelSpec] = {}
    for folder in (models_dir(), user_models_dir()):
        for weights in sorted(path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")):
            try:
                specs.setdefault(weights.stem, read_spec(weights))
            except ModelError:
                continue
    return list(specs.values())


def find_model(name: str | Path) -> ModelSpec:
    """Find a model by its name or by the path of its weights.

    Parameters
    ----------
    name : str or Path
        Name of a model of the package or of the user, ``default``, or path of a ``.safetensors`` file with
        its ``.json`` card beside it.

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
    if text.endswith(SUFFIXES):
        weights = Path(text).expanduser()
        if not weights.is_file():
            raise ModelError(f"no model file {weights}: check the path")
        return read_spec(weights)
    wanted = default_model() if text == DEFAULT else text
    if wanted and Path(wanted).name == wanted:
        for folder in (models_dir(), user_models_dir()):
            for suffix in SUFFIXES:
                if (folder / f"{wanted}{suffix}").is_file():
                    return read_spec(folder / f"{wanted}{suffix}")
    known = ", ".join(spec.name for spec in list_models()) or "none"
    if text == DEFAULT:
        raise ModelError(f"the default model {wanted!r} is gone: choose another; known are {known}")
    raise ModelError(f"unknown model {text!r}: known are {known}; or give the path of a .safetensors file")


def read_spec(weights: Path) -> ModelSpec:
    """Read the card beside a model's weights.

    Raises
    ------
    ModelError
        It is missing or damaged.
    """
    path = weights.with_suffix(".json")
    try:
        card: Any = json.loads(path.read_text(encoding="utf-8"))
        return ModelSpec(name=str(card["name"]), weights=weights, sha256=str(card["sha256"]), card=card)
    except FileNotFoundError as error:
        raise ModelError(f"the card {path} is missing: keep it beside {weights.name}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the card {path} cannot be used ({error!r}): get it again") from error
