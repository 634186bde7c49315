"""Make ``silica.tif`` from the micrograph B03-2 of the SEM-SEG data set: its pixel size, from its scale bar.

    python examples/make_silica.py B03-2.png

The bar is the white rectangle in the info strip at the bottom (rows 963 to 977, columns 678 to 709), the
number beside it reads ``100nm``: 32 pixels. It agrees with the magnification printed, 30,000, for a picture
that is 120 mm wide: 120 mm / 30,000 / 1280 pixels = 3.125 nm.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.tiff import write_tiff
from nanoseg_fiji.types import Calibration

BAR_NM = 100.0
BAR_ROW, BAR_COLUMNS = 970, slice(600, 800)


def main(source: Path) -> None:
    """Write ``silica.tif`` beside this script."""
    pixels = read_image(source).to_numpy()
    bar = np.flatnonzero(pixels[BAR_ROW, BAR_COLUMNS] == 255)
    if bar.size == 0 or np.any(np.diff(bar) != 1):
        raise SystemExit(f"{source} has no single bar where B03-2 has it")
    size = BAR_NM / bar.size
    target = Path(__file__).with_name("silica.tif")
    write_tiff(target, pixels, ("row", "col"), Calibration(size, size, "nm"))
    print(f"{target}: bar of {BAR_NM:g} nm is {bar.size} pixels, so a pixel is {size:g} nm")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
