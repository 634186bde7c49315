"""Lines of text beside a scale bar, read by an OCR program that carries its models (the extra ``ocr``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nanoseg_fiji.calibration.bar import Bar

__all__ = ["Line", "lines_beside", "load_reader"]

_SHORTEST, _TALLEST = 5, 0.13  # a letter: pixels; of the height of the image
_MOST_LINES = 8


@dataclass(frozen=True)
class Line:
    """A line of text near a scale bar."""

    box: tuple[int, int, int, int]
    """First row, row after the last, first column, column after the last."""
    distance: float
    """Gap to the bar, in heights of the line."""
    picture: NDArray[np.uint8]
    """The text with a margin, dark on light, without the bar; (row, col)."""


def lines_beside(gray: NDArray[np.floating], bar: Bar) -> list[Line]:
    """Find lines of text near a bar, of its own grey or of the opposite one.

    Parameters
    ----------
    gray : ndarray of float, (row, col)
        Micrograph.
    bar : Bar
        A bar in it.

    Returns
    -------
    list of Line
        The nearest first; empty where there is none.
    """
    rows, columns = gray.shape
    reach_x = int(max(bar.length, 0.2 * columns))
    reach_y = int(_TALLEST * rows + 3 * (bar.bottom - bar.top))
    top, left = max(bar.top - reach_y, 0), max(int(bar.left) - reach_x, 0)
    part = gray[top : bar.bottom + reach_y, left : int(bar.right) + reach_x].astype(np.float32)
    start, end = int(bar.left) - left, int(np.ceil(bar.right)) - left
    level, opposite = (part.max(), part.min()) if bar.bright else (part.min(), part.max())
    if bar.gap is None:  # letters that touch the bar are parted from it
        within = slice(max(bar.top - top - 1, 0), bar.bottom - top + 1), slice(max(start - 1, 0), end + 1)
        around = [max(within[0].start - 2, 0), min(within[0].stop + 1, len(part) - 1)]
        inner, ground = (
            float(np.median(part[lines, start:end]))
            for lines in (slice(bar.top - top, bar.bottom - top), around)
        )
        if abs(inner - ground) > 0.3 * abs(level - opposite):  # a row of ticks is mostly ground
            level = inner
        part[within] = ground
    found: list[Line] = []
    for ink, ground in ((level, opposite), (opposite, level)):
        for share in (0.25, 0.5, 0.7):
            mask = np.abs(part - ink) < share * abs(ink - ground)
            for box in _lines(mask, _TALLEST * rows):
                moved = (box[0] + top, box[1] + top, box[2] + left, box[3] + left)
                distance = _distance(moved, bar)
                known = any(max(map(abs, np.subtract(line.box, moved))) <= 2 for line in found)
                # the foot of a 2 and the dash of a t are no bars
                if bar.length > 1.3 * (box[1] - box[0]) and not known:
                    found.append(Line(moved, distance, _picture(part, box, bool(ink > ground))))
    return sorted(found, key=lambda line: line.distance)[:_MOST_LINES]


def _distance(box: tuple[int, int, int, int], bar: Bar) -> float:
    top, bottom, left, right = box
    down, across = max(top - bar.bottom, bar.top - bottom, 0), max(left - bar.right, bar.left - right, 0)
    return float(np.hypot(down, across)) / (bottom - top)


def _picture(part: NDArray[np.float32], box: tuple[int, int, int, int], bright: bool) -> NDArray[np.uint8]:
    top, bottom, left, right = box
    margin = max(2, round(0.25 * (bottom - top)))
    cut = part[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin]
    low, high = np.percentile(cut, [1, 99])
    cut = np.clip((cut - low) * (255 / max(float(high - low), 1e-6)), 0, 255)
    picture: NDArray[np.uint8] = (255 - cut if bright else cut).astype(np.uint8)
    return picture


def _lines(mask: NDArray[np.bool_], tallest: float) -> list[tuple[int, int, int, int]]:
    """Boxes of the lines that the letters in a mask make."""
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    letters = []
    for rows, columns in ndimage.find_objects(labels):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if _SHORTEST <= height <= tallest and width <= 8 * height:
            letters.append((rows.start, rows.stop, columns.start, columns.stop))
    lines = []
    for group in _groups(sorted(letters, key=lambda box: box[2])):
        tops, bottoms, lefts, rights = zip(*group, strict=True)
        box = (min(tops), max(bottoms), min(lefts), max(rights))
        height = box[1] - box[0]
        if 1.2 * height <= box[3] - box[2] <= 14 * height:
            lines.append(box)
    return lines


def _groups(letters: list[tuple[int, int, int, int]]) -> list[list[tuple[int, int, int, int]]]:
    """Letters, sorted from left to right, that stand in one line."""
    groups: list[list[tuple[int, int, int, int]]] = []
    for box in letters:
        for group in groups:
            last = group[-1]
            height = max(b[1] - b[0] for b in group)
            mine = box[1] - box[0]
            shared = min(box[1], last[1]) - max(box[0], last[0])
            near = box[2] - max(b[3] for b in group) < 1.2 * max(height, mine)
            if near and shared > 0.5 * min(mine, last[1] - last[0]) and 0.4 < mine / height < 2.5:
                group.append(box)
                break
        else:
            groups.append([box])
    return groups


@lru_cache(maxsize=1)
def load_reader() -> Callable[[NDArray[np.uint8]], tuple[str, float]]:
    """Load the OCR program, about a second the first time.

    Returns
    -------
    callable
        Takes a line of text, (row, col), dark on light; gives what it says and how sure that is, 0 to 1.

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError as error:
        raise InputError(
            "reading the label of a scale bar needs an OCR program: pip install 'nanoseg-fiji[ocr]'"
        ) from error
    engine: Any = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)  # a line is too short for more

    def read(line: NDArray[np.uint8]) -> tuple[str, float]:
        answer, _ = engine(np.dstack([line] * 3), use_det=False, use_cls=False)
        text, score = answer[0][:2] if answer else ("", 0.0)
        return str(text), float(score)

    return read
