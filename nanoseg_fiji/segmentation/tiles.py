"""The network over an image of any size, in tiles with a halo."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import torch

from nanoseg_fiji.errors import CancelledError
from nanoseg_fiji.network import MAPS
from nanoseg_fiji.segmentation.device import autocast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nanoseg_fiji.network import MapNet
    from nanoseg_fiji.types import Cancelled, Progress

__all__ = ["Predictor", "tile_spans"]

_log = logging.getLogger(__name__)
_SMALLEST_TILE = 128
_SMALLEST_SIDE = 96  # of an input: the smallest crop of the training


def tile_spans(size: int, tile: int, halo: int) -> Iterator[tuple[slice, slice]]:
    """Cut one axis into tiles.

    ::

        |<----------------- read ---------------->|
        |<- halo ->|<-------- keep ------>|<-halo->|     (no halo beyond the image's edge)

    Parameters
    ----------
    size : int
        Length of the axis, in pixels.
    tile, halo : int
        Length of a tile without its halo, and the halo, in pixels.

    Yields
    ------
    read, keep : slice
        What the network reads and what is kept of its answer, in pixels of the axis. The kept parts cover
        the axis once.
    """
    for start in range(0, size, tile):
        stop = min(start + tile, size)
        yield slice(max(start - halo, 0), min(stop + halo, size)), slice(start, stop)


class Predictor:
    """A network on a device; falls back to smaller tiles and then to the CPU when memory runs out.

    Parameters
    ----------
    net : MapNet
        Network in evaluation mode; `Model.fused` is the quickest.
    device : torch.device
        Where to run it.
    tile : int
        Side of a tile without its halo, in pixels; a multiple of the network's stride.
    """

    def __init__(self, net: MapNet, device: torch.device, tile: int) -> None:
        self.net = net
        self.device = device
        self.tile = tile
        self.messages: list[str] = []

    def __call__(
        self, image: NDArray[np.float32], progress: Progress | None = None, cancel: Cancelled | None = None
    ) -> NDArray[np.float32]:
        """Predict the maps of a normalised image.

        Parameters
        ----------
        image : ndarray of float32, (row, col)
            Normalised micrograph at the model's scale.
        progress, cancel : callable, optional
            Told and asked between tiles.

        Returns
        -------
        ndarray of float32, (4, row, col)
            Maps as in `nanoseg_fiji.network.MAPS`.

        Raises
        ------
        CancelledError
            If `cancel` says so.
        """
        rows, cols = image.shape
        stride = self.net.stride
        padded = [max(-(-side // stride) * stride, _SMALLEST_SIDE) for side in image.shape]
        image = np.pad(image, ((0, padded[0] - rows), (0, padded[1] - cols)), mode="symmetric")
        while True:
            try:
                return self._run(image, progress, cancel)[:, :rows, :cols]
            except torch.cuda.OutOfMemoryError:
                torch.cuda.empty_cache()
                self._shrink()

    def _shrink(self) -> None:
        if self.tile // 2 >= _SMALLEST_TILE:
            self.tile //= 2
            self.messages.append(f"GPU memory ran out: going on with tiles of {self.tile} px")
        else:
            self.device = torch.device("cpu")
            self.messages.append("GPU memory ran out: going on with the CPU")
        _log.warning(self.messages[-1])

    def _run(
        self, image: NDArray[np.float32], progress: Progress | None, cancel: Cancelled | None
    ) -> NDArray[np.float32]:
        self.net.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        out = np.empty((len(MAPS), *image.shape), np.float32)
        spans = [list(tile_spans(size, self.tile, self.net.halo)) for size in image.shape]
        tiles = [(r, c) for r in spans[0] for c in spans[1]]
        for done, ((read_r, keep_r), (read_c, keep_c)) in enumerate(tiles):
            if cancel and cancel():
                raise CancelledError("cancelled")
            part = torch.from_numpy(np.ascontiguousarray(image[read_r, read_c]))[None, None]
            with torch.inference_mode(), autocast(self.device):
                maps = (
                    self.net(part.to(self.device, memory_format=torch.channels_last))[0].float().cpu().numpy()
                )
            inner_r = slice(keep_r.start - read_r.start, keep_r.stop - read_r.start)
            inner_c = slice(keep_c.start - read_c.start, keep_c.stop - read_c.start)
            out[:, keep_r, keep_c] = maps[:, inner_r, inner_c]
            if progress:
                progress((done + 1) / len(tiles), f"tile {done + 1} of {len(tiles)}")
        return out
