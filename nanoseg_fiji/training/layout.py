"""Which file holds the labels of which image: how people lay out their data sets."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nanoseg_fiji.annotations import SHARED, kind_of, match_name, names_in
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_files import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["find_files"]

_FOLDERS = ("labels", "masks", "rois", "boxes")
_ANNOTATIONS = (".zip", ".roi", ".json", ".csv")
_ENDINGS = ("_labels", "_rois")
"""What `nanoseg-fiji segment` adds to the names of its files."""


def find_files(folder: Path, labels: str = "") -> list[tuple[Path, Path]]:
    """Pair the images of a data set with the files that hold their labels.

    Images lie in ``images/``, or in the folder itself. Their labels are files of the same names in
    ``labels/``, ``masks/``, ``rois/`` or ``boxes/``, or beside the images; or one COCO or VIA file in the
    folder or beside the images speaks of all.

    Parameters
    ----------
    folder : Path
        The data set.
    labels : str
        Folder or file of the labels, from `folder`; empty finds it.

    Returns
    -------
    list of (Path, Path)
        Image and labels, in the order of the images' names.

    Raises
    ------
    InputError
        There are no images or no labels or more than one kind of them, or files lack their partner or share a
        name: all of them are listed.
    """
    inside = folder / "images" if (folder / "images").is_dir() else folder
    place = folder / labels if labels else _place_of_labels(folder, inside)
    if not place.exists():
        raise InputError(f"{folder}: its labels {labels!r} are not there: correct the key labels")
    images = [p for p in _visible(inside) if p.suffix.lower() in SUFFIXES]
    if place == inside:
        stems = {p.stem for p in images}
        images = [p for p in images if _bare(p) == p.stem or _bare(p) not in stems]
    if not images:
        raise InputError(
            f"{folder} has no images in it, nor in images/: it takes {', '.join(sorted(SUFFIXES))}"
        )
    pairs, problems = _shared(place, inside, images) if place.is_file() else _by_stem(place, inside, images)
    if problems:
        raise InputError(f"{folder}: {'; '.join(problems)}")
    return pairs


def _visible(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def _bare(path: Path) -> str:
    """Name that a file of labels is paired by."""
    for ending in _ENDINGS:
        if path.stem.endswith(ending):
            return path.stem.removesuffix(ending)
    return path.stem


def _place_of_labels(folder: Path, inside: Path) -> Path:
    """Find the folder or the file that holds the labels; raise unless there is just one."""
    found = [folder / name for name in _FOLDERS if (folder / name).is_dir()]
    files = _visible(folder) + (_visible(inside) if inside != folder else [])
    found += [p for p in files if p.suffix.lower() in (".json", ".csv") and kind_of(p) in SHARED]
    if len(found) > 1:
        names = ", ".join(str(p.relative_to(folder)) for p in found)
        raise InputError(f"{folder} has labels in {names}: say which with the key labels")
    return found[0] if found else inside


def _by_stem(place: Path, inside: Path, images: list[Path]) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Pair files of the same names."""
    files = [p for p in _visible(place) if p not in set(images)]
    if place == inside:  # other files may lie there too
        files = [p for p in files if p.suffix.lower() in _ANNOTATIONS or _bare(p) != p.stem]
        stems = {p.stem for p in images}
        files = [p for p in files if _bare(p) in stems or (p.suffix.lower() != ".csv" and kind_of(p))]
    pictures, labels = _by_name((p.stem, p) for p in images), _by_name((_bare(p), p) for p in files)
    problems = [
        f"{', '.join(p.name for p in group)} have one name: keep one"
        for group in (*pictures.values(), *labels.values())
        if len(group) > 1
    ]
    if lonely := sorted(set(pictures) - set(labels)):
        problems.append(f"no labels in {place} for image {', '.join(lonely)}: add them or remove the image")
    if lonely := sorted(set(labels) - set(pictures)):
        problems.append(f"no image in {inside} for labels {', '.join(lonely)}: add it or remove the labels")
    return [(group[0], labels[stem][0]) for stem, group in pictures.items() if stem in labels], problems


def _by_name(items: Iterable[tuple[str, Path]]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = {}
    for name, path in items:
        groups.setdefault(name, []).append(path)
    return groups


def _shared(place: Path, inside: Path, images: list[Path]) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Pair every image with the one file that speaks of all."""
    known = names_in(place)
    there = {p.name for p in images}
    problems = []
    if lonely := [p.name for p in images if match_name(p.name, known) is None]:
        problems.append(
            f"{place.name} says nothing (or two things) about image {', '.join(lonely)}: annotate it or "
            "remove it"
        )
    if lonely := sorted(n for n in known if PurePosixPath(n.replace("\\", "/")).name not in there):
        problems.append(f"{place.name} names images that are not in {inside}: {', '.join(lonely)}: add them")
    return [(path, place) for path in images], problems
