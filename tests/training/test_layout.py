"""How data sets may be laid out, and that all which is wrong with one is said at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import imageio.v3 as iio
import numpy as np
import pytest

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.rois import encode_rois
from nanoseg_fiji.training.check import check_data
from nanoseg_fiji.training.config import DataConfig, TrainingConfig
from nanoseg_fiji.training.datasets import find_pairs, load_pairs, manifest, read_pair

if TYPE_CHECKING:
    from pathlib import Path

LABELS = np.zeros((32, 40), np.int32)
LABELS[3:9, 4:12], LABELS[15:25, 20:28] = 1, 2


def picture(path: Path, labels: np.ndarray = LABELS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    iio.imwrite(path, (90 + 100 * (labels > 0)).astype(np.uint8))


def coco(path: Path, names: list[str], empty: tuple[str, ...] = ()) -> None:
    boxes = [[4, 3, 12, 3, 12, 9, 4, 9], [20, 15, 28, 15, 28, 25, 20, 25]]
    images = [{"id": i, "file_name": name, "height": 32, "width": 40} for i, name in enumerate(names)]
    items = [
        {"image_id": i, "segmentation": [box]}
        for i, name in enumerate(names)
        if name not in empty
        for box in boxes
    ]
    path.write_text(json.dumps({"images": images, "annotations": items}))


def pairs_of(folder: Path, **keys: Any):
    return find_pairs(DataConfig(str(folder), **keys), 0.0, 1)


def in_labels(folder: Path) -> None:
    for name in ("a", "b", "c"):
        picture(folder / "images" / f"{name}.png")
    (folder / "labels").mkdir()
    encode_rois(LABELS).write(folder / "labels" / "a.zip")
    iio.imwrite(folder / "labels" / "b.tif", LABELS.astype(np.float32))
    coco(folder / "labels" / "c.json", ["c.png"])


def beside(folder: Path) -> None:
    for name in ("a", "b", "c"):
        picture(folder / f"{name}.png")
    encode_rois(LABELS).write(folder / "a.zip")
    encode_rois(LABELS).write(folder / "b_rois.zip")
    iio.imwrite(folder / "c_labels.tif", LABELS.astype(np.uint16))
    (folder / "sizes.csv").write_text("image,mean\na.png,3\n")
    (folder / "README.md").write_text("what this is")


def one_file(folder: Path) -> None:
    for name in ("a", "b", "c"):
        picture(folder / "images" / f"{name}.png")
    coco(folder / "annotations.json", ["train/a.png", "b.png", "c.png"])
    (folder / "notes.json").write_text('{"by": "me"}')


@pytest.mark.parametrize("layout", [in_labels, beside, one_file])
def test_layouts_are_found_out(tmp_path: Path, layout: Any) -> None:
    layout(tmp_path)
    pairs = pairs_of(tmp_path)
    assert [p.image.name for p in pairs] == ["a.png", "b.png", "c.png"]
    for pair, loaded in zip(pairs, load_pairs(pairs), strict=True):
        np.testing.assert_array_equal(loaded.labels, LABELS)
        assert loaded.known is None
        assert read_pair(pair)[0][16, 22] == 190
    files = {pair.labels.read_bytes() for pair in pairs}
    assert len({entry["labels_sha256"] for entry in manifest(pairs)}) == len(files)


def test_two_kinds_of_labels_need_the_key(tmp_path: Path) -> None:
    in_labels(tmp_path)
    coco(tmp_path / "annotations.json", ["a.png", "b.png", "c.png"])
    with pytest.raises(
        InputError, match=r"labels in labels, annotations\.json: say which with the key labels"
    ):
        pairs_of(tmp_path)
    assert {p.labels.name for p in pairs_of(tmp_path, labels="annotations.json")} == {"annotations.json"}
    assert {p.labels.name for p in pairs_of(tmp_path, labels="labels")} == {"a.zip", "b.tif", "c.json"}
    with pytest.raises(InputError, match="'masks' are not there: correct the key"):
        pairs_of(tmp_path, labels="masks")


def test_all_files_without_partner_or_with_one_name_are_listed(tmp_path: Path) -> None:
    in_labels(tmp_path)
    picture(tmp_path / "images" / "d.png")
    picture(tmp_path / "images" / "a.tif")
    (tmp_path / "labels" / "e.zip").write_bytes((tmp_path / "labels" / "a.zip").read_bytes())
    with pytest.raises(InputError, match=r"a\.png, a\.tif have one name.*for image d: .*for labels e: "):
        pairs_of(tmp_path)


def test_images_and_entries_of_one_file_must_agree(tmp_path: Path) -> None:
    one_file(tmp_path)
    coco(tmp_path / "annotations.json", ["a.png", "b.png", "x.png", "y.png"])
    with pytest.raises(
        InputError, match=r"says nothing .* about image c\.png: .*not in .*images: x\.png, y\.png"
    ):
        pairs_of(tmp_path)


def test_no_images_is_said(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    with pytest.raises(InputError, match="has no images in it, nor in images/"):
        pairs_of(tmp_path)


def test_all_bad_pairs_are_listed_at_once(tmp_path: Path) -> None:
    for name in "abcdef":
        picture(tmp_path / "images" / f"{name}.png")
    folder = tmp_path / "labels"
    folder.mkdir()
    iio.imwrite(folder / "a.tif", LABELS[:9].astype(np.uint16))
    iio.imwrite(folder / "b.tif", LABELS + np.float32(0.5))
    encode_rois(np.pad(LABELS, 60)).write(folder / "c.zip")
    coco(folder / "d.json", ["d.png"], empty=("d.png",))
    (folder / "e.zip").write_bytes(b"PK damaged")
    iio.imwrite(folder / "f.tif", LABELS.astype(np.uint16))
    iio.imwrite(tmp_path / "images" / "f.png", np.zeros((32, 40, 3, 3), np.uint8), extension=".tif")
    with pytest.raises(InputError) as raised:
        load_pairs(pairs_of(tmp_path))
    said = str(raised.value)
    assert said.startswith("6 pair(s) cannot be used: ")
    assert "a.tif is (9, 40)" in said
    assert "b.tif holds values that are not whole" in said
    assert "c.zip has 2 of 2 particles outside" in said
    assert "d.json has no particle of d.png" in said
    assert "e.zip is no ImageJ ROI set" in said
    assert "f.png is a stack" in said


def test_an_image_without_particles_is_said_to_be_one(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "images" / "b.png", np.zeros_like(LABELS))
    coco(tmp_path / "annotations.json", ["a.png", "b.png"], empty=("b.png",))
    with pytest.raises(InputError, match=r"no particle of b\.png: draw them, .* set empty = true"):
        load_pairs(pairs_of(tmp_path))
    assert [image.area.sum() for image in load_pairs(pairs_of(tmp_path, empty=True))] == [128, 0]
    (tmp_path / "labels").mkdir()
    for name, labels in (("a", LABELS), ("b", LABELS * 0)):
        iio.imwrite(tmp_path / "labels" / f"{name}.png", labels.astype(np.uint16))
    assert [image.area.sum() for image in load_pairs(pairs_of(tmp_path, labels="labels"))] == [128, 0]


def test_boxes_are_weak_labels(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "boxes").mkdir()
    (tmp_path / "boxes" / "a.csv").write_text("id,x0,y0,x1,y1\n1,4,3,12,9\n2,20,15,28,25\n")
    (loaded,) = load_pairs(pairs_of(tmp_path))
    assert loaded.area[1:] == pytest.approx([48, 80], rel=0.15)
    assert loaded.known is not None
    assert loaded.known[0, 0]
    assert loaded.known[6, 8]
    assert not loaded.known[LABELS > 0].all()


def config(*folders: Path, **keys: Any) -> TrainingConfig:
    data = tuple(DataConfig(str(folder)) for folder in folders)
    return TrainingConfig("check", data, {}, **{"validation_fraction": 0.0, **keys})


def test_the_check_tells_counts_sizes_and_every_problem(tmp_path: Path) -> None:
    in_labels(tmp_path / "good")
    in_labels(tmp_path / "bad")
    in_labels(tmp_path / "lonely")
    (tmp_path / "bad" / "labels" / "a.zip").write_bytes(b"PK damaged")
    (tmp_path / "lonely" / "labels" / "a.zip").unlink()
    found = check_data(config(tmp_path / "good", tmp_path / "bad", tmp_path / "lonely"))
    lines = found.lines()
    assert lines[0].endswith("good: 3 images in 3 groups, 6 particles, median diameter 9.0 px")
    assert "    a.png: 40 x 32 px, 2 particles, median diameter 9.0 px, training" in lines
    problems = [line for line in lines if line.startswith("problem: ")]
    assert len(problems) == 2
    assert any("lonely" in p and "image a" in p for p in problems)
    assert any("e.zip" in p or "a.zip" in p for p in problems)


def test_a_part_without_particles_is_a_problem(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png", LABELS * 0)
    (tmp_path / "labels").mkdir()
    iio.imwrite(tmp_path / "labels" / "a.png", np.zeros((32, 40), np.uint8))
    (problem,) = check_data(config(tmp_path)).problems
    assert problem.startswith("the training part has no particle in its 1 image(s): change")
    kept = check_data(config(tmp_path, validation_fraction=0.999999))
    assert [p.split(" has")[0] for p in kept.problems] == ["the training part", "the validation part"]
