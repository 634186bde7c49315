"""Time 10,000 ROIs on their way into the ROI Manager of ImageJ's window: median of five, warm.

Needs a display: ``xvfb-run -a python benchmarks/rois_in_imagej.py``.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from nanoseg_fiji.imagej import start
from nanoseg_fiji.particles.rois import encode_rois

_GRID, _SPACING, _REPEATS = 100, 10, 5


def draw_labels() -> np.ndarray:
    """Draw 10,000 squares of 6 px on a grid."""
    cell = np.zeros((_SPACING, _SPACING), dtype=np.int32)
    cell[2:8, 2:8] = 1
    return np.kron(np.arange(1, _GRID**2 + 1, dtype=np.int32).reshape(_GRID, _GRID), cell)


def main() -> None:
    """Print the times."""
    labels = draw_labels()
    data = encode_rois(labels).to_zip()
    ij = start(headless=False)
    ij.to_imageplus(labels.astype(np.uint16), "sheet").show()
    ij.add_rois(data, clear=True)
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        count = ij.add_rois(data, clear=True)
        times.append(time.perf_counter() - begin)
    print(f"{count} ROIs to the ROI Manager", end="  ")
    print(f"{statistics.median(times):6.3f} s   ({min(times):.3f} to {max(times):.3f})")


if __name__ == "__main__":
    main()
