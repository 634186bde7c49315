"""``nanoseg-fiji evaluate``: label images, a model and ImageJ's pipeline against the truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from nanoseg_fiji.cli import main
from nanoseg_fiji.resources import find_model

if TYPE_CHECKING:
    from pathlib import Path

    from nanoseg_fiji.imagej import ImageJ


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two micrographs of nine disks each, dark and bright ones, with their labels."""
    y, x = np.mgrid[:168, :168]
    labels = np.zeros((168, 168), np.uint16)
    for i in range(9):
        labels[(y - 28 - 56 * (i // 3)) ** 2 + (x - 28 - 56 * (i % 3)) ** 2 <= (14 + i % 2) ** 2] = i + 1
    noise = np.random.default_rng(0).normal(0, 5, labels.shape)
    for folder in ("images", "labels", "predicted"):
        (tmp_path / folder).mkdir()
    for name, inside, outside in (("bright", 170, 70), ("dark", 70, 170)):
        pixels = np.where(labels > 0, inside, outside) + noise
        Image.fromarray(pixels.round().astype(np.uint8)).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(labels).save(tmp_path / "labels" / f"{name}.png")
    halves = np.where(labels > 6, 0, labels).astype(np.uint16)
    Image.fromarray(halves).save(tmp_path / "predicted" / "dark_labels.tif")
    Image.fromarray(labels).save(tmp_path / "predicted" / "bright_labels.tif")
    return tmp_path


def run(data: Path, *words: str) -> tuple[int, dict]:
    """Run the command with a report; what stands in its JSON."""
    out = data / "report"
    status = main(["evaluate", *(word.format(data=data) for word in words), "-o", str(out)])
    return status, json.loads((out / "evaluation.json").read_text(encoding="utf-8"))


def test_label_images_are_judged(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = run(data, "{data}/predicted", "{data}/labels", "--images", "{data}/images")
    assert status == 0
    assert found["pooled"]["AP50"] == pytest.approx(15 / 18)
    assert found["mean"]["AP50"] == pytest.approx((1 + 6 / 9) / 2)
    assert found["pooled"]["SQ"] == 1
    said = capsys.readouterr().out
    assert "2 images, 18 particles, 15 predicted" in said
    line = next(line for line in said.splitlines() if line.startswith("AP50"))
    assert line.split() == ["AP50", "0.833", "0.667", "to", "1.000", "0.833"]
    page = (data / "report" / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == 2
    assert page.index("dark: AP50 0.667") < page.index("bright: AP50 1.000")


def test_false_particles_on_marks_are_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "marks").mkdir()
    for name in ("bright", "dark"):
        marks = np.full((168, 168), 255, np.uint8)
        Image.fromarray(marks).save(data / "marks" / f"{name}.png")
    status, content = run(data, "{data}/labels", "{data}/predicted", "--marks", "{data}/marks")
    assert status == 0
    assert content["false_particles"]["on_marks"] == 3
    assert "3 of 3 false ones lie on text or bars" in capsys.readouterr().out


def test_a_list_restricts_what_is_judged(data: Path) -> None:
    (data / "list.txt").write_text("dark.png\n", encoding="utf-8")
    _, found = run(data, "{data}/predicted", "{data}/labels", "--list", "{data}/list.txt")
    assert (found["images"], found["pooled"]["recall"]) == (1, pytest.approx(6 / 9))


@pytest.mark.jvm
def test_the_baseline_is_told_the_polarity(data: Path, ij: ImageJ) -> None:
    status, found = run(data, "{data}/images", "{data}/labels", "--baseline", "imagej")
    assert status == 0
    assert found["pooled"]["AP50"] == 1
    assert found["settings"]["baseline"] == "imagej"


def test_a_model_is_judged_with_and_without_the_true_scale(data: Path) -> None:
    (data / "list.txt").write_text("dark\n", encoding="utf-8")
    words = ("{data}/images", "{data}/labels", "--model", "em-particles", "--device", "cpu")
    status, found = run(data, *words, "--list", "{data}/list.txt")
    assert status == 0
    assert found["settings"]["sha256"] == find_model("em-particles").sha256
    assert found["diameter"]["images"] == 1
    assert sum(found["reliability"]["count"]) > 0
    status, told = run(data, *words, "--true-scale", "--overwrite")
    assert status == 0
    assert told["diameter"] is None
    assert told["images"] == 2
    assert told["pooled"]["AP50"] > 0.5


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["{data}/predicted", "{data}/none"], 1, "there is no {data}/none"),
        (["{data}/predicted", "{data}/labels", "--model", "a", "--baseline", "imagej"], 1, "not both"),
        (["{data}/images", "{data}/labels", "--baseline", "fiji"], 1, "there is imagej"),
        (["{data}/images", "{data}/labels", "--model", "nope"], 1, "unknown model 'nope'"),
        (["{data}/images", "{data}/labels", "--true-scale"], 1, "are for --model"),
        (["{data}/images", "{data}/labels", "--model", "em-particles", "--diameter", "-3"], 1, "diameter=-3"),
        (["{data}/predicted", "{data}/labels", "--list", "{data}/no.txt"], 1, "cannot read the list"),
        (
            ["{data}/predicted", "{data}/small"],
            1,
            "bright: predicted labels are (168, 168), true ones (5, 5)",
        ),
        (["{data}/predicted"], 2, "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_a_status(
    data: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, said: str
) -> None:
    (data / "small").mkdir()
    for name in ("bright", "dark"):
        Image.fromarray(np.eye(5, dtype=np.uint8)).save(data / "small" / f"{name}.png")
    assert main(["evaluate", *(word.format(data=data) for word in words), "-o", str(data / "out")]) == status
    told = capsys.readouterr().err.strip()
    assert said.format(data=data) in told
    assert told.startswith("error: ")
    assert len(told.splitlines()) == 1
    assert not list((data / "out").glob("*"))


def test_a_report_that_is_there_is_kept(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, "{data}/predicted", "{data}/labels")
    (data / "report" / "evaluation.csv").write_text("mine")
    words = ["evaluate", f"{data}/predicted", f"{data}/labels", "-o", f"{data}/report"]
    assert main(words) != 0
    assert "is there already and was kept" in capsys.readouterr().err
    assert (data / "report" / "evaluation.csv").read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert (data / "report" / "evaluation.csv").read_text() != "mine"
