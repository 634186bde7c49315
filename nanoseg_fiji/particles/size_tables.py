"""Tables of particles from many places, as one list of sizes: what, how large, and where it was seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.table import read_csv, split_unit

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["SIZES", "join_sizes", "load_sizes", "sizes_of"]

SIZES = ("ECD", "MinFeret", "Feret")
"""Columns that are diameters."""
_IMAGES = ("image", "file", "filename")
_GROUPS = ("group", "condition", "sample")
_SLICES = ("slice", "frame")
_METRES = {
    **{"pm": 1e-12, "\xc5": 1e-10, "nm": 1e-9, "um": 1e-6, "micron": 1e-6, "microns": 1e-6},
    **{"mm": 1e-3, "cm": 1e-2, "m": 1.0},
}
_SIGNS = re.compile("[\xb5\u03bc]")  # micro sign, Greek mu


def sizes_of(table: pd.DataFrame, *, name: str = "", size: str = "ECD", unit: str = "") -> pd.DataFrame:
    """Take from a table of particles what their size distribution needs.

    Parameters
    ----------
    table : DataFrame
        From `measure`, `read_csv` or ImageJ; units in ``attrs["units"]``, in the names of the columns or
        in a column ``Unit``.
        Where it has no ``ECD``, that of ``Area`` is taken. ``Weight`` is what a particle counts for, or else
        ``Edge`` leaves some out. Images are told apart by a column ``Image`` or ``File``, else by the row
        labels ``image:ROI``; a column ``Group``, ``Condition`` or ``Sample`` names groups.
    name : str
        What the table is called.
    size : str
        One of `SIZES`.
    unit : str
        Unit of the diameters where the table does not say.

    Returns
    -------
    DataFrame
        One row a particle: ``size``; ``weight`` (0: at the edge, not counted); ``image``, ``slice``,
        ``group`` and ``table`` (str). ``attrs`` are ``size``, ``unit`` and ``notes``,
        a list of str.

    Raises
    ------
    InputError
        The table has no such column.
    """
    if size not in SIZES:
        raise InputError(f"unknown size {size!r}: known are {', '.join(SIZES)}")
    found = {split_unit(str(column))[0].lower(): column for column in table.columns}
    unit = _common_unit(table, found) or unit
    notes = []
    if size.lower() in found:
        x, unit = _numbers(table, found[size.lower()]), _unit_of(table, found[size.lower()]) or unit
    elif size == "ECD" and "area" in found:
        with np.errstate(invalid="ignore"):
            x = np.sqrt(4 / np.pi * _numbers(table, found["area"]))
        unit = _unit_of(table, found["area"]).removesuffix("^2").removesuffix("²") or unit
        notes.append("the diameters are those of circles of the column Area, holes left out")
    else:
        raise InputError(
            f"the {name or 'table'} has no {size} column: run Segment Particles... or Measure Particles... "
            "first"
        )
    labels = [str(label) for label in table.index]
    sizes = pd.DataFrame(
        {
            "size": x,
            "weight": _weights(table, found, notes),
            "image": _texts(table, found, _IMAGES) or [label.rpartition(":")[0] for label in labels],
            "slice": _texts(table, found, _SLICES[:1]) or "",
            "group": _texts(table, found, _GROUPS) or "",
            "table": name,
        }
    )
    if "frame" in found:
        sizes["slice"] += " " + table[found["frame"]].astype(str).to_numpy()
    good = np.isfinite(x) & (x > 0) & np.isfinite(sizes["weight"])
    if not good.all():
        notes.append(f"{int((~good).sum())} rows without a size were left out")
    kept: pd.DataFrame = sizes.loc[good].reset_index(drop=True)
    kept.attrs = {"size": size, "unit": unit, "notes": notes}
    return kept


def _unit_of(table: pd.DataFrame, column: Any) -> str:
    return str(table.attrs.get("units", {}).get(column) or split_unit(str(column))[1])


def _common_unit(table: pd.DataFrame, found: dict[str, Any]) -> str:
    """Give the unit of all rows, from a column of that name."""
    units = sorted({str(unit) for unit in table[found["unit"]]}) if "unit" in found else []
    if len(units) > 1:
        raise InputError(f"rows in {' and in '.join(units)} in one table: give the images' own tables")
    return units[0] if units else ""


def _numbers(table: pd.DataFrame, column: Any) -> NDArray[np.float64]:
    return np.asarray(pd.to_numeric(table[column], errors="coerce"), np.float64)


def _weights(table: pd.DataFrame, found: dict[str, Any], notes: list[str]) -> NDArray[np.float64]:
    if "weight" in found:
        return _numbers(table, found["weight"])
    if "edge" in found:
        notes.append("the table has no Weight column: particles count alike, those at the edge not at all")
        return np.where(_numbers(table, found["edge"]) > 0, 0.0, 1.0)
    notes.append("the table does not say which particles touch the edge: all count alike")
    return np.ones(len(table))


def _texts(table: pd.DataFrame, found: dict[str, Any], names: Iterable[str]) -> list[str]:
    column = next((found[name] for name in names if name in found), None)
    return [] if column is None else [str(value) for value in table[column]]


def join_sizes(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put several lists of sizes into one, in the unit of the first.

    Returns
    -------
    DataFrame
        As from `sizes_of`, with a column ``part``: the number of the list, from 0.

    Raises
    ------
    InputError
        There is none, or the units have no known ratio.
    """
    if not parts:
        raise InputError("there are no tables to describe: give some")
    unit = str(parts[0].attrs["unit"])
    scaled = []
    for i, part in enumerate(parts):
        ratio = _ratio(str(part.attrs["unit"]), unit)
        scaled.append(part.assign(size=part["size"] * ratio, part=i))
    notes = dict.fromkeys(note for part in parts for note in part.attrs["notes"])
    for part in scaled:
        part.attrs = {}
    joined = pd.concat(scaled, ignore_index=True)
    joined.attrs = {"size": parts[0].attrs["size"], "unit": unit, "notes": list(notes)}
    return joined


def _ratio(unit: str, wanted: str) -> float:
    if unit == wanted:
        return 1.0
    metres = [_METRES.get(_SIGNS.sub("u", text.replace("\u212b", "\xc5"))) for text in (unit, wanted)]
    if metres[0] is None or metres[1] is None:
        raise InputError(f"sizes in {unit or 'no unit'} and in {wanted or 'no unit'} cannot be compared")
    return metres[0] / metres[1]


def load_sizes(paths: Iterable[str | os.PathLike[str]], *, size: str = "ECD", unit: str = "") -> pd.DataFrame:
    """Read the sizes from tables in files.

    Parameters
    ----------
    paths : iterable of path
        CSV files; a folder stands for the tables ``*_particles.csv`` in it and below (without such, for all
        its CSV files), as one table of many images. An image that is in two files of a folder counts once.
    size, unit : str
        As in `sizes_of`.

    Returns
    -------
    DataFrame
        As from `join_sizes`; ``table`` is the name of the file or folder.

    Raises
    ------
    InputError
        A file is not there or no such table, a folder has none, or the units have no known ratio.
    """
    parts = []
    names: set[str] = set()
    for path in map(Path, paths):
        files = [path]
        if path.is_dir():
            files = sorted(path.rglob("*_particles.csv")) or sorted(path.glob("*.csv"))
            if not files:
                raise InputError(f"{path} has no tables (*_particles.csv): give a folder of results")
        name = _free_name(path, names)
        names.add(name)
        read = [sizes_of(read_csv(file), name=str(file), size=size, unit=unit) for file in files]
        parts += _once([part.assign(table=name) for part in read], name)
    return join_sizes(parts)


def _free_name(path: Path, taken: set[str]) -> str:
    """Name of a file or folder that no other has."""
    path = path.resolve()
    base = path.name if path.is_dir() else path.stem.removesuffix("_particles")
    name, number = base, 2
    while name in taken:
        name, number = f"{base} ({number})", number + 1
    return name


def _once(parts: list[pd.DataFrame], name: str) -> list[pd.DataFrame]:
    """Leave out images that an earlier table has already, particle by particle."""
    seen = set()
    kept = []
    for part in parts:
        images = {image: (image, *rows["size"]) for image, rows in part.groupby("image")}
        twice = [image for image, key in images.items() if image and key in seen]
        seen |= set(images.values())
        attrs = part.attrs
        if twice:
            part = part[~part["image"].isin(twice)]
            attrs["notes"].append(f"images that are in two tables of {name} were counted once")
        part.attrs = attrs
        kept.append(part)
    return kept
