"""Every format gives the same labels back, and says what is wrong with it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nanoseg_fiji.annotations import kind_of, read_annotation, read_label_image
from nanoseg_fiji.annotations.coco import decode_counts
from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SQUARE = [[2, 2, 8, 2, 8, 8, 2, 8]]


def simple(labels: np.ndarray) -> np.ndarray:
    """What VIA can hold: no ring, no particle of two parts."""
    return np.where(labels >= 4, 0, labels)


def coco(path: Path, annotations: list[dict[str, Any]], size: tuple[int, int] = (20, 30)) -> Path:
    images = [{"id": 1, "file_name": "a.png", "height": size[0], "width": size[1]}]
    items = [{"image_id": 1, **item} for item in annotations]
    path.write_text(json.dumps({"images": images, "annotations": items}))
    return path


def test_every_format_gives_the_labels_back(kind: str, export: Callable, labels: np.ndarray) -> None:
    labels = simple(labels) if kind.startswith("VIA") else labels
    path = export(kind, labels)
    assert kind_of(path) == kind.removesuffix(" CSV")
    found = read_annotation(path, labels.shape, name="a.png")
    np.testing.assert_array_equal(found.labels, labels)
    assert found.known is None
    assert found.notes == ()


@pytest.mark.parametrize("place", ["emps-train/labels/00655d9628.png", "silica-sem-train/labels/B01-1.png"])
def test_real_labels_come_back(kind: str, export: Callable, data_dir: Path, place: str) -> None:
    labels = read_label_image(data_dir / place)
    found = read_annotation(export(kind, labels), labels.shape, name="a.png").labels
    ids = np.unique(labels[labels > 0])
    expected = np.searchsorted(ids, labels) + 1
    expected[labels == 0] = 0
    if kind.startswith("VIA"):  # without holes and further parts
        same = found == expected
        assert same.mean() > 0.999
        assert set(np.unique(found)) == set(np.unique(expected))
    elif kind in ("image", "ROIs"):
        np.testing.assert_array_equal(found, labels)
    else:
        np.testing.assert_array_equal(found, expected)


def test_the_files_own_size_must_be_that_of_the_image(export: Callable, labels: np.ndarray) -> None:
    for kind in ("image", "COCO", "labelme"):
        with pytest.raises(InputError, match=r"a\..*\(70, 90\).*\(90, 70\)"):
            read_annotation(export(kind, labels), (90, 70), name="a.png")


def test_drawings_outside_the_image_are_refused(export: Callable, labels: np.ndarray) -> None:
    for kind in ("ROIs", "VIA"):
        with pytest.raises(InputError, match=r"outside the image of 40 x 60 pixels .*another image"):
            read_annotation(export(kind, simple(labels)), (40, 60), name="a.png")


def test_where_particles_overlap_the_first_keeps_the_pixel(tmp_path: Path) -> None:
    second = [[5, 5, 12, 5, 12, 12, 5, 12]]
    path = coco(tmp_path / "c.json", [{"segmentation": SQUARE}, {"segmentation": second}])
    found = read_annotation(path, (20, 30), name="a.png")
    assert (found.labels[2:8, 2:8] == 1).all()
    assert np.bincount(found.labels.ravel())[1:].tolist() == [36, 49 - 9]
    assert found.notes == ("9 pixels lie in more than one particle: the first in the file keeps them",)


def test_parts_of_one_particle_are_joined_and_crowds_are_unknown(tmp_path: Path) -> None:
    parts = [*SQUARE, [5, 5, 12, 5, 12, 12, 5, 12]]
    crowd = {"size": [20, 30], "counts": [20 * 20, 20 * 10]}
    items = [{"segmentation": parts}, {"segmentation": crowd, "iscrowd": 1}]
    found = read_annotation(coco(tmp_path / "c.json", items), (20, 30), name="a.png")
    assert (found.labels == 1).sum() == 36 + 49 - 9
    assert found.labels.max() == 1
    assert found.known is not None
    np.testing.assert_array_equal(found.known, np.indices((20, 30))[1] < 20)


def test_run_lengths_of_the_coco_api_are_read(tmp_path: Path) -> None:
    # pycocotools.mask.encode of this disk
    text = "l`01S18J4M2N2N2N2O0O2O00000O20N1000001N101N2N2N2N3L6HPk0"
    rows, cols = np.indices((40, 60))
    disk = (rows - 20) ** 2 + (cols - 25) ** 2 <= 144
    item = {"segmentation": {"size": [40, 60], "counts": text}}
    found = read_annotation(coco(tmp_path / "c.json", [item], (40, 60)), (40, 60), name="a.png")
    np.testing.assert_array_equal(found.labels, disk)


def test_run_lengths_as_list_and_compressed(tmp_path: Path) -> None:
    runs = [45, 3, 600, 3, 7, 5, 1, 1000, 36]

    def compress(numbers: list[int]) -> str:
        text = ""
        for index, number in enumerate(numbers):
            value = number - (numbers[index - 2] if index > 2 else 0)
            while True:
                bits, value = value & 0x1F, value >> 5
                more = value != (-1 if bits & 0x10 else 0)
                text += chr(bits + 48 + 0x20 * more)
                if not more:
                    break
        return text

    assert decode_counts(compress(runs)).tolist() == runs
    for counts in (runs, compress(runs)):
        item = {"segmentation": {"size": [50, 34], "counts": counts}}
        found = read_annotation(coco(tmp_path / "c.json", [item], (50, 34)), (50, 34), name="a.png").labels
        flat = np.repeat(np.arange(len(runs)) % 2, runs)
        np.testing.assert_array_equal(found, flat.reshape(34, 50).T)
        os.utime(tmp_path / "c.json", ns=(1, 1))
    for damaged in ("", "6o", "\x20"):
        with pytest.raises(ValueError, match="damaged"):
            decode_counts(damaged)


def test_all_that_is_wrong_in_a_coco_file_is_listed(tmp_path: Path) -> None:
    items = [
        {"id": 1, "segmentation": [[1, 1, 4, 4]]},
        {"id": 2, "segmentation": SQUARE},
        {"id": 3, "image_id": 9, "segmentation": SQUARE},
        {"id": 4, "segmentation": {"size": [20, 30], "counts": [3, 4]}},
        {"id": 5, "segmentation": [], "iscrowd": 0},
    ]
    path = coco(tmp_path / "c.json", items)
    with pytest.raises(
        InputError, match=r"annotation 1: .*three.*; annotation 3: image 9 .*; annotation 4: .*; annotation 5"
    ):
        read_annotation(path, (20, 30), name="a.png")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{"images": [', "damaged"),
        ("a.json", '{"anything": 3}', "holds no labels: it takes"),
        ("a.txt", "a text", "holds no labels: it takes"),
        ("a.json", '{"images": [{"id": 1}], "annotations": []}', "'file_name' is missing"),
        ("a.json", '{"shapes": [{"points": [[1, 1], [2, 2]]}]}', "shape 1: a polygon takes three"),
        ("a.json", '{"shapes": [{"shape_type": "star", "points": []}]}', "unknown shape 'star'"),
        ("a.csv", "id,x0,y0,x1,y1\n1,5,5,2,2\n2,a,0,1,1\n3,1,1,2,2\n", "line 2, 3 is no box"),
        ("a.json", '{"k": {"filename": "b.png", "regions": []}}', r"says nothing about a\.png"),
        ("a.zip", "PK nonsense", "no ImageJ ROI set"),
        ("a.png", "", "is empty"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=rf"{name} .*{said}|{said}.*{name}"):
        read_annotation(path, (20, 30), name="a.png", gray=np.zeros((20, 30), np.float32))


def test_circles_ellipses_and_what_has_no_area(tmp_path: Path) -> None:
    regions = [
        {"name": "circle", "cx": 20, "cy": 20, "r": 10},
        {"name": "ellipse", "cx": 60, "cy": 30, "rx": 5, "ry": 15, "theta": 0},
        {"name": "ellipse", "cx": 60, "cy": 70, "rx": 15, "ry": 5, "theta": np.pi / 2},
        {"name": "point", "cx": 3, "cy": 3},
    ]
    entries = {str(i): {"shape_attributes": region} for i, region in enumerate(regions)}  # as VIA 1 has it
    path = tmp_path / "via.json"
    path.write_text(json.dumps({"a.png9": {"filename": "a.png", "regions": entries}}))
    found = read_annotation(path, (100, 100), name="a.png")
    area = np.bincount(found.labels.ravel())[1:]
    assert area == pytest.approx([np.pi * 100, np.pi * 75, np.pi * 75], rel=0.04)
    for label, (high, wide) in {1: (20, 20), 2: (30, 10), 3: (30, 10)}.items():
        rows, cols = np.nonzero(found.labels == label)
        assert abs(np.ptp(rows) + 1 - high) <= 1
        assert abs(np.ptp(cols) + 1 - wide) <= 1
    assert found.notes == ("1 point(s) and line(s) have no area and were left out",)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = coco(tmp_path / "c.json", [{"segmentation": SQUARE}])
    assert read_annotation(path, (20, 30), name="a.png").labels.max() == 1
    coco(path, [{"segmentation": SQUARE}, {"segmentation": [[12, 2, 18, 2, 18, 8]]}])
    assert read_annotation(path, (20, 30), name="a.png").labels.max() == 2
