"""A size report as tables, text and files."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.particles.moments import BASES, FIGURES
from nanoseg_fiji.particles.needed import iso_particles_needed
from nanoseg_fiji.particles.size_warnings import needed
from nanoseg_fiji.particles.table import write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nanoseg_fiji.particles.size_report import SizeReport

__all__ = ["FILES", "curves", "report_table", "report_text", "write_report"]

FILES = ("sizes.csv", "size_curves.csv", "size_histogram.csv", "sizes.png", "sizes.svg", "sizes.json")
"""What `write_report` writes, each after a name and an underscore."""
_LENGTHS = set(FIGURES) - {"span", "GSD"}
_FIT_POINTS = 200


def report_table(report: SizeReport) -> pd.DataFrame:
    """Give a row a group, and one for all together.

    Columns: ``Images``, ``Count``, ``Edge``, ``Basis``; the figures, each with ``_low`` and ``_high``, the
    ends of its 95 % interval; ``fit_D50``, the median of the log-normal fit in the basis; ``KS`` and
    ``p_value`` of the fit; ``Needed``, the particles that the most demanding of D10, D50, D90, mean and
    Sauter needs to be within the report's precision, and ``ISO13322``, those that ISO 13322-1 asks for.
    """
    rows = []
    for group in report.rows:
        found, spread = group.distribution, group.intervals
        row: dict[str, Any] = {
            "Images": group.images,
            "Count": found.count,
            "Edge": group.edge,
            "Basis": report.basis,
        }
        for name in FIGURES:
            row |= {
                name: found.figures[name],
                f"{name}_low": spread.low[name],
                f"{name}_high": spread.high[name],
            }
        known = math.isfinite(found.fit.gsd)
        row |= {
            "fit_D50": found.fit.median_of(report.basis),
            "KS": found.fit.ks_statistic,
            "p_value": found.fit.p_value,
            "Needed": float(max(needed(found, report.error).values(), default=math.nan)),
            "ISO13322": float(iso_particles_needed(report.basis, found.fit.gsd, report.error))
            if known
            else math.nan,
        }
        rows.append(row)
    table = pd.DataFrame(
        rows, index=pd.Index([group.name for group in report.rows], dtype=object, name="Group")
    )
    stems = {name: name.removesuffix("_low").removesuffix("_high") for name in table.columns}
    lengths = _LENGTHS | {"fit_D50"}
    table.attrs = {"units": {name: report.unit for name, stem in stems.items() if stem in lengths}}
    return table


def report_text(report: SizeReport) -> str:
    """Put a report into a few short lines, for a log or a terminal."""
    lines = []
    for group in report.rows:
        found, spread = group.distribution, group.intervals
        images = "image" if group.images == 1 else "images"
        lines.append(
            f"{group.name}: {found.count} particles in {group.images} {images}, {group.edge} at the edge"
        )
        texts = []
        for name in ("D10", "D50", "D90", "mean", "Sauter"):
            low, high = spread.low[name], spread.high[name]
            interval = f" ({low:.4g} to {high:.4g})" if math.isfinite(low) else ""
            texts.append(f"{name} {found.figures[name]:.4g}{interval}")
        lines.append(f"  by {report.basis}, in {report.unit or 'unknown unit'}: {', '.join(texts)}")
        fit = found.fit
        if math.isfinite(fit.p_value):
            lines.append(
                f"  log-normal fit by number: geometric mean {fit.median:.4g}, GSD {fit.gsd:.4g}; "
                f"Kolmogorov-Smirnov distance {fit.ks_statistic:.3f}, p = {fit.p_value:.2g}"
            )
    if report.comparison:
        lines.append(_comparison_text(report.comparison, report.unit))
    return "\n".join(lines)


def _comparison_text(found: Mapping[str, Any], unit: str) -> str:
    low, high, p = (found[name] for name in ("D50_difference_low", "D50_difference_high", "KS_p_value"))
    interval = f" ({low:.4g} to {high:.4g})" if math.isfinite(low) else ""
    chance = f", p = {p:.2g}" if math.isfinite(p) else ""
    return (
        f"{found['second']} less {found['first']}: D50 {found['D50_difference']:+.4g}{interval} {unit}; "
        f"Kolmogorov-Smirnov distance {found['KS']:.3f}{chance}"
    )


def curves(report: SizeReport) -> list[dict[str, Any]]:
    """Give what a plot draws, a dict a group of ``report.drawn``.

    ``name``; ``x`` and ``cumulative``: Qr between 0 and 1; ``edges`` and ``density``: the histogram, qr in
    1 / unit; ``fit_x`` and ``fit_density``: the log-normal fit, empty where there is none.
    """
    found = []
    for group in report.drawn:
        sizes = group.distribution
        x, level = sizes.curve()
        known = math.isfinite(sizes.fit.p_value)
        fit_x = np.linspace(sizes.x[0], sizes.x[-1], _FIT_POINTS) if known else np.zeros(0)
        found.append(
            {
                "name": group.name,
                "x": x,
                "cumulative": level,
                "edges": sizes.edges,
                "density": sizes.density,
                "fit_x": fit_x,
                "fit_density": sizes.fitted_density(fit_x) if known else np.zeros(0),
            }
        )
    return found


def write_report(
    report: SizeReport,
    folder: str | os.PathLike[str],
    stem: str,
    *,
    overwrite: bool = False,
    decimal_comma: bool = False,
    provenance: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write `FILES`: table, curves and histogram (CSV), figure (PNG, SVG) and everything as JSON.

    Parameters
    ----------
    report : SizeReport
        What to write.
    folder : path
        Where the files go; made where it is missing.
    stem : str
        What their names begin with.
    overwrite : bool
        Whether files that are there may be replaced.
    decimal_comma : bool
        As in `write_csv`.
    provenance : mapping, optional
        Where the numbers come from.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    OutputError
        Files are there already, or cannot be written: nothing is left behind.
    """
    from nanoseg_fiji.outputs import output_paths, plain
    from nanoseg_fiji.particles.size_plots import draw_sizes

    targets = output_paths(folder, stem, overwrite, FILES)
    table = report_table(report)
    content = {
        "provenance": provenance or {},
        "size": report.size,
        "unit": report.unit,
        "independent": report.independent,
        "groups": [{"group": name, **row} for name, row in table.to_dict("index").items()],
        "comparison": report.comparison,
        "messages": report.messages,
    }
    with scratch_beside(Path(folder)) as scratch:
        files = [scratch / target.name for target in targets]
        tables = (table, _curve_table(report), _histogram_table(report))
        for values, path in zip(tables, files, strict=False):
            write_csv(values, path, decimal_comma=decimal_comma)
        draw_sizes(report, files[3:5])
        text = json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False)
        files[5].write_text(text + "\n", encoding="utf-8")
        for path, target in zip(files, targets, strict=True):
            os.replace(path, target)
    return targets


def _curve_table(report: SizeReport) -> pd.DataFrame:
    """Cumulative distributions, empirical and fitted."""
    index, size = BASES[report.basis], report.size
    parts = []
    for group in report.rows:
        x, level = group.distribution.curve()
        with np.errstate(divide="ignore", invalid="ignore"):
            fitted = group.distribution.fit.cumulative(x, report.basis)
        parts.append(
            pd.DataFrame({size: x, f"Q{index}": level, f"Q{index}_fit": fitted}, index=[group.name] * len(x))
        )
    return _stacked(parts, {size: report.unit})


def _histogram_table(report: SizeReport) -> pd.DataFrame:
    """Histograms, a row a class."""
    index = BASES[report.basis]
    parts = [
        pd.DataFrame(
            {"from": d.edges[:-1], "to": d.edges[1:], "share": d.shares, f"q{index}": d.density},
            index=[group.name] * len(d.shares),
        )
        for group in report.rows
        for d in [group.distribution]
    ]
    unit = report.unit
    return _stacked(parts, {"from": unit, "to": unit, f"q{index}": f"1/{unit}" if unit else ""})


def _stacked(parts: list[pd.DataFrame], units: dict[str, str]) -> pd.DataFrame:
    table = pd.concat(parts)
    table.index.name = "Group"
    table.attrs = {"units": units}
    return table
