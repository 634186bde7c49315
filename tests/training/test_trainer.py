from __future__ import annotations

import csv
import dataclasses
import hashlib
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from nanoseg_fiji.errors import CancelledError, InputError, ModelError
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


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(config, tmp_path):
    with pytest.raises(ModelError, match="no number at step"):
        train(
            dataclasses.replace(config, learning_rate=1e30, clip=1e30, steps=40, warmup=1),
            tmp_path / "run",
            device="cpu",
            workers=0,
        )
    kept = load_file(tmp_path / "run" / "checkpoint.safetensors")
    assert any(name.startswith("average.") for name in kept)


def test_training_lowers_the_loss(config, tmp_path):
    longer = dataclasses.replace(config, steps=100, learning_rate=1e-2)
    train(longer, tmp_path / "run", device="cpu", workers=0)
    rows = list(csv.DictReader((tmp_path / "run" / "curve.csv").read_text().splitlines()))
    losses = [sum(float(row[k]) for k in ("foreground", "distance")) for row in rows]
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
