"""The whole way for an image or a stack: micrograph in; labels, ROI set, table and provenance out."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from nanoseg_fiji.image_arrays import as_image
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.steps import describe_located, locate, prepare
from nanoseg_fiji.types import SegmentationParams, SegmentationResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import ArrayLike

    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["prepare", "segment", "segment_with"]


def segment(
    image: xr.DataArray | ArrayLike | str | os.PathLike[str],
    model: str = "em-particles",
    diameter: float = 0.0,
    *,
    pixel: bool = False,
    split: bool = True,
    tolerance: float = SegmentationParams.tolerance,
    min_ecd: float = 0.0,
    max_ecd: float = math.inf,
    min_score: float = SegmentationParams.min_score,
    exclude_edges: bool = False,
    crop_bottom: int = 0,
    device: str = "auto",
    tile: int = 1024,
    mask: ArrayLike | None = None,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> SegmentationResult:
    """Segment the particles of a micrograph or of every slice of a stack.

    Parameters
    ----------
    image : DataArray, array_like or path
        What `nanoseg_fiji.read_image` gives, a bare array (row, col), (n, row, col) or RGB in a last axis,
        or an image file. Bright particles on dark ground and the reverse are both understood; pixels that are
        not finite count as background.
    model : str
        Name of a model, or path of a ``.safetensors`` file with its card beside it.
    diameter : float
        Typical particle diameter, in the image's unit; 0 finds it, slice by slice.
    pixel : bool
        Whether `diameter`, `min_ecd` and `max_ecd` are in pixels whatever the image's unit.
    split : bool
        Whether touching particles are split; false gives aggregates.
    tolerance : float
        Distance up to which places where flows end are one particle's, in pixels at the model's scale; higher
        splits less.
    min_ecd, max_ecd : float
        Range of equivalent circular diameters kept, in the image's unit.
    min_score : float
        Lowest score kept, 0 to 1.
    exclude_edges : bool
        Whether particles that touch the edge of what was looked at are dropped.
    crop_bottom : int
        Rows left out at the bottom (an info bar), in pixels; 0 leaves out what is plainly a bar.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    tile : int
        Side of a network tile without its halo, in pixels at the model's scale; a multiple of 32.
    mask : array_like of bool, (row, col), optional
        Where to look, on every slice; pixels outside are background.
    progress : callable, optional
        Told the fraction done (0 to 1) and what is going on.
    cancel : callable, optional
        Asked between tiles; true stops.

    Returns
    -------
    SegmentationResult
        Labels, table, ROI set, summary and provenance. Empty, with a message that says why, where an image is
        constant or smaller than 16 x 16 pixels.

    Raises
    ------
    InputError
        The image, a parameter or the mask cannot be used.
    ModelError
        The model is unknown or damaged.
    CancelledError
        `cancel` said so.
    """
    params = SegmentationParams(
        model=model,
        diameter=diameter,
        pixel=pixel,
        split=split,
        tolerance=tolerance,
        min_ecd=min_ecd,
        max_ecd=max_ecd,
        min_score=min_score,
        exclude_edges=exclude_edges,
        crop_bottom=crop_bottom,
        device=device,
        tile=tile,
    )
    loaded = read_image(image) if isinstance(image, str | os.PathLike) else as_image(image)
    return segment_with(params, loaded, mask=mask, progress=progress, cancel=cancel)


def segment_with(
    params: SegmentationParams,
    image: xr.DataArray,
    *,
    mask: ArrayLike | None = None,
    slices: Sequence[int] | None = None,
    positions: Sequence[tuple[int, int, int]] | None = None,
    start: int = 0,
    colour: str = "none",
    window: tuple[slice, slice] | None = None,
    progress: Progress | None = None,
    cancel: Cancelled | None = None,
) -> SegmentationResult:
    """Do what `segment` does, with the parameters in one record and an image as `as_image` gives it.

    Parameters
    ----------
    params : SegmentationParams
        What the user chose.
    image : DataArray
        The image.
    mask : array_like of bool, (row, col), optional
        Where to look.
    slices : sequence of int, optional
        ImageJ's stack index of every slice, from 1.
    positions : sequence of (c, z, t), optional
        ImageJ's position of every slice, from 1.
    start : int
        Number of ROIs that exist already: names go on counting.
    colour : str
        What the colour of an outline shows: ``none``, ``size`` or ``score``.
    window : (rows, cols) as slices, optional
        The part that the network is asked about; all else, the grey levels too, is as for the whole image.
    progress, cancel : callable, optional
        As for `segment`.
    """
    located = locate(params, image, mask=mask, window=window, progress=progress, cancel=cancel)
    return describe_located(located, slices=slices, positions=positions, start=start, colour=colour)
