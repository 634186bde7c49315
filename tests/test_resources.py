"""Models and scripts are found, and what is wrong with one is said."""

from __future__ import annotations

import json
import shutil

import pytest

from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.resources import find_model, list_models, scripts_dir


def test_models_of_the_package():
    assert "em-particles" in [spec.name for spec in list_models()]
    spec = find_model("em-particles")
    assert spec.weights.is_file()
    assert spec.card["sha256"] == spec.sha256
    assert len(spec.sha256) == 64


def test_scripts_of_the_package():
    names = {path.name for path in (scripts_dir() / "Plugins" / "NanoSeg").iterdir()}
    assert "Segment_Particles....groovy" in names
    assert (scripts_dir() / "lib" / "NanoSeg.groovy").is_file()


def test_model_by_path(tmp_path):
    spec = find_model("em-particles")
    folder = tmp_path / "größe und raum"
    folder.mkdir()
    for suffix in (".safetensors", ".json"):
        shutil.copy(spec.weights.with_suffix(suffix), folder / f"mine{suffix}")
    assert find_model(folder / "mine.safetensors").sha256 == spec.sha256


@pytest.mark.parametrize("name", ["nope", "", "../em-particles", "em-particles.json"])
def test_unknown_model_names_the_known(name):
    with pytest.raises(ModelError, match=r"unknown model .*known are em-particles"):
        find_model(name)


def test_missing_model_file(tmp_path):
    with pytest.raises(ModelError, match=r"no model file .*check the path"):
        find_model(tmp_path / "mine.safetensors")


@pytest.mark.parametrize("card", [None, "{", "[]", json.dumps({"name": "mine"})])
def test_card_missing_or_damaged(tmp_path, card):
    (tmp_path / "mine.safetensors").write_bytes(b"")
    if card is not None:
        (tmp_path / "mine.json").write_text(card)
    with pytest.raises(ModelError, match=r"the card .*mine\.json"):
        find_model(tmp_path / "mine.safetensors")
