"""COCO's JSON (Lin et al. 2014, doi 10.1007/978-3-319-10602-1_48): polygons, run lengths, boxes, crowds."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.annotations.drawing import Drawing, Particle, polygon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from nanoseg_fiji.annotations.drawing import Pixels

__all__ = ["decode_counts", "parse_coco"]


def decode_counts(text: str | bytes) -> NDArray[np.int64]:
    """Decode COCO's compressed run lengths.

    Each number is a string of 6-bit characters from ``0`` on: five bits, lowest first, and a bit that says
    whether more follow; from the fourth number on it is the difference to the one two before (``rleToString``
    of the COCO API).

    Parameters
    ----------
    text : str or bytes
        The string.

    Returns
    -------
    ndarray of int64, (n,)
        Lengths of runs of background and foreground in turn.

    Raises
    ------
    ValueError
        The string is cut off or holds other characters.
    """
    raw = text.encode("ascii") if isinstance(text, str) else bytes(text)
    codes = np.frombuffer(raw, np.uint8).astype(np.int64) - 48
    last = (codes & 0x20) == 0
    if not codes.size or codes.min() < 0 or codes.max() > 63 or not last[-1]:
        raise ValueError("damaged run lengths")
    ends = np.flatnonzero(last)
    starts = np.append(0, ends[:-1] + 1)
    if (ends - starts).max() > 10:
        raise ValueError("damaged run lengths")
    place = np.arange(codes.size) - starts.repeat(ends - starts + 1)
    numbers = np.add.reduceat((codes & 0x1F) << (5 * place), starts)
    negative = (codes[ends] & 0x10) != 0
    numbers[negative] -= 1 << (5 * (ends - starts + 1)[negative])
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _run_pixels(segmentation: Mapping[str, Any]) -> tuple[Pixels, tuple[int, int]]:
    """Pixels of a run-length mask, which runs down the columns, and the size of its image."""
    rows, cols = (int(v) for v in segmentation["size"])
    counts = segmentation["counts"]
    runs = decode_counts(counts) if isinstance(counts, str | bytes) else np.asarray(counts, np.int64)
    if runs.ndim != 1 or (runs < 0).any() or runs.sum() != rows * cols:
        raise ValueError(f"run lengths do not add up to {rows} x {cols} pixels")
    ends = np.cumsum(runs)
    length, start = runs[1::2], (ends - runs)[1::2]
    index = np.arange(int(length.sum())) + (start - (np.cumsum(length) - length)).repeat(length)
    return (index % rows, index // rows), (rows, cols)


def _particle(item: Mapping[str, Any], size: tuple[int, int] | None) -> Particle:
    crowd = bool(item.get("iscrowd", 0))
    segmentation = item.get("segmentation")
    if isinstance(segmentation, dict):
        pixels, own = _run_pixels(segmentation)
        if size and own != size:
            raise ValueError(f"run lengths of an image of {own} rows and columns, not {size}")
        return Particle(pixels=pixels, crowd=crowd)
    if segmentation:
        flat = [np.asarray(part, np.float64) for part in segmentation]
        if any(part.ndim != 1 or part.size % 2 for part in flat):
            raise ValueError("a polygon is a flat list x, y, x, y, ...")
        return Particle(tuple(polygon(part.reshape(-1, 2)) for part in flat), crowd=crowd)
    x, y, width, height = (float(v) for v in item["bbox"])
    if not (np.isfinite([x, y]).all() and 0 <= width < np.inf and 0 <= height < np.inf):
        raise ValueError(f"the box {item['bbox']} is not x, y, width, height")
    return Particle(box=(x, y, x + width, y + height), crowd=crowd)


def parse_coco(content: Mapping[str, Any]) -> dict[str, Drawing]:
    """Read the annotations of every image, of all categories.

    Parameters
    ----------
    content : mapping
        The file: ``images`` and ``annotations``.

    Returns
    -------
    dict of str to Drawing
        By file name.

    Raises
    ------
    ValueError
        Naming every annotation that cannot be read or belongs to an unknown image, at once.
    """
    names: dict[Any, str] = {}
    sizes: dict[Any, tuple[int, int] | None] = {}
    bad = []
    for image in content["images"]:
        key = image["id"]
        if key in names or image["file_name"] in names.values():
            bad.append(f"image {key} ({image['file_name']}) is listed twice")
        names[key] = str(image["file_name"])
        height, width = image.get("height"), image.get("width")
        sizes[key] = (int(height), int(width)) if height and width else None
    found: dict[Any, list[Particle]] = defaultdict(list)
    for number, item in enumerate(content["annotations"], 1):
        key = item.get("image_id")
        try:
            if key not in names:
                raise ValueError(f"image {key} is not listed under images")
            found[key].append(_particle(item, sizes[key]))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            bad.append(f"annotation {item.get('id', number)}: {_plain(error)}")
    if bad:
        raise ValueError("; ".join(bad))
    return {name: Drawing(tuple(found[key]), sizes[key]) for key, name in names.items()}


def _plain(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
