"""Times that a user waits: import, help, and one micrograph, cold and warm (medians of five).

Run on an idle machine: ``python benchmarks/startup.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[1] / "examples" / "silica.tif"


def median(work: Callable[[], object], times: int = 5) -> float:
    """Median wall time of some work, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def child(*arguments: str) -> Callable[[], object]:
    """Run this Python in a fresh process."""
    return lambda: subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print a line for each."""
    bare = median(child("-c", "pass"))
    package = median(child("-c", "import nanoseg_fiji"))
    print(f"import nanoseg_fiji: {package - bare:.3f} s beyond Python's own start")
    told = median(child("-c", "from nanoseg_fiji.cli import main; main()", "--help"))
    print(f"nanoseg-fiji --help: {told:.3f} s")

    import nanoseg_fiji

    image = nanoseg_fiji.read_image(EXAMPLE)
    cold = median(lambda: nanoseg_fiji.segment(image), times=1)
    warm = median(lambda: nanoseg_fiji.segment(image))
    given = median(lambda: nanoseg_fiji.segment(image, diameter=360))
    size = f"{image.sizes['col']} x {image.sizes['row']}"
    print(f"segment, {size}: {cold:.2f} s the first time, {warm:.2f} s warm, {given:.2f} s with the diameter")


if __name__ == "__main__":
    main()
