"""The particle table beyond what ImageJ measures: frame, weights, filled areas, places, the CSV file."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.measure import COLUMNS, measure
from nanoseg_fiji.particles.rois import encode_rois
from nanoseg_fiji.particles.table import write_csv
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from pathlib import Path

NM = Calibration(0.5, 0.5, "nm")


def canvas(*boxes: tuple[int, int, int, int], shape: tuple[int, int] = (20, 30)) -> np.ndarray:
    """Rectangles (left, top, right, bottom) with the labels 1, 2, ..."""
    labels = np.zeros(shape, dtype=np.int32)
    for i, (left, top, right, bottom) in enumerate(boxes, 1):
        labels[top:bottom, left:right] = i
    return labels


def table_of(labels: np.ndarray, calibration: Calibration | None = None, **more: Any) -> pd.DataFrame:
    return measure(labels, np.zeros(labels.shape, dtype=np.uint8), calibration, **more)


def test_columns_rows_and_units() -> None:
    labels = canvas((2, 2, 6, 5), (0, 8, 3, 12))
    labels[labels == 2] = 300
    table = table_of(labels, NM, scores=[0.9, 0.8], image_name="a b.tif")
    assert tuple(table.columns) == COLUMNS
    assert list(table.index) == ["a b.tif:0001-00001", "a b.tif:0001-00002"] and table.index.name == "Label"
    assert table["Particle"].tolist() == [1, 300] and table["Score"].tolist() == [0.9, 0.8]
    assert table["Area"].tolist() == [12 * 0.25, 12 * 0.25]
    np.testing.assert_allclose(table["ECD"], np.sqrt(4 * 3 / np.pi))
    units = table.attrs["units"]
    assert {units[name] for name in ("Area", "FilledArea")} == {"nm^2"}
    assert {units[name] for name in ("ECD", "Feret", "X", "Perim.")} == {"nm"}
    assert (units["FeretX"], units["Angle"], units["Mean"]) == ("pixel", "deg", "")
    assert table_of(labels).attrs["units"]["Area"] == "pixel^2"


def test_weights_make_up_for_the_edge() -> None:
    labels = canvas((1, 1, 7, 5), (0, 8, 3, 12), (27, 8, 30, 12), (10, 0, 12, 3), (10, 17, 12, 20))
    table = table_of(labels)
    assert table["Edge"].tolist() == [0, 1, 1, 1, 1]
    np.testing.assert_allclose(table["Weight"], [1 / ((1 - 6 / 30) * (1 - 4 / 20)), 0, 0, 0, 0])


def test_weighted_counts_are_unbiased_where_plain_ones_are_not() -> None:
    """Squares of two sizes, equally many everywhere: the weights restore what the frame distorts."""
    places = range(-16, 40, 3)
    whole, weighted = [], []
    for side in (4, 16):
        field = np.zeros((len(places) ** 2, 80, 80), dtype=np.int32)
        for i, (left, top) in enumerate(itertools.product(places, places)):
            field[i, top + 20 : top + 20 + side, left + 20 : left + 20 + side] = 1
        table = table_of(field[:, 20:60, 20:60])
        whole.append((table["Edge"] == 0).sum())
        weighted.append(table["Weight"].sum())
    assert whole[1] / whole[0] < 0.5
    assert 0.95 < weighted[1] / weighted[0] < 1.05


def test_an_info_bar_moves_the_edge() -> None:
    labels = canvas((2, 2, 6, 5), (10, 10, 13, 15))
    assert table_of(labels)["Edge"].tolist() == [0, 0]
    table = table_of(labels, frame=(15, 30))
    assert table["Edge"].tolist() == [0, 1]
    np.testing.assert_allclose(table["Weight"], [1 / ((1 - 4 / 30) * (1 - 3 / 15)), 0])


def test_a_selection_moves_the_edge() -> None:
    y, x = np.mgrid[:40, :40]
    selection = np.hypot(y - 20, x - 20) < 15
    labels = canvas((18, 18, 22, 21), (9, 9, 12, 14), shape=(40, 40)) * selection
    table = table_of(labels, frame=selection)
    assert table["Edge"].tolist() == [0, 1]
    np.testing.assert_allclose(table["Weight"], [1 / ((1 - 4 / 29) * (1 - 3 / 29)), 0])
    # at the border of the image the selection ends too
    assert table_of(labels * 0 + 1, frame=np.ones((40, 40), dtype=bool))["Edge"].tolist() == [1]


@given(
    arrays(
        np.int32, array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=12), elements=st.integers(0, 2)
    )
)
@settings(max_examples=150, deadline=None)
def test_filled_area_fills_holes_and_what_lies_in_them(labels: np.ndarray) -> None:
    table = table_of(labels, Calibration(2.0, 3.0, "nm"))
    expected = [6 * ndimage.binary_fill_holes(labels == i).sum() for i in table["Particle"]]
    assert table["FilledArea"].tolist() == expected


def test_a_float_image_far_from_zero() -> None:
    """Mean and extremes of values that 32-bit sums would lose."""
    labels = canvas((2, 2, 12, 12), (14, 3, 20, 9))
    pixels = np.random.default_rng(0).normal(1e5, 5.0, labels.shape)
    table = measure(labels, pixels)
    for i, row in zip((1, 2), table.itertuples(), strict=True):
        inside = pixels[labels == i]
        assert row.Mean == pytest.approx(inside.mean(), rel=1e-12)
        assert (row.Min, row.Max) == (inside.min(), inside.max())
        assert row.StdDev == pytest.approx(inside.std(ddof=1), rel=1e-3)


def test_stacks_count_slice_by_slice() -> None:
    stack = np.stack([canvas((2, 2, 6, 5), (8, 8, 9, 9)), canvas(), canvas((3, 3, 4, 4))])
    table = table_of(stack, slices=[2, 5, 9], outlines=[trace(part) for part in stack])
    assert table["Slice"].tolist() == [2, 2, 9] and table["Particle"].tolist() == [1, 2, 1]
    assert "Ch" not in table
    assert [label.lstrip(":") for label in table.index] == list(encode_rois(stack, slices=[2, 5, 9]).names)
    hyper = table_of(stack, positions=[(1, 1, 1), (2, 1, 1), (2, 4, 3)])
    assert hyper[["Ch", "Slice", "Frame"]].to_numpy().tolist() == [[1, 1, 1], [1, 1, 1], [2, 4, 3]]


def test_nothing_to_measure(tmp_path: Path) -> None:
    table = table_of(canvas(), NM, scores=[])
    assert table.shape == (0, len(COLUMNS)) and table["Particle"].dtype == np.int64
    write_csv(table, tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"scores": [1.0, 2.0]}, "2 scores"),
        ({"roi_names": []}, "0 ROI names"),
        ({"frame": (21, 30)}, "does not fit"),
        ({"frame": np.zeros((20, 30), dtype=bool)}, "is empty"),
        ({"frame": np.ones((3, 30), dtype=bool)}, "does not fit"),
        ({"slices": [1, 2]}, "give one a slice"),
    ],
)
def test_what_does_not_fit(more: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        table_of(canvas((2, 2, 6, 5)), **more)


def test_pixels_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="do not fit labels"):
        measure(canvas(), np.zeros((20, 30, 3), dtype=np.uint8))


def test_csv_has_units_and_six_digits_and_is_written_whole(tmp_path: Path) -> None:
    labels = canvas((2, 2, 6, 5))
    labels[labels == 1] = 1_234_567
    table = table_of(labels, Calibration(1 / 3, 1 / 3, "µm"), image_name='größe, "a".tif')
    path = tmp_path / "out" / "particles.csv"
    write_csv(table, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("Label,Area (µm^2),Mean,StdDev,Min,Max,X (µm),Y (µm),Perim. (µm),")
    assert "FeretX (pixel),FeretY (pixel),FeretAngle (deg),MinFeret (µm),AR,Round,Solidity,Slice," in lines[0]
    back = pd.read_csv(path)
    assert back["Label"].tolist() == ['größe, "a".tif:0001-00001']
    assert lines[1].split('tif:0001-00001",')[1].startswith("1.33333,0,0,0,0,1.33333,1.16667,")
    assert back["Particle"].tolist() == [1_234_567]
    assert np.isnan(back["Score"]).all()
    with pytest.raises(OutputError, match="cannot write"):
        write_csv(table, path / "below a file.csv")
    assert list(path.parent.iterdir()) == [path]
