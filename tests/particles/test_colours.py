"""Colours of outlines: what they show, and that ImageJ and roifile read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import roifile

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.colours import colours_of
from nanoseg_fiji.particles.rois import encode_rois

LABELS = np.array([[1, 1, 0, 2, 2], [1, 0, 3, 0, 2], [3, 0, 0, 0, 0]])


def table(ecd: list[float], score: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({"ECD": ecd, "Score": score})
    frame.attrs["units"] = {"ECD": "nm", "Score": ""}
    return frame


def channels(colours: list[int]) -> np.ndarray:
    return np.array([[c >> 16 & 255, c >> 8 & 255, c & 255] for c in colours])


def luminance(rgb: np.ndarray) -> np.ndarray:
    linear = (rgb / 255) ** 2.2
    return linear @ [0.2126, 0.7152, 0.0722]


def test_larger_is_lighter_and_the_legend_has_the_unit():
    ecd = np.linspace(10, 60, 51)
    colours, legend = colours_of(table(ecd.tolist(), [0.9] * 51), "size")
    light = luminance(channels(colours))
    assert (np.diff(light) >= 0).all() and light[-1] > 4 * light[0]
    assert all(c >> 24 == 255 for c in colours)
    assert "ECD from 11 nm (violet)" in legend and "59 nm (yellow)" in legend


def test_one_giant_does_not_make_the_others_alike():
    colours, _ = colours_of(table([*np.linspace(10, 20, 99), 5000.0], [0.9] * 100), "size")
    assert len(set(colours)) > 50


def test_score_and_what_has_none():
    colours, legend = colours_of(table([1, 2, 3], [0.5, 1.0, np.nan]), "score")
    assert channels(colours)[2].tolist() == [128] * 3 and len(set(colours)) == 3
    assert legend.startswith("colour of the outlines: Score from 0.51")
    assert colours_of(table([1, 2], [np.nan] * 2), "score") == (
        *(None, "there is no Score that outlines could show by their colour"),
    )


def test_none_empty_and_alike():
    assert colours_of(table([1, 2], [1, 1]), "none") == (None, "")
    assert colours_of(table([], []), "size") == (None, "")
    assert len(set(colours_of(table([5, 5], [1, 1]), "size")[0])) == 1
    with pytest.raises(InputError, match="known are none, size, score"):
        colours_of(table([1], [1]), "area")


@pytest.mark.jvm
def test_imagej_and_roifile_read_them(ij: Any):
    from jpype import JArray, JByte, JClass

    wanted = [0xFF010203, 0xFFFFEE00, 0xFF80FF40]
    rois = encode_rois(LABELS, colours=wanted)
    for data, argb in zip(rois.data, wanted, strict=True):
        roi = JClass("ij.io.RoiDecoder")(JArray(JByte)(np.frombuffer(data, np.int8)), "x.roi").getRoi()
        assert int(roi.getStrokeColor().getRGB()) & 0xFFFFFFFF == argb
        assert roifile.ImagejRoi.frombytes(data).stroke_color == argb.to_bytes(4, "big")
    assert encode_rois(LABELS).data[0] != rois.data[0]
