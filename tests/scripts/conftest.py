# ruff: noqa: E501 - macros read best on one line
"""A small calibrated micrograph as a file, and macros that end with what they did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tifffile

if TYPE_CHECKING:
    from collections.abc import Callable

    from nanoseg_fiji.imagej import ImageJ

SILICA = Path(__file__).parents[2] / "examples" / "silica.tif"
DIAMETER = 400
"""Diameter in nm that the tests give, so that the model is not run at many scales."""


@pytest.fixture(scope="session")
def micrograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corner of a micrograph, 320 x 400 pixels, with its pixel size in nm and a name that is not plain ASCII."""
    from nanoseg_fiji import read_image

    whole = read_image(SILICA)
    path = tmp_path_factory.mktemp("mit Abständen") / "größe 1.tif"
    tifffile.imwrite(
        path,
        whole.values[100:420, 100:500],
        imagej=True,
        resolution=(1 / whole.attrs["pixel_width"], 1 / whole.attrs["pixel_height"]),
        metadata={"unit": "nm"},
    )
    return path


@pytest.fixture
def run(host: ImageJ) -> Callable[..., list[str]]:
    """Run a macro of several lines; what it printed into ``out`` comes back, line by line."""

    def call(*lines: str) -> list[str]:
        text = 'if (nImages > 0) close("*"); out = "";\n' + "\n".join(lines) + "\nreturn out;"
        return host.run_macro(text).splitlines()

    return call


def status() -> dict[str, str]:
    """What ``getInfo("nanoseg.status")`` and its like tell."""
    from jpype import JClass

    system = JClass("java.lang.System")
    return {name: str(system.getProperty(f"nanoseg.{name}")) for name in ("status", "error", "count")}


def options(**keys: Any) -> str:
    """Macro options: ``key=value``, in brackets where there are spaces."""
    texts = {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in keys.items()
    }
    return " ".join(
        f"{key}=[{text}]" if " " in text or not text else f"{key}={text}" for key, text in texts.items()
    )


def command(**keys: Any) -> str:
    """The macro's line that runs *Segment Particles...*, with a diameter unless the keys give one."""
    return f'run("Segment Particles...", "{options(**{"diameter": DIAMETER, **keys})}");'
