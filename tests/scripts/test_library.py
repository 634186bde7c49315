"""The commands about models, documentation and what is installed, headless."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
import tifffile
import torch

from nanoseg_fiji import __version__
from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.network import build, save_weights
from nanoseg_fiji.resources import default_model, find_model, list_models

from .conftest import status

pytestmark = pytest.mark.jvm

ARCHITECTURE = {"name": "flow-unet", "channels": [4, 8], "bottom_blocks": 1}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's folder, for this process."""
    monkeypatch.setenv("NANOSEG_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def trained(tmp_path):
    """A small model, in a folder with a space."""
    torch.manual_seed(0)
    weights = tmp_path / "a run" / "rods.safetensors"
    sha256 = save_weights(build(ARCHITECTURE), weights)
    card = {"name": "rods", "sha256": sha256, "architecture": ARCHITECTURE, "diameter": 32.0}
    weights.with_suffix(".json").write_text(json.dumps(card))
    return weights


@pytest.fixture
def log_of(run, capfd):
    """What a macro writes to the log, which headless is standard output."""

    def call(*lines):
        capfd.readouterr()
        run(*lines)
        return capfd.readouterr().out.splitlines()

    return call


@pytest.mark.parametrize(
    "line",
    [
        'newImage("m", "8-bit ramp", 90, 90, 1); run("Segment Particles...", "model=nobody");',
        'run("Batch Folder...", "input=[{folder}] output=[{folder}/out] model=nobody");',
        'run("Fine-tune Model...", "data=[{folder}] model=nobody");',
    ],
    ids=["segment", "batch", "finetune"],
)
def test_a_model_that_is_not_there_is_named_with_those_that_are(run, own, tmp_path, line):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
        tifffile.imwrite(tmp_path / kind / "a.tif", np.eye(96, dtype=np.uint8))
    with pytest.raises(ImageJError, match=r"unknown model 'nobody'.*em-particles"):
        run(line.replace("{folder}", str(tmp_path)))
    assert not (tmp_path / "out").exists()


def test_models_are_listed(log_of, own):
    lines = log_of('run("NanoSeg Models...");')
    assert [line.split(":")[0].split(" ")[0] for line in lines] == [spec.name for spec in list_models()]
    line = next(line for line in lines if line.startswith("em-particles (default): "))
    assert str(find_model("em-particles").card["weights"]) in line
    assert status()["count"] == str(len(lines))


def test_model_is_imported_made_default_and_removed(run, log_of, own, trained):
    run(f'run("NanoSeg Models...", "action=import path=[{trained}] name=mine");')
    assert find_model("mine").weights.parent == own
    run('run("NanoSeg Models...", "action=default name=mine");')
    assert default_model() == "mine"
    lines = log_of('run("NanoSeg Models...", "action=list");')
    assert [line for line in lines if line.startswith("mine (yours, default): ")]
    lines = log_of('run("NanoSeg Models...", "action=remove name=mine");')
    assert lines == ["NanoSeg: mine is removed"]
    assert list(own.iterdir()) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("action=import", "import needs a path"),
        ("action=import path=/nowhere/x.zip", "no file /nowhere/x.zip"),
        ("action=default name=nope", "unknown model 'nope'"),
        ("action=remove name=em-particles", "'em-particles' is not one of yours"),
        ("action=remove", "remove needs the name of a model"),
    ],
)
def test_what_cannot_be_done_ends_the_macro(run, own, keys, message):
    with pytest.raises(ImageJError, match=message):
        run(f'run("NanoSeg Models...", "{keys}");')
    assert status()["status"] == "error"


def test_help_tells_the_address_of_the_manual(log_of):
    (line,) = log_of('run("NanoSeg Help");')
    page = Path(unquote(urlparse(line.partition(" is ")[2]).path))
    assert "<h1>nanoseg-fiji</h1>" in page.read_text(encoding="utf-8")


def test_report_is_that_of_the_python_that_serves(log_of):
    text = "\n".join(log_of('run("NanoSeg Report...");'))
    assert f"nanoseg-fiji{' ' * 10}" in text and __version__ in text
    assert find_model("em-particles").sha256[:12] in text
    assert torch.__version__ in text
    assert "1.54p" in text
    assert "hosts this ImageJ" in text
