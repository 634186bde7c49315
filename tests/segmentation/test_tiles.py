from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nanoseg_fiji.errors import CancelledError
from nanoseg_fiji.network import UNet
from nanoseg_fiji.segmentation.normalise import normalise
from nanoseg_fiji.segmentation.resize import resize, resize_shape
from nanoseg_fiji.segmentation.segment import labels_from_maps
from nanoseg_fiji.segmentation.tiles import Predictor, tile_spans

CPU = torch.device("cpu")


@given(st.integers(1, 5000), st.sampled_from([64, 128, 1024]), st.sampled_from([0, 32, 160]))
def test_tiles_cover_an_axis_once_and_bring_their_halo(size, tile, halo):
    spans = list(tile_spans(size, tile, halo))
    kept = np.concatenate([np.arange(keep.start, keep.stop) for _, keep in spans])
    assert np.array_equal(kept, np.arange(size))
    for read, keep in spans:
        assert read.start == max(keep.start - halo, 0)
        assert read.stop == min(keep.stop + halo, size)


def test_tiled_equals_whole_on_a_real_micrograph(model, silica):
    small = resize(normalise(silica), resize_shape(silica.shape, 0.5))
    whole = Predictor(model.net, CPU, 1024)(small)
    tiled = Predictor(model.net, CPU, 128)(small)
    assert np.abs(whole - tiled).max() < 1e-3
    labels = labels_from_maps(whole, split=True, tolerance=3.0)
    assert labels.max() > 20
    assert np.array_equal(labels, labels_from_maps(tiled, split=True, tolerance=3.0))


def test_any_size_is_padded_and_cut_back():
    net = UNet((4, 8), bottom_blocks=1).eval()
    for shape in ((1, 1), (17, 133), (96, 97)):
        assert Predictor(net, CPU, 64)(np.zeros(shape, np.float32)).shape == (4, *shape)


def test_cancel_is_looked_at_on_every_tile():
    net = UNet((4, 8), bottom_blocks=1).eval()
    asked, told = [], []

    def cancel():
        asked.append(len(told))
        return len(asked) == 3

    with pytest.raises(CancelledError):
        Predictor(net, CPU, 64)(np.zeros((128, 192), np.float32), lambda done, _: told.append(done), cancel)
    assert asked == [0, 1, 2]
    assert told == [pytest.approx(1 / 6), pytest.approx(2 / 6)]


class SmallMemory(UNet):
    """Runs out of memory above a number of pixels, as a GPU does."""

    pixels = 0

    def forward(self, x):
        if x.shape[-1] * x.shape[-2] > self.pixels:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return super().forward(x)


def test_out_of_memory_means_smaller_tiles(caplog):
    torch.manual_seed(0)
    net = SmallMemory((4, 8), bottom_blocks=1).eval()
    image = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    net.pixels = 1 << 20
    expected = Predictor(net, CPU, 512)(image)
    net.pixels = (256 + 2 * net.halo) ** 2
    predictor = Predictor(net, CPU, 512)
    assert predictor(image) == pytest.approx(expected, abs=1e-3)
    assert predictor.tile == 256
    assert predictor.messages == ["GPU memory ran out: going on with tiles of 256 px"]
    assert "going on with tiles of 256 px" in caplog.text
