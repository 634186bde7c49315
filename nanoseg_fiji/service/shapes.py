"""Requests from Java: its arrays are flat, whatever their dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["with_shapes"]


def with_shapes(request: dict[str, Any]) -> dict[str, Any]:
    """Give the flat arrays of a request the shape that it states.

    Parameters
    ----------
    request : dict
        As scripts send it: flat arrays, a stack as a list of them, with ``image.shape`` or ``shape`` beside.

    Returns
    -------
    dict
        The same request, changed in place: pixels, labels and selection are (row, col) or (n, row, col), and
        packed RGB is uint32.
    """
    image = request.get("image")
    shape = (image or {}).pop("shape", None) or request.get("shape")
    if shape is None:
        return request
    rows, columns = (int(n) for n in shape[-2:])
    if image is not None and "pixels" in image:
        image["pixels"] = _shaped(image["pixels"], rows, columns)
        if image.get("rgb"):
            image["pixels"] = image["pixels"].view(np.uint32)
    for name in ("selection", "labels", "truth_labels"):
        if name in request:
            request[name] = _shaped(request[name], rows, columns)
    return request


def _shaped(pixels: Any, rows: int, columns: int) -> NDArray[Any]:
    array = np.stack(pixels) if isinstance(pixels, list) else pixels
    shaped: NDArray[Any] = array.reshape(*array.shape[:-1], rows, columns)
    return shaped
