"""ImageJ's ROI file format, as far as outlines of particles need it (``ij.io.RoiEncoder``, version 228)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nanoseg_fiji.particles.contours import Outlines

__all__ = ["encode_outlines", "encode_properties"]

_VERSION = 228
_RECTANGLE, _TRACED = 1, 8
# Traced ROIs store 16-bit coordinates and counts; ImageJ itself changes over to floats at these limits.
_MOST_VERTICES = 65535
_LARGEST_COORDINATE = 60000
_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0

# magic, version, type, -, top, left, bottom, right, vertices, (x1 to y2), stroke width, floats of a
# composite, stroke colour, (fill colour, subtype, options, arrow), position, offset of the second header
_HEADER = struct.Struct(">4sHBxHHHHH16xHII12xII")
# -, c, z, t, offset and length of the name, (label colour to stroke width), offset and length of the
# properties
_HEADER2 = struct.Struct(">4xIIIII16xII16x")


def encode_properties(properties: Mapping[str, object]) -> str:
    """Give properties in the form that ``Roi.getProperty`` reads them from (``java.util.Properties``).

    Parameters
    ----------
    properties : mapping
        Key to value; both are made strings. Empty values are left out, as in ImageJ.
    """
    lines = []
    for key, value in sorted(properties.items()):
        text = str(value)
        if text:
            lines.append(f"{_escape(key, ' :=#!')}: {_escape(text)}\n")
    return "".join(lines)


def _escape(text: str, special: str = "") -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    text = "".join(f"\\{letter}" if letter in special else letter for letter in text)
    # Java reads properties as Latin-1, ImageJ hands it UTF-8: only ASCII survives
    units = np.frombuffer(text.encode("utf-16-be", "surrogatepass"), dtype=">u2").tolist()
    return text if text.isascii() else "".join(chr(u) if u < 128 else f"\\u{u:04x}" for u in units)


def encode_outlines(
    outlines: Outlines,
    names: Sequence[str],
    properties: Sequence[str],
    *,
    position: int,
    hyperstack_position: tuple[int, int, int] | None,
    colours: Sequence[int] | None = None,
) -> list[bytes]:
    """Encode the outline of every label as the bytes of an ImageJ ``.roi`` file.

    One loop makes a traced ROI, several make a composite one. Written by hand, because `roifile` takes a
    second for 10,000 of them; it reads them all.

    Parameters
    ----------
    outlines : Outlines
        Of n labels.
    names : sequence of str
        n names.
    properties : sequence of str
        n texts, from `encode_properties`.
    position : int
        Slice of a plain stack, from 1; 0 for none.
    hyperstack_position : tuple of int, optional
        (c, z, t) from 1; replaces `position`.
    colours : sequence of int, optional
        n colours of the outline, 0xAARRGGBB; by default ImageJ's own for selections.

    Returns
    -------
    list of bytes
        n files.
    """
    if not len(outlines.ids):
        return []
    spans = outlines.vertices[outlines.loops]
    left, right = (f.reduceat(outlines.x, spans[:-1]) for f in (np.minimum, np.maximum))
    top, bottom = (f.reduceat(outlines.y, spans[:-1]) for f in (np.minimum, np.maximum))
    counts = np.diff(spans)
    traced = (
        (np.diff(outlines.loops) == 1)
        & (counts <= _MOST_VERTICES)
        & (np.maximum(right, bottom) <= _LARGEST_COORDINATE)
    )
    # relative to the bounding box; only those of traced ROIs are used
    short_x = (outlines.x - left.repeat(counts)).astype(">u2").tobytes()
    short_y = (outlines.y - top.repeat(counts)).astype(">u2").tobytes()

    encoded = []
    c, z, t = hyperstack_position or (0, 0, 0)
    index = 0 if hyperstack_position else position
    boxes = np.stack([top, left, bottom, right], axis=1).tolist()
    strokes = [0] * len(counts) if colours is None else colours
    for i, (first, last, name, extra, stroke) in enumerate(
        zip(spans[:-1].tolist(), spans[1:].tolist(), names, properties, strokes, strict=True)
    ):
        if traced[i]:
            kind, vertices, floats = _TRACED, last - first, 0
            shape = short_x[2 * first : 2 * last] + short_y[2 * first : 2 * last]
            box = boxes[i]
        else:
            path = _path(outlines, i)
            kind, vertices, floats = _RECTANGLE, 0, len(path)
            shape = path.tobytes()
            box = [min(value, 0xFFFF) for value in boxes[i]]  # ImageJ takes the box from the path
        text, more = name.encode("utf-16-be"), extra.encode("utf-16-be")
        at_header2 = _HEADER.size + len(shape)
        at_name = at_header2 + _HEADER2.size
        header = _HEADER.pack(b"Iout", _VERSION, kind, *box, vertices, 0, floats, stroke, index, at_header2)
        header2 = _HEADER2.pack(c, z, t, at_name, len(text) // 2, at_name + len(text), len(more) // 2)
        encoded.append(b"".join((header, shape, header2, text, more)))
    return encoded


def _path(outlines: Outlines, i: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Path of a composite ROI: for each loop a move, lines, and a close, as big-endian floats."""
    loops = slice(outlines.loops[i], outlines.loops[i + 1] + 1)
    starts = outlines.vertices[loops] - outlines.vertices[outlines.loops[i]]
    first, last = outlines.vertices[loops][[0, -1]]
    segments = np.empty((last - first, 3), dtype=">f4")
    segments[:, 0] = _LINE
    segments[starts[:-1], 0] = _MOVE
    segments[:, 1] = outlines.x[first:last]
    segments[:, 2] = outlines.y[first:last]
    path: np.ndarray[tuple[int], np.dtype[np.float32]] = np.insert(
        segments.reshape(-1), 3 * starts[1:], _CLOSE
    )
    return path.astype(">f4", copy=False)
