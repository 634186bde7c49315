"""A picture of a result: the micrograph with the particles' outlines and a scale bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Calibration

__all__ = ["draw_overlay"]

_SHOWN_SLICES = 9
_SMALL_SIDE = 800  # smaller pictures are enlarged, or the outlines would hide the particles
_WIDE_SIDE = 1200  # larger pictures get outlines of two pixels
_FILL = 0.1
_PALETTE = np.array(
    [
        (255, 99, 71),
        (64, 224, 208),
        (255, 215, 0),
        (138, 180, 255),
        (255, 130, 220),
        (144, 238, 100),
        (255, 165, 60),
        (190, 150, 255),
    ],
    np.float32,
)


def draw_overlay(
    gray: NDArray[np.float32], labels: NDArray[np.int32], calibration: Calibration
) -> NDArray[np.uint8]:
    """Draw every particle's outline on the micrograph, in a colour of its own, and a scale bar.

    Parameters
    ----------
    gray : ndarray of float32, (row, col) or (n, row, col)
        Micrograph; a stack becomes a montage of at most nine of its slices, evenly spaced.
    labels : ndarray of int32, like `gray`
        Label image, 0 is background.
    calibration : Calibration
        Pixel size, for the scale bar; none is drawn where the unit is the pixel.

    Returns
    -------
    ndarray of uint8, (row, col, 3)
        RGB picture; small micrographs are enlarged by a whole factor.
    """
    rows, cols = gray.shape[-2:]
    grays, many = gray.reshape(-1, rows, cols), labels.reshape(-1, rows, cols)
    shown = np.unique(np.linspace(0, len(grays) - 1, min(_SHOWN_SLICES, len(grays))).round().astype(int))
    tiles = [_draw_slice(grays[i], many[i]) for i in shown]
    zoom = tiles[0].shape[0] // rows
    if calibration.calibrated:
        tiles = [_with_scale_bar(tile, calibration.pixel_width / zoom, calibration.unit) for tile in tiles]
    if len(tiles) == 1:
        return tiles[0]
    across = math.ceil(math.sqrt(len(tiles)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
    return np.vstack([np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)])


def _draw_slice(gray: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.uint8]:
    zoom = max(1, math.ceil(_SMALL_SIDE / max(gray.shape)))
    bright = _stretch(gray).repeat(zoom, 0).repeat(zoom, 1)
    labels = labels.repeat(zoom, 0).repeat(zoom, 1)
    picture = np.repeat(bright[..., None], 3, axis=2)
    inside = labels > 0
    colors = _PALETTE[labels[inside] % len(_PALETTE)]
    picture[inside] += _FILL * (colors - picture[inside])
    outline = inside & _near_other(labels, 1 if max(labels.shape) < _WIDE_SIDE else 2)
    picture[outline] = _PALETTE[labels[outline] % len(_PALETTE)]
    return picture.round().astype(np.uint8)


def _near_other(labels: NDArray[np.int32], distance: int) -> NDArray[np.bool_]:
    """Pixels with another label within 1 or 2 px, chessboard distance; far quicker than rank filters."""
    from scipy.ndimage import binary_dilation

    near = np.zeros(labels.shape, bool)
    for row, col in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(row, None), slice(max(col, 0), labels.shape[1] + min(col, 0)))
        there = (slice(None, -row or None), slice(max(-col, 0), labels.shape[1] - max(col, 0)))
        differ = labels[here] != labels[there]
        near[here] |= differ
        near[there] |= differ
    return binary_dilation(near, np.ones((3, 3), bool)) if distance > 1 else near


def _stretch(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey values to 0 to 255, the darkest and brightest 0.2 % saturated."""
    finite = gray[np.isfinite(gray)]
    if finite.size == 0:
        return np.zeros(gray.shape, np.float32)
    low, high = np.percentile(finite.astype(np.float64), (0.2, 99.8))
    scale = 255 / (high - low) if high > low else 0.0
    known = np.nan_to_num(gray.astype(np.float64), nan=low)
    out: NDArray[np.float32] = np.clip((known - low) * scale, 0, 255).astype(np.float32)
    return out


def _with_scale_bar(picture: NDArray[np.uint8], pixel_width: float, unit: str) -> NDArray[np.uint8]:
    """Draw a bar of a round length, about a fifth of the width, at the lower right."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    rows, cols = picture.shape[:2]
    length = _round_length(cols * pixel_width / 5)
    bar = round(length / pixel_width)
    size = max(12, round(min(rows, cols) / 36))
    # Pillow's own font has no µ
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf", size)
    text = f"{length:g} {unit}"
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    wide = max(bar, round(draw.textlength(text, font=font)))
    pad = size // 2
    if wide + 4 * pad > cols or 4 * size > rows:
        return picture
    left, top = cols - wide - 3 * pad, rows - 2 * size - 3 * pad
    draw.rectangle((left, top, cols - pad, rows - pad), fill=(0, 0, 0, 170))
    center = (left + cols - pad) / 2
    draw.text((center, top + pad // 2), text, fill="white", font=font, anchor="ma")
    y = rows - 2 * pad
    draw.rectangle((center - bar / 2, y - max(2, size // 5), center + bar / 2 - 1, y), fill="white")
    return np.asarray(image)


def _round_length(limit: float) -> float:
    """Largest of 1, 2 and 5 times a power of ten that is not above `limit`."""
    power = 10.0 ** math.floor(math.log10(limit))
    return next(step * power for step in (5, 2, 1) if step * power <= limit * (1 + 1e-9))
