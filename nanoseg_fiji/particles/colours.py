"""Colours of outlines that show a measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLOURS", "colours_of"]

COLOURS = {"none": "", "size": "ECD", "score": "Score"}
"""What an outline's colour may show, and the column of the table that it is taken from."""
_SPREAD = (2, 98)
"""Percentiles between which colours vary, so that one heap does not make all others alike."""
_DARK = 0.1
"""Share of the map left out at its dark end, which does not stand out from a dark micrograph."""


def colours_of(table: pd.DataFrame, colour: str) -> tuple[list[int] | None, str]:
    """Map a measurement to the perceptually uniform colours of matplotlib's *plasma*.

    Parameters
    ----------
    table : DataFrame
        From `nanoseg_fiji.particles.measure`.
    colour : str
        A key of `COLOURS`.

    Returns
    -------
    colours : list of int, (particles,), or None
        0xFFRRGGBB of each particle, grey for one without a value; None where nothing is shown by colour.
    legend : str
        Which colour is which value; empty where there are none.

    Raises
    ------
    InputError
        `colour` is unknown.
    """
    if colour not in COLOURS:
        raise InputError(f"colour={colour!r} is unknown: known are {', '.join(COLOURS)}")
    if colour == "none" or table.empty:
        return None, ""
    import matplotlib

    name = COLOURS[colour]
    values = table[name].to_numpy(np.float64)
    known = np.isfinite(values)
    if not known.any():
        return None, f"there is no {name} that outlines could show by their colour"
    low, high = np.percentile(values[known], _SPREAD)
    share = np.clip((values - low) / (high - low), 0, 1) if high > low else np.full(len(values), 0.5)
    at = np.where(known, _DARK + (1 - _DARK) * share, 0)
    rgb = matplotlib.colormaps["plasma"](at, bytes=True)[:, :3].astype(np.int64)
    rgb[~known] = 128
    unit = table.attrs["units"][name]
    first, last = (f"{value:.3g} {unit}".strip() for value in (low, high))
    colours: list[int] = ((0xFF << 24) + rgb @ np.array([1 << 16, 1 << 8, 1])).tolist()
    return (
        colours,
        f"colour of the outlines: {name} from {first} (violet) over pink and orange to {last} (yellow)",
    )
