"""What microscopes, detectors and authors of figures do to a micrograph, at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from nanoseg_fiji.segmentation.normalise import normalise

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["AugmentationConfig", "augment"]


@dataclass(frozen=True)
class AugmentationConfig:
    """How often each change is made; all 0 leaves the crop as it is."""

    invert: float = 0.5
    """Dark-on-bright becomes bright-on-dark."""
    contrast: float = 0.6
    """Gamma and soft clipping."""
    shading: float = 0.3
    """Uneven illumination or thickness: a smooth background."""
    blur: float = 0.3
    """Defocus, or a small image enlarged."""
    noise: float = 0.5
    """Counting noise and detector noise, white or grained."""
    text: float = 0.2
    """Burnt-in letters and scale bars."""
    strip: float = 0.1
    """An info strip along one side, or a letter box in a corner."""


_LETTERS = np.array(list("abcdefghijABCDEFG0123456789 nmµ.=()-x"))


def _contrast(rng: Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    unit = np.clip((image + 1) / 2, 0, None)
    unit = unit ** np.float32(np.exp(rng.uniform(-0.7, 0.7)))
    gain = np.float32(np.exp(rng.uniform(-0.2, 0.7)))
    soft = np.tanh((unit * 2 - 1) * gain) / np.tanh(gain)
    out: NDArray[np.float32] = soft.astype(np.float32)
    return out


def _shading(rng: Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    knots = rng.normal(0, 1, (rng.integers(2, 5), rng.integers(2, 5)))
    zoom = (image.shape[0] / knots.shape[0], image.shape[1] / knots.shape[1])
    smooth = ndimage.zoom(knots, zoom, order=1, mode="nearest", grid_mode=True)
    return image + np.float32(rng.uniform(0.1, 0.5)) * smooth[: image.shape[0], : image.shape[1]].astype(
        np.float32
    )


def _blur(rng: Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    out: NDArray[np.float32] = ndimage.gaussian_filter(image, float(rng.uniform(0.4, 1.8)), mode="nearest")
    return out


def _noise(rng: Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    if rng.random() < 0.4:
        noise = ndimage.gaussian_filter(noise, rng.uniform(0.5, 1.2))
        noise /= noise.std() + 1e-6
    strength = np.float32(np.exp(rng.uniform(np.log(0.03), np.log(0.4))))
    if rng.random() < 0.5:  # counting noise grows with the signal
        noise *= np.sqrt(np.clip((image + 1) / 2, 0.05, 2))
    return image + strength * noise


def _text(rng: Generator, image: NDArray[np.float32]) -> NDArray[np.float32]:
    canvas = Image.fromarray(image, mode="F")
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(1, 4)):
        shade = float(rng.choice([-1.3, 1.3])) if rng.random() < 0.8 else float(rng.uniform(-1.3, 1.3))
        row, col = (rng.random(2) * image.shape * 0.9).tolist()
        if rng.random() < 0.4:
            length, height = rng.uniform(0.1, 0.4) * image.shape[1], rng.uniform(2, 9)
            draw.rectangle((col, row, col + length, row + height), fill=shade)
        else:
            letters = "".join(rng.choice(_LETTERS, rng.integers(1, 8)))
            draw.text((col, row), letters, fill=shade, font=ImageFont.load_default(float(rng.uniform(9, 42))))
    return np.asarray(canvas, np.float32).copy()


def _strip(rng: Generator, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    cleared = np.zeros(image.shape, bool)
    rows, cols = (int(s * rng.uniform(0.06, 0.25)) for s in image.shape)
    box = (slice(-rows, None), slice(None)) if rng.random() < 0.6 else (slice(0, rows), slice(0, cols))
    cleared[box] = True
    shade = np.float32(rng.choice([-1.3, 1.3]))
    strip = _text(rng, np.full(image[box].shape, shade, np.float32))
    image = image.copy()
    image[box] = strip
    return image, cleared


def augment(
    rng: Generator, image: NDArray[np.float32], config: AugmentationConfig
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Change the grey values of a crop.

    Parameters
    ----------
    rng : Generator
        Source of chance.
    image : ndarray of float32, (row, col)
        Normalised crop.
    config : AugmentationConfig
        How often each change is made.

    Returns
    -------
    image : ndarray of float32, (row, col)
        Changed crop, normalised again by its own percentiles or not, at random.
    cleared : ndarray of bool, (row, col)
        Pixels where no particle can be seen any more (an info strip).
    """
    cleared = np.zeros(image.shape, bool)
    for name, change in (
        ("contrast", _contrast),
        ("shading", _shading),
        ("blur", _blur),
        ("noise", _noise),
        ("text", _text),
    ):
        if rng.random() < getattr(config, name):
            image = change(rng, image)
    if rng.random() < config.strip:
        image, cleared = _strip(rng, image)
    if rng.random() < config.invert:
        image = -image
    if rng.random() < 0.5:
        image = normalise(image)  # a small image is normalised by what it shows
    else:
        image = image * np.float32(np.exp(rng.uniform(-0.25, 0.25))) + np.float32(rng.uniform(-0.2, 0.2))
    return np.clip(image, -3, 3), cleared
