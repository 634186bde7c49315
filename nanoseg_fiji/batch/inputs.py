"""Which images a folder holds, and where the results of each go."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_files import SUFFIXES
from nanoseg_fiji.outputs import OUTPUTS, output_paths, unique_stems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["MANIFEST", "Inputs", "Item", "find_inputs"]

MANIFEST = "nanoseg_manifest.jsonl"
"""Name of the manifest; a folder that has one holds results, never images."""


@dataclass(frozen=True)
class Item:
    """An image and the place of its results."""

    name: str
    """Path below the input folder, with slashes."""
    path: Path
    """The image file."""
    folder: Path
    """Where its results go: the same folder below the output folder."""
    stem: str
    """What the names of its results begin with."""

    @property
    def targets(self) -> list[Path]:
        """Paths of its results."""
        return output_paths(self.folder, self.stem, overwrite=True)


@dataclass(frozen=True)
class Inputs:
    """The images of a folder."""

    items: tuple[Item, ...]
    """Sorted by name."""
    messages: tuple[str, ...]
    """What was left out."""


def find_inputs(
    source: Path,
    output: Path,
    *,
    recursive: bool = True,
    pattern: str = "",
    stems: Mapping[str, str] | None = None,
) -> Inputs:
    """Find the images in a folder; hidden files, earlier results and the output folder are no inputs.

    Parameters
    ----------
    source, output : Path
        Input and output folder.
    recursive : bool
        Whether folders below `source` are looked into; links to folders are not followed.
    pattern : str
        Names that are taken, such as ``*_SE.tif``; with a slash in it, paths below `source`. Upper and lower
        case are alike; empty takes all.
    stems : mapping of str to str, optional
        Stems that images of an earlier run have already, by image; they keep them.

    Raises
    ------
    InputError
        `source` is no folder or has no images, or `output` is or holds `source`.
    """
    if not source.is_dir():
        raise InputError(f"no folder {source}: give the folder of the images")
    top, out = source.resolve(), output.resolve()
    if top == out or out in top.parents:
        raise InputError(
            f"the output folder {output} is or holds the input folder: choose another, where results are not "
            "taken for images"
        )
    names, messages = _names(top, out, recursive, pattern)
    if not names:
        said = f" that match {pattern!r}" if pattern else ""
        raise InputError(f"no images{said} in {source}: it takes {', '.join(sorted(SUFFIXES))}")
    items: list[Item] = []
    for folder, inside in _by_folder(names):
        free = unique_stems([top / name for name in inside])
        items += [
            Item(name, source / name, output / folder, (stems or {}).get(name, stem))
            for name, stem in zip(inside, free, strict=True)
        ]
    return Inputs(tuple(sorted(items, key=lambda item: item.name)), tuple(messages))


def _names(top: Path, out: Path, recursive: bool, pattern: str) -> tuple[list[str], list[str]]:
    """Names of the images below a folder, sorted, and what was left out."""
    found: list[str] = []
    others = unmatched = 0
    unreadable: list[str] = []
    for folder, folders, files in os.walk(top, onerror=lambda error: unreadable.append(str(error.filename))):
        here = Path(folder)
        if here == out or (here != top and MANIFEST in files):
            folders.clear()
            continue
        folders[:] = sorted(d for d in folders if recursive and not d.startswith("."))
        visible = {name for name in files if not name.startswith(".")}
        for name in sorted(n for n in visible if not _is_result(n, visible)):
            path = (here / name).relative_to(top).as_posix()
            if Path(name).suffix.lower() not in SUFFIXES:
                others += 1
            elif not _matches(path, pattern):
                unmatched += 1
            else:
                found.append(path)
    messages = [f"left out: {others} that are no images"] if others else []
    messages += [f"left out: {unmatched} that do not match {pattern!r}"] if unmatched else []
    messages += [f"the folder {path} cannot be read and was left out" for path in unreadable]
    return sorted(found), messages


def _is_result(name: str, beside: set[str]) -> bool:
    stem, _, kind = name.rpartition("_")
    return kind in OUTPUTS and f"{stem}_run.json" in beside


def _matches(path: str, pattern: str) -> bool:
    name = path if "/" in pattern else path.rpartition("/")[2]
    return not pattern or fnmatch.fnmatchcase(name.lower(), pattern.lower())


def _by_folder(names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Names of each folder, in the order of the folders' first names."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    yield from folders.items()
