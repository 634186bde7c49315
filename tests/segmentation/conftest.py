from __future__ import annotations

from pathlib import Path

import pytest

from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.network import load_model
from nanoseg_fiji.resources import find_model

EXAMPLE = Path(__file__).parents[2] / "examples" / "silica.tif"


@pytest.fixture(scope="session")
def model():
    return load_model(find_model("em-particles"))


@pytest.fixture(scope="session")
def silica():
    """Pixels of a real SEM micrograph, float32 (row, col)."""
    return to_gray(read_image(EXAMPLE))
