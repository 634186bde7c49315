"""Responses of plain values: what every command's answer is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.outputs import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["as_bytes", "empty_response", "particles_response", "plain_table", "plain_values"]


def empty_response() -> dict[str, Any]:
    """Response of a command that found nothing and has nothing to say."""
    return {
        "status": "ok",
        "error": "",
        "count": 0,
        "rois": np.zeros(0, np.uint8),
        "table": {"columns": [], "labels": []},
        "summary": {},
        "summary_text": "",
        "messages": [],
        "provenance": {},
        "files": [],
        "seconds": 0.0,
    }


def plain_table(table: pd.DataFrame) -> dict[str, Any]:
    """Turn a table into columns of float64 arrays or lists of str, with units and row labels."""
    units = table.attrs.get("units", {})
    columns = []
    for name in table.columns:
        column = table[name]
        numbers = column.dtype.kind in "biuf"
        values: Any = column.to_numpy(np.float64) if numbers else [str(v) for v in column]
        columns.append({"name": str(name), "values": values, "unit": str(units.get(name, ""))})
    return {"columns": columns, "labels": [str(label) for label in table.index]}


def as_bytes(data: bytes) -> NDArray[np.uint8]:
    """Bytes as an array, which crosses into Java."""
    return np.frombuffer(data, np.uint8).copy()


def particles_response(
    *,
    table: pd.DataFrame,
    summary: Mapping[str, Any],
    provenance: Mapping[str, Any],
    messages: Sequence[str],
    rois: bytes = b"",
    labels: NDArray[np.int32] | None = None,
) -> dict[str, Any]:
    """Response of a command that found particles.

    Parameters
    ----------
    table, summary, provenance, messages, rois, labels
        As in `nanoseg_fiji.types.SegmentationResult`; without `rois` or `labels`, the response has none.
    """
    from nanoseg_fiji.particles.summary import format_summary

    response = {
        "count": len(table),
        "rois": as_bytes(rois if len(table) else b""),
        "table": plain_table(table),
        "summary": plain_values(summary),
        "summary_text": format_summary(summary),
        "messages": [str(m) for m in messages],
        "provenance": plain_values(provenance),
    }
    return response if labels is None else response | {"labels": labels}


def plain_values(value: Any) -> Any:
    """Turn values into those that a response may hold: numbers that are missing become NaN, not None."""
    return _without_none(plain(value))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_none(v) for v in value]
    return float("nan") if value is None else value
