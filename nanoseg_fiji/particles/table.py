"""The particle table as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanoseg_fiji.files import replacing

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["write_csv"]


def write_csv(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a particle table as CSV (UTF-8), whole or not at all.

    Units stand in the header, as in ``Area (nm^2)``; numbers have six significant digits. A table without
    rows gives the header alone.

    Parameters
    ----------
    table : DataFrame
        From `measure`.
    path : path
        The file.

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
            header=header,
            index_label=str(table.index.name or "Label"),
            float_format="%.6g",
            na_rep="NaN",
            encoding="utf-8",
            lineterminator="\n",
        )
