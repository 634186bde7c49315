from __future__ import annotations

import pytest

from nanoseg_fiji.synthesis import MicrographConfig


@pytest.fixture(scope="session")
def small() -> MicrographConfig:
    """A field of 160 x 192 pixels of half a nanometre."""
    return MicrographConfig(height=160, width=192, pixel_size=0.5)
