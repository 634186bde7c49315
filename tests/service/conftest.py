"""A micrograph to ask the service about, and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from skimage.draw import disk

from nanoseg_fiji import service

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = (str, bool, int, float, list, dict, np.ndarray)


@dataclass(frozen=True)
class Scene:
    """Four disks of 41 px, the first two touching, on a noisy ground."""

    pixels: np.ndarray
    labels: np.ndarray

    def image(self, pixels: np.ndarray | None = None, **more: Any) -> dict[str, Any]:
        """The image of a request; other pixels make another image, a stack one with slices."""
        pixels = self.pixels if pixels is None else pixels
        count = 1 if pixels.ndim == 2 else len(pixels)
        return {
            "pixels": pixels,
            "rgb": False,
            "name": "spheres 1.tif",
            "pixel_width": 2.0,
            "pixel_height": 2.0,
            "unit": "nm",
            "positions": [[1, i + 1, 1] for i in range(count)],
            "slices": [i + 1 for i in range(count)],
            **more,
        }


@pytest.fixture(scope="session")
def scene() -> Scene:
    labels = np.zeros((150, 220), np.int32)
    for i, center in enumerate([(50, 50), (50, 88), (110, 60), (80, 180)]):
        labels[disk(center, 20.5)] = i + 1
    noise = np.random.default_rng(1).normal(0, 8, labels.shape)
    return Scene(np.clip(np.where(labels > 0, 170, 60) + noise, 0, 255).astype(np.uint8), labels)


@pytest.fixture(scope="session")
def ask() -> Callable[..., dict[str, Any]]:
    """``ask(command, **request)``: the response, which may cross into Java."""

    def ask(command: str, **request: Any) -> dict[str, Any]:
        response = service.run({"command": command, **request})
        _check_plain(response)
        return response

    return ask


def _check_plain(value: Any) -> None:
    """Only what crosses into Java: no None, no numpy scalars, no bytes."""
    assert type(value) in KINDS, f"{value!r} of {type(value)}"
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_plain(item)


@pytest.fixture(scope="session")
def column() -> Callable[[dict[str, Any], str], np.ndarray]:
    """``column(response, name)``: the values of a column of the response's table."""
    return lambda response, name: next(c["values"] for c in response["table"]["columns"] if c["name"] == name)
