"""Read the scale bar of a micrograph: the bar, and the number and unit beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.calibration.bar import Bar, find_bars
from nanoseg_fiji.calibration.lengths import Length, parse_length, readable
from nanoseg_fiji.calibration.lettering import Line, lines_beside, load_reader
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["FoundScale", "read_bar"]

_LEAST_CONFIDENCE = 0.55  # below, a label counts as not read
_SURE = 0.85  # no bar that looks less like one is looked at
_PLAIN_SCORE, _PLAIN_LENGTH = 0.8, 0.06  # least score and share of the width of a bar without a label
_MOST_BARS, _MOST_READINGS = 8, 24
_SQUARE = 1e-3  # pixels whose sides differ by less are square
_FARTHEST = 4.0  # a label is no farther from its bar, in heights of its letters


@dataclass(frozen=True)
class FoundScale:
    """What was found, for a user to confirm."""

    origin: str
    """What says it: ``Zeiss tag``, ``scale bar``."""
    calibration: Calibration | None
    """Pixel size; none where the bar's label could not be read."""
    bar: Bar | None = None
    """The scale bar; none where the scale is the metadata's."""
    length: Length | None = None
    """What stands beside the bar; none where that could not be read."""
    confidence: float = 1.0
    """How sure the bar and its label are, 0 to 1; 1 for metadata."""
    messages: tuple[str, ...] = ()
    """What had to be assumed, and what should be checked."""
    aspect: float = 1.0
    """Height of a pixel over its width: the metadata's, for a bar that of the scale that the image had."""

    def __str__(self) -> str:
        size = "pixel size unknown"
        if self.calibration is not None:
            height = self.calibration.pixel_height
            down = "" if height == self.calibration.pixel_width else f" x {height:.6g}"
            size = f"{self.calibration.pixel_width:.6g}{down} {self.calibration.unit} per pixel"
        if self.bar is None:
            words = f"{size}, from {self.origin}"
        else:
            label = f", {self.length}" if self.length else ""
            sure = f"confidence {self.confidence:.2f}"
            words = f"{size}, from {self.origin} ({self.bar.length:.1f} px{label}; {sure}): check it"
        return "; ".join((words, *self.messages))

    def with_length(self, length: Length) -> FoundScale:
        """Give the bar a length that the user knows better."""
        if self.bar is None:
            raise InputError("a length needs a scale bar: choose source=bar")
        size, unit = readable(length.metres / self.bar.length)
        square = replace(
            self, length=length, calibration=Calibration(size, size, unit), confidence=1.0, messages=()
        )
        return square.with_aspect(self.aspect)

    def with_aspect(self, aspect: float) -> FoundScale:
        """Keep the ratio of the scale that the image had: a level bar tells the width of a pixel alone."""
        if abs(aspect - 1) <= _SQUARE:
            return self
        size, text = self.calibration, f"{aspect:.6g} times as high as wide"
        if size is not None:
            size = replace(size, pixel_height=size.pixel_width * aspect)
            text = f"{size.pixel_width:.6g} x {size.pixel_height:.6g} {size.unit}"
        note = f"the pixels are not square ({text}): the ratio is that of the scale that the image had"
        return replace(self, calibration=size, aspect=aspect, messages=(*self.messages, note))


def read_bar(image: xr.DataArray) -> FoundScale | None:
    """Find the scale bar of an image and read its label.

    Parameters
    ----------
    image : DataArray
        The image; a coloured bar on a grey image counts too.

    Returns
    -------
    FoundScale or None
        None where there is no plain bar: one whose label was read, or, without its label, one that nothing
        else looks like.
    """
    for plane in _planes(image):
        bars = find_bars(plane)
        found = _labelled(plane, bars)
        if found:
            best = found[0]
            sizes = [one.length.metres / one.bar.length for one in found if one.length and one.bar]
            if max(sizes) > 1.05 * min(sizes):
                note = "another scale bar says otherwise: check which one is the image's"
                best = replace(best, confidence=best.confidence / 2, messages=(*best.messages, note))
            return best
        plain = [bar for bar in bars if bar.gap is None and bar.length > _PLAIN_LENGTH * plane.shape[1]]
        if plain and plain[0].score >= _PLAIN_SCORE:
            note = "the label of the bar could not be read: give its length and unit"
            try:
                load_reader()
            except InputError as error:
                note = str(error)
            return FoundScale("scale bar", None, plain[0], None, plain[0].score, (note,))
    return None


def _planes(image: xr.DataArray) -> list[NDArray[np.float32]]:
    """Grey values of the first slice; before them its saturation, where a grey image has coloured marks."""
    from nanoseg_fiji.image_arrays import to_gray

    first = image.isel({d: 0 for d in image.dims if d not in ("row", "col", "rgb")})
    planes = [to_gray(first)]
    if "rgb" in first.dims:
        rgb = first.to_numpy()[..., :3].astype(np.float32)
        colour = rgb.max(axis=-1) - rgb.min(axis=-1)
        if 0 < np.mean(colour > 0.3 * max(float(rgb.max()), 1)) < 0.1:
            planes.insert(0, colour)
    return planes


def _labelled(gray: NDArray[np.float32], bars: list[Bar]) -> list[FoundScale]:
    """Bars whose label can be read, the surest first."""
    try:
        read = load_reader()
    except InputError:
        return []
    found: list[FoundScale] = []
    readings = 0
    for bar in sorted(bars[:_MOST_BARS], key=lambda b: (b.gap is None, -b.score)):
        if any(one.confidence >= _SURE and one.bar and bar.score < 0.8 * one.bar.score for one in found):
            break
        for line in lines_beside(gray, bar):
            if readings >= _MOST_READINGS or line.distance > _FARTHEST or not _belongs(gray, bar, line):
                continue
            readings += 1
            text, sure = read(line.picture)
            length = parse_length(text)
            if length is None:
                continue
            sure *= (1 - 0.1 * line.distance) * (0.6 + 0.4 * bar.score) * _usual(length, bar)
            if sure >= _LEAST_CONFIDENCE:
                size, unit = readable(length.metres / bar.length)
                note = (f"read {text.strip()!r} as {length}: {length.assumed}",) if length.assumed else ()
                square = Calibration(size, size, unit)
                found.append(FoundScale("scale bar", square, bar, length, sure, note))
            break
    return sorted(found, key=lambda one: -one.confidence)


def _belongs(gray: NDArray[np.float32], bar: Bar, line: Line) -> bool:
    """Whether a line can be the label of a bar: in its gap if it has one, not in one that went unseen."""
    _, _, left, right = line.box
    if bar.gap is not None:
        return bar.gap[0] - 2 <= left and right <= bar.gap[1] + 2
    level_with = line.box[0] < bar.bottom and bar.top < line.box[1]
    if not level_with or (left < bar.right and right > bar.left):
        return True
    reach = line.box[1] - line.box[0]
    beyond = (
        slice(right + 1, right + 1 + reach)
        if left >= bar.right - 1
        else slice(max(left - 1 - reach, 0), left - 1)
    )
    other = gray[bar.top : bar.bottom, beyond]
    if not other.size:
        return True
    own = float(np.median(gray[bar.top : bar.bottom, int(bar.left) + 1 : int(bar.right) - 1]))
    nearest = float(np.median(other.max(axis=1) if bar.bright else other.min(axis=1)))
    return abs(nearest - own) > 0.2 * float(gray.max() - gray.min())


def _usual(length: Length, bar: Bar) -> float:
    """How usual a length is: round (two digits), 0.1 to 1000, and pixels from 1 pm to 0.1 mm."""
    pixel = length.metres / bar.length
    if not 0.1 <= length.number <= 1000 or not 1e-12 < pixel < 1e-4:
        return 0.0
    digits = f"{length.number:.6e}".split("e")[0].replace(".", "").rstrip("0")
    return 1.0 if len(digits) == 1 else 0.95 if len(digits) == 2 else 0.6
