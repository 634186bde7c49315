"""Size distributions of several groups of images: figures, intervals, warnings, a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.bootstrap import Intervals, bootstrap
from nanoseg_fiji.particles.comparison import Difference, difference_of_medians, distance
from nanoseg_fiji.particles.distribution import SizeDistribution, histogram_edges, size_distribution
from nanoseg_fiji.particles.moments import power_of
from nanoseg_fiji.particles.size_warnings import group_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["COMPARE", "INDEPENDENT", "GroupSizes", "SizeReport", "describe_sizes"]

COMPARE = ("auto", "image", "table", "group", "none")
"""What makes a group."""
INDEPENDENT = ("image", "slice", "particle")
"""What is drawn for intervals."""
ALL = "all"
_SHOWN = 10
_WARNED = 3


@dataclass(frozen=True)
class GroupSizes:
    """The sizes of one group."""

    name: str
    """What it is called."""
    distribution: SizeDistribution
    """Empirical figures, histogram and fit."""
    intervals: Intervals
    """How sure the figures are."""
    images: int
    """Number of images."""
    edge: int
    """Particles at the edge, which are not counted."""
    warnings: tuple[str, ...]
    """What to be wary of."""


@dataclass(frozen=True)
class SizeReport:
    """Size distributions of all groups, in one unit."""

    size: str
    """Name of the diameter."""
    unit: str
    """Its unit."""
    basis: str
    """``number``, ``area`` or ``volume``."""
    groups: tuple[GroupSizes, ...]
    """The groups compared; one called ``all`` where nothing is."""
    total: GroupSizes
    """All together."""
    independent: str
    """What was drawn for intervals: ``image``, ``slice`` or ``particle``."""
    error: float
    """Relative error aimed at."""
    comparison: dict[str, Any]
    """Of two groups: their names, difference of the medians with interval, Kolmogorov-Smirnov distance and
    p-value; empty otherwise."""
    messages: tuple[str, ...]
    """What the user should know: assumptions, what was left out, warnings."""

    @property
    def rows(self) -> tuple[GroupSizes, ...]:
        """The groups, and all together where there are several."""
        return self.groups if len(self.groups) == 1 else (*self.groups, self.total)

    @property
    def drawn(self) -> tuple[GroupSizes, ...]:
        """Groups that plots show: all together in place of more than ten."""
        return self.groups if len(self.groups) <= _SHOWN else (self.total,)


def describe_sizes(
    sizes: pd.DataFrame,
    *,
    basis: str = "number",
    compare: str = "auto",
    independent: str = "image",
    precision: float = 5.0,
) -> SizeReport:
    """Describe and compare the sizes of particles.

    Parameters
    ----------
    sizes : DataFrame
        From `join_sizes` or `load_sizes`.
    basis : str
        ``number``, ``area`` or ``volume``; the latter take particles for spheres.
    compare : str
        What makes a group: ``image``, ``table``, ``group`` (the column of that name) or ``none``; ``auto`` is
        the tables where there are several, else the groups, else the images.
    independent : str
        What is drawn for the intervals: ``image`` (all slices of a stack are one), ``slice`` or ``particle``.
        Where there is a single image that is no stack, its particles are drawn, and it is said.
    precision : float
        Relative error aimed at, in per cent; fewer particles than it needs draw a warning.

    Raises
    ------
    InputError
        There is no particle, or a choice is unknown.
    """
    power = power_of(basis)
    for choice, known in ((compare, COMPARE), (independent, INDEPENDENT)):
        if choice not in known:
            raise InputError(f"unknown choice {choice!r}: known are {', '.join(known)}")
    if not 0 < precision <= 100:
        raise InputError(f"precision={precision:g} must lie between 0 and 100 %")
    counted = sizes["weight"] > 0
    if not counted.any():
        raise InputError("there are no particles to count: none was found, or all touch the edge")
    x = sizes["size"].to_numpy(np.float64)[counted]
    amounts = sizes["weight"].to_numpy(np.float64)[counted] * x**power
    names = _group_names(sizes, compare)
    messages = list(sizes.attrs.get("notes", []))
    if power:
        messages.append(f"{basis} is that of spheres of the diameters: true only where particles are round")
    units = _Units(sizes, independent)
    edges = histogram_edges(x, amounts)
    few = len(set(names)) <= _SHOWN
    total = _group(ALL, sizes, units, basis, precision, edges)
    groups = [
        _group(name, sizes[names == name], units, basis, precision, edges if few else None)
        for name in sorted(set(names), key=list(names).index)
    ]
    groups = [group for group in groups if group.distribution.count]
    if len(groups) == 1:
        groups = [total]
    comparison = _compare(groups, sizes[counted], names[counted], units) if len(groups) == 2 else {}
    if len(groups) > _SHOWN:
        messages.append(f"{len(groups)} groups are too many for a plot: it shows all together")
    for group in groups if len(groups) <= _WARNED else (total,):
        start = f"{group.name}: " if 1 < len(groups) <= _WARNED else ""
        messages += [start + text for text in group.warnings]
    return SizeReport(
        size=sizes.attrs["size"],
        unit=sizes.attrs["unit"],
        basis=basis,
        groups=tuple(groups),
        total=total,
        independent=independent,
        error=precision / 100,
        comparison=comparison,
        messages=tuple(dict.fromkeys(messages)),
    )


class _Units:
    """What is drawn: images, slices or particles."""

    def __init__(self, sizes: pd.DataFrame, independent: str) -> None:
        self.independent = independent

    def of(self, rows: pd.DataFrame) -> tuple[NDArray[np.int64], str]:
        """Give the number of each row's unit, and what was drawn in the end."""
        image, slices = (
            np.asarray(rows.groupby(columns, sort=False).ngroup(), np.int64)
            for columns in (["part", "image"], ["part", "image", "slice"])
        )
        if self.independent == "particle" or slices.max(initial=0) == 0:
            return np.arange(len(rows)), "particle"
        return (image, "image") if self.independent == "image" else (slices, "slice")


def _group_names(sizes: pd.DataFrame, compare: str) -> NDArray[Any]:
    """Name of each row's group."""
    if compare == "auto":
        several = [name for name in ("table", "group", "image") if sizes[name].nunique() > 1]
        compare = several[0] if several else "none"
    if compare == "none":
        return np.full(len(sizes), ALL, object)
    names = sizes[compare].astype(str)
    if compare == "image":
        # images of one name in several tables are different images
        twice = sizes.groupby("image")["part"].transform("nunique") > 1
        names = names.where(~twice, sizes["table"] + ": " + names)
    return names.where(names != "", "unnamed").to_numpy(object)


def _group(
    name: str,
    rows: pd.DataFrame,
    units: _Units,
    basis: str,
    precision: float,
    edges: NDArray[np.float64] | None,
) -> GroupSizes:
    counted = rows[rows["weight"] > 0]
    x, weights = (counted[column].to_numpy(np.float64) for column in ("size", "weight"))
    unit, drawn = units.of(counted)
    found = size_distribution(x, weights, basis, edges)
    return GroupSizes(
        name=name,
        distribution=found,
        intervals=bootstrap(x, weights, unit, basis),
        images=counted.groupby(["part", "image"]).ngroups,
        edge=len(rows) - len(counted),
        warnings=group_warnings(
            found, int(unit.max(initial=-1)) + 1, drawn, units.independent, precision / 100
        ),
    )


def _compare(
    groups: Sequence[GroupSizes], rows: pd.DataFrame, names: NDArray[Any], units: _Units
) -> dict[str, Any]:
    first, second = groups
    basis = first.distribution.basis
    x = rows["size"].to_numpy(np.float64)
    amounts = rows["weight"].to_numpy(np.float64) * x ** power_of(basis)
    # each group's units are numbered on from those of the group before
    unit = np.zeros(len(rows), np.int64)
    kinds, start = [], 0
    for group in groups:
        number, kind = units.of(rows[names == group.name])
        unit[names == group.name] = number + start
        start += int(number.max()) + 1
        kinds.append(kind)
    in_second = np.zeros(start, bool)
    in_second[unit[names == second.name]] = True
    ks, p = distance(x, amounts, unit, in_second)
    if kinds[0] != kinds[1]:  # particles of one group, images of the other: they cannot change places
        p = float("nan")
    medians = [group.distribution.figures["D50"] for group in groups]
    change: Difference = difference_of_medians((medians[0], medians[1]), (first.intervals, second.intervals))
    return {
        "first": first.name,
        "second": second.name,
        "D50_difference": change.value,
        "D50_difference_low": change.low,
        "D50_difference_high": change.high,
        "KS": ks,
        "KS_p_value": p,
    }
