"""ImageJ ROI files to the shapes that ImageJ fills for them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import roifile

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles import roi_shapes as shapes
from nanoseg_fiji.particles.roi_curves import fit_spline

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["Roi", "decode_rois"]

_LINES = {
    roifile.ROI_TYPE.LINE: "line",
    roifile.ROI_TYPE.FREELINE: "freehand line",
    roifile.ROI_TYPE.POLYLINE: "segmented line",
    roifile.ROI_TYPE.ANGLE: "angle",
    roifile.ROI_TYPE.POINT: "point",
    roifile.ROI_TYPE.NOROI: "empty",
}
_OTHERS = {roifile.ROI_SUBTYPE.TEXT: "text", roifile.ROI_SUBTYPE.IMAGE: "image"}


@dataclass(frozen=True)
class Roi:
    """One ROI of a set."""

    name: str
    """Name in the ROI Manager."""
    shape: shapes.Shape | None
    """What is filled; none where the ROI has no area."""
    kind: str
    """Type in ImageJ's words, such as ``traced`` or ``segmented line``."""
    index: int = 0
    """Slice of a plain stack, from 1; 0 for none."""
    position: tuple[int, int, int] = (0, 0, 0)
    """(c, z, t) in a hyperstack, from 1; 0 for none."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """ImageJ's ROI properties."""

    @property
    def label(self) -> int:
        """The ``label`` property; 0 where there is none."""
        text = self.properties.get("label", "")
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def decode_rois(source: bytes | bytearray | memoryview | str | os.PathLike[str]) -> list[Roi]:
    """Read a ROI set, or a single ROI.

    Parameters
    ----------
    source : bytes or path
        A zip of ``.roi`` files, or one ``.roi`` file.

    Returns
    -------
    list of Roi
        In the order of the file.

    Raises
    ------
    InputError
        There is no such file, or it is neither, or it is damaged.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data, where = bytes(source), "the ROI set"
    else:
        where = str(source)
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {where} ({error.strerror}): check the path") from error
    if data[:4] == b"Iout":
        return [_decode(data, Path(where).stem, where)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.endswith(".roi")]
            files = [(name, archive.read(name)) for name in names]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{where} is no ImageJ ROI set or is damaged ({error}): save it again in the ROI Manager"
        ) from error
    if not files:
        raise InputError(f"{where} holds no .roi files: save the set again in the ROI Manager")
    return [_decode(content, name[: -len(".roi")], f"{name} in {where}") for name, content in files]


def _decode(data: bytes, name: str, where: str) -> Roi:
    """Decode one ROI; the file name is its name, as in the ROI Manager."""
    try:
        record = roifile.ImagejRoi.frombytes(data)
        kind, shape = _shape_of(record)
    except Exception as error:  # whatever a damaged file makes roifile or numpy raise
        raise InputError(f"{where} is damaged ({error}): delete it or save it again in ImageJ") from error
    return Roi(
        name=name,
        shape=shape,
        kind=kind,
        index=record.position,
        position=(record.c_position, record.z_position, record.t_position),
        properties=_properties(record.props),
    )


def _shape_of(record: roifile.ImagejRoi) -> tuple[str, shapes.Shape | None]:
    kind, subtype = record.roitype, record.subtype
    if subtype in _OTHERS:
        return _OTHERS[subtype], None
    if record.multi_coordinates is not None:
        return "composite", shapes.composite(record.multi_coordinates)
    if kind in _LINES:
        return _LINES[kind], None
    if kind in (roifile.ROI_TYPE.RECT, roifile.ROI_TYPE.OVAL):
        if record.subpixelrect:
            x, y, width, height = record.xd, record.yd, record.widthd, record.heightd
        else:
            x, y = record.left, record.top
            width, height = record.right - record.left, record.bottom - record.top
        box = (int(x), int(y), max(int(np.ceil(width)), 1), max(int(np.ceil(height)), 1))
        if kind is roifile.ROI_TYPE.OVAL:
            return "oval", shapes.oval(box)
        if record.rounded_rect_arc_size > 0:
            return "rounded rectangle", shapes.rounded_rectangle(box, record.rounded_rect_arc_size)
        return "rectangle", shapes.rectangle(box)
    if kind is roifile.ROI_TYPE.FREEHAND and subtype in (
        roifile.ROI_SUBTYPE.ELLIPSE,
        roifile.ROI_SUBTYPE.ROTATED_RECT,
    ):
        ends = (record.x1, record.y1, record.x2, record.y2)
        # these two share bytes 52 to 55 with three small fields of other types
        ratio_or_width = float(
            np.frombuffer(
                bytes([record.arrow_style_or_aspect_ratio, record.arrow_head_size])
                + int(record.rounded_rect_arc_size & 0xFFFF).to_bytes(2, "big"),
                dtype=">f4",
            )[0]
        )
        if subtype is roifile.ROI_SUBTYPE.ELLIPSE:
            return "ellipse", shapes.ellipse(*ends, ratio_or_width)
        return "rotated rectangle", shapes.rotated_rectangle(*ends, ratio_or_width)
    if kind not in (roifile.ROI_TYPE.POLYGON, roifile.ROI_TYPE.FREEHAND, roifile.ROI_TYPE.TRACED):
        raise ValueError(f"unknown type {int(kind)}")
    if record.subpixel_coordinates is not None:
        points, whole = record.subpixel_coordinates, False
    else:
        points = record.integer_coordinates + np.array([record.left, record.top])
        whole = True
    if roifile.ROI_OPTIONS.SPLINE_FIT in record.options:
        curve = fit_spline(points, freehand=kind is roifile.ROI_TYPE.FREEHAND)
        return "spline", shapes.polygon(curve, whole=False)
    return kind.name.lower(), shapes.polygon(points, whole=whole)


def _properties(text: str) -> dict[str, str]:
    """Read lines as `java.util.Properties` does: a key ends at the first colon, equals sign or space."""
    pairs = (re.split(r"(?<!\\)(?:\s*[:=]\s*|\s+)", line.strip(), maxsplit=1) for line in text.split("\n"))
    return {_plain(pair[0]): _plain(pair[1]) for pair in pairs if len(pair) == 2}


def _plain(text: str) -> str:
    def unescape(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return {"n": "\n", "r": "\r", "t": "\t"}.get(found[2], found[2])

    plain = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", unescape, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
