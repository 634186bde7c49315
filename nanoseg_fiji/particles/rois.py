"""ROI sets of ImageJ: label images to ROIs and back."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.roi_format import encode_outlines, encode_properties
from nanoseg_fiji.particles.roi_masks import LabelledRois, rois_to_labels
from nanoseg_fiji.particles.roi_reader import Roi, decode_rois
from nanoseg_fiji.particles.runs import as_labels
from nanoseg_fiji.particles.stacks import Stack

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from nanoseg_fiji.particles.contours import Outlines

__all__ = ["LabelledRois", "Roi", "RoiSet", "decode_rois", "encode_rois", "rois_to_labels"]


@dataclass(frozen=True)
class RoiSet:
    """ROIs of particles: slice by slice, on each slice by ascending label."""

    names: tuple[str, ...]
    """Names, ``SSSS-NNNNN`` (slice, number)."""
    data: tuple[bytes, ...]
    """ImageJ ``.roi`` files."""

    def __len__(self) -> int:
        return len(self.names)

    def to_zip(self) -> bytes:
        """Give the set as the zip file that ImageJ's ROI Manager opens and saves."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data in zip(self.names, self.data, strict=True):
                # a fixed date: equal sets give equal files
                archive.writestr(zipfile.ZipInfo(f"{name}.roi"), data, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the zip file, whole or not at all.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        content = self.to_zip()
        with replacing(path) as scratch:
            scratch.write_bytes(content)


def encode_rois(
    labels: ArrayLike,
    *,
    scores: ArrayLike | None = None,
    start: int = 0,
    slices: Sequence[int] | None = None,
    positions: Sequence[tuple[int, int, int]] | None = None,
    properties: Mapping[str, object] | None = None,
    outlines: Sequence[Outlines] | None = None,
    colours: Sequence[int] | None = None,
) -> RoiSet:
    """Make one ROI of each label: ImageJ's own mask of the ROI is exactly the pixels of the label.

    Parameters
    ----------
    labels : array_like of int, (row, col) or (n, row, col)
        Label image or stack; labels count slice by slice.
    scores : array_like of float, (particles,), optional
        Score of each particle, slice by slice and by ascending label.
    start : int
        Number of ROIs that exist already: names go on counting from there.
    slices : sequence of int, optional
        ImageJ's stack index of each slice, from 1; 1 to n by default.
    positions : sequence of (c, z, t), optional
        Position of each slice in a hyperstack, from 1. Without, it is a plain stack, and the ROI is given its
        place in it instead, as ImageJ does.
    properties : mapping, optional
        What all ROIs carry besides ``label`` and ``score``, such as ``model`` and ``model_sha256``; ImageJ
        shows it in *Properties...* and gives it to macros as ``Roi.getProperty``.
    outlines : sequence of Outlines, optional
        What `trace` gave for each slice, where it is at hand.
    colours : sequence of int, (particles,), optional
        Colour of each particle's outline, 0xAARRGGBB; by default ImageJ's own.

    Returns
    -------
    RoiSet
        In the order of the table of `measure`.

    Raises
    ------
    InputError
        `labels` is no label image, or lengths do not fit.
    """
    stack = Stack.of(as_labels(labels), slices, positions)
    traced = [trace(part) for part in stack.labels] if outlines is None else list(outlines)
    if len(traced) != len(stack.labels):
        raise InputError(f"{len(traced)} outlines for {len(stack.labels)} slices: give one a slice")
    total = sum(len(part.ids) for part in traced)
    score = None if scores is None else np.asarray(scores, dtype=np.float64).reshape(-1)
    if score is not None and len(score) != total:
        raise InputError(f"{len(score)} scores for {total} particles: give one a particle")
    common = {} if properties is None else dict(properties)
    names: list[str] = []
    data: list[bytes] = []
    for part, place, position in zip(traced, stack.slices, stack.positions, strict=True):
        first = len(names)
        new = [f"{place:04d}-{start + first + i + 1:05d}" for i in range(len(part.ids))]
        texts = []
        for i, label in enumerate(part.ids.tolist()):
            own: dict[str, object] = {"label": label}
            if score is not None and np.isfinite(score[first + i]):
                own["score"] = f"{score[first + i]:.6g}"
            texts.append(encode_properties({**common, **own}))
        names += new
        data += encode_outlines(
            part,
            new,
            texts,
            position=place,
            hyperstack_position=position if stack.hyperstack else None,
            colours=None if colours is None else colours[first : first + len(new)],
        )
    return RoiSet(tuple(names), tuple(data))
