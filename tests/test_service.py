"""Requests in, responses out: every command by its effect, and every wrong request by what it is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk

from nanoseg_fiji import service
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.particles.rois import decode_rois

KINDS = (str, bool, int, float, list, dict, np.ndarray)


def _scene() -> tuple[np.ndarray, np.ndarray]:
    """Four disks of 41 px, the first two touching, on a noisy ground; pixels and labels."""
    labels = np.zeros((150, 220), np.int32)
    for i, center in enumerate([(50, 50), (50, 88), (110, 60), (80, 180)]):
        labels[disk(center, 20.5)] = i + 1
    noise = np.random.default_rng(1).normal(0, 8, labels.shape)
    return np.clip(np.where(labels > 0, 170, 60) + noise, 0, 255).astype(np.uint8), labels


PIXELS, LABELS = _scene()


def _image(pixels: np.ndarray = PIXELS, **more) -> dict:
    count = 1 if pixels.ndim == 2 else len(pixels)
    return {
        "pixels": pixels,
        "rgb": False,
        "name": "spheres 1.tif",
        "pixel_width": 2.0,
        "pixel_height": 2.0,
        "unit": "nm",
        "positions": [[1, i + 1, 1] for i in range(count)],
        "slices": [i + 1 for i in range(count)],
        **more,
    }


def _ask(command: str, **request) -> dict:
    response = service.run({"command": command, **request})
    _check_plain(response)
    return response


def _check_plain(value) -> None:
    """Only what crosses into Java: no None, no numpy scalars, no bytes."""
    assert type(value) in KINDS, f"{value!r} of {type(value)}"
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_plain(item)


def _column(response: dict, name: str) -> np.ndarray:
    return next(c["values"] for c in response["table"]["columns"] if c["name"] == name)


@pytest.fixture(scope="module")
def segmented() -> dict:
    return _ask("segment", image=_image(), params={"diameter": 82.0}, start=5)


def test_segment(segmented):
    assert (segmented["status"], segmented["error"]) == ("ok", "")
    large = _column(segmented, "ECD") > 60
    assert large.sum() == 4
    np.testing.assert_allclose(_column(segmented, "ECD")[large], 82, rtol=0.1)
    assert segmented["labels"].shape == PIXELS.shape
    assert segmented["labels"].dtype == np.int32
    assert ((segmented["labels"] > 0) == (LABELS > 0)).mean() > 0.97
    rois = decode_rois(segmented["rois"].tobytes())
    assert len(rois) == segmented["count"] == segmented["labels"].max()
    assert rois[0].name == "0001-00006"
    assert segmented["table"]["labels"][0] == "spheres 1.tif:0001-00006"
    units = {c["name"]: c["unit"] for c in segmented["table"]["columns"]}
    assert (units["ECD"], units["Circ."]) == ("nm", "")
    assert segmented["provenance"]["parameters"]["diameter"] == 82.0
    assert segmented["summary"]["unit"] == "nm"
    assert "ECD: mean" in segmented["summary_text"]
    assert segmented["seconds"] > 0


def test_segment_reports_progress_and_can_be_cancelled():
    steps = []
    request = {"command": "segment", "image": _image(), "params": {"diameter": 82}}
    assert service.run(request, lambda done, text: steps.append((done, text)))["status"] == "ok"
    assert steps and all(isinstance(text, str) and 0 <= done <= 1 for done, text in steps)
    response = service.run(request, None, lambda: True)
    assert response["status"] == "cancelled"
    assert response["count"] == 0


def test_packed_rgb_is_grey_by_thirds(segmented):
    packed = (PIXELS.astype(np.uint32) * 0x010101) | 0xFF000000
    response = _ask("segment", image=_image(packed, rgb=True), params={"diameter": 82.0})
    np.testing.assert_array_equal(response["labels"], segmented["labels"])
    np.testing.assert_allclose(_column(response, "Mean"), _column(segmented, "Mean"))


def test_selection_and_constant_stack():
    selection = np.zeros(PIXELS.shape, np.uint8)
    selection[:, 120:] = 255
    stack = np.stack([PIXELS, np.full_like(PIXELS, 3)])
    image = _image(stack, slices=[4, 9], positions=[[1, 4, 1], [1, 9, 1]])
    response = _ask("segment", image=image, selection=selection, params={"diameter": 82})
    assert not response["labels"][0, :, :120].any()
    assert response["labels"].shape == stack.shape
    assert set(_column(response, "Slice")) == {4.0}
    assert any("slice 2" in m and "constant" in m for m in response["messages"])


def test_nothing_found_is_said():
    response = _ask("segment", image=_image(np.full((40, 40), 7, np.uint8)))
    assert (response["status"], response["count"]) == ("ok", 0)
    assert response["rois"].size == 0
    assert response["table"]["labels"] == []
    assert len(response["table"]["columns"]) > 20
    assert "no particles were found in spheres 1.tif" in response["messages"]


def test_files_are_written_named_and_kept(tmp_path):
    folder = tmp_path / "größe"
    request = {"image": _image(), "labels": LABELS, "output": str(folder)}
    response = _ask("split", **request)
    assert [p.rpartition("_")[2] for p in response["files"]] == [
        "rois.zip",
        "particles.csv",
        "labels.tif",
        "overlay.png",
        "run.json",
    ]
    np.testing.assert_array_equal(read_image(folder / "spheres 1_labels.tif"), response["labels"])
    again = _ask("split", **request)
    assert again["status"] == "error"
    assert "there already" in again["error"]
    assert again["files"] == []
    assert _ask("split", **request, overwrite=True)["status"] == "ok"
    (tmp_path / "file").write_text("")
    refused = _ask("split", image=_image(), labels=LABELS, output=str(tmp_path / "file" / "x"))
    assert refused["status"] == "error"
    assert "cannot write to" in refused["error"]


def test_split_mask():
    response = _ask("split", image=_image(), labels=(LABELS > 0).astype(np.uint8) * 255)
    assert response["count"] == 4
    assert len(decode_rois(response["rois"].tobytes())) == 4
    np.testing.assert_array_equal(response["labels"] > 0, LABELS > 0)
    agree = [np.bincount(response["labels"][LABELS == i]).max() / (LABELS == i).sum() for i in range(1, 5)]
    assert min(agree) > 0.9
    assert _ask("split", image=_image(), labels=LABELS > 0, params={"tolerance": 50})["count"] == 3


def test_split_keeps_labels_apart():
    halves = LABELS.copy()
    halves[:, 180:][LABELS[:, 180:] == 4] = 5  # a straight cut through a disk: no neck
    response = _ask("split", image=_image(), labels=halves, params={"tolerance": 50})
    assert response["count"] == 5
    pairs = np.unique(np.stack([halves[halves > 0], response["labels"][halves > 0]]), axis=1)
    assert pairs.shape[1] == 5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_split_never_joins_labels(data):
    from nanoseg_fiji.segmentation.split_labels import split_labels

    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    values = data.draw(
        st.lists(st.integers(0, 3), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    )
    labels = np.array(values, np.int32).reshape(shape)
    out = split_labels(labels, data.draw(st.sampled_from([0.0, 0.5, 3.0])))
    np.testing.assert_array_equal(out > 0, labels > 0)
    for new in np.unique(out[out > 0]):
        assert len(np.unique(labels[out == new])) == 1
    np.testing.assert_array_equal(np.unique(out[out > 0]), np.arange(1, out.max() + 1))


def test_labels_to_rois_and_back():
    own = np.where(LABELS == 3, 700, LABELS)
    there = _ask("labels_to_rois", image=_image(), labels=own, start=10)
    assert there["count"] == 4
    back = _ask("rois_to_labels", image=_image(), rois=there["rois"])
    np.testing.assert_array_equal(back["labels"], own)
    by_shape = _ask("rois_to_labels", rois=there["rois"], shape=[1, *LABELS.shape])
    np.testing.assert_array_equal(by_shape["labels"], own[None])


def test_measure_labels_and_rois_alike():
    rois = _ask("labels_to_rois", image=_image(), labels=LABELS, start=30)["rois"]
    by_labels = _ask("measure", image=_image(), labels=LABELS)
    by_rois = _ask("measure", image=_image(), rois=rois)
    assert by_rois["table"]["labels"] == [f"spheres 1.tif:0001-{i:05d}" for i in range(31, 35)]
    for one, other in zip(by_labels["table"]["columns"], by_rois["table"]["columns"], strict=True):
        np.testing.assert_array_equal(one["values"], other["values"])
    assert by_labels["count"] == 4
    assert by_labels["summary"]["counted"] == 4
    expected = [PIXELS[LABELS == i].mean() for i in range(1, 5)]
    np.testing.assert_allclose(_column(by_rois, "Mean"), expected)


def test_measure_says_where_rois_overlap(tmp_path):
    one = np.where(LABELS == 1, 1, 0)
    two = _ask("labels_to_rois", labels=np.stack([one, one]))["rois"]  # the same place, on two slices
    response = _ask("measure", image=_image(), rois=two, output=str(tmp_path))
    assert response["count"] == 1
    assert any("more than one ROI" in m for m in response["messages"])
    assert any("1 ROIs have no pixels" in m for m in response["messages"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["spheres 1_particles.csv", "spheres 1_run.json"]
    assert len(pd.read_csv(tmp_path / "spheres 1_particles.csv")) == 1


def test_size_distribution(tmp_path):
    diameters = np.exp(np.random.default_rng(0).normal(np.log(20), np.log(1.3), 4000))
    tables = [{"columns": [{"name": "ECD (nm)", "values": diameters}], "labels": []}]
    response = _ask("size_distribution", params={"tables": tables, "name": "a.tif"}, output=str(tmp_path))
    summary = response["summary"]
    assert summary["geometric_mean"] == pytest.approx(20, rel=0.03)
    assert summary["GSD"] == pytest.approx(1.3, rel=0.03)
    assert (summary["unit"], response["count"]) == ("nm", 4000)
    assert "D50" in response["summary_text"]
    assert {c["name"]: c["unit"] for c in response["table"]["columns"]}["D90"] == "nm"
    (curve,) = response["curves"]
    assert (curve["density"] * np.diff(curve["edges"])).sum() == pytest.approx(1)
    assert {Path(path).name for path in response["files"]} == {p.name for p in tmp_path.iterdir()}
    again = service.run(
        {
            "command": "size_distribution",
            "params": {"tables": tables, "name": "a.tif"},
            "output": str(tmp_path),
        }
    )
    assert again["status"] == "error" and "already and was kept" in again["error"]


def test_models():
    models = _ask("models")["models"]
    assert "em-particles" in [m["name"] for m in models]
    assert all(len(m["sha256"]) == 64 for m in models)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "unknown command '': known are segment, split"),
        ({"command": "sgment"}, "unknown command 'sgment': known are segment, split"),
        ({"command": "segment"}, "needs image"),
        ({"command": "segment", "image": {"name": "x"}}, "no pixels"),
        ({"command": "segment", "image": _image(PIXELS[0])}, "pixels of shape"),
        ({"command": "segment", "image": _image(unit="nm", pixel_width=0.0)}, "pixel size"),
        (
            {"command": "segment", "image": _image(), "params": {"diametr": 3}},
            "'diametr' of segment: known are model, ",
        ),
        (
            {"command": "segment", "image": _image(), "params": {"diameter": "big"}},
            "diameter=big must be a number",
        ),
        ({"command": "segment", "image": _image(), "params": {"diameter": -3}}, "diameter=-3"),
        ({"command": "segment", "image": _image(), "params": {"crop_bottom": 2.5}}, "whole number"),
        (
            {"command": "segment", "image": _image(), "params": {"split": "maybe"}},
            "split=maybe must be true or false",
        ),
        ({"command": "segment", "image": _image(), "params": {"model": "nope"}}, "unknown model 'nope'"),
        ({"command": "segment", "image": _image(slices=[1, 2])}, "2 places for 1 slices"),
        ({"command": "segment", "image": _image(), "selection": np.zeros((2, 2))}, "selection of shape"),
        ({"command": "split", "image": _image()}, "needs labels"),
        ({"command": "split", "image": _image(), "labels": LABELS[:9]}, "do not fit an image"),
        ({"command": "split", "image": _image(), "labels": LABELS - 1}, "between 0 and"),
        ({"command": "split", "image": _image(), "labels": LABELS * 0.5}, "whole numbers"),
        ({"command": "measure", "image": _image()}, "needs labels or rois"),
        ({"command": "measure", "image": _image(), "rois": np.arange(9, dtype=np.uint8)}, "ROI set"),
        ({"command": "rois_to_labels", "rois": np.zeros(4, np.uint8)}, "needs shape or image"),
        ({"command": "rois_to_labels", "rois": np.zeros(4, np.uint8), "shape": [4]}, "shape"),
        ({"command": "size_distribution", "params": {"tables": []}}, "there are no tables"),
        (
            {"command": "size_distribution", "params": {"tables": [{"columns": []}]}},
            "the table has no ECD column",
        ),
        ({"command": "size_distribution", "params": {"paths": ["/none.csv"]}}, "cannot read /none.csv"),
        ({"command": "models", "params": {"x": 1}}, "known are none"),
    ],
)
def test_wrong_requests_are_told(request_, message):
    response = service.run(request_)
    assert response["status"] == "error"
    assert message in response["error"]
    assert "\n" not in response["error"]
    assert response["count"] == 0


def test_what_nobody_expected_is_an_error_too(monkeypatch, caplog):
    monkeypatch.setattr("nanoseg_fiji.resources.list_models", lambda: 1 / 0)
    response = service.run({"command": "models"})
    assert response["status"] == "error"
    assert "ZeroDivisionError" in response["error"]
    assert "Traceback" in caplog.text  # whoever looks for the reason finds it in the log


def test_mask_of_float_whole_numbers_is_taken():
    response = _ask("split", image=_image(), labels=(LABELS > 0).astype(np.float32) * 255)
    assert response["count"] == 4
