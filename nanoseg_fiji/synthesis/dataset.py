"""Folders of simulated micrographs that training reads."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.synthesis.config import MicrographConfig
from nanoseg_fiji.synthesis.draw import draw_config
from nanoseg_fiji.synthesis.simulate import simulate
from nanoseg_fiji.tiff import write_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nanoseg_fiji.types import Progress

__all__ = ["MANIFEST", "config_from", "write_dataset"]

MANIFEST = "synthesis.json"
"""What the folder was made from: seed, and the configuration of every image."""


_FOLDERS = ("images", "labels", "marks")


def _entries(folder: Path) -> set[str]:
    """Files in a folder and below, as the manifest names them."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _check_target(folder: Path, overwrite: bool) -> None:
    """Raise unless `folder` may be made or replaced: only what was written here before ever is."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is no folder: choose another one")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not overwrite:
        raise OutputError(f"{folder} is not empty and was kept: allow overwriting or choose another folder")
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["images"]
        own = {f"{kind}/{name}" for name in listed for kind in _FOLDERS} | {MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        raise OutputError(
            f"{folder} holds no simulated images (no {MANIFEST}): choose another folder"
        ) from None
    if foreign := sorted(_entries(folder) - own):
        raise OutputError(
            f"{folder} holds files of another origin, such as {foreign[0]}: choose another folder"
        )


def write_dataset(
    folder: Path,
    count: int,
    seed: int,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    **choices: Any,
) -> Path:
    """Simulate micrographs into ``images/``, ``labels/`` and ``marks/``, whole or not at all.

    Marks are 255 where letters, bars and info strips are burnt in.
    Image *i* depends on the seed, on *i* and on the choices, not on how many there are.

    Parameters
    ----------
    folder : Path
        Made where it is missing. With the images comes ``synthesis.json``, which holds all parameters.
    count : int
        How many, at least 1.
    seed : int
        Not negative.
    overwrite : bool
        Whether a folder that an earlier call has written is replaced; one with other files never is.
    progress : callable, optional
        Called after every image.
    **choices
        Of `nanoseg_fiji.synthesis.draw.draw_config`.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    InputError
        `count` or `seed` cannot be used.
    OutputError
        The folder is in use, cannot be written to, or the disk is full; it is left as it was.
    """
    if count < 1 or seed < 0:
        raise InputError(f"count={count} must be at least 1, and seed={seed} not negative")
    _check_target(folder, overwrite)
    digits = max(len(str(count)), 4)
    images: dict[str, Any] = {}
    with scratch_beside(folder.absolute().parent) as scratch:
        new = scratch / "new"
        for kind in _FOLDERS:
            (new / kind).mkdir(parents=True)
        for number in range(1, count + 1):
            config = draw_config(np.random.default_rng([seed, number]), **choices)
            own_seed = seed * 1_000_003 + number
            image, labels, calibration, marks = simulate(config, own_seed)
            name = f"{config.modality}-{number:0{digits}}.tif"
            write_tiff(new / "images" / name, image, ("row", "col"), calibration)
            write_tiff(new / "labels" / name, labels.astype(np.uint16), ("row", "col"), calibration)
            write_tiff(new / "marks" / name, 255 * marks.astype(np.uint8), ("row", "col"), calibration)
            images[name] = {"seed": own_seed, "count": int(labels.max()), **config.plain}
            if progress:
                progress(number / count, name)
        content = {"seed": seed, "images": images}
        (new / MANIFEST).write_text(json.dumps(content, indent=1, default=float) + "\n", encoding="utf-8")
        _swap(new, folder, scratch / "old")
    return folder


def config_from(entry: Mapping[str, Any]) -> MicrographConfig:
    """Make the configuration of an image again from its entry in the manifest."""
    kinds = get_type_hints(MicrographConfig)
    known = {name: entry[name] for name in kinds if name in entry}
    made = {name: kinds[name](**v) if isinstance(v, dict) else v for name, v in known.items()}
    return MicrographConfig(**made)


def _swap(new: Path, folder: Path, old: Path) -> None:
    """Put `new` in the place of `folder`, whose former content goes to `old`."""
    there = folder.exists()
    if there:
        os.replace(folder, old)
    try:
        os.replace(new, folder)
    except OSError:
        if there:
            os.replace(old, folder)
        raise
