"""Speed of every shipped model, beside the first one's, on the CPU and on a CUDA device where there is one.

Run on an idle machine: ``python benchmarks/models.py``. The network reads 1024 x 1024 pixels; a micrograph
(``examples/silica.tif``) goes the whole way, the diameter found by the model or given. The models take turns;
the best of nine counts.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

import nanoseg_fiji
from nanoseg_fiji.network import load_model
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.segmentation.tiles import Predictor

if TYPE_CHECKING:
    from collections.abc import Callable

_MODELS = ("em-particles", "em-particles-fast", "nuclei")
_EXAMPLE = Path(__file__).parents[1] / "examples" / "silica.tif"
_ROUNDS = 9


def measure(device: str) -> dict[str, dict[str, float]]:
    """Shortest time of every kind of work, in seconds, by kind and model."""
    pixels = np.random.default_rng(1).normal(0, 0.5, (1024, 1024)).astype(np.float32)
    image = nanoseg_fiji.read_image(_EXAMPLE)
    work: dict[str, dict[str, Callable[[], object]]] = {
        "1024 x 1024 px through the network": {
            name: partial(Predictor(load_model(find_model(name)).fused, torch.device(device), 1024), pixels)
            for name in _MODELS
        }
    }
    for kind, diameter in (("the example, diameter found", 0.0), ("the example, diameter given", 360.0)):
        work[kind] = {
            name: partial(nanoseg_fiji.segment, image, name, diameter, device=device) for name in _MODELS
        }
    best = {kind: dict.fromkeys(_MODELS, np.inf) for kind in work}
    for _ in range(_ROUNDS):
        for kind, models in work.items():
            for name, run in models.items():
                started = time.perf_counter()
                run()
                best[kind][name] = min(best[kind][name], time.perf_counter() - started)
    return best


def main() -> None:
    """Print a line a model, kind of work and device."""
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        for kind, times in measure(device).items():
            for name, seconds in times.items():
                ratio = times[_MODELS[0]] / seconds
                print(f"{device}, {kind}, {name}: {seconds:.3f} s, {ratio:.1f} times as fast")


if __name__ == "__main__":
    main()
