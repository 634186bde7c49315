"""Shapes of labelme's JSON, one file an image (Russell et al. 2008, doi 10.1007/s11263-007-0090-8)."""

from __future__ import annotations

import base64
import io
import math
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.annotations.drawing import Drawing, Particle, polygon
from nanoseg_fiji.particles.roi_shapes import ellipse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nanoseg_fiji.annotations.drawing import Pixels

__all__ = ["parse_labelme"]

_NO_AREA = ("point", "points", "line", "linestrip")


def _mask_pixels(text: str, corner: Any) -> Pixels:
    """Pixels of a mask: a picture in base64 whose upper left pixel is `corner`."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        rows, cols = np.nonzero(np.asarray(picture.convert("L")))
    left, top = (int(v) for v in corner)
    return rows + top, cols + left


def _particle(shape: Mapping[str, Any]) -> Particle | None:
    """One shape; none where it has no area."""
    kind = shape.get("shape_type") or "polygon"
    if kind in _NO_AREA:
        return None
    points = np.asarray(shape["points"], np.float64)
    if kind == "polygon":
        return Particle((polygon(points),))
    if kind not in ("rectangle", "circle", "mask"):
        raise ValueError(f"unknown shape {kind!r}")
    if points.ndim != 2 or len(points) < 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"a {kind} takes two points")
    if kind == "mask":
        return Particle(pixels=_mask_pixels(shape["mask"], points[0]))
    if kind == "circle":  # its middle, and a point of its rim
        (x, y), radius = points[0], math.dist(points[0], points[1])
        if not radius > 0:
            raise ValueError("a circle without area")
        return Particle((ellipse(x - radius, y, x + radius, y, 1.0),))
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Particle(box=(x0, y0, x1, y1))


def parse_labelme(content: Mapping[str, Any]) -> dict[str, Drawing]:
    """Read the shapes of an image, of all labels; a rectangle is a box, points and lines are left out.

    Shapes of one label and one ``group_id`` are parts of one particle.

    Parameters
    ----------
    content : mapping
        The file.

    Returns
    -------
    dict of str to Drawing
        One entry, by the file name of the image.

    Raises
    ------
    ValueError
        Naming every shape that cannot be read, at once.
    """
    particles: dict[Any, Particle] = {}
    bad, left_out = [], 0
    for number, shape in enumerate(content["shapes"], 1):
        group = shape.get("group_id")
        key = number if group is None else (str(shape.get("label")), str(group))
        try:
            part = _particle(shape)
            if part is None:
                left_out += 1
            else:
                particles[key] = _joined(particles[key], part) if key in particles else part
        except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
            said = f"it has no {error}" if isinstance(error, KeyError) else error
            bad.append(f"shape {number}: {said}")
    if bad:
        raise ValueError("; ".join(bad))
    height, width = content.get("imageHeight"), content.get("imageWidth")
    size = (int(height), int(width)) if height and width else None
    notes = (f"{left_out} point(s) and line(s) have no area and were left out",) if left_out else ()
    name = PureWindowsPath(content.get("imagePath") or "").name
    return {name: Drawing(tuple(particles.values()), size, notes)}


def _joined(first: Particle, second: Particle) -> Particle:
    if first.box or second.box:
        raise ValueError("a rectangle cannot be part of a group: draw the outline")
    pixels = [p.pixels for p in (first, second) if p.pixels is not None]
    rows, cols = (np.concatenate(part) for part in zip(*pixels, strict=True)) if pixels else (None, None)
    return Particle(first.shapes + second.shapes, None if rows is None or cols is None else (rows, cols))
