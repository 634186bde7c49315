"""What a user publishes: how many particles, how large, how surely; and what to be wary of."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from nanoseg_fiji.particles.weighted import effective_size, mean_and_deviation, quantiles
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["format_summary", "summarise"]

_FEW_PIXELS = 10
_FEW_PARTICLES = 100
_SIZES = ("ECD", "MinFeret")


def summarise(
    table: pd.DataFrame,
    calibration: Calibration | None = None,
    *,
    image: str | None = None,
    too_small: int = 0,
    weighted: bool = True,
) -> dict[str, Any]:
    """Summarise a particle table: number-based, without the particles at the edge.

    Parameters
    ----------
    table : DataFrame
        From `measure`.
    calibration : Calibration, optional
        Pixel size; what `measure` was given by default.
    image : str, optional
        Name of the image; what `measure` was given by default.
    too_small : int
        Number of particles that were found and dropped because of their size.
    weighted : bool
        Whether particles count by ``Weight``, which makes up for those that the edge cut off; else all the
        same.

    Returns
    -------
    dict
        ``image``, ``unit``, ``weighted``; the numbers ``counted``, ``edge``, ``too_small``; for ``ECD`` and
        ``MinFeret``, in the table's unit, ``_mean``, ``_SD``, ``_CI95_low`` and ``_CI95_high`` (95 %
        interval of the mean, by Student's t with the effective sample size), ``_median``, ``_D10``,
        ``_D90`` (read off the empirical distribution); ``warnings``, a list of str. Statistics that cannot
        be had are NaN.
    """
    if calibration is None:
        calibration = table.attrs.get("calibration", Calibration())
    edge = table["Edge"].to_numpy(dtype=np.float64) > 0
    weights = table["Weight"].to_numpy(dtype=np.float64) if weighted else (~edge).astype(np.float64)
    counted = ~edge & (weights > 0)
    summary: dict[str, Any] = {
        "image": str(table.attrs.get("image", "")) if image is None else image,
        "unit": calibration.unit if calibration.calibrated else "pixel",
        "weighted": weighted,
        "counted": int(counted.sum()),
        "edge": int(edge.sum()),
        "too_small": int(too_small),
    }
    for name in _SIZES:
        summary |= _statistics(name, table[name].to_numpy(dtype=np.float64)[counted], weights[counted])
    diameters = table["ECD"].to_numpy(dtype=np.float64)[counted] / calibration.pixel_size
    summary["warnings"] = _warnings(diameters, calibration)
    return summary


def _statistics(name: str, values: NDArray[np.float64], weights: NDArray[np.float64]) -> dict[str, float]:
    mean, deviation = mean_and_deviation(values, weights)
    size = effective_size(weights)
    reach = math.nan
    if size > 1:
        reach = float(stats.t.ppf(0.975, size - 1)) * deviation / math.sqrt(size)
    d10, median, d90 = quantiles(values, weights, (0.1, 0.5, 0.9))
    return {
        f"{name}_mean": mean,
        f"{name}_SD": deviation,
        f"{name}_CI95_low": mean - reach,
        f"{name}_CI95_high": mean + reach,
        f"{name}_median": median,
        f"{name}_D10": d10,
        f"{name}_D90": d90,
    }


def _warnings(diameters: NDArray[np.float64], calibration: Calibration) -> list[str]:
    """Say what makes the sizes doubtful; diameters in pixels."""
    warnings = []
    count = len(diameters)
    small = int((diameters < _FEW_PIXELS).sum())
    if not count:
        warnings.append("no particle was counted: there are no statistics")
    elif count < _FEW_PARTICLES:
        warnings.append(f"only {count} particles were counted: measure more images before comparing sizes")
    if small:
        warnings.append(f"{small} of {count} particles are under {_FEW_PIXELS} px across: magnify more")
    width, height = calibration.pixel_width, calibration.pixel_height
    if not calibration.calibrated:
        warnings.append("the pixel size is missing, sizes are in pixels: set it in Analyze > Set Scale...")
    elif calibration.unit.strip().lower() in ("inch", "inches", "in", '"'):
        warnings.append(
            "the pixel size is in inch, as for printing: set the real one in Analyze > Set Scale..."
        )
    if abs(width - height) > 1e-6 * width:
        warnings.append(
            f"pixels are not square ({width:.6g} x {height:.6g}): ImageJ fits no ellipses beyond 1 %"
        )
    return warnings


def format_summary(summary: Mapping[str, Any]) -> str:
    """Put a summary into a few short lines, for a log or a terminal.

    Parameters
    ----------
    summary : mapping
        From `summarise`.

    Returns
    -------
    str
        Lines; the last ones are the warnings.
    """
    begin = f"{summary['image']}: " if summary["image"] else ""
    count = summary["counted"]
    lines = [
        f"{begin}{count} particle{'' if count == 1 else 's'} counted, {summary['edge']} at the edge, "
        f"{summary['too_small']} too small"
    ]
    for name in _SIZES if count else ():
        value = {key: f"{summary[f'{name}_{key}']:.4g}" for key in ("mean", "SD", "median", "D10", "D90")}
        low, high = summary[f"{name}_CI95_low"], summary[f"{name}_CI95_high"]
        interval = f" (95 % {low:.4g} to {high:.4g})" if math.isfinite(low) else ""
        spread = f", SD {value['SD']}" if math.isfinite(summary[f"{name}_SD"]) else ""
        lines.append(
            f"{name}: mean {value['mean']}{interval}{spread}, median {value['median']}, D10 {value['D10']}, "
            f"D90 {value['D90']} {summary['unit']}"
        )
    return "\n".join([*lines, *(f"Warning: {text}" for text in summary["warnings"])])
