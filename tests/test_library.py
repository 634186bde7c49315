"""The user's own models: what comes in, what goes out, what is refused, and which one is usual."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
import torch

from nanoseg_fiji import read_image, segment
from nanoseg_fiji.cli import main
from nanoseg_fiji.errors import ModelError, OutputError
from nanoseg_fiji.library import import_model, remove_model, set_default_model
from nanoseg_fiji.network import build, load_model, save_weights
from nanoseg_fiji.resources import DEFAULT, default_model, find_model, list_models

ARCHITECTURE = {"name": "flow-unet", "channels": [4, 8], "bottom_blocks": 1}


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """The user's folder, which is not there yet."""
    folder = tmp_path / "meine Modelle"
    monkeypatch.setenv("NANOSEG_MODELS", str(folder))
    return folder


@pytest.fixture
def trained(tmp_path):
    """What a training run leaves: weights of a small network, its card and its page."""
    torch.manual_seed(0)
    weights = tmp_path / "run" / "rods.safetensors"
    sha256 = save_weights(build(ARCHITECTURE), weights)
    card = {"name": "rods", "sha256": sha256, "architecture": ARCHITECTURE, "diameter": 32.0}
    weights.with_suffix(".json").write_text(json.dumps(card))
    weights.with_suffix(".md").write_text("# rods\n")
    return weights


@pytest.fixture
def micrograph(request):
    """A corner of the example."""
    return read_image(request.config.rootpath / "examples" / "silica.tif")[340:500, 400:560]


def names():
    return [spec.name for spec in list_models()]


def test_imported_model_is_listed_after_the_packages_and_loads(trained, own):
    before = names()
    spec = import_model(trained)
    assert names() == [*before, "rods"]
    assert spec.weights.parent == own
    assert spec.weights.with_suffix(".md").read_text() == "# rods\n"
    assert hashlib.sha256(spec.weights.read_bytes()).hexdigest() == find_model("rods").sha256
    for one, other in zip(
        load_model(spec).net.parameters(), load_model(find_model(trained)).net.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_other_name_goes_into_the_card(trained):
    assert import_model(trained, "rods-2").card["name"] == "rods-2"
    assert find_model("rods-2").sha256 == find_model(trained).sha256


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("em-particles", "comes with nanoseg-fiji: give another name, such as my-em-particles"),
        ("EM-Particles", "comes with nanoseg-fiji"),
        ("Default", "stands for the model that you choose"),
        ("../rods", "cannot be a model's name"),
        ("two words", "cannot be a model's name"),
        ("rods.onnx", "cannot be a model's name"),
    ],
)
def test_names_that_are_refused(trained, own, name, message):
    with pytest.raises(ModelError, match=message):
        import_model(trained, name)
    assert not own.exists()


def test_name_of_a_model_that_is_there(trained):
    first = import_model(trained)
    with pytest.raises(ModelError, match=r"'rods' is there already: give another name, or remove that one"):
        import_model(trained)
    assert load_model(first)


def test_package_goes_before_a_file_of_its_name(trained, own):
    own.mkdir()
    for suffix in (".safetensors", ".json"):
        (own / f"em-particles{suffix}").write_bytes(trained.with_suffix(suffix).read_bytes())
    assert find_model("em-particles").weights.parent != own
    assert names().count("em-particles") == 1


def test_damaged_model_is_not_taken(trained, own):
    data = bytearray(trained.read_bytes())
    data[-1] ^= 1
    trained.write_bytes(data)
    with pytest.raises(ModelError, match="is damaged or was changed"):
        import_model(trained)
    assert list(own.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("gone.safetensors", "no file .*: give a .safetensors file or a bioimage.io package"),
        ("weights.pt", "pickled weights .* are never opened"),
        ("alone.safetensors", "the card .*alone.json is missing"),
    ],
)
def test_what_is_no_model(tmp_path, own, file, message):
    if not file.startswith("gone"):
        (tmp_path / file).write_bytes(b"x")
    with pytest.raises(ModelError, match=message):
        import_model(tmp_path / file)
    assert not own.exists()


def test_folder_that_cannot_be_written(trained, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NANOSEG_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(OutputError, match="cannot write to"):
        import_model(trained)


def test_removed_model_leaves_nothing(trained, own):
    import_model(trained)
    set_default_model("rods")
    remove_model("rods")
    assert list(own.iterdir()) == []
    assert default_model() == "em-particles"
    with pytest.raises(ModelError, match="unknown model 'rods'"):
        remove_model("rods")
    with pytest.raises(ModelError, match="'em-particles' is not one of yours"):
        remove_model("em-particles")
    assert find_model("em-particles").weights.is_file()


def test_default_model_is_used_and_named_in_the_record(trained, micrograph):
    assert find_model(DEFAULT).name == "em-particles"
    spec = import_model(trained)
    set_default_model("rods")
    record = segment(micrograph, model=DEFAULT, diameter=20, pixel=True).provenance
    assert (record["model"], record["model_sha256"]) == ("rods", spec.sha256)
    assert record["parameters"]["model"] == "rods"
    # In code, where none is named, a result must not depend on what a user has chosen.
    assert segment(micrograph, diameter=20, pixel=True).provenance["model"] == "em-particles"


def test_default_that_cannot_be(trained, own):
    with pytest.raises(ModelError, match="unknown model 'nope'"):
        set_default_model("nope")
    with pytest.raises(ModelError, match=r"import .*first"):
        set_default_model(str(trained))
    import_model(trained)
    set_default_model("rods")
    (own / "rods.safetensors").unlink()
    with pytest.raises(ModelError, match="the default model 'rods' is gone: choose another; known are em"):
        find_model(DEFAULT)
    (own / "default.json").write_text("{")
    with pytest.raises(ModelError, match=r"default\.json cannot be used .* choose the default model again"):
        find_model(DEFAULT)
    set_default_model("em-particles")
    assert find_model(DEFAULT).name == "em-particles"


def test_commands(trained, own, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def told(*words):
        assert main(["models", *words]) == 0
        return capsys.readouterr().out

    assert str(own) in told("import", str(trained), "--name", "mine")
    assert told("default") == "em-particles\n"
    assert told("default", "mine") == "mine\n"
    listed = told().splitlines()
    assert "(yours, default)" in next(line for line in listed if line.startswith("mine"))
    assert told("show", "mine") == "# rods\n"
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["models", "remove", "mine"]) == 130
    assert "mine" in names()
    assert "is removed" in told("remove", "mine", "--yes")
    assert "mine" not in names() and told("default") == "em-particles\n"
