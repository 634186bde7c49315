from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest

from nanoseg_fiji.training.config import load_config

CONFIG = """
name = "tiny"
description = "disks"
steps = 6
warmup = 2
diameter = 16.0
checkpoint_minutes = 0
validation_fraction = 0.4
[architecture]
name = "flow-unet"
channels = [4, 8]
bottom_blocks = 1
[crops]
sides = [32, 48]
side_weights = [0.5, 0.5]
pixels = 4608
diameter = [8.0, 16.0]
[[data]]
folder = "set"
"""


@pytest.fixture
def disk_set(tmp_path):
    """Write five micrographs of noisy disks with their label images."""
    rng = np.random.default_rng(5)
    rows, cols = np.indices((64, 80))
    for kind in ("images", "labels"):
        (tmp_path / "set" / kind).mkdir(parents=True)
    for number in range(5):
        labels = np.zeros((64, 80), np.uint16)
        for index in range(1, 7):
            row, col = rng.integers(5, 60), rng.integers(5, 75)
            labels[(rows - row) ** 2 + (cols - col) ** 2 < rng.integers(20, 90)] = index
        image = rng.normal(90 + 80 * (labels > 0), 12).clip(0, 255).astype(np.uint8)
        iio.imwrite(tmp_path / "set" / "images" / f"{number}.png", image)
        iio.imwrite(tmp_path / "set" / "labels" / f"{number}.png", labels)
    return tmp_path / "set"


@pytest.fixture
def config(tmp_path, disk_set):
    path = tmp_path / "tiny.toml"
    path.write_text(CONFIG)
    return load_config(path)
