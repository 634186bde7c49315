"""Files that belong together: predicted labels, or micrographs, and true labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nanoseg_fiji.annotations import SHARED, kind_of, names_in, read_annotation
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_files import SUFFIXES, find_images, read_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FilePair", "find_partners", "pair_files", "read_labels"]

_LABELS = "_labels"  # what `nanoseg-fiji segment` adds to the name of its label images
_DRAWN = (".zip", ".roi", ".json")


@dataclass(frozen=True)
class FilePair:
    """Two files of one micrograph."""

    name: str
    """What they share: the file name without its ending."""
    first: Path
    """Predicted labels, or the micrograph."""
    truth: Path
    """True labels."""


def pair_files(
    first: Path, truth: Path, listing: Path | None = None, *, labels: bool = True
) -> list[FilePair]:
    """Pair the files of two folders, or two files; labels may also be one COCO or VIA file for all.

    Files belong together when their names without the ending are the same. Of label images ``_labels`` at the
    end of the name does not count, and where a folder has such files, its others are left alone: the folder
    that ``nanoseg-fiji segment`` writes serves as it is. Two files are a pair whatever their names.

    Parameters
    ----------
    first : Path
        Folder or file: predicted labels, or micrographs.
    truth : Path
        Folder or file of true labels.
    listing : Path, optional
        Text file with the names to take, one a line, with or without ending; empty lines and what follows a
        ``#`` are skipped. All files by default.
    labels : bool
        Whether `first` holds label images.

    Returns
    -------
    list of FilePair
        Sorted by name.

    Raises
    ------
    InputError
        A path is missing, a folder is empty or has two files of one name, or files lack their partner: all of
        them are named.
    """
    if first.is_file() and truth.is_file() and listing is None:
        return [FilePair(first.stem, first, truth)]
    found, true = _by_name(first, labels), _by_name(truth, True)
    known = set(found) | set(true)
    wanted = known if listing is None else _listed(listing, known)
    _check_complete(wanted, {first: found, truth: true})
    return [FilePair(name, found[name], true[name]) for name in sorted(wanted)]


def find_partners(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Find the micrographs of these names in a folder.

    Raises
    ------
    InputError
        Micrographs are missing: all of them are named.
    """
    files = _by_name(folder, False)
    _check_complete(set(names), {folder: files})
    return files


def _check_complete(wanted: set[str], places: dict[Path, dict[str, Path]]) -> None:
    lacking = {place: sorted(wanted - set(files)) for place, files in places.items()}
    said = "; ".join(f"{place} lacks {', '.join(names)}" for place, names in lacking.items() if names)
    if said:
        raise InputError(f"{said}: add the files, or name those to take with --list")


def _by_name(path: Path, labels: bool) -> dict[str, Path]:
    """Files by the name that they are paired by."""
    if not path.exists():
        raise InputError(f"there is no {path}: check the path")
    if path.is_file() and labels and kind_of(path) in SHARED:
        return dict.fromkeys((PurePosixPath(name).stem for name in names_in(path)), path)
    paths = _label_files(path) if path.is_dir() and labels else find_images([path])
    marked = [p for p in paths if labels and p.stem.endswith(_LABELS)]
    files: dict[str, Path] = {}
    for file in marked or paths:
        name = file.stem.removesuffix(_LABELS) if marked else file.stem
        other = files.setdefault(name, file)
        if other is not file:
            raise InputError(f"{other} and {file.name} have one name: move one of them away")
    return files


def _label_files(folder: Path) -> list[Path]:
    """Label images and drawings in a folder."""
    drawn = [p for p in folder.iterdir() if p.suffix.lower() in _DRAWN and not p.name.startswith(".")]
    # COCO and VIA files are given themselves; other JSON files may be anything
    drawn = [p for p in drawn if p.suffix.lower() != ".json" or kind_of(p) == "labelme"]
    has_images = any(p.suffix.lower() in SUFFIXES for p in folder.iterdir())
    return sorted((find_images([folder]) if has_images or not drawn else []) + drawn)


def _listed(listing: Path, known: set[str]) -> set[str]:
    """Names in a text file; a known name is taken as it stands, else without its ending."""
    try:
        text = listing.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the list {listing}: {error}") from error
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    names = {line if line in known else Path(line).stem for line in lines if line}
    if not names:
        raise InputError(f"the list {listing} names no image: write one name a line")
    return names


def read_labels(path: Path, partner: Path | None = None) -> NDArray[np.int32]:
    """Read the labels of one image, of any format that training takes.

    Parameters
    ----------
    path : Path
        Label image, mask (its 8-connected components are taken), ImageJ ROI set, COCO, VIA or labelme file.
    partner : Path, optional
        The image, or the other label image: its size is that of the labels where `path` does not tell it, and
        COCO and VIA files are asked for its name.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image, 0 is background.

    Raises
    ------
    InputError
        The file cannot be read, is a stack, in colour or boxes, or holds what is no label; or neither file
        tells the size.
    """
    if partner is None or kind_of(path) == "image":
        return read_annotation(path, None).labels
    if kind_of(partner) != "image":
        raise InputError(
            f"neither {path} nor {partner} tells the size of the image: give one as a label image"
        )
    image = read_image(partner)
    if image.ndim - ("rgb" in image.dims) != 2:
        raise InputError(f"{partner} is a stack: save the slices as single images")
    rows, cols = image.sizes["row"], image.sizes["col"]
    name = partner.name
    if kind_of(path) in SHARED:
        stem = partner.stem.removesuffix(_LABELS)
        name = next((n for n in names_in(path) if PurePosixPath(n).stem == stem), name)
    return read_annotation(path, (rows, cols), name=name).labels
