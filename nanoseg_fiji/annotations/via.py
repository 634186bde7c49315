"""Regions of the VGG Image Annotator 1 and 2 (Dutta and Zisserman 2019, doi 10.1145/3343031.3350535)."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.annotations.drawing import Drawing, Particle, polygon
from nanoseg_fiji.particles.roi_shapes import ellipse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["parse_via", "via_rows"]

_NO_AREA = ("point", "polyline", "line")


def _particle(region: Mapping[str, Any]) -> Particle | None:
    """One region; none where it has no area."""
    kind = region["name"]
    if kind in _NO_AREA:
        return None
    if kind == "polygon":
        points = list(zip(region["all_points_x"], region["all_points_y"], strict=True))
        return Particle((polygon(points),))
    if kind == "rect":
        x, y, width, height = (float(region[k]) for k in ("x", "y", "width", "height"))
        if not (math.isfinite(x + y) and 0 <= width < math.inf and 0 <= height < math.inf):
            raise ValueError("a rectangle takes finite numbers, and sides that are not negative")
        return Particle(box=(x, y, x + width, y + height))
    if kind not in ("circle", "ellipse"):
        raise ValueError(f"unknown shape {kind!r}")
    x, y = float(region["cx"]), float(region["cy"])
    across, down = (float(region[k]) for k in (("r", "r") if kind == "circle" else ("rx", "ry")))
    turn = float(region.get("theta", 0.0))
    if not (across > 0 and down > 0):
        raise ValueError(f"a {kind} without area")
    if across < down:  # the longer axis comes first
        across, down, turn = down, across, turn + math.pi / 2
    dx, dy = across * math.cos(turn), across * math.sin(turn)
    return Particle((ellipse(x - dx, y - dy, x + dx, y + dy, down / across),))


def via_rows(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Read VIA's CSV: file name and ``shape_attributes`` of every line, empty where there is no region."""
    rows = csv.DictReader(text.lstrip("#").splitlines())
    return [(row["filename"], json.loads(row["region_shape_attributes"] or "{}")) for row in rows]


def _files(content: Mapping[str, Any]) -> Iterable[tuple[str, Sequence[Mapping[str, Any]]]]:
    for entry in content.get("_via_img_metadata", content).values():
        regions = entry["regions"]
        regions = list(regions.values()) if isinstance(regions, dict) else regions  # VIA 1 numbers them
        yield str(entry["filename"]), [region["shape_attributes"] for region in regions]


def parse_via(content: Mapping[str, Any] | list[tuple[str, dict[str, Any]]]) -> dict[str, Drawing]:
    """Read the regions of every image; a rectangle is a box, points and lines are left out.

    Parameters
    ----------
    content : mapping or list
        A project or the exported JSON, or the lines of the exported CSV (`via_rows`).

    Returns
    -------
    dict of str to Drawing
        By file name; VIA does not say how large the images are.

    Raises
    ------
    ValueError
        Naming every region that cannot be read, at once.
    """
    regions: dict[str, list[Mapping[str, Any]]] = {}
    for name, found in (
        [(n, [r] if r else []) for n, r in content] if isinstance(content, list) else _files(content)
    ):
        regions.setdefault(name, []).extend(found)
    bad: list[str] = []
    drawings = {}
    for name, found in regions.items():
        particles, left_out = [], 0
        for number, region in enumerate(found, 1):
            try:
                particle = _particle(region)
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                said = f"it has no {error}" if isinstance(error, KeyError) else error
                bad.append(f"region {number} of {name}: {said}")
                continue
            if particle:
                particles.append(particle)
            else:
                left_out += 1
        notes = (f"{left_out} point(s) and line(s) have no area and were left out",) if left_out else ()
        drawings[name] = Drawing(tuple(particles), notes=notes)
    if bad:
        raise ValueError("; ".join(bad))
    return drawings
