"""Scale bars, panel letters and info strips, as microscopes and authors burn them in."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig

__all__ = ["annotate", "nice_length"]

_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Bold.ttf",
    "DejaVuSansMono.ttf",
)
_MICROSCOPES = (
    "SE  WD 9.7 mm  5.0 kV  x20,000",
    "HV 15.0 kV  mag 50 000 x  det ETD",
    "SEI 10.0kV  X30,000  LED",
)


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    from matplotlib import get_data_path

    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / name, size)


def nice_length(longest: float) -> tuple[float, str]:
    """Longest round length (1, 2 or 5 times a power of ten) up to `longest`, both in nm.

    Returns
    -------
    tuple of float and str
        The length, nm, and how it is written: in Å, nm, µm or mm.
    """
    power = 10.0 ** np.floor(np.log10(longest))
    length = float(power * max(step for step in (1, 2, 5) if step * power <= longest * 1.0001))
    for unit, size in (("mm", 1e6), ("µm", 1e3), ("nm", 1.0)):
        if length >= size * 0.999:
            return length, f"{length / size:g} {unit}"
    return length, f"{length * 10:g} Å"


class _Canvas:
    """A picture that is drawn on, and what is covered by opaque areas."""

    def __init__(self, image: NDArray[Any], rng: np.random.Generator) -> None:
        self.full = int(np.iinfo(image.dtype).max)
        self.rows, self.cols = int(image.shape[0]), int(image.shape[1])
        self.ink, self.stencil = (Image.new("L", image.shape[::-1]) for _ in range(2))
        self.opaque = np.zeros(image.shape, bool)
        self.draw, self.mask = ImageDraw.Draw(self.ink), ImageDraw.Draw(self.stencil)
        self.rng = rng
        self.font_name = str(rng.choice(_FONTS))

    def text(self, x: float, y: float, words: str, size: int, bright: int) -> None:
        font = _font(self.font_name, size)
        self.draw.text((x, y), words, fill=bright, font=font)
        self.mask.text((x, y), words, fill=255, font=font)

    def width_of(self, words: str, size: int) -> float:
        return float(_font(self.font_name, size).getlength(words))

    def area(self, x: float, y: float, right: float, bottom: float, bright: int) -> None:
        corners = [(int(x), int(y)), (int(right), int(bottom))]
        self.draw.rectangle(corners, fill=bright)
        self.mask.rectangle(corners, fill=255)
        self.opaque[max(int(y), 0) : int(bottom) + 1, max(int(x), 0) : int(right) + 1] = True

    def onto(self, image: NDArray[Any]) -> NDArray[Any]:
        share = np.asarray(self.stencil, np.float32) / 255
        ink = np.asarray(self.ink, np.float32) * (self.full / 255)
        # glyphs were drawn on black: their edges already carry the share
        soft = np.where(self.opaque, ink, np.maximum(ink, image * (1 - share)))
        return np.where(share > 0, soft + 0.5, image).astype(image.dtype)


def _bar(canvas: _Canvas, config: MicrographConfig, floor: int) -> None:
    rng, rows, cols = canvas.rng, canvas.rows, canvas.cols
    length, words = nice_length(rng.uniform(0.12, 0.3) * cols * config.pixel_size)
    pixels, size = length / config.pixel_size, max(int(rng.uniform(0.03, 0.065) * rows), 8)
    thick = max(int(rng.uniform(0.006, 0.02) * rows), 2)
    wide = max(pixels, canvas.width_of(words, size))
    x = 0.03 * cols if rng.random() < 0.5 else 0.97 * cols - wide
    y = floor - 0.03 * rows - thick
    bright = 255 if config.modality != "tem" or rng.random() < 0.3 else 0
    if config.annotations.box:
        canvas.area(x - 6, y - 1.4 * size - 5, x + wide + 6, y + thick + 6, 255 - bright)
    canvas.area(x + (wide - pixels) / 2, y, x + (wide + pixels) / 2, y + thick, bright)
    canvas.text(x + (wide - canvas.width_of(words, size)) / 2, y - 1.35 * size, words, size, bright)


def _strip(canvas: _Canvas, config: MicrographConfig) -> int:
    """Draw the strip and give its first row."""
    rng, rows, cols = canvas.rng, canvas.rows, canvas.cols
    tall = max(int(config.annotations.strip * rows), 12)
    bright = 255 if rng.random() < 0.8 else 0
    canvas.area(0, rows - tall, cols - 1, rows - 1, 255 - bright)
    length, words = nice_length(0.2 * cols * config.pixel_size)
    size = max(int(tall * 0.36), 6)
    canvas.text(0.02 * cols, rows - tall + 0.1 * tall, str(rng.choice(_MICROSCOPES)), size, bright)
    x, y = 0.72 * cols, rows - 0.3 * tall
    canvas.area(x, y, x + length / config.pixel_size, y + max(tall * 0.1, 2), bright)
    canvas.text(0.5 * cols, rows - 0.48 * tall, words, size, bright)
    return rows - tall


def annotate(
    image: NDArray[Any], labels: NDArray[np.int32], config: MicrographConfig, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.bool_]]:
    """Burn in what the configuration asks for.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, (row, col)
        Micrograph; left as it is.
    labels : ndarray of int32, (row, col)
        Label image; left as it is.
    config : MicrographConfig
        What is wanted.
    rng : Generator
        Source of chance: places, fonts and words.

    Returns
    -------
    image : ndarray of the same type
        With the annotations.
    labels : ndarray of int32
        0 under bars, boxes and strips; letters leave labels alone.
    marks : ndarray of bool
        Where something was burnt in.
    """
    wanted = config.annotations
    if not (wanted.scale_bar or wanted.letter or wanted.strip):
        return image, labels, np.zeros(image.shape, bool)
    canvas = _Canvas(image, rng)
    floor = _strip(canvas, config) if wanted.strip else canvas.rows
    if wanted.scale_bar:
        _bar(canvas, config, floor)
    if wanted.letter:
        words = str(rng.choice(list("abcdefABCD")))
        words = f"({words})" if rng.random() < 0.5 else words
        size, margin = max(int(rng.uniform(0.05, 0.1) * canvas.rows), 10), 0.02 * canvas.rows
        boxed = rng.random() < 0.4
        bright = 0 if boxed or config.modality == "tem" else 255
        if boxed:
            canvas.area(0, 0, canvas.width_of(words, size) + 2 * margin, 1.2 * size + 2 * margin, 255)
        canvas.text(margin, margin, words, size, bright)
    bare: NDArray[np.int32] = np.where(canvas.opaque, 0, labels).astype(np.int32)
    return canvas.onto(image), bare, np.asarray(canvas.stencil) > 0
