"""Requests: what may be asked, checked before anything is done."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["Command", "Request"]


@dataclass(frozen=True)
class Command:
    """What a command does and what it needs."""

    run: Callable[[Request, Progress | None, Cancelled | None], dict[str, Any]]
    """Function that does it."""
    needs: tuple[str, ...] = ()
    """Parts that the request must have; ``a|b`` is one of both."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that it knows, and the value of each where it is left out."""


@dataclass(frozen=True)
class Request:
    """A request that has been checked."""

    command_name: str
    """Name of the command."""
    command: Command
    """What it does."""
    params: Mapping[str, Any]
    """Its parameters, the defaults included."""
    parts: Mapping[str, Any]
    """The request's other entries."""

    @classmethod
    def parse(cls, request: Mapping[str, Any], commands: Mapping[str, Command]) -> Request:
        """Check a request against the commands.

        Raises
        ------
        InputError
            The command or a parameter is unknown, a part is missing, or a value is of the wrong kind; the
            message names what is known.
        """
        name = str(request.get("command", ""))
        if name not in commands:
            raise InputError(f"unknown command {name!r}: known are {', '.join(commands)}")
        command = commands[name]
        parts = {str(k): v for k, v in request.items() if v is not None}
        for need in command.needs:
            if not any(choice in parts for choice in need.split("|")):
                raise InputError(f"the command {name} needs {' or '.join(need.split('|'))} in its request")
        params = dict(command.defaults)
        for key, value in dict(parts.get("params", {})).items():
            if key not in params:
                known = ", ".join(params) or "none"
                raise InputError(f"unknown parameter {key!r} of {name}: known are {known}")
            if value is not None:
                params[key] = _like(params[key], value, key)
        return cls(name, command, params, parts)

    def run(self, progress: Progress | None, cancel: Cancelled | None) -> dict[str, Any]:
        """Run the command."""
        return self.command.run(self, progress, cancel)

    @property
    def name(self) -> str:
        """Name of the image."""
        return str(self.parts.get("image", {}).get("name") or "image")

    @property
    def calibration(self) -> Calibration:
        """Pixel size of the image; pixels where it has none."""
        image = self.parts.get("image", {})
        width = float(image.get("pixel_width", 1.0))
        unit = str(image.get("unit") or "pixel")
        return Calibration(width, float(image.get("pixel_height", width)), unit)

    def image(self) -> xr.DataArray:
        """Image or stack, with packed RGB unpacked.

        Raises
        ------
        InputError
            It has no pixels or they are of the wrong shape or type.
        """
        import xarray as xr

        from nanoseg_fiji.image_arrays import as_image

        image = self.parts.get("image", {})
        if "pixels" not in image:
            raise InputError("the request's image has no pixels")
        pixels = np.asarray(image["pixels"])
        if pixels.ndim not in (2, 3):
            raise InputError(f"pixels of shape {pixels.shape}: give (row, col) or (n, row, col)")
        dims = ("row", "col") if pixels.ndim == 2 else ("pln", "row", "col")
        if image.get("rgb"):
            if pixels.dtype.kind not in "iu":
                raise InputError(f"packed RGB pixels of type {pixels.dtype}: give uint32")
            pixels = np.stack([(pixels >> shift) & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
            dims = (*dims, "rgb")
        return as_image(xr.DataArray(pixels, dims=dims), self.name, self.calibration)

    def labels(self) -> NDArray[np.int32]:
        """Label image as (n, row, col).

        Raises
        ------
        InputError
            It is no label image, or not of the image's shape.
        """
        labels = np.asarray(self.parts["labels"])
        if labels.ndim not in (2, 3) or labels.dtype.kind not in "buif":
            raise InputError(f"labels of shape {labels.shape} and type {labels.dtype} are no label image")
        if labels.dtype.kind == "f":
            if not np.all(np.isfinite(labels)) or np.any(labels != np.floor(labels)):
                raise InputError("labels must be whole numbers: is this a label image?")
        if labels.size and (labels.min() < 0 or labels.max() > 2**24):
            raise InputError(f"labels must lie between 0 and {2**24}, the most that ImageJ holds")
        shape = np.shape(self.parts.get("image", {}).get("pixels"))
        flat = labels.reshape(-1, *labels.shape[-2:])
        if shape and flat.shape != (shape[:-2] or (1,)) + shape[-2:]:
            raise InputError(f"labels of shape {labels.shape} do not fit an image of {shape}")
        return flat.astype(np.int32)

    def rois(self) -> bytes:
        """Give the ROI zip."""
        return np.asarray(self.parts["rois"]).astype(np.uint8, casting="unsafe").tobytes()

    def selection(self) -> NDArray[np.bool_] | None:
        """Area selection, (row, col); none where everything counts."""
        selection = self.parts.get("selection")
        return None if selection is None else np.asarray(selection) != 0

    def selection_of(self, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        """Area selection, checked against the shape of the slices.

        Raises
        ------
        InputError
            It is empty or does not fit.
        """
        selection = self.selection()
        if selection is not None and (selection.shape != tuple(shape) or not selection.any()):
            raise InputError(
                f"a selection of shape {selection.shape} is empty or does not fit images of {shape}"
            )
        return selection

    def provenance(self) -> dict[str, Any]:
        """Where the result of a command without a network comes from."""
        from nanoseg_fiji.describe import provenance_of

        return provenance_of(self.name, command=self.command_name, parameters=dict(self.params))

    def shape(self) -> tuple[int, ...]:
        """Shape of the label image asked for: what ``shape`` says, else the image's."""
        shape = self.parts.get("shape")
        if shape is None:
            shape = np.shape(self.parts.get("image", {}).get("pixels"))
        sizes = tuple(int(n) for n in shape)
        if len(sizes) not in (2, 3) or min(sizes) < 1:
            raise InputError(f"shape {sizes} is no [rows, cols] or [n, rows, cols]")
        return sizes

    def places(self, count: int) -> dict[str, Any]:
        """Stack indices and positions of the slices, for `nanoseg_fiji.particles`."""
        image = self.parts.get("image", {})
        slices, positions = image.get("slices"), image.get("positions")
        for known in (slices, positions):
            if known is not None and len(known) != count:
                raise InputError(f"{len(known)} places for {count} slices: give one a slice")
        return {
            "slices": None if slices is None else [int(i) for i in slices],
            "positions": None if positions is None else [(int(c), int(z), int(t)) for c, z, t in positions],
        }

    @property
    def start(self) -> int:
        """Number of ROIs that exist already."""
        return int(self.parts.get("start", 0))

    @property
    def colour(self) -> str:
        """What the colour of outlines shows."""
        return str(self.parts.get("colour", "none"))

    @property
    def output(self) -> str:
        """Folder for the files; empty where none are wanted."""
        return str(self.parts.get("output", "")).strip()

    @property
    def overwrite(self) -> bool:
        """Whether files that are there may be replaced."""
        return bool(self.parts.get("overwrite", False))

    @property
    def decimal_comma(self) -> bool:
        """Whether tables in files have decimal commas, and semicolons between columns."""
        return bool(self.parts.get("decimal_comma", False))


def _like(default: Any, value: Any, key: str) -> Any:
    """Turn a value into the kind of the default: Java has no way to tell 3 from 3.0 apart on its way here."""
    if isinstance(default, bool):
        if isinstance(value, bool | np.bool_) or value in (0, 1):
            return bool(value)
        raise InputError(f"{key}={value} must be true or false")
    if default is None:
        return value
    if isinstance(default, str):
        return str(value).strip()
    if isinstance(value, bool | str) or not isinstance(value, int | float | np.number):
        raise InputError(f"{key}={value} must be a number")
    number = float(value)
    if isinstance(default, int):
        if not math.isfinite(number) or number != int(number):
            raise InputError(f"{key}={value} must be a whole number")
        return int(number)
    return number
