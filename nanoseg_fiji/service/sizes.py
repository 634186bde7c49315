"""The service's *size_distribution*: tables in, figures, curves and files out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nanoseg_fiji.service.request import Command, Request
from nanoseg_fiji.service.response import plain_table, plain_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["COMMANDS"]


def _size_distribution(
    request: Request, progress: Progress | None, cancel: Cancelled | None
) -> dict[str, Any]:
    from nanoseg_fiji.outputs import output_paths, safe_stem
    from nanoseg_fiji.particles.size_output import FILES, curves, report_table, report_text, write_report
    from nanoseg_fiji.particles.size_report import describe_sizes

    params = request.params
    stem = safe_stem(params["name"] or "particles")
    if request.output:  # results that are kept are told before the work
        output_paths(request.output, stem, request.overwrite, FILES)
    if progress is not None:
        progress(0.1, "reading sizes")
    sizes = _sizes(params)
    if progress is not None:
        progress(0.3, "drawing images for intervals")
    report = describe_sizes(
        sizes, **{name: params[name] for name in ("basis", "compare", "independent", "precision")}
    )
    table = report_table(report)
    paths = []
    if request.output:
        used = {name: value for name, value in params.items() if name not in ("tables", "paths")}
        provenance = request.provenance() | {"parameters": used, "tables": sorted(set(sizes["table"]))}
        paths = write_report(
            report,
            request.output,
            stem,
            overwrite=request.overwrite,
            decimal_comma=params["decimal_comma"],
            provenance=provenance,
        )
    last = table.iloc[-1].to_dict()
    summary = {**report.total.distribution.as_dict(), "unit": report.unit, "Needed": last["Needed"]}
    return {
        "count": report.total.distribution.count,
        "table": plain_table(table),
        "curves": curves(report),
        "summary": plain_values({**summary, "comparison": report.comparison}),
        "summary_text": report_text(report),
        "messages": list(report.messages),
        "files": [str(path) for path in paths],
    }


def _sizes(params: Mapping[str, Any]) -> pd.DataFrame:
    """Sizes of the files or else the tables that a request holds."""
    from nanoseg_fiji.particles.size_tables import join_sizes, load_sizes, sizes_of

    how = {"size": params["size"], "unit": params["unit"]}
    if params["paths"]:
        return load_sizes([str(path) for path in params["paths"]], **how)
    tables = params["tables"] or ()
    return join_sizes(
        [sizes_of(_table(each), name=str(each.get("name") or "table"), **how) for each in tables]
    )


def _table(entry: Mapping[str, Any]) -> pd.DataFrame:
    """Make a table as a response has it, or ImageJ sends it, a DataFrame again."""
    import pandas as pd

    columns = {str(column["name"]): column["values"] for column in entry["columns"]}
    rows = len(next(iter(columns.values()), ()))
    labels = entry.get("labels") or [""] * rows
    table = pd.DataFrame({name: list(values) for name, values in columns.items()}, index=list(labels))
    table.attrs = {"units": {str(c["name"]): str(c.get("unit") or "") for c in entry["columns"]}}
    return table


COMMANDS = {
    "size_distribution": Command(
        _size_distribution,
        ("params",),
        {
            "tables": None,
            "paths": None,
            "unit": "",
            "name": "",
            "size": "ECD",
            "basis": "number",
            "compare": "auto",
            "independent": "image",
            "precision": 5.0,
            "decimal_comma": False,
        },
    )
}
"""The command by name."""
