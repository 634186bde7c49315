"""Flows of a label image: for every pixel of a particle, the direction of the particle's centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import ndimage

from nanoseg_fiji.segmentation.resize import resize, resize_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["flow_field"]

_FRAMES = (14, 30)  # px, sides of the grids on which heat spreads; larger particles are shrunk to the last
_BATCH = 128  # grids at a time: they stay in the processor's cache
_COVERED = 0.25  # of a pixel of a shrunk particle: less would cut what is thin


class _Particle(NamedTuple):
    label: int
    box: tuple[slice, ...]

    @property
    def shape(self) -> tuple[int, int]:
        rows, cols = (side.stop - side.start for side in self.box)
        return rows, cols


def flow_field(labels: NDArray[np.int32]) -> NDArray[np.float16]:
    """Make the flows that a network learns (Stringer et al. 2021, 10.1038/s41592-020-01018-x).

    Heat spreads from the pixel of a particle that is nearest to its centroid and is lost at the outline. The
    flow is the direction in which the temperature rises: it leads from every pixel to that one, inside the
    particle whatever its shape. Holes count as the particle's, or the centre of a ring would be any of its
    pixels, which nothing shows. The field is smooth, so that of a large particle is found on a coarser grid.

    Parameters
    ----------
    labels : ndarray of int32, (row, col)
        Label image.

    Returns
    -------
    ndarray of float16, (2, row, col)
        Unit vectors, along rows and along columns; 0 on the background outside holes and in parts of a
        particle that are not joined to its centre.
    """
    out = np.zeros((2, *labels.shape), np.float16)
    particles = [_Particle(i, box) for i, box in enumerate(ndimage.find_objects(labels), 1) if box]
    sides = np.array([max(particle.shape) for particle in particles])
    frames = np.array(_FRAMES)[np.minimum(np.searchsorted(_FRAMES, sides), len(_FRAMES) - 1)]
    for frame in _FRAMES:
        chosen = np.flatnonzero(frames == frame)
        for start in range(0, chosen.size, _BATCH):
            _fill(out, labels, [particles[k] for k in chosen[start : start + _BATCH]], frame)
    return out


def _fill(
    out: NDArray[np.float16], labels: NDArray[np.int32], particles: list[_Particle], frame: int
) -> None:
    """Write the flows of particles into `out`, solved side by side on grids of one size."""
    inside = np.zeros((frame + 2, frame + 2, len(particles)), np.float32)
    source = np.zeros_like(inside)
    for k, particle in enumerate(particles):
        mask = (labels[particle.box] == particle.label).astype(np.float32)
        small = resize(mask, _shrunk(particle, frame))
        covered = ndimage.binary_fill_holes(small > min(_COVERED, small.max() / 2))
        pixels = np.argwhere(covered)
        row, col = pixels[((pixels - pixels.mean(0)) ** 2).sum(1).argmin()]
        inside[1 : small.shape[0] + 1, 1 : small.shape[1] + 1, k] = covered
        source[row + 1, col + 1, k] = 1
    height = np.log1p(_spread(inside, source, 4 * frame))  # the logarithm keeps the slope far from the source
    slope = np.zeros((2, *height.shape), np.float32)
    slope[0, 1:-1] = height[2:] - height[:-2]
    slope[1, :, 1:-1] = height[:, 2:] - height[:, :-2]
    slope = _unit(slope)
    for k, particle in enumerate(particles):
        rows, cols = _shrunk(particle, frame)
        full = _unit(resize(slope[:, 1 : rows + 1, 1 : cols + 1, k], particle.shape))
        part = labels[particle.box]
        own = part == particle.label
        own |= (part == 0) & ndimage.binary_fill_holes(own)
        np.copyto(out[:, *particle.box], full, where=own, casting="same_kind")


def _spread(inside: NDArray[np.float32], source: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Let heat spread to 3 x 3 neighbours in grids, (row, col, grid), whose outermost pixels are outside."""
    share = inside / 9
    heat, columns = np.zeros_like(inside), np.zeros_like(inside)
    for _ in range(steps):
        heat += source
        np.add(heat[:-2], heat[1:-1], out=columns[1:-1])
        columns[1:-1] += heat[2:]
        np.add(columns[:, :-2], columns[:, 1:-1], out=heat[:, 1:-1])
        heat[:, 1:-1] += columns[:, 2:]
        heat *= share
    return heat


def _shrunk(particle: _Particle, frame: int) -> tuple[int, int]:
    return resize_shape(particle.shape, min(1.0, frame / max(particle.shape)))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    out: NDArray[np.float32] = (vectors / np.maximum(np.hypot(*vectors), 1e-30)).astype(np.float32)
    return out
