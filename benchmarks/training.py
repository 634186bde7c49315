"""Crops a second of a training step, on the CPU and on a CUDA device where there is one.

A crop is 256 x 256 pixels, a batch 8 of them, the network that of em-particles, mixed precision as in
training. Cutting crops is measured by itself, in one process.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from nanoseg_fiji.resources import find_model
from nanoseg_fiji.training.augmentation import AugmentationConfig
from nanoseg_fiji.training.config import TrainingConfig
from nanoseg_fiji.training.crops import CropConfig, CropStream
from nanoseg_fiji.training.run import TrainingRun
from nanoseg_fiji.training.targets import describe

_BATCH = 8


def _stream(steps: int) -> CropStream:
    rng = np.random.default_rng(1)
    rows, cols = np.indices((512, 512))
    labels = np.zeros((512, 512), np.int32)
    for index, (row, col) in enumerate(rng.integers(0, 512, (80, 2)), start=1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 < 18**2] = index
    image = (labels > 0) + rng.normal(0, 0.2, labels.shape)
    pair = describe("disks", "disks", image.astype(np.float32), labels)
    crops = CropConfig(sides=(256,), side_weights=(1.0,), pixels=_BATCH * 256 * 256)
    return CropStream([(1.0, [pair])], steps, 1, crops, AugmentationConfig())


def crops_a_second(device: torch.device, steps: int) -> float:
    """Speed of steps on batches that are there already, after three to warm up."""
    architecture = find_model("em-particles").card["architecture"]
    run = TrainingRun(TrainingConfig("speed", (), architecture, steps=steps + 3), device)
    batch = _stream(1)[0]
    run.net.train()
    for step in range(steps + 3):
        if step == 3:
            started = time.perf_counter()
        run.train_step(*batch)  # reads the loss back, so the device has finished
    return steps * _BATCH / (time.perf_counter() - started)


def main() -> None:
    """Print a line for the crops and one a device."""
    stream = _stream(6)
    started = time.process_time()
    for step in range(len(stream)):
        stream[step]
    cut = len(stream) * _BATCH / (time.process_time() - started)
    print(f"cutting crops, one core: {cut:.0f} crops a second")
    speed = crops_a_second(torch.device("cpu"), 10)
    print(f"cpu, {torch.get_num_threads()} threads: {speed:.1f} crops a second")
    if torch.cuda.is_available():
        speed = crops_a_second(torch.device("cuda"), 100)
        print(f"{torch.cuda.get_device_name()}: {speed:.0f} crops a second")


if __name__ == "__main__":
    main()
