"""Label images and masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_files import read_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_label_image"]

_JPEG = b"\xff\xd8\xff"


def read_label_image(path: Path) -> NDArray[np.int32]:
    """Read a label image, PNG or TIFF; of a mask (0 and 255 alone) the 8-connected components are taken.

    Parameters
    ----------
    path : Path
        The file; 32-bit float is read where all values are whole (so ImageJ writes labels above 65,535 and
        its own count masks), colour where the three channels are equal.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image with the labels of the file, 0 is background.

    Raises
    ------
    InputError
        The file cannot be read, is a stack, in colour or a JPEG, or holds what is no label.
    """
    image = read_image(path)
    with path.open("rb") as file:
        if file.read(3) == _JPEG:
            raise InputError(f"{path} is a JPEG, which changes labels: export them as PNG or TIFF")
    values = image.to_numpy()
    if image.dims == ("row", "col", "rgb") and (values[..., :3] == values[..., :1]).all():
        values = values[..., 0]
    elif image.dims != ("row", "col"):
        raise InputError(
            f"{path} is no label image: it has {' x '.join(map(str, image.dims))}, not row x col"
        )
    if values.dtype.kind == "f" and not (
        np.isfinite(values).all() and np.array_equal(values, np.rint(values))
    ):
        raise InputError(f"{path} holds values that are not whole numbers: it is no label image")
    # beyond 2**24 32-bit floats skip whole numbers: two particles could share a label
    top = 2**24 if values.dtype.kind == "f" else 2**31 - 1
    if values.min() < 0 or values.max() > top:
        raise InputError(
            f"{path} holds values from {values.min()} to {values.max()}: labels run from 0 to {top}"
        )
    labels: NDArray[np.int32] = values.astype(np.int32)
    if values.dtype.kind == "b" or (labels.max() == 255 and np.isin(labels, (0, 255)).all()):
        from skimage.measure import label

        labels = label(labels > 0, connectivity=2).astype(np.int32)
    return labels
