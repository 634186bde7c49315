"""The files of a result: what is in them, and that none is lost, mixed up or half written."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import roifile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nanoseg_fiji.describe import Limits, describe, provenance_of
from nanoseg_fiji.errors import OutputError
from nanoseg_fiji.image_arrays import as_image, calibration_of
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.outputs import OUTPUTS, output_paths, safe_stem, unique_stems, write_results
from nanoseg_fiji.particles.table import read_csv
from nanoseg_fiji.types import Calibration, SegmentationResult

NM = Calibration(2.0, 2.0, "nm")


def _squares(count: int, slices: int = 1) -> np.ndarray:
    labels = np.zeros((slices, 60, 80), np.int32)
    for i in range(count):
        labels[:, 5 + 12 * (i // 6) : 13 + 12 * (i // 6), 5 + 12 * (i % 6) : 14 + 12 * (i % 6)] = i + 1
    return labels


def _result(labels: np.ndarray, **more) -> tuple[SegmentationResult, object]:
    gray = (labels > 0) * np.float32(100) + 50
    image = as_image(gray if len(gray) > 1 else gray[0], "a.tif", NM)
    found = describe(labels, gray, NM, name="a.tif", **more)
    result = SegmentationResult(
        labels=found.labels.reshape(image.shape),
        table=found.table,
        rois=found.rois,
        summary=found.summary,
        provenance=provenance_of("a.tif", model_sha256="abc"),
        calibration=NM,
        diameter=math.nan,
        messages=("a message",),
    )
    return result, image


def test_all_files_and_what_is_in_them(tmp_path):
    result, image = _result(_squares(7))
    paths = write_results(result, image, tmp_path / "new" / "größe 1", "a")
    assert [p.name for p in paths] == [f"a_{name}" for name in OUTPUTS]
    rois, table, labels, overlay, run = paths
    assert [r.name for r in roifile.roiread(rois)] == [f"0001-{i:05d}" for i in range(1, 8)]
    rows = pd.read_csv(table, index_col="Label")
    assert list(rows.index) == [f"a.tif:0001-{i:05d}" for i in range(1, 8)]
    written = read_image(labels)
    np.testing.assert_array_equal(written, result.labels)
    assert calibration_of(written) == NM
    picture = np.asarray(Image.open(overlay))
    assert picture.shape[2] == 3
    assert picture.shape[0] % 60 == 0  # enlarged by a whole factor
    coloured = picture.max(axis=2).astype(int) - picture.min(axis=2) > 60
    assert 100 < coloured.sum() < 0.3 * coloured.size  # outlines, not areas
    content = json.loads(run.read_text(encoding="utf-8"))
    assert content["provenance"]["model_sha256"] == "abc"
    assert content["summary"]["counted"] == 7
    assert content["diameter"] is None
    assert content["messages"] == ["a message"]
    assert sorted(p.name for p in paths[0].parent.iterdir()) == sorted(p.name for p in paths)


def test_table_with_decimal_commas_reads_back_the_same(tmp_path):
    result, image = _result(_squares(3))
    for stem, comma in (("points", False), ("commas", True)):
        write_results(result, image, tmp_path, stem, files=("particles.csv",), decimal_comma=comma)
    assert ";" in (tmp_path / "commas_particles.csv").read_text().splitlines()[0]
    points, commas = (read_csv(tmp_path / f"{stem}_particles.csv") for stem in ("points", "commas"))
    pd.testing.assert_frame_equal(points, commas)
    assert points["ECD"].iloc[0] == pytest.approx(result.table["ECD"].iloc[0], rel=1e-5)


def test_no_particles_give_the_header_alone(tmp_path):
    result, image = _result(_squares(0))
    table = write_results(result, image, tmp_path, "a")[1]
    lines = table.read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Label,Area")
    assert "ECD" in lines[0]


def test_stack_gives_a_montage_and_a_stack_of_labels(tmp_path):
    result, image = _result(_squares(3, slices=4))
    paths = write_results(result, image, tmp_path, "a")
    assert read_image(paths[2]).shape == (4, 60, 80)
    single, first = _result(_squares(3))
    one = np.asarray(Image.open(write_results(single, first, tmp_path, "b")[3]))
    many = np.asarray(Image.open(paths[3]))
    assert many.shape[:2] == (2 * one.shape[0], 2 * one.shape[1])
    np.testing.assert_array_equal(many[: one.shape[0], : one.shape[1]], one)


def test_limits_drop_and_number_anew():
    labels = _squares(6)
    labels[labels == 2] = 0
    labels[0, 5, 17] = 2  # one pixel
    labels[0, 0:5, 30] = 3  # touches the edge and particle 3
    every, _ = _result(labels)
    kept, _ = _result(labels, limits=Limits(min_ecd=5.0, exclude_edges=True))
    assert every.count == 6
    assert kept.count == 4
    assert kept.summary["too_small"] == 1
    assert list(kept.table.Particle) == [1, 2, 3, 4]
    assert list(np.unique(kept.labels)) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(kept.labels > 0, np.isin(labels[0], [1, 4, 5, 6]))
    np.testing.assert_allclose(kept.table.ECD, every.table.ECD.iloc[[0, 3, 4, 5]])
    names = [name.removeprefix("a.tif:") for name in kept.table.index]
    with zipfile.ZipFile(io.BytesIO(kept.rois)) as archive:
        assert [Path(n).stem for n in archive.namelist()] == names


def test_existing_results_are_kept(tmp_path):
    result, image = _result(_squares(2))
    write_results(result, image, tmp_path, "a")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    other, _ = _result(_squares(5))
    with pytest.raises(OutputError, match="there already and"):
        write_results(other, image, tmp_path, "a")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    write_results(other, image, tmp_path, "a", overwrite=True)
    assert len(roifile.roiread(tmp_path / "a_rois.zip")) == 5


@pytest.mark.parametrize("failing", ["save", "replace"])
def test_full_disk_leaves_nothing(tmp_path, monkeypatch, failing):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full) if failing == "save" else monkeypatch.setattr(
        os, "replace", full
    )
    result, image = _result(_squares(2))
    with pytest.raises(OutputError, match=r"No space left on device.*make room"):
        write_results(result, image, tmp_path, "a")
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    result, image = _result(_squares(1))
    with pytest.raises(OutputError, match="cannot write to"):
        write_results(result, image, tmp_path / "file" / "out", "a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    result, image = _result(_squares(1))
    try:
        with pytest.raises(OutputError, match="Permission denied"):
            write_results(result, image, tmp_path, "a")
    finally:
        tmp_path.chmod(0o700)


def test_target_that_is_a_folder(tmp_path):
    (tmp_path / "a_labels.tif").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        output_paths(tmp_path, "a", overwrite=True)


def test_stems_of_inputs_of_one_name():
    paths = [Path(p) for p in ("a/x.tif", "b/x.tif", "a/x.PNG", "c/y.tif", "c/a_x_tif.tif")]
    assert unique_stems(paths) == ["a_x_tif", "b_x", "a_x_png", "y", "a_x_tif-2"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abAB"),
            st.sampled_from(["x", "X", "a_x", "x_tif"]),
            st.sampled_from(["tif", "png"]),
        )
    )
)
def test_stems_are_never_shared(parts):
    stems = unique_stems([Path(folder) / f"{name}.{suffix}" for folder, name, suffix in parts])
    assert len({s.casefold() for s in stems}) == len(parts)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.tif", "a"),
        ("µm 5.2 nm.TIFF", "µm 5.2 nm"),
        ("5.2 nm", "5.2 nm"),
        ("a/b:c.png", "a_b_c"),
        ("..", "image"),
        ("", "image"),
    ],
)
def test_stem_of_a_title(name, stem):
    assert safe_stem(name) == stem
