"""The user's own models: added, removed, and one of all models chosen as the usual one.

A model is a file of weights, its ``.json`` card, and where there are ones, a page (``.md``) and a picture
(``.png``), all of one name in one folder. Nothing here unpickles anything.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import ModelError, OutputError
from nanoseg_fiji.files import replacing, scratch_beside
from nanoseg_fiji.resources import (
    DEFAULT,
    SUFFIXES,
    default_model,
    find_model,
    models_dir,
    read_spec,
    user_models_dir,
)

if TYPE_CHECKING:
    from nanoseg_fiji.types import ModelSpec

__all__ = [
    "add_model",
    "free_name",
    "import_model",
    "is_own",
    "own_model",
    "remove_model",
    "set_default_model",
]

_COMPANIONS = (".md", ".png")
_NAME = re.compile(r"\w[\w.+-]{0,63}")


def is_own(spec: ModelSpec) -> bool:
    """Whether a model is one of the user's, not one of the package's."""
    return spec.weights.parent == user_models_dir()


def own_model(name: str) -> ModelSpec:
    """Find one of the user's models.

    Raises
    ------
    ModelError
        There is no such model, or it comes with the package.
    """
    spec = find_model(name)
    if not is_own(spec):
        raise ModelError(f"the model {spec.name!r} is not one of yours in {user_models_dir()}: it stays")
    return spec


def free_name(name: str) -> str:
    """Check that a new model can have a name.

    Raises
    ------
    ModelError
        It is no good name or is taken; a package's name cannot be taken over, or results would say one model
        and come from another.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", *SUFFIXES)):
        raise ModelError(f"{name!r} cannot be a model's name: use letters, digits, and - _ . + between them")
    for folder, whose in ((models_dir(), "comes with nanoseg-fiji"), (user_models_dir(), "is there already")):
        # Some file systems take Mine and mine for one.
        if name.casefold() in _names(folder):
            hint = f", such as my-{name}" if folder == models_dir() else ", or remove that one"
            raise ModelError(f"a model {name!r} {whose}: give another name{hint}")
    if name.casefold() == DEFAULT:
        raise ModelError(f"{name!r} stands for the model that you choose as usual: give another name")
    return name


def _names(folder: Path) -> set[str]:
    return {path.stem.casefold() for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")}


def import_model(source: str | Path, name: str = "") -> ModelSpec:
    """Add a model to the user's models.

    Parameters
    ----------
    source : str or Path
        A ``.safetensors`` file with its card beside it, such as training and fine-tuning write; or a package
        of bioimage.io (``.zip``), see `nanoseg_fiji.exchange.reader`.
    name : str
        Name that it gets; that of its card by default.

    Returns
    -------
    ModelSpec
        The model, in the user's folder.

    Raises
    ------
    ModelError
        It is no model that can be used, is damaged, or its name is taken.
    OutputError
        It cannot be written.
    """
    path = Path(source).expanduser()
    if not path.is_file():
        raise ModelError(f"no file {path}: give a .safetensors file or a bioimage.io package (.zip)")
    if path.suffix.lower() == ".zip":
        from nanoseg_fiji.exchange.reader import unpacked_model

        with unpacked_model(path) as weights:
            return add_model(weights, name)
    if not path.name.endswith(SUFFIXES):
        raise ModelError(
            f"{path.name} is no model: give a .safetensors file with its card beside it, or a bioimage.io "
            "package (.zip); pickled weights (.pt, .pth) are never opened"
        )
    return add_model(path, name)


def add_model(weights: Path, name: str = "") -> ModelSpec:
    """Copy a model, with its card, page and picture, into the user's folder: whole or not at all.

    Parameters
    ----------
    weights : Path
        Weights with their card beside them.
    name : str
        Name that it gets; that of its card by default.

    Returns
    -------
    ModelSpec
        The copy, which has been loaded once.

    Raises
    ------
    ModelError
        Hash or architecture are not as the card says, or the name is taken.
    OutputError
        It cannot be written.
    """
    from nanoseg_fiji.network import load_model

    source = read_spec(weights)
    name = free_name(name or source.name)
    folder = user_models_dir()
    with scratch_beside(folder) as scratch:
        copy = scratch / f"{name}{weights.suffix}"
        shutil.copyfile(weights, copy)
        card = {**source.card, "name": name}
        copy.with_suffix(".json").write_text(
            json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        for suffix in _COMPANIONS:
            if (page := weights.with_suffix(suffix)).is_file():
                shutil.copyfile(page, copy.with_suffix(suffix))
        load_model(read_spec(copy))
        # The weights come last: without them there is no model of that name.
        for part in sorted(scratch.iterdir(), key=lambda path: path.suffix in SUFFIXES):
            os.replace(part, folder / part.name)
    return find_model(name)


def remove_model(name: str) -> None:
    """Delete one of the user's models; where it was the default, the package's is again.

    Raises
    ------
    ModelError
        There is no such model, or it comes with the package.
    OutputError
        It cannot be deleted.
    """
    spec = own_model(name)
    was_default = default_model() == spec.name
    try:
        for suffix in (spec.weights.suffix, ".json", *_COMPANIONS):
            spec.weights.with_suffix(suffix).unlink(missing_ok=True)
        if was_default:
            (user_models_dir() / f"{DEFAULT}.json").unlink()
    except OSError as error:
        raise OutputError(f"cannot remove {spec.weights} ({error.strerror}): close what uses it") from error


def set_default_model(name: str) -> ModelSpec:
    """Choose the model that commands and the command line take where none is named.

    Parameters
    ----------
    name : str
        Name of a model of the package or of the user.

    Returns
    -------
    ModelSpec
        The model.

    Raises
    ------
    ModelError
        There is no model of that name.
    OutputError
        The choice cannot be written.
    """
    if name.endswith(SUFFIXES):
        raise ModelError(f"import {name} first: the default model is one of the list")
    spec = find_model(name)
    with replacing(user_models_dir() / f"{DEFAULT}.json") as part:
        part.write_text(json.dumps({"model": spec.name}) + "\n", encoding="utf-8")
    return spec
