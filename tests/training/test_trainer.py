from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import resource
import shutil
import signal
import subprocess
import sys
import time

import imageio.v3 as iio
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from nanoseg_fiji.errors import CancelledError, InputError, ModelError, OutputError
from nanoseg_fiji.network import load_model
from nanoseg_fiji.training.run import TrainingRun
from nanoseg_fiji.training.trainer import train
from nanoseg_fiji.types import ModelSpec


def test_a_run_writes_weights_card_manifest_and_curve(config, tmp_path):
    weights = train(dataclasses.replace(config, steps=50), tmp_path / "run", device="cpu", workers=0)
    card = json.loads(weights.with_suffix(".json").read_text())
    assert card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    model = load_model(ModelSpec("tiny", weights, card["sha256"], card))
    assert model.diameter == 16
    rows = list(csv.DictReader((tmp_path / "run" / "curve.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["50"]
    (pairs,) = json.loads((tmp_path / "run" / "manifest.json").read_text())
    parts = [pair["part"] for pair in pairs]
    assert card["training"]["data"][0]["validation_images"] == parts.count("validation") > 0
    assert card["training"]["data"][0]["training_images"] == parts.count("training") > 0


def test_an_interrupted_run_ends_with_the_same_weights(config, tmp_path):
    whole = train(config, tmp_path / "whole", device="cpu", workers=0)
    asked = iter([False, False, True])
    with pytest.raises(CancelledError, match="step 3"):
        train(config, tmp_path / "parts", device="cpu", workers=0, cancel=lambda: next(asked))
    resumed = train(config, tmp_path / "parts", device="cpu", workers=0)
    first, second = load_file(whole), load_file(resumed)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_a_checkpoint_of_another_configuration_is_refused(config, tmp_path):
    train(config, tmp_path / "run", device="cpu", workers=0)
    with pytest.raises(InputError, match="another configuration"):
        train(dataclasses.replace(config, seed=9), tmp_path / "run", device="cpu", workers=0)


def test_a_damaged_checkpoint_is_named(config, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="cannot be read"):
        train(config, tmp_path / "run", device="cpu", workers=0)


def test_a_loss_that_is_no_number_names_the_batch_and_keeps_the_weights(config, tmp_path, monkeypatch):
    honest = TrainingRun.train_step

    def poisoned(self, images, targets):
        return honest(self, images * (np.nan if self.step == 3 else 1), targets)

    monkeypatch.setattr(TrainingRun, "train_step", poisoned)
    with pytest.raises(ModelError, match=r"no number at step 4 \(seed 1; images \d\.png.*lower the learning"):
        train(config, tmp_path / "run", device="cpu", workers=0)
    good = load_file(tmp_path / "run" / "last-good.safetensors")
    kept = load_file(tmp_path / "run" / "checkpoint.safetensors")
    average = {name[8:]: value for name, value in kept.items() if name.startswith("average.")}
    assert all(torch.isfinite(value).all() for value in good.values())
    assert all(torch.equal(value, average[name]) for name, value in good.items())


def test_a_killed_process_loses_nothing(config, tmp_path, disk_set):
    config = dataclasses.replace(config, steps=20)
    whole = train(config, tmp_path / "whole", device="cpu", workers=0)
    text = (tmp_path / "tiny.toml").read_text().replace("steps = 6\n", "steps = 20\n")
    (tmp_path / "tiny.toml").write_text(text)
    words = ["train", str(tmp_path / "tiny.toml"), "-o", str(tmp_path / "parts"), "--workers", "0"]
    code = "import sys; from nanoseg_fiji.cli import main; sys.exit(main(sys.argv[1:]))"
    with subprocess.Popen([sys.executable, "-c", code, *words, "--device", "cpu"]) as process:
        checkpoint = tmp_path / "parts" / "checkpoint.safetensors"
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.02)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    with safe_open(checkpoint, "pt") as file:
        assert 0 < int(file.metadata()["step"]) < 20
    resumed = train(config, tmp_path / "parts", device="cpu", workers=0)
    first, second = load_file(whole), load_file(resumed)
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    curves = [(tmp_path / run / "curve.csv").read_text().splitlines() for run in ("whole", "parts")]
    assert [line.split(",")[0] for line in curves[0]] == [line.split(",")[0] for line in curves[1]]


def test_a_full_disk_leaves_the_checkpoint_as_it_was(config, tmp_path):
    run = TrainingRun(config, torch.device("cpu"))
    path = tmp_path / "checkpoint.safetensors"
    run.save(path)
    before, size = path.read_bytes(), path.stat().st_size
    run.step = 5
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as a full disk: an error, no signal
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, hard))
    try:
        with pytest.raises(OutputError, match="cannot write"):
            run.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert list(tmp_path.glob(".nanoseg-*")) == []


def test_training_stops_early_with_the_best_weights(config, tmp_path, monkeypatch):
    losses = iter([3.0, 1.0, 2.0, 2.0, 0.5])
    monkeypatch.setattr(TrainingRun, "validation_loss", lambda run, batches: next(losses))
    patient = dataclasses.replace(config, steps=12, validate_every=2, patience=2)
    weights = train(patient, tmp_path / "run", device="cpu", workers=0)
    training = json.loads(weights.with_suffix(".json").read_text())["training"]
    assert training["steps"] == 8
    assert training["stopped_early"]
    assert training["exported"] == {"weights": "best", "step": 4}
    best = load_file(tmp_path / "run" / "best.safetensors")
    exported = load_file(weights)
    assert all(torch.equal(value, exported[name]) for name, value in best.items())
    again = train(patient, tmp_path / "run", device="cpu", workers=0)  # stays stopped
    assert json.loads(again.with_suffix(".json").read_text())["training"] == training


def test_the_last_weights_are_exported_unless_the_best_are_asked_for(config, tmp_path):
    kept = {}
    for keep in ("auto", "best"):
        asked = dataclasses.replace(config, validate_every=3, keep=keep)
        weights = train(asked, tmp_path / keep, device="cpu", workers=0)
        kept[keep] = json.loads(weights.with_suffix(".json").read_text())["training"]["exported"]["weights"]
    assert kept == {"auto": "last", "best": "best"}


def test_changed_data_are_refused(config, tmp_path, disk_set):
    train(config, tmp_path / "run", device="cpu", workers=0)
    shutil.copy(disk_set / "images" / "0.png", disk_set / "images" / "1.png")
    with pytest.raises(InputError, match=r"have changed since it began \(such as 1\.png\)"):
        train(config, tmp_path / "run", device="cpu", workers=0)


def test_a_part_without_particles_is_refused(config, tmp_path, disk_set):
    for path in (disk_set / "labels").iterdir():
        iio.imwrite(path, np.zeros((64, 80), np.uint16))
    with pytest.raises(InputError, match="the training part has no labelled particle"):
        train(config, tmp_path / "run", device="cpu", workers=0)


def test_the_curve_is_a_figure_and_tensorboard_events(config, tmp_path):
    told = []
    train(config, tmp_path / "run", device="cpu", workers=0, progress=lambda done, text: told.append(text))
    assert iio.imread(tmp_path / "run" / "curve.png").shape[:2] == (600, 1050)
    assert told[0].startswith("step 1 of 6, loss ")
    assert told[0].endswith(" left")
    assert list((tmp_path / "run" / "tensorboard").glob("events.out.tfevents.*"))


def test_training_lowers_the_loss(config, tmp_path):
    longer = dataclasses.replace(config, steps=100, learning_rate=1e-2)
    train(longer, tmp_path / "run", device="cpu", workers=0)
    rows = list(csv.DictReader((tmp_path / "run" / "curve.csv").read_text().splitlines()))
    losses = [sum(float(row[k]) for k in ("foreground", "flow")) for row in rows]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_the_rate_warms_up_and_decays(config):
    run = TrainingRun(dataclasses.replace(config, steps=100, warmup=10), torch.device("cpu"))
    rates = []
    for run.step in range(100):
        rates.append(run.rate())
    assert np.argmax(rates) in (9, 10)
    assert rates[0] == pytest.approx(config.learning_rate / 10)
    assert rates[-1] < config.learning_rate * 0.02
