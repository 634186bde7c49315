from __future__ import annotations

import dataclasses
import json

import imageio.v3 as iio
import numpy as np
import pytest
from safetensors.torch import load_file

from nanoseg_fiji.cli import main
from nanoseg_fiji.errors import CancelledError, InputError, ModelError, OutputError
from nanoseg_fiji.pipeline import segment
from nanoseg_fiji.training import stages
from nanoseg_fiji.training.config import DataConfig
from nanoseg_fiji.training.datasets import find_pairs, load_pairs
from nanoseg_fiji.training.finetune import finetune
from nanoseg_fiji.training.holdout import hold_out
from nanoseg_fiji.training.trainer import train


@pytest.fixture(autouse=True)
def small_crops(config, monkeypatch):
    """Crops that a test can afford."""
    crops = dataclasses.replace(config.crops, pixels=4 * config.crops.pixels)
    monkeypatch.setattr("nanoseg_fiji.training.finetune.CROPS", crops)


@pytest.fixture
def start(config, tmp_path):
    """A model that knows nothing yet."""
    return train(config, tmp_path / "start", device="cpu", workers=0)


def held(folder, seed=1):
    pairs = find_pairs(DataConfig(str(folder)), 0.0, seed)
    return hold_out(pairs, load_pairs(pairs), seed)


def keep(folder, count):
    for kind in ("images", "labels"):
        for path in sorted((folder / kind).iterdir())[count:]:
            path.unlink()


def test_a_model_that_learns_is_kept_and_segments(start, disk_set, tmp_path):
    tuned = finetune(
        disk_set,
        str(start),
        output=tmp_path / "new",
        name="mine",
        steps=120,
        learning_rate=1e-2,
        device="cpu",
    )
    assert tuned.step > 0
    assert tuned.after["loss"] < tuned.before["loss"]
    assert tuned.after["F1"] >= tuned.before["F1"] and tuned.after["AP50"] >= tuned.before["AP50"]
    assert tuned.message.startswith(f"kept the weights of step {tuned.step}")
    card = json.loads((tmp_path / "new" / "mine.json").read_text(encoding="utf-8"))
    assert card["training"]["start"]["sha256"] == json.loads(start.with_suffix(".json").read_text())["sha256"]
    assert card["fine_tuning"]["after"] == tuned.after
    parts = [entry["part"] for entry in card["training"]["data"]]
    assert sorted(parts) == ["training"] * 4 + ["validation"]
    assert all(len(entry["image_sha256"]) == 64 for entry in card["training"]["data"])
    found = segment(disk_set / "images" / "0.png", model=str(tuned.weights), device="cpu")
    assert found.provenance["model"] == "mine"


def test_a_run_that_harms_keeps_the_starting_weights(start, disk_set, tmp_path):
    tuned = finetune(
        disk_set, str(start), output=tmp_path, name="good", steps=120, learning_rate=1e-2, device="cpu"
    )
    assert tuned.step > 0
    ruined = finetune(
        disk_set, str(tuned.weights), output=tmp_path, name="ruined", steps=4, learning_rate=3.0, device="cpu"
    )
    assert ruined.step == 0
    assert ruined.message.startswith("kept the starting weights")
    assert ruined.after == ruined.before
    first, second = load_file(tuned.weights), load_file(ruined.weights)
    assert all(np.array_equal(value, second[name]) for name, value in first.items())


def test_the_only_image_keeps_a_strip_aside(disk_set):
    keep(disk_set, 1)
    parts = held(disk_set)
    truth = iio.imread(disk_set / "labels" / "0.png")
    (training,), (sample,) = parts.training, parts.samples
    shapes = [training.labels.shape, sample.truth.shape]
    axis = 0 if shapes[0][1] == truth.shape[1] == shapes[1][1] else 1
    assert shapes[0][axis] + shapes[1][axis] == truth.shape[axis]
    assert sample.image.shape == sample.truth.shape
    assert (training.labels > 0).sum() + (sample.truth > 0).sum() == (truth > 0).sum()
    assert training.area.any() and sample.truth.any()
    assert "px of 0.png" in parts.kept


def test_groups_are_kept_aside_as_a_whole_and_have_particles(disk_set):
    for number in (1, 2, 3):
        iio.imwrite(disk_set / "labels" / f"{number}.png", np.zeros((64, 80), np.uint16))
    for seed in range(4):
        parts = held(disk_set, seed)
        assert parts.kept in ("0.png", "4.png")
        assert len(parts.training) == 4


def test_too_few_particles_are_refused(disk_set):
    keep(disk_set, 1)
    labels = np.zeros((64, 80), np.uint16)
    iio.imwrite(disk_set / "labels" / "0.png", labels)
    with pytest.raises(InputError, match="no image has a labelled particle"):
        held(disk_set)
    labels[10:20, 10:20] = 1
    iio.imwrite(disk_set / "labels" / "0.png", labels)
    with pytest.raises(InputError, match="too few particles"):
        held(disk_set)


def test_cancelling_writes_nothing(start, disk_set, tmp_path):
    told = []
    with pytest.raises(CancelledError, match="nothing was written"):
        finetune(
            disk_set,
            str(start),
            output=tmp_path / "new",
            steps=8,
            device="cpu",
            progress=lambda done, text: told.append(text),
            cancel=lambda: bool(told),
        )
    assert "step 1 of 8" in told[0] and "left" in told[0]
    assert list((tmp_path / "new").iterdir()) == []


def test_a_model_that_is_there_is_kept(start, disk_set, tmp_path):
    with pytest.raises(InputError, match="is there already"):
        finetune(disk_set, str(start), output=start.parent, name="tiny", device="cpu")
    with pytest.raises(ModelError, match="unknown model"):
        finetune(disk_set, "no-such-model", output=tmp_path)


def test_a_folder_that_cannot_be_written_to_is_told(start, disk_set, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        finetune(disk_set, str(start), output=tmp_path / "file" / "x", steps=4, device="cpu")


def test_few_minutes_make_few_steps(start, disk_set, tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "_FEWEST", 4)
    tuned = finetune(disk_set, str(start), output=tmp_path, name="a", steps=5000, minutes=1e-6, device="cpu")
    card = json.loads(tuned.weights.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["training"]["steps"] == 4


def test_the_command_says_what_was_kept(start, disk_set, tmp_path, capsys):
    words = ["finetune", "--data", str(disk_set), "--model", str(start), "-o", str(tmp_path / "new")]
    assert main([*words, "--name", "mine", "--steps", "4", "--device", "cpu"]) == 0
    told = capsys.readouterr().out
    assert "kept the " in told
    assert str(tmp_path / "new" / "mine.safetensors") in told.replace("\n", "")
