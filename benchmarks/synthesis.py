"""Count simulated micrographs a second on one core: 512 x 512, drawn as ``nanoseg-fiji synth`` draws them.

Time is the process's own, so that other work on the machine counts little.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded

import time

import numpy as np

from nanoseg_fiji.synthesis import draw_config, simulate
from nanoseg_fiji.synthesis.config import MODALITIES

_IMAGES = 40


def seconds(modality: str) -> list[float]:
    """Time of every image of a modality, after one to warm up."""
    times = []
    for number in range(_IMAGES + 1):
        config = draw_config(np.random.default_rng([1, number]), modalities=[modality])
        start = time.process_time()
        simulate(config, number)
        times.append(time.process_time() - start)
    return times[1:]


def main() -> None:
    """Print a line for every modality and one for all."""
    every = []
    for modality in MODALITIES:
        times = seconds(modality)
        every += times
        slow = np.percentile(times, 90)
        print(f"{modality:5} {1 / np.mean(times):5.1f} images a second   (90 % within {1000 * slow:.0f} ms)")
    print(f"all   {1 / np.mean(every):5.1f} images a second")


if __name__ == "__main__":
    main()
