"""The figure of a size report; matplotlib is imported when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nanoseg_fiji.particles.moments import BASES
from nanoseg_fiji.particles.size_output import curves

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nanoseg_fiji.particles.size_report import SizeReport

__all__ = ["draw_sizes"]

# Okabe and Ito's colours, which colour-blind readers can tell apart too, then a few more
_COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"),
    *("#E69F00", "#000000", "#999999", "#7F3C8D", "#80BA5A"),
)


def draw_sizes(report: SizeReport, paths: Iterable[Path]) -> None:
    """Draw densities (histogram and fit) and cumulative distributions of all groups, side by side.

    Parameters
    ----------
    report : SizeReport
        What to draw.
    paths : iterable of Path
        Files; the ending of each is its format, such as ``.png`` or ``.svg``.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    index, unit = BASES[report.basis], report.unit or "?"
    figure = Figure(figsize=(9.5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    densities, cumulative = figure.subplots(1, 2)
    found = curves(report)
    for colour, each in zip(_COLOURS, found, strict=False):
        alone = len(found) == 1
        name = "particles" if alone else each["name"]
        densities.stairs(
            each["density"], each["edges"], fill=alone, color=colour, alpha=0.4 if alone else 1, label=name
        )
        fit = {"color": "#D55E00" if alone else colour, "linestyle": "-" if alone else "--"}
        densities.plot(each["fit_x"], each["fit_density"], label="log-normal fit" if alone else None, **fit)
        cumulative.plot(each["x"], 100 * each["cumulative"], color=colour, label=name)
    if len(found) == 1:
        values = report.drawn[0].distribution.figures
        for level in (10, 50, 90):
            x = values[f"D{level}"]
            cumulative.plot([0, x, x], [level, level, 0], color="0.6", linewidth=0.8)
            cumulative.annotate(
                f"D{level} {x:.4g}", (x, level), (6, -3), textcoords="offset points", fontsize=8
            )
    densities.set(
        xlabel=f"{report.size} ({unit})",
        ylabel=f"density q{index} (1/{unit})",
        xlim=(0, None),
        ylim=(0, None),
    )
    cumulative.set(
        xlabel=f"{report.size} ({unit})", ylabel=f"cumulative Q{index} (%)", xlim=(0, None), ylim=(0, 100)
    )
    for axes in (densities, cumulative):
        axes.spines[["top", "right"]].set_visible(False)
    densities.legend(frameon=False, fontsize=8)
    note = "" if len(found) == 1 else "; dashed: log-normal fits"
    figure.suptitle(f"by {report.basis}{note}", fontsize=10)
    # neither a date nor random names: the same report is the same file
    with rc_context({"svg.hashsalt": "nanoseg"}):
        for path in paths:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
