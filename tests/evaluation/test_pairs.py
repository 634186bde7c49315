"""Which files belong together, and which are label images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.evaluation.pairs import pair_files, read_labels
from nanoseg_fiji.image_files import write_labels
from nanoseg_fiji.particles.rois import encode_rois

if TYPE_CHECKING:
    from pathlib import Path

LABELS = np.array([[0, 1, 1], [0, 0, 2], [7, 0, 0]], np.uint16)


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        Image.fromarray(LABELS).save(folder / name)
    return folder


def test_files_are_paired_by_name_whatever_their_ending(tmp_path: Path) -> None:
    pred, truth = fill(tmp_path / "préd dir", "b.tif", "a.png"), fill(tmp_path / "truth", "a.tif", "b.png")
    assert [(p.name, p.first.name, p.truth.name) for p in pair_files(pred, truth)] == [
        ("a", "a.png", "a.tif"),
        ("b", "b.tif", "b.png"),
    ]


def test_the_output_folder_of_segment_serves_as_it_is(tmp_path: Path) -> None:
    pred = fill(tmp_path / "out", "a_labels.tif", "a_overlay.png", "b_labels.tif", "b_overlay.png")
    truth = fill(tmp_path / "truth", "a.png", "b.png")
    assert [p.first.name for p in pair_files(pred, truth)] == ["a_labels.tif", "b_labels.tif"]
    with pytest.raises(InputError, match="truth lacks"):
        pair_files(pred, truth, labels=False)


def test_all_missing_partners_are_named_at_once(tmp_path: Path) -> None:
    pred, truth = fill(tmp_path / "p", "a.png", "x.png"), fill(tmp_path / "t", "a.png", "b.png", "c.png")
    with pytest.raises(InputError, match=r"p lacks b, c; .*t lacks x: add"):
        pair_files(pred, truth)


def test_a_list_chooses_images(tmp_path: Path) -> None:
    pred = fill(tmp_path / "p", "a.1.png", "b.png", "x.png")
    truth = fill(tmp_path / "t", "a.1.png", "b.png", "c.png")
    listing = tmp_path / "validation.txt"
    listing.write_text("# split\n a.1\nb.tif  # with another ending\n\n", encoding="utf-8")
    assert [p.name for p in pair_files(pred, truth, listing)] == ["a.1", "b"]
    listing.write_text("b\nc.png\nnone.png\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"p lacks c, none; .*t lacks none"):
        pair_files(pred, truth, listing)
    listing.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match="names no image"):
        pair_files(pred, truth, listing)
    with pytest.raises(InputError, match="cannot read the list"):
        pair_files(pred, truth, tmp_path / "none.txt")


def test_two_files_are_a_pair(tmp_path: Path) -> None:
    folder = fill(tmp_path / "p", "a.png", "b.png")
    assert [p.name for p in pair_files(folder / "a.png", folder / "b.png")] == ["a"]
    assert [p.truth for p in pair_files(folder / "a.png", folder / "a.png")] == [folder / "a.png"]


def test_ambiguous_missing_and_empty_folders_are_refused(tmp_path: Path) -> None:
    good, twice = fill(tmp_path / "good", "a.png"), fill(tmp_path / "twice", "a.png", "a.tif")
    with pytest.raises(InputError, match="have one name"):
        pair_files(twice, good)
    with pytest.raises(InputError, match=r"there is no .*none"):
        pair_files(tmp_path / "none", good)
    with pytest.raises(InputError, match="no images in"):
        pair_files(fill(tmp_path / "empty"), good)


def test_true_labels_may_be_roi_sets_or_one_coco_file(tmp_path: Path) -> None:
    pred, truth = fill(tmp_path / "p", "a_labels.tif"), tmp_path / "t"
    truth.mkdir()
    encode_rois(LABELS).write(truth / "a.zip")
    (pair,) = pair_files(pred, truth)
    np.testing.assert_array_equal(read_labels(pair.truth, pair.first), LABELS)
    np.testing.assert_array_equal(read_labels(pair.first, pair.truth), LABELS)
    with pytest.raises(InputError, match=r"neither .*a\.zip nor .*a\.zip tells the size"):
        read_labels(pair.truth, pair.truth)
    square = {"image_id": 3, "segmentation": [[1, 0, 3, 0, 3, 1, 1, 1]]}
    content = {"images": [{"id": 3, "file_name": "train/a.jpg"}], "annotations": [square]}
    (tmp_path / "coco.json").write_text(json.dumps(content), encoding="utf-8")
    (pair,) = pair_files(pred, tmp_path / "coco.json")
    assert pair.name == "a"
    assert read_labels(pair.truth, pair.first).tolist() == [[0, 1, 1], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("top", [7, 70000])
def test_label_images_of_segment_are_read_back(tmp_path: Path, top: int) -> None:
    labels = np.where(LABELS == 7, top, LABELS).astype(np.int32)
    write_labels(tmp_path / "a.tif", labels)
    found = read_labels(tmp_path / "a.tif")
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, labels)


def test_of_a_mask_the_components_are_taken(tmp_path: Path) -> None:
    mask = np.array([[255, 0, 0, 255], [0, 255, 0, 255]], np.uint8)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    found = read_labels(tmp_path / "mask.png")
    assert found[0, 0] == found[1, 1] != found[0, 3] == found[1, 3]
    assert set(np.unique(found)) == {0, 1, 2}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([[0.0, 1.5]], np.float32), "not whole numbers"),
        (np.array([[0.0, np.nan]], np.float32), "not whole numbers"),
        (np.array([[0, -3]], np.int16), "from -3 to 0"),
        (np.zeros((5, 8, 8), np.uint8), "pln x row x col"),
    ],
)
def test_what_is_no_label_image_is_refused(tmp_path: Path, values: np.ndarray, said: str) -> None:
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, values)
    with pytest.raises(InputError, match=rf"bad\.tif .*{said}"):
        read_labels(path)
