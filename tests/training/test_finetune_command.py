"""The service's command that fine-tunes a model and adds it to the user's list."""

from __future__ import annotations

import pytest

from nanoseg_fiji import service
from nanoseg_fiji.resources import default_model, find_model
from nanoseg_fiji.training.trainer import train


@pytest.fixture
def ask(config, disk_set, tmp_path, monkeypatch):
    """Ask for a model that starts from one that knows nothing."""
    monkeypatch.setenv("NANOSEG_MODELS", str(tmp_path / "models"))
    start = train(config, tmp_path / "start", device="cpu", workers=0)
    usual = {"data": str(disk_set), "model": str(start), "name": "mine", "steps": 120, "learning_rate": 1e-2}

    def call(progress=None, cancel=None, **params):
        return service.run({"command": "finetune", "params": usual | params}, progress, cancel)

    return call


def test_the_new_model_is_in_the_list_and_the_usual_one(ask):
    told = []
    response = ask(lambda done, what: told.append((done, what)), usual=True)
    assert (response["status"], response["error"], response["count"]) == ("ok", "", 1)
    assert find_model("mine").name == "mine" and default_model() == "mine"
    summary = response["summary"]
    assert summary["model"] == "mine" and summary["F1_after"] >= summary["F1_before"]
    assert response["messages"][0].endswith("; the model mine is in the list")
    assert told and all(0 <= done <= 1 and what for done, what in told)
    again = ask()
    assert again["status"] == "error" and "'mine' is there already" in again["error"]


def test_cancelled_or_worse_adds_nothing(ask, tmp_path):
    assert ask(cancel=lambda: True)["status"] == "cancelled"
    assert ask()["count"] == 1
    ruined = ask(model="mine", name="ruined", steps=20, learning_rate=3.0)
    assert (ruined["status"], ruined["count"], ruined["summary"]["model"]) == ("ok", 0, "")
    assert ruined["messages"][0].endswith("; no model was added")
    assert not list((tmp_path / "models").glob("ruined*"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"data": ""}, "no training folder: name the one that NanoSeg Add to Training Set"),
        ({"name": ""}, "no name for the new model"),
        ({"name": "em-particles"}, "comes with nanoseg-fiji: give another name"),
        ({"data": "/no/where"}, "/no/where"),
    ],
)
def test_what_is_missing_is_said_before_the_work(ask, params, message):
    response = ask(**params)
    assert response["status"] == "error" and message in response["error"]
