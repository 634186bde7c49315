"""Training and validation parts that share no group: no paper, no sample on both sides."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from string import digits
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["groups_of", "is_validation"]


def groups_of(names: Iterable[str], rule: str, folder: Path) -> Mapping[str, str]:
    """Name the group of every image.

    Parameters
    ----------
    names : iterable of str
        File names.
    rule : str
        ``image`` (every image is its own group), ``prefix`` (what stands before the first dash), ``series``
        (the name without the number at its end), or the name of a CSV file in `folder` whose first column is
        the file name and whose second is the group.
    folder : Path
        Folder of the data set.

    Returns
    -------
    mapping of str to str
        Group by file name.

    Raises
    ------
    InputError
        If the CSV file cannot be read or lacks images.
    """
    names = list(names)
    if rule == "image":
        return {name: name for name in names}
    if rule == "prefix":
        return {name: name.split("-")[0] for name in names}
    if rule == "series":
        return {name: Path(name).stem.rstrip(digits) for name in names}
    try:
        with (folder / rule).open(newline="", encoding="utf-8-sig") as file:
            table = {row[0]: row[1] for row in csv.reader(file) if len(row) >= 2}
    except OSError as error:
        raise InputError(
            f"groups of {folder}: cannot read {rule} ({error.strerror}); give image, prefix, series or a CSV "
            "file"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"groups of {folder}: {rule} is no CSV file in UTF-8 ({error})") from error
    missing = [name for name in names if name not in table]
    if missing:
        raise InputError(
            f"{folder / rule} names no group for {', '.join(missing[:5])}: add {len(missing)} line(s)"
        )
    return {name: table[name] for name in names}


def is_validation(group: str, fraction: float, seed: int) -> bool:
    """Whether a group belongs to the validation part: the same answer whatever else is there."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < fraction * 2**64
