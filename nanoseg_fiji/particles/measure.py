"""The particle table: ImageJ's measurements and those particle sizing adds, for all particles at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import ndimage

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.geometry import bounding_boxes, filled_pixels, fit_ellipses, perimeters
from nanoseg_fiji.particles.hulls import feret, find_hulls
from nanoseg_fiji.particles.intensities import measure_intensities
from nanoseg_fiji.particles.runs import as_labels, find_runs
from nanoseg_fiji.particles.stacks import Stack
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from nanoseg_fiji.particles.contours import Outlines
    from nanoseg_fiji.particles.geometry import Boxes

__all__ = ["COLUMNS", "measure"]

COLUMNS = (
    *("Area", "Mean", "StdDev", "Min", "Max", "X", "Y", "Perim.", "Major", "Minor", "Angle", "Circ."),
    *("Feret", "FeretX", "FeretY", "FeretAngle", "MinFeret", "AR", "Round", "Solidity", "Slice"),
    *("Particle", "FilledArea", "ECD", "Edge", "Weight", "Score"),
)
"""Columns of the table; ``Ch`` and ``Frame`` stand around ``Slice`` on hyperstacks."""
_AREAS = ("Area", "FilledArea")
_LENGTHS = ("X", "Y", "Perim.", "Major", "Minor", "Feret", "MinFeret", "ECD")
_WHOLE = ("Ch", "Slice", "Frame", "Particle", "Edge")


def measure(
    labels: ArrayLike,
    pixels: ArrayLike,
    calibration: Calibration | None = None,
    *,
    scores: ArrayLike | None = None,
    frame: tuple[int, int] | NDArray[np.bool_] | None = None,
    image_name: str = "",
    roi_names: Sequence[str] | None = None,
    slices: Sequence[int] | None = None,
    positions: Sequence[tuple[int, int, int]] | None = None,
    outlines: Sequence[Outlines] | None = None,
) -> pd.DataFrame:
    """Measure every particle of a label image or stack.

    The first columns have ImageJ's names, definitions and units, and the values that ImageJ 1.54p gives for
    the ROIs of `encode_rois`: lengths and areas calibrated, ``FeretX`` and ``FeretY`` in pixels, ``Major``
    and ``Minor`` 0 (so ``AR`` NaN and ``Round`` infinite) where pixels are more than 1 % off square, and
    pixels that are not finite left out of ``Area`` and of the grey values. One case differs: of a particle
    without any finite pixel ImageJ makes Min and Max the largest floats and StdDev 0, here they are NaN.

    Added are ``Particle`` (the label), ``FilledArea`` (holes filled), ``ECD`` (diameter of the circle of
    that area), ``Edge`` (1 where it touches the edge of the frame), ``Weight`` and ``Score``. The weight
    makes up for large particles being cut by the edge more often: 1 / ((1 - Fx/W) (1 - Fy/H)) for a
    bounding box of Fx by Fy in a frame of W by H, and 0 at the edge (Miles 1974; Lantuejoul 1980; ISO
    13322-1).

    Parameters
    ----------
    labels : array_like of int, (row, col) or (n, row, col)
        Label image or stack; labels count slice by slice.
    pixels : array_like, shaped like `labels`
        Grey values.
    calibration : Calibration, optional
        Pixel size; none by default.
    scores : array_like of float, (particles,), optional
        Score of each particle, slice by slice and by ascending label; NaN by default.
    frame : (rows, cols) or ndarray of bool, (row, col), optional
        What was looked at: the upper left part that remains without an info bar, or a selection; everything
        by default. In a selection W and H are those of its bounding box.
    image_name : str
        Begins the row labels, ``image:ROI``.
    roi_names : sequence of str, optional
        Name of each particle's ROI; ``SSSS-NNNNN`` from 1 by default.
    slices, positions : sequence, optional
        As in `encode_rois`.
    outlines : sequence of Outlines, optional
        What `trace` gave for each slice, where it is at hand.

    Returns
    -------
    DataFrame
        One row a particle, in the order of `encode_rois`, labelled ``image:ROI``; ``attrs["units"]`` maps
        column to unit (empty for pure numbers); ``attrs`` keep ``calibration`` and ``image`` (its name)
        too.

    Raises
    ------
    InputError
        `labels` is no label image, or shapes or lengths do not fit.
    """
    calibration = Calibration() if calibration is None else calibration
    array = as_labels(labels)
    grey = np.asarray(pixels)
    if grey.shape != array.shape or grey.dtype.kind not in "biuf":
        raise InputError(
            f"pixels {grey.shape} of {grey.dtype} do not fit labels {array.shape}: give grey values"
        )
    stack = Stack.of(array, slices, positions)
    grey = grey.reshape(stack.labels.shape)
    edge_of = _Frame(frame, array.shape[-2:])
    parts = []
    for i, part in enumerate(stack.labels):
        outline = trace(part) if outlines is None else outlines[i]
        columns = _measure_slice(part, np.ascontiguousarray(grey[i]), calibration, outline, edge_of)
        c, z, t = stack.positions[i]
        places = {"Ch": c, "Slice": z, "Frame": t} if stack.hyperstack else {"Slice": stack.slices[i]}
        columns |= {name: np.full(len(outline.ids), place) for name, place in places.items()}
        parts.append(columns)
    return _table(parts, stack, calibration, scores, image_name, roi_names)


def _measure_slice(
    labels: NDArray[np.int32],
    pixels: NDArray[Any],
    calibration: Calibration,
    outlines: Outlines,
    frame: _Frame,
) -> dict[str, NDArray[Any]]:
    """All columns of one slice but those of its place and the scores."""
    width, height = calibration.pixel_width, calibration.pixel_height
    runs = find_runs(labels)
    boxes = bounding_boxes(outlines)
    hulls = find_hulls(outlines)
    calipers = feret(hulls, width, height)
    ellipses = fit_ellipses(runs, boxes)
    grey = measure_intensities(runs, pixels)
    perimeter = perimeters(outlines, width, height)
    covered = runs.total(runs.stop - runs.start)
    filled = filled_pixels(outlines, boxes, labels, covered) * width * height
    edge = frame.touched_by(labels, outlines.ids, boxes)
    # ImageJ gives up on ellipses where pixels are not square
    size = width if abs(width - height) / width < 0.01 else 0.0
    area = grey.count * width * height
    major, minor = ellipses.major * size, ellipses.minor * size
    with np.errstate(divide="ignore", invalid="ignore"):
        aspect = major / minor
        roundness = 4.0 * area / (np.pi * major * major)
    return {
        "Area": area,
        "Mean": grey.mean,
        "StdDev": grey.deviation,
        "Min": grey.least,
        "Max": grey.greatest,
        "X": ellipses.x * width,
        "Y": ellipses.y * height,
        "Perim.": perimeter,
        "Major": major,
        "Minor": minor,
        "Angle": ellipses.angle,
        "Circ.": np.minimum(4.0 * np.pi * (area / (perimeter * perimeter)), 1.0),
        "Feret": calipers.diameter,
        "FeretX": calipers.x,
        "FeretY": calipers.y,
        "FeretAngle": calipers.angle,
        "MinFeret": calipers.smallest,
        "AR": aspect,
        "Round": roundness,
        "Solidity": grey.count / hulls.areas(),
        "Particle": outlines.ids,
        "FilledArea": filled,
        "ECD": np.sqrt(4.0 * filled / np.pi),
        "Edge": edge,
        "Weight": np.where(edge, 0.0, frame.weights(boxes)),
    }


class _Frame:
    """The part of the image that was looked at."""

    def __init__(self, frame: tuple[int, int] | NDArray[np.bool_] | None, shape: tuple[int, ...]) -> None:
        self._boundary: NDArray[np.bool_] | None = None
        if isinstance(frame, np.ndarray):
            if frame.shape != shape or not frame.any():
                raise InputError(
                    f"a selection of shape {frame.shape} is empty or does not fit images of {shape}"
                )
            inside = frame.astype(bool)
            self._boundary = ~ndimage.binary_erosion(inside)
            rows, cols = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
            self.height, self.width = int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1
        else:
            self.height, self.width = (int(n) for n in (shape if frame is None else frame))
            if not (0 < self.height <= shape[0] and 0 < self.width <= shape[1]) and np.prod(shape):
                raise InputError(f"a frame of {self.height} x {self.width} does not fit images of {shape}")

    def touched_by(
        self, labels: NDArray[np.int32], ids: NDArray[np.int32], boxes: Boxes
    ) -> NDArray[np.bool_]:
        """Whether each particle touches the edge."""
        if self._boundary is not None:
            return np.isin(ids, labels[self._boundary])
        return (
            (boxes.left <= 0) | (boxes.top <= 0) | (boxes.right >= self.width) | (boxes.bottom >= self.height)
        )

    def weights(self, boxes: Boxes) -> NDArray[np.float64]:
        """Miles-Lantuejoul weights of particles that do not touch the edge."""
        across = 1.0 - np.minimum((boxes.right - boxes.left) / self.width, 1.0)
        down = 1.0 - np.minimum((boxes.bottom - boxes.top) / self.height, 1.0)
        with np.errstate(divide="ignore"):
            return 1.0 / (across * down)


def _table(
    parts: list[dict[str, NDArray[Any]]],
    stack: Stack,
    calibration: Calibration,
    scores: ArrayLike | None,
    image_name: str,
    roi_names: Sequence[str] | None,
) -> pd.DataFrame:
    """Join the slices, name the rows, add the scores and the units."""
    sizes = [len(part["Particle"]) for part in parts]
    total = sum(sizes)
    score = np.full(total, np.nan) if scores is None else np.asarray(scores, dtype=np.float64).reshape(-1)
    if roi_names is None:
        places = [place for place, size in zip(stack.slices, sizes, strict=True) for _ in range(size)]
        roi_names = [f"{place:04d}-{i:05d}" for i, place in enumerate(places, 1)]
    if not len(score) == len(roi_names) == total:
        raise InputError(
            f"{len(score)} scores and {len(roi_names)} ROI names for {total} particles: give one each"
        )
    names = list(COLUMNS)
    if stack.hyperstack:
        at = names.index("Slice")
        names[at : at + 1] = ["Ch", "Slice", "Frame"]
    columns: dict[str, NDArray[Any]] = {}
    for name in names:
        column = score if name == "Score" else np.concatenate([[], *(part[name] for part in parts)])
        columns[name] = column.astype(np.int64 if name in _WHOLE else np.float64)
    index = pd.Index(
        [f"{image_name}:{name}" if image_name else name for name in roi_names], dtype=object, name="Label"
    )
    table = pd.DataFrame(columns, index=index)
    unit = calibration.unit if calibration.calibrated else "pixel"
    units = dict.fromkeys(names, "")
    units |= dict.fromkeys(_AREAS, f"{unit}^2") | dict.fromkeys(_LENGTHS, unit)
    units |= dict.fromkeys(("FeretX", "FeretY"), "pixel") | dict.fromkeys(("Angle", "FeretAngle"), "deg")
    table.attrs |= {"units": units, "calibration": calibration, "image": image_name}
    return table
