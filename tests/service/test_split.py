"""The command that splits touching particles, and the files that a command writes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.particles.rois import decode_rois


def test_split_mask(ask, scene):
    response = ask("split", image=scene.image(), labels=(scene.labels > 0).astype(np.uint8) * 255)
    assert response["count"] == 4
    assert len(decode_rois(response["rois"].tobytes())) == 4
    np.testing.assert_array_equal(response["labels"] > 0, scene.labels > 0)
    agree = [
        np.bincount(response["labels"][scene.labels == i]).max() / (scene.labels == i).sum()
        for i in range(1, 5)
    ]
    assert min(agree) > 0.9
    assert ask("split", image=scene.image(), labels=scene.labels > 0, params={"tolerance": 50})["count"] == 3


def test_mask_of_float_whole_numbers_is_taken(ask, scene):
    response = ask("split", image=scene.image(), labels=(scene.labels > 0).astype(np.float32) * 255)
    assert response["count"] == 4


def test_split_keeps_labels_apart(ask, scene):
    halves = scene.labels.copy()
    halves[:, 180:][scene.labels[:, 180:] == 4] = 5  # a straight cut through a disk: no neck
    response = ask("split", image=scene.image(), labels=halves, params={"tolerance": 50})
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


def test_files_are_written_named_and_kept(ask, scene, tmp_path):
    folder = tmp_path / "größe"
    request = {"image": scene.image(), "labels": scene.labels, "output": str(folder)}
    response = ask("split", **request)
    assert [p.rpartition("_")[2] for p in response["files"]] == [
        "rois.zip",
        "particles.csv",
        "labels.tif",
        "overlay.png",
        "run.json",
    ]
    np.testing.assert_array_equal(read_image(folder / "spheres 1_labels.tif"), response["labels"])
    again = ask("split", **request)
    assert again["status"] == "error"
    assert "there already" in again["error"]
    assert again["files"] == []
    assert ask("split", **request, overwrite=True)["status"] == "ok"
    (tmp_path / "file").write_text("")
    refused = ask("split", image=scene.image(), labels=scene.labels, output=str(tmp_path / "file" / "x"))
    assert refused["status"] == "error"
    assert "cannot write to" in refused["error"]
