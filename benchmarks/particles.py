"""Time outlines, table and ROI set of 10,000 particles in a 4096 x 4096 label image: median of five, warm."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.measure import measure
from nanoseg_fiji.particles.rois import decode_rois, encode_rois, rois_to_labels
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable

_SIDE, _SPACING, _GRID, _REPEATS = 4096, 40, 100, 5


def draw_labels() -> np.ndarray:
    """Draw 10,000 discs of 14 to 21 px radius on a grid; the largest cut their neighbours."""
    rng = np.random.default_rng(0)
    radius = rng.uniform(14, 21, (_GRID, _GRID))
    labels = np.zeros((_SIDE, _SIDE), dtype=np.int32)
    y, x = np.mgrid[-21:22, -21:22]
    for i, (row, col) in enumerate(np.ndindex(_GRID, _GRID), 1):
        top, left = 60 + row * _SPACING - 21, 60 + col * _SPACING - 21
        window = labels[top : top + 43, left : left + 43]
        window[np.hypot(y, x) <= radius[row, col]] = i
    return labels


def seconds(work: Callable[[], object]) -> str:
    """Time some work: median and range of five runs after one to warm up."""
    work()
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return f"{statistics.median(times):6.3f} s   ({min(times):.3f} to {max(times):.3f})"


def main() -> None:
    """Print the times."""
    labels = draw_labels()
    pixels = np.random.default_rng(1).integers(0, 256, labels.shape, dtype=np.uint8)
    scale = Calibration(0.5, 0.5, "nm")
    outlines = trace(labels)
    rois = encode_rois(labels, outlines=[outlines])
    data = rois.to_zip()
    decoded = decode_rois(data)
    print(f"{len(rois)} particles, {_SIDE} x {_SIDE}, {len(data) / 1e6:.1f} MB of ROIs")
    print("outlines               ", seconds(lambda: trace(labels)))
    print("table, outlines given  ", seconds(lambda: measure(labels, pixels, scale, outlines=[outlines])))
    print("table, from labels     ", seconds(lambda: measure(labels, pixels, scale)))
    print("ROI set, outlines given", seconds(lambda: encode_rois(labels, outlines=[outlines])))
    print("ROI set to zip         ", seconds(rois.to_zip))
    print("zip to ROIs            ", seconds(lambda: decode_rois(data)))
    print("ROIs to labels         ", seconds(lambda: rois_to_labels(decoded, labels.shape)))


if __name__ == "__main__":
    main()
