"""How many scale bars of real figures are found, measured and read.

    python benchmarks/scale_bars.py FOLDER_OF_IMAGES

``scale-bars.csv`` names images of `emps-train` with the length of the bar in pixels, its number and unit.
Labels were read by eye; lengths were measured by eye where the detector was wrong, and are else its own,
looked at in enlarged crops. No length: the image has no bar; no number: the bar has no label.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

from nanoseg_fiji import read_image
from nanoseg_fiji.calibration.lengths import Length
from nanoseg_fiji.calibration.reading import read_bar

_TOLERANCE = 0.02  # of the length, but at least 1.5 pixels


def judge(row: dict[str, str], folder: Path) -> str:
    """Compare one image with what was seen by eye, print it, and give a word for the count."""
    started = time.perf_counter()
    scale = read_bar(read_image(folder / row["file"]))
    seconds = time.perf_counter() - started
    truth = float(row["bar_pixels"] or 0)
    label = Length(float(row["number"]), row["unit"]) if row["number"] else None
    if scale is None or scale.bar is None:
        verdict = "none: right" if not truth else "missed"
    elif not truth:
        verdict = "FALSE"
    else:
        right = abs(scale.bar.length - truth) <= max(1.5, _TOLERANCE * truth)
        if scale.length is None:
            verdict = ("bar only: right" if label is None else "bar only: label missed") if right else "FALSE"
        else:
            read = label is not None and abs(scale.length.metres / label.metres - 1) < 1e-9
            verdict = "read: right" if right and read else "FALSE"
    seen = " ".join((row["bar_pixels"], row["number"], row["unit"]))
    print(f"{row['file']}  {seen} | {scale} | {verdict} {seconds:.1f} s")
    return verdict


def main() -> None:
    """Judge every image of the list and count."""
    folder = Path(sys.argv[1])
    with Path(__file__).with_name("scale-bars.csv").open(encoding="utf-8") as file:
        verdicts = [judge(row, folder) for row in csv.DictReader(file)]
    for verdict in sorted(set(verdicts)):
        print(f"{verdicts.count(verdict):4}  {verdict}")


if __name__ == "__main__":
    main()
