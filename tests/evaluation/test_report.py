"""The report: what is written, and what the pictures show."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nanoseg_fiji.errors import OutputError
from nanoseg_fiji.evaluation import evaluate, evaluate_image, find_overlaps
from nanoseg_fiji.evaluation.pictures import OUTCOMES, draw_outcomes, outcomes
from nanoseg_fiji.evaluation.report import badness, write_report

if TYPE_CHECKING:
    from pathlib import Path

NAMES = list(OUTCOMES)


def boxes(*spans: tuple[int, int]) -> np.ndarray:
    """Particles 10 px high with these first and last columns, each its own label."""
    labels = np.zeros((14, 100), np.int32)
    for i, (left, right) in enumerate(spans):
        labels[2:12, left:right] = i + 1
    return labels


TRUTH = boxes((0, 10), (20, 30), (31, 41), (50, 70), (80, 90))
PRED = boxes((0, 10), (20, 41), (50, 60), (60, 70), (94, 99))


def test_every_particle_gets_its_outcome() -> None:
    pred, truth = outcomes(find_overlaps(np.where(PRED == 3, 0, PRED), TRUTH))
    # half of the fourth particle alone is a match at exactly 0.5
    assert [NAMES[i] for i in pred] == ["match", "merge", "match", "false positive"]
    thirds = boxes((0, 10), (20, 41), (50, 56), (57, 63), (64, 70), (94, 99))
    pred, truth = outcomes(find_overlaps(thirds, TRUTH))
    assert [NAMES[i] for i in pred] == ["match", "merge", "split", "split", "split", "false positive"]
    assert [NAMES[i] for i in truth] == ["match", "merge", "merge", "split", "missed"]


@pytest.mark.parametrize("gray", [None, np.full(TRUTH.shape, 50, np.float32)])
def test_outcomes_are_drawn_in_their_colours(gray: np.ndarray | None) -> None:
    picture = draw_outcomes(gray, PRED, TRUTH)
    zoom = picture.shape[0] // TRUTH.shape[0]
    assert picture.shape == (zoom * 14, zoom * 100, 3)
    assert picture.shape[1] >= 500
    for name, (row, col) in {
        "match": (2, 0),
        "merge": (2, 25),
        "missed": (2, 85),
        "false positive": (2, 96),
    }.items():
        assert tuple(picture[row * zoom, col * zoom + 1]) == OUTCOMES[name]
    assert not picture[0].any(), "the ground stays as it is"
    filled, matched = picture[6 * zoom + 2, 85 * zoom + 2], picture[6 * zoom + 2, 5 * zoom + 2]
    assert filled[0] > filled[2]
    assert len(set(matched.tolist())) == 1


def test_nothing_at_all_can_be_drawn() -> None:
    assert not draw_outcomes(None, np.zeros((8, 8), np.int32), np.zeros((8, 8), np.int32)).any()


def test_the_report_holds_the_scores_and_the_worst_images_first(tmp_path: Path) -> None:
    images = [
        evaluate_image("good", TRUTH, TRUTH, np.full(5, 0.9), 10.0),
        evaluate_image("<bad>", PRED, TRUTH, np.full(5, 0.5), 30.0),
        evaluate_image("empty", boxes(), boxes(), np.empty(0)),
    ]
    found = evaluate(images)
    worst = sorted(images, key=badness)
    assert worst[0].name == "<bad>"
    out = tmp_path / "näw dir" / "report"
    paths = write_report(found, out, {"model": "m"}, [(worst[0], draw_outcomes(None, PRED, TRUTH))])
    assert sorted(out.iterdir()) == sorted(paths)

    content = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert content["pooled"]["AP50"] == pytest.approx(found.pooled["AP50"])
    assert content["settings"] == {"model": "m"}
    assert content["images"] == 3
    assert content["reliability"]["count"][9] == 5
    assert content["diameter"]["images"] == 2
    assert content["bias"] == found.bias
    assert content["false_particles"]["empty_images"] == 1

    with (out / "evaluation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["good", "<bad>", "empty"]
    assert [float(row["AP50"]) for row in rows] == pytest.approx(found.per_image["AP50"].tolist(), rel=1e-8)
    assert (rows[1]["merges"], rows[1]["splits"]) == ("1", "1")
    assert rows[2]["diameter_error"] == "nan"

    page = (out / "evaluation.html").read_text(encoding="utf-8")
    assert "<bad>" not in page
    assert "0 found on 1 images without any" in page
    assert "Bias of size" in page
    assert page.rindex("&lt;bad&gt;") < page.rindex("good")
    pictures = re.findall(r'base64,([^"]+)"', page)
    assert len(pictures) == 1
    assert Image.open(io.BytesIO(base64.b64decode(pictures[0]))).size == (500, 70)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = evaluate([evaluate_image("a", TRUTH, TRUTH)])
    with pytest.raises(OutputError, match="cannot write to"):
        write_report(found, tmp_path / "file" / "x", {}, [])
