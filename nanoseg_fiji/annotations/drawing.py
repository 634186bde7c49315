"""What a file says about one image, and the label image that it makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.annotations.weak import outline_boxes
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles import roi_shapes
from nanoseg_fiji.particles.roi_masks import fill_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from nanoseg_fiji.particles.roi_shapes import Shape

    Box = tuple[float, float, float, float]
    Pixels = tuple[NDArray[np.int64], NDArray[np.int64]]

__all__ = ["Annotation", "Drawing", "Particle", "check_inside", "paint", "polygon"]


@dataclass(frozen=True)
class Annotation:
    """A label image and how much it can be trusted."""

    labels: NDArray[np.int32]
    """Label image, (row, col), 0 is background."""
    known: NDArray[np.bool_] | None = None
    """Where the label is certain, (row, col); everywhere if none."""
    notes: tuple[str, ...] = ()
    """What the user should know: overlaps, what was left out."""


@dataclass(frozen=True)
class Particle:
    """One particle as it was drawn: outlines, or pixels, or only a box."""

    shapes: tuple[Shape, ...] = ()
    """Outlines; the particle is what lies in any of them."""
    pixels: Pixels | None = None
    """Rows and columns of its pixels."""
    box: Box | None = None
    """x0, y0, x1, y1 along pixel edges, in pixels: the particle is somewhere in it."""
    crowd: bool = False
    """Whether it is an area of particles that were not told apart: nothing is known there."""


@dataclass(frozen=True)
class Drawing:
    """All that a file says about one image."""

    particles: tuple[Particle, ...]
    """In the order of the file: where they overlap, the first keeps the pixel."""
    size: tuple[int, int] | None = None
    """Rows and columns of the image, where the file says so."""
    notes: tuple[str, ...] = ()
    """What was left out."""


def polygon(points: Any) -> Shape:
    """Shape of a closed polygon: (n, 2) columns and rows along pixel edges, as in ImageJ.

    A pixel belongs to it where the polygon holds its centre, which lies at half pixels.

    Raises
    ------
    ValueError
        These are not three or more pairs of finite numbers.
    """
    vertices = np.asarray(points, np.float64)
    if vertices.ndim != 2 or vertices.shape[1] != 2 or len(vertices) < 3 or not np.isfinite(vertices).all():
        raise ValueError("a polygon takes three or more points of two finite numbers")
    if np.abs(vertices).max() > 2**24:
        raise ValueError("a polygon with coordinates above 16777216 cannot be drawn")
    return roi_shapes.polygon(vertices, whole=False)


def paint(drawing: Drawing, shape: tuple[int, int], gray: NDArray[np.float32] | None = None) -> Annotation:
    """Make the label image: particle *i* of the list gets label *i*, and where they overlap the first wins.

    Parameters
    ----------
    drawing : Drawing
        What the file says.
    shape : (int, int)
        Rows and columns of the image.
    gray : ndarray of float32, (row, col), optional
        The image: what is only a box is found in it (`nanoseg_fiji.annotations.weak`).

    Returns
    -------
    Annotation
        Not known are crowds, the rim of what was only a box, and what a box shares with another particle.

    Raises
    ------
    InputError
        The file is about an image of another size, particles lie outside the image, or there are boxes and no
        image to find their particles in.
    """
    if drawing.size is not None and drawing.size != shape:
        raise InputError(f"was made for an image of {drawing.size} rows and columns, this one has {shape}")
    particles, rim = _outline_boxes(drawing.particles, shape, gray)
    crowd = np.array([False, *(p.crowd for p in particles)])
    boxed = np.array([False, *(p.box is not None for p in particles)])
    pixel, value = _pixels(particles, shape)
    number = np.bincount(value, minlength=crowd.size)[1:]
    check_inside({str(i): _bounds(p) for i, p in enumerate(drawing.particles, 1)}, shape)
    unknown = np.zeros(shape[0] * shape[1], bool)
    unknown[rim] = unknown[pixel[crowd[value]]] = True
    pixel, value = pixel[~crowd[value]], value[~crowd[value]]
    labels = np.zeros(unknown.size, np.int32)
    labels[pixel[::-1]] = value[::-1]  # of equal indices numpy keeps the last
    contested = np.unique(pixel[labels[pixel] != value])
    unknown[contested] = True
    unknown &= (labels == 0) | boxed[labels]  # an outline that was drawn is certain
    known = ~unknown.reshape(shape) if unknown.any() else None
    return Annotation(labels.reshape(shape), known, _notes(drawing, number, labels, contested.size))


def _outline_boxes(
    particles: Sequence[Particle], shape: tuple[int, int], gray: NDArray[np.float32] | None
) -> tuple[list[Particle], NDArray[np.int64]]:
    """Give boxes the outlines that the image shows; also the index of the pixels near those outlines."""
    boxed = [i for i, p in enumerate(particles) if p.box and not p.crowd and _has_area(p.box)]
    known = [replace(p, shapes=(_rectangle(p.box),)) if p.box and p.crowd else p for p in particles]
    if not boxed:
        return known, np.empty(0, np.int64)
    if gray is None:
        raise InputError("holds boxes, which are no outlines: give label images or ROI sets")
    best, inner, outer = outline_boxes(gray, np.array([particles[i].box for i in boxed], np.float64))
    for index, points in zip(boxed, best, strict=True):
        known[index] = replace(particles[index], shapes=(polygon(points),))
    keys = []
    for rims in (outer, inner):
        pixel, value = _pixels([Particle((polygon(points),)) for points in rims], shape)
        keys.append(value * np.int64(shape[0] * shape[1]) + pixel)
    return known, np.setdiff1d(keys[0], keys[1], assume_unique=True) % (shape[0] * shape[1])


def _has_area(box: Box) -> bool:
    return box[0] < box[2] and box[1] < box[3]


def _rectangle(box: Box) -> Shape:
    x0, y0, x1, y1 = box
    return polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _pixels(
    particles: Sequence[Particle], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Index and label of all pixels that the image has, particle after particle."""
    shapes = [s for p in particles for s in p.shapes]
    ids = np.array([i for i, p in enumerate(particles, 1) for _ in p.shapes], np.int32)
    filled = [fill_shapes(shapes, [0] * len(shapes), ids, *shape)] if shapes else []
    for label, particle in enumerate(particles, 1):
        if particle.pixels is not None:
            rows, cols = particle.pixels
            inside = (rows >= 0) & (rows < shape[0]) & (cols >= 0) & (cols < shape[1])
            index = rows[inside] * shape[1] + cols[inside]
            filled.append((index, np.full(index.size, label, np.int32)))
    pixel = np.concatenate([part[0] for part in filled] or [np.empty(0, np.int64)])
    value = np.concatenate([part[1] for part in filled] or [np.empty(0, np.int32)])
    order = np.argsort(value, kind="stable")
    return pixel[order], value[order]


def _bounds(particle: Particle) -> list[Box]:
    boxes = [(s.box[0], s.box[1], s.box[0] + s.box[2], s.box[1] + s.box[3]) for s in particle.shapes]
    if particle.pixels is not None and particle.pixels[0].size:
        rows, cols = particle.pixels
        boxes.append((cols.min(), rows.min(), cols.max() + 1, rows.max() + 1))
    return [*boxes, *([particle.box] if particle.box else [])]


def check_inside(boxes: Mapping[str, Sequence[Box]], shape: tuple[int, int]) -> None:
    """Raise if particles, given by name and bounding boxes, lie outside the image.

    Raises
    ------
    InputError
        Naming them: the file belongs to another image.
    """
    rows, cols = shape
    outside = [
        name
        for name, bounds in boxes.items()
        if bounds and all(x1 <= 0 or y1 <= 0 or x0 >= cols or y0 >= rows for x0, y0, x1, y1 in bounds)
    ]
    if outside:
        raise InputError(
            f"has {len(outside)} of {len(boxes)} particles outside the image of {rows} x {cols} pixels "
            f"({', '.join(outside[:10])}{', ...' * (len(outside) > 10)}): does it belong to another image?"
        )


def _notes(
    drawing: Drawing, number: NDArray[np.int64], labels: NDArray[np.int32], contested: int
) -> tuple[str, ...]:
    notes = list(drawing.notes)
    if empty := int((number == 0).sum()):
        notes.append(f"{empty} particle(s) hold no pixel and were left out")
    kept = np.bincount(labels, minlength=number.size + 1)[1:] > 0
    crowd = np.array([p.crowd for p in drawing.particles], bool)
    if hidden := int(((number > 0) & ~kept & ~crowd).sum()):
        notes.append(f"{hidden} particle(s) lie wholly under earlier ones and were left out")
    if crowd.any():
        notes.append(f"{crowd.sum()} crowd(s) count as unknown")
    if contested:
        notes.append(f"{contested} pixels lie in more than one particle: the first in the file keeps them")
    return tuple(notes)
