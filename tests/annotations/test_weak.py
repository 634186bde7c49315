"""Boxes become outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nanoseg_fiji.annotations import read_annotation, read_label_image
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image

if TYPE_CHECKING:
    from pathlib import Path

ROWS, COLS = np.indices((120, 160)) + 0.5


def boxes_of(labels: np.ndarray) -> np.ndarray:
    found = [np.nonzero(labels == i) for i in np.unique(labels[labels > 0])]
    return np.array([[c.min(), r.min(), c.max() + 1, r.max() + 1] for r, c in found], float)


def write(path: Path, boxes: np.ndarray) -> Path:
    lines = [f"{i},{','.join(map(str, box))}" for i, box in enumerate(boxes.tolist(), 1)]
    path.write_text("\n".join(["id,x0,y0,x1,y1", *lines]))
    return path


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


@pytest.fixture
def truth() -> np.ndarray:
    """An ellipse, a square and a square that stands on a corner."""
    labels = np.zeros(ROWS.shape, np.int32)
    labels[((ROWS - 30) / 20) ** 2 + ((COLS - 35) / 12) ** 2 <= 1] = 1
    labels[np.maximum(abs(ROWS - 30), abs(COLS - 100)) <= 20] = 2
    labels[abs(ROWS - 85) + abs(COLS - 60) <= 25] = 3
    return labels


@pytest.mark.parametrize("contrast", [60, -60])
def test_the_image_tells_what_the_box_does_not(tmp_path: Path, truth: np.ndarray, contrast: int) -> None:
    noise = np.random.default_rng(1).normal(0, 10, truth.shape)
    gray = (120 + contrast * (truth > 0) + 30 * COLS / 160 + noise).astype(np.float32)
    found = read_annotation(write(tmp_path / "b.csv", boxes_of(truth)), truth.shape, gray=gray)
    for label, box in enumerate(boxes_of(truth), 1):
        x0, y0, x1, y1 = box
        ellipse = ((COLS - (x0 + x1) / 2) / (x1 - x0)) ** 2 + (
            (ROWS - (y0 + y1) / 2) / (y1 - y0)
        ) ** 2 <= 0.25
        own = truth == label
        assert overlap(found.labels == label, own) > max(0.9, overlap(ellipse, own) - 0.03)
    assert overlap(found.labels > 0, truth > 0) > 0.94
    assert found.known is not None
    wrong = (found.labels != truth) & found.known
    assert wrong.sum() < 0.2 * (found.labels != truth).sum()
    assert found.known[
        boxes_of(truth)[:, 1].astype(int).min() + 20, 35
    ]  # the middle of a particle is certain


def test_without_contrast_the_inscribed_ellipse_remains(tmp_path: Path) -> None:
    flat = np.full((60, 80), 5, np.float32)
    flat[0, 0] = np.nan
    found = read_annotation(write(tmp_path / "b.csv", np.array([[10, 10, 50, 40]])), flat.shape, gray=flat)
    rows, cols = np.indices(flat.shape) + 0.5
    ellipse = ((cols - 30) / 20) ** 2 + ((rows - 25) / 15) ** 2 <= 1
    assert overlap(found.labels == 1, ellipse) > 0.97


def test_what_two_boxes_share_is_unknown_and_drawn_outlines_are_certain(tmp_path: Path) -> None:
    gray = np.random.default_rng(0).normal(size=(60, 80)).astype(np.float32)
    path = write(tmp_path / "b.csv", np.array([[10, 10, 40, 40], [25, 10, 55, 40], [70, 50, 70, 55]]))
    found = read_annotation(path, gray.shape, gray=gray)
    assert found.known is not None
    assert not found.known[25, 28:37].any()
    assert found.labels[25, 30] == 1
    assert found.notes[0] == "1 particle(s) hold no pixel and were left out"
    path.write_text(
        '{"shapes": [{"shape_type": "rectangle", "points": [[40, 40], [10, 10]]},'
        '{"points": [[25, 10], [55, 10], [55, 40], [25, 40]]}]}'
    )
    mixed = read_annotation(path, gray.shape, gray=gray)
    assert mixed.known is not None
    assert mixed.known[mixed.labels == 2].all()
    assert not mixed.known[mixed.labels == 1].all()


def test_boxes_need_the_image_and_lie_in_it(tmp_path: Path) -> None:
    path = write(tmp_path / "b.csv", np.array([[10, 10, 40, 40], [90, 10, 95, 40]]))
    with pytest.raises(InputError, match=r"b\.csv holds boxes, which are no outlines"):
        read_annotation(path, (60, 80))
    with pytest.raises(InputError, match=r"b\.csv has 1 of 2 particles outside .*\(2\)"):
        read_annotation(path, (60, 80), gray=np.zeros((60, 80), np.float32))


def test_real_outlines_come_back_from_their_boxes(tmp_path: Path, data_dir: Path) -> None:
    folder = data_dir / "silica-sem-train"
    labels = read_label_image(folder / "labels" / "B01-1.png")
    gray = to_gray(read_image(folder / "images" / "B01-1.png"))
    found = read_annotation(write(tmp_path / "b.csv", boxes_of(labels)), labels.shape, gray=gray)
    ids = np.unique(labels[labels > 0])
    scores = [overlap(found.labels == i, labels == old) for i, old in enumerate(ids, 1)]
    assert np.median(scores) > 0.9


def test_stem_particles_are_brighter_than_what_surrounds_them(data_dir: Path) -> None:
    folder = data_dir / "ardagen-stem-boxes"
    gray = to_gray(read_image(folder / "images" / "Cu4.png"))
    found = read_annotation(folder / "boxes" / "Cu4.csv", gray.shape, gray=gray)
    assert len(np.unique(found.labels)) == 40
    assert gray[found.labels > 0].mean() > gray[found.labels == 0].mean() + 20
