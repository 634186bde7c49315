"""The particle table as a file."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.files import replacing

if TYPE_CHECKING:
    import os

__all__ = ["read_csv", "split_unit", "write_csv"]

_LABELS = ("", "label")


def write_csv(table: pd.DataFrame, path: str | os.PathLike[str], *, decimal_comma: bool = False) -> None:
    """Write a particle table as CSV (UTF-8), whole or not at all.

    Units stand in the header, as in ``Area (nm^2)``; numbers have six significant digits. A table without
    rows gives the header alone.

    Parameters
    ----------
    table : DataFrame
        From `measure`.
    path : path
        The file.
    decimal_comma : bool
        Write decimal commas, and semicolons between columns, as spreadsheets of many countries want them.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    units = table.attrs.get("units", {})
    header = [f"{name} ({units[name]})" if units.get(name) else str(name) for name in table.columns]
    with replacing(path) as scratch:
        table.to_csv(
            scratch,
            sep=";" if decimal_comma else ",",
            decimal="," if decimal_comma else ".",
            header=header,
            index_label=str(table.index.name or "Label"),
            float_format="%.6g",
            na_rep="NaN",
            encoding="utf-8",
            lineterminator="\n",
        )


def read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table of particles: one that `write_csv` or ImageJ wrote, or a spreadsheet of that kind.

    Columns may stand apart by commas, semicolons or tabs; with the latter two, decimal commas are understood.

    Parameters
    ----------
    path : path
        The file: UTF-8, else Latin-1.

    Returns
    -------
    DataFrame
        Columns without their units, which ``attrs["units"]`` holds as in `measure`; the labels of the rows,
        where there are any, as the index ``Label``.

    Raises
    ------
    InputError
        The file cannot be read or is no table.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path} ({error.strerror}): give a table in CSV format") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, index_col=False, skipinitialspace=True)
    except (ValueError, csv.Error) as error:  # pandas' parser errors are ValueErrors
        raise InputError(f"{path} is no table in CSV format ({' '.join(str(error).split())})") from error
    if separator != ",":
        table = table.apply(_with_points)
    return _named(table)


def split_unit(header: str) -> tuple[str, str]:
    """Name and unit of a column: ``Area (nm^2)`` is Area in nm^2; without a unit, it is empty."""
    match = re.fullmatch(r"(.*\S)\s*\(([^()]*)\)", header.strip())
    return (match[1], match[2].strip()) if match else (header.strip(), "")


def _with_points(column: pd.Series) -> pd.Series:
    """Understand a column of decimal commas."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    numbers = pd.to_numeric(column.astype(str).str.replace(",", "."), errors="coerce")
    return numbers if numbers.notna().equals(column.notna()) else column


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Take the units out of the header and the labels out of the columns."""
    units = {}
    names = []
    for column in table.columns:
        name, unit = split_unit("" if str(column).startswith("Unnamed: ") else str(column))
        names.append(name)
        units[name] = unit
    table.columns = pd.Index(names, dtype=object)
    # ImageJ's first column counts the rows under a header of a blank, and its labels come second
    labels = [i for i, name in enumerate(names) if name.lower() in _LABELS]
    if labels:
        best = next((i for i in labels if names[i].lower() == "label"), labels[0])
        index = pd.Index(table.iloc[:, best].astype(str), dtype=object, name="Label")
        table = table.iloc[:, [i for i in range(len(names)) if i not in labels]].set_axis(index, axis=0)
    else:
        table = table.set_axis(pd.Index([""] * len(table), dtype=object, name="Label"), axis=0)
    table.attrs = {"units": {name: units[name] for name in table.columns}}
    return table
