"""Segment nanoparticles in electron micrographs, from Python and from Fiji/ImageJ.

The public names are loaded when they are first used, so that ``import nanoseg_fiji`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nanoseg_fiji.errors import (
        CancelledError,
        ImageJError,
        InputError,
        ModelError,
        NanosegError,
        OutputError,
    )
    from nanoseg_fiji.image_files import read_image, write_labels
    from nanoseg_fiji.outputs import write_results
    from nanoseg_fiji.pipeline import segment
    from nanoseg_fiji.resources import find_model, list_models
    from nanoseg_fiji.training.finetune import finetune
    from nanoseg_fiji.types import Calibration, ModelSpec, SegmentationParams, SegmentationResult

    __version__: str

__all__ = [
    "Calibration",
    "CancelledError",
    "ImageJError",
    "InputError",
    "ModelError",
    "ModelSpec",
    "NanosegError",
    "OutputError",
    "SegmentationParams",
    "SegmentationResult",
    "__version__",
    "find_model",
    "finetune",
    "list_models",
    "read_image",
    "segment",
    "write_labels",
    "write_results",
]

_HOMES = {
    "errors": ("CancelledError", "ImageJError", "InputError", "ModelError", "NanosegError", "OutputError"),
    "image_files": ("read_image", "write_labels"),
    "outputs": ("write_results",),
    "pipeline": ("segment",),
    "resources": ("find_model", "list_models"),
    "training.finetune": ("finetune",),
    "types": ("Calibration", "ModelSpec", "SegmentationParams", "SegmentationResult"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("nanoseg-fiji")
    elif name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
