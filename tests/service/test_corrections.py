"""The service's commands for particles corrected by hand, and the training folder."""

from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji import read_image, service
from nanoseg_fiji.particles.measure import measure
from nanoseg_fiji.particles.rois import decode_rois, encode_rois, rois_to_labels
from nanoseg_fiji.types import Calibration


def labelled():
    """Two particles that touch along a column, and one apart."""
    labels = np.zeros((60, 80), np.int32)
    labels[10:30, 10:30], labels[10:30, 30:45], labels[40:50, 60:70] = 3, 7, 5
    return labels


def request(command="correct", labels=None, image=None, **parts):
    labels = labelled() if labels is None else labels
    pixels = np.random.default_rng(1).integers(0, 60000, labels.shape).astype(np.uint16)
    rois = np.frombuffer(encode_rois(labels).to_zip(), np.uint8)
    known = {"pixels": pixels, "name": "a.tif", "pixel_width": 0.5, "unit": "nm", "slices": [4]}
    return {"command": command, "image": known | (image or {}), "rois": rois, "start": 3} | parts


def correct(**parts):
    params = {key: parts.pop(key) for key in ("action", "x", "y", "selected") if key in parts}
    return service.run(request(params=params, **parts))


def new_labels(response, shape=(60, 80)):
    return rois_to_labels(decode_rois(response["rois"].tobytes()), shape).labels


def test_a_split_particle_becomes_two_that_go_on_counting():
    response = correct(action="split", x=[5, 35], y=[20.5, 20.5])
    assert (response["status"], response["count"], response["removed"]) == ("ok", 2, [0])
    found = new_labels(response)
    assert np.array_equal(found > 0, labelled() == 3)
    # labels that no other particle has
    assert (set(found[:21].ravel()), set(found[21:].ravel())) == ({0, 8}, {0, 9})
    rois = decode_rois(response["rois"].tobytes())
    assert [roi.name for roi in rois] == ["0004-00004", "0004-00005"]
    assert rois[0].properties["origin"] == "split" and rois[0].index == 4
    assert response["table"]["labels"] == ["a.tif:0004-00004", "a.tif:0004-00005"]
    columns = {column["name"]: column["values"] for column in response["table"]["columns"]}
    pixels = request()["image"]["pixels"]
    expected = measure(found, pixels.astype(np.float32), Calibration(0.5, 0.5, "nm"))
    for name in ("Area", "Mean", "ECD", "Feret", "Particle"):
        np.testing.assert_allclose(columns[name], expected[name], err_msg=name)


def test_the_selected_particle_is_split_and_else_the_one_under_the_line():
    both = {"x": [5, 60], "y": [20.5, 20.5]}
    assert correct(action="split", **both)["removed"] == [0, 2]
    assert correct(action="split", selected=[2], **both)["removed"] == [2]
    assert correct(action="split", selected=[1], **both)["removed"] == [0, 2]


@pytest.mark.parametrize(
    "how",
    [
        {"selected": [0, 2]},
        {"x": [12, 40], "y": [20, 20]},
        {"selection": np.pad(np.ones((4, 4), np.uint8), ((20, 36), (28, 48)))},
    ],
    ids=["selected", "line", "area"],
)
def test_merged(how):
    response = correct(action="merge", **how)
    assert (response["status"], response["count"], response["removed"]) == ("ok", 1, [0, 2])
    assert np.array_equal(new_labels(response) > 0, np.isin(labelled(), (3, 7)))


def test_drawn_takes_no_pixel_of_others():
    selection = np.zeros((60, 80), np.uint8)
    selection[5:20, 5:20] = 1
    response = correct(action="draw", selection=selection)
    assert response["removed"] == [] and response["count"] == 1
    assert np.array_equal(new_labels(response) > 0, (selection > 0) & (labelled() == 0))
    alone = request(params={"action": "draw"}, selection=selection, start=0)
    del alone["rois"]
    assert np.array_equal(new_labels(service.run(alone)) > 0, selection > 0)


def test_rois_added_by_hand_are_adopted():
    response = correct(action="draw", selected=[1])
    assert response["removed"] == [1] and np.array_equal(new_labels(response) > 0, labelled() == 5)
    response = correct(action="draw", selected=[1], selection=(labelled() == 5).astype(np.uint8))
    assert response["count"] == 1, "what is in the ROI Manager and selected still is drawn once"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"action": "split"}, "draw a line across the particle"),
        ({"action": "split", "x": [5, 20], "y": [20, 20]}, "divides no particle: draw it right across"),
        ({"action": "merge"}, "fewer than two particles to merge"),
        ({"action": "merge", "selected": [1]}, "fewer than two particles to merge"),
        ({"action": "draw"}, "nothing was drawn"),
        ({"action": "erase"}, "unknown action 'erase': known are split, merge, draw"),
    ],
)
def test_what_cannot_be_done_is_said(params, message):
    response = correct(**params)
    assert response["status"] == "error" and message in response["error"]


def test_training_pair_is_read_back_exactly(tmp_path):
    asked = request("training_pairs", output=str(tmp_path / "my data"), params={"name": "b/1.tif"})
    response = service.run(asked)
    assert (response["status"], response["error"], response["count"]) == ("ok", "", 3)
    image, labels = (read_image(tmp_path / "my data" / kind / "b_1.tif") for kind in ("images", "labels"))
    np.testing.assert_array_equal(image, asked["image"]["pixels"])
    np.testing.assert_array_equal(labels, labelled())
    assert image.attrs["pixel_width"] == pytest.approx(0.5) and image.attrs["unit"] == "nm"
    before = (tmp_path / "my data" / "labels" / "b_1.tif").read_bytes()
    assert "is there already and was kept" in service.run(asked)["error"]
    assert (tmp_path / "my data" / "labels" / "b_1.tif").read_bytes() == before
    other = request("training_pairs", labels=labelled() * (labelled() == 5), output=str(tmp_path / "my data"))
    again = service.run(other | {"params": {"name": "b/1.tif"}, "overwrite": True})
    assert again["status"] == "ok"
    assert set(np.unique(read_image(tmp_path / "my data" / "labels" / "b_1.tif"))) == {0, 5}
    assert sorted(p.name for p in (tmp_path / "my data").iterdir()) == ["images", "labels"]


def test_training_folder_reads_as_a_data_set(tmp_path):
    from nanoseg_fiji.training.config import DataConfig
    from nanoseg_fiji.training.datasets import find_pairs, load_pairs

    assert service.run(request("training_pairs", output=str(tmp_path)))["status"] == "ok"
    (loaded,) = load_pairs(find_pairs(DataConfig(folder=str(tmp_path)), 0.0, 1))
    assert loaded.name == "a.tif" and len(np.unique(loaded.labels)) == 4


def test_only_the_selected_part_is_added(tmp_path):
    selection = np.zeros((60, 80), np.uint8)
    selection[5:35, 20:78] = 1
    response = service.run(request("training_pairs", output=str(tmp_path), selection=selection))
    assert response["count"] == 2
    np.testing.assert_array_equal(read_image(tmp_path / "labels" / "a.tif"), labelled()[5:35, 20:78])
    selection[5:35] = 0
    selection[0:3, 0:3] = 1
    refused = service.run(request("training_pairs", output=str(tmp_path / "x"), selection=selection))
    assert "no ROI lies on the part of a.tif" in refused["error"] and not (tmp_path / "x").exists()


def test_stack_gives_a_pair_a_slice(tmp_path):
    stack = np.stack([labelled(), np.zeros_like(labelled()), labelled()[::-1]])
    response = service.run(
        request("training_pairs", labels=stack, image={"slices": [1, 2, 3]}, output=str(tmp_path))
    )
    assert response["status"] == "ok" and response["messages"] == ["slice 2 has no ROIs and was left out"]
    assert sorted(p.name for p in (tmp_path / "labels").iterdir()) == ["a-0001.tif", "a-0003.tif"]
    np.testing.assert_array_equal(read_image(tmp_path / "labels" / "a-0003.tif"), labelled()[::-1])


def test_another_file_of_the_name_is_kept(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"mine")
    response = service.run(request("training_pairs", output=str(tmp_path), overwrite=True))
    assert "a.png has this name too and was kept" in response["error"]
    assert not list(tmp_path.glob("labels/*"))
    assert "name one with folder=" in service.run(request("training_pairs"))["error"]
