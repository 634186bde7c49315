"""AFM height images: the surface dilated by the tip, and the scanner's faults.

The image is the grey-scale dilation of the surface by the reflected tip (Villarrubia 1997, J. Res. NIST 102,
425, doi 10.6028/jres.102.030); the tip is a paraboloid, so that one axis after the other can be done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.synthesis.fields import fractal, white

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig
    from nanoseg_fiji.synthesis.scene import Scene

    Array = NDArray[np.float32]

__all__ = ["dilate", "height_image"]

_LEVELS = 4096  # height steps a pixel
_BITS = 24  # for the label


def dilate(height: Array, labels: NDArray[np.int32], radius: float) -> tuple[Array, NDArray[np.int32]]:
    """Scan a surface with a paraboloid tip.

    Parameters
    ----------
    height : ndarray of float32, (row, col)
        Surface, pixels.
    labels : ndarray of int32, (row, col)
        Whose surface it is.
    radius : float
        Radius of curvature of the tip's end, pixels; 0 gives everything back as it is.

    Returns
    -------
    height : ndarray of float32, (row, col)
        Height of the tip's end, exact to 1/4096 pixel.
    labels : ndarray of int32, (row, col)
        What the tip touches.
    """
    if radius <= 0:
        return height, labels
    # height and label in one number: the maximum finds both
    steps = np.rint(height.astype(np.float64) * _LEVELS).astype(np.int64)
    packed = (steps << _BITS) + labels
    reach = int(np.ceil(np.sqrt(2 * radius * max(float(np.ptp(height)), 0.0))))
    for axis in (0, 1):
        source, packed = packed, packed.copy()
        for shift in range(1, min(reach, height.shape[axis] - 1) + 1):
            drop = np.int64(round(shift * shift / (2 * radius) * _LEVELS)) << _BITS
            low, high = (
                (slice(None),) * axis + (part,) for part in (slice(None, -shift), slice(shift, None))
            )
            np.maximum(packed[low], source[high] - drop, out=packed[low])
            np.maximum(packed[high], source[low] - drop, out=packed[high])
    touched = packed & ((1 << _BITS) - 1)
    return ((packed >> _BITS) / _LEVELS).astype(np.float32), touched.astype(np.int32)


def height_image(
    config: MicrographConfig, scene: Scene, rng: np.random.Generator
) -> tuple[Array, NDArray[np.int32]]:
    """Form the image of a scene.

    Returns
    -------
    height : ndarray of float32, (row, col)
        nm.
    labels : ndarray of int32, (row, col)
        The particle that the tip touches; wider than the particle is, as the image is.
    """
    afm, pixel = config.afm, config.pixel_size
    shape = (config.height, config.width)
    rough = np.float32(afm.roughness / pixel) * fractal(shape, 12, rng)
    ground = np.where(scene.labels > 0, rough / 3, rough)
    height, labels = dilate(scene.height + ground, scene.labels, afm.tip_radius / pixel)
    image = height * np.float32(pixel)
    along = np.linspace(-1, 1, shape[1], dtype=np.float32)
    image = image + np.float32(afm.bow) * along**2
    image = image + np.float32(afm.line_noise) * rng.standard_normal((shape[0], 1), dtype=np.float32)
    for row in rng.integers(0, shape[0], afm.scars):
        first = rng.integers(0, shape[1] // 2)
        stretch = np.s_[row, first : first + rng.integers(shape[1] // 8, shape[1] // 2)]
        image[stretch] = image[max(row - 1, 0)][stretch[1]] + np.float32(
            rng.normal(0, 0.1) * config.particles.diameter
        )
    return image + np.float32(afm.noise) * white(shape, rng), labels
