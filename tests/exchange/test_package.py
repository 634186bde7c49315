"""Packages of bioimage.io: they validate, run to our output, need no network, come back as they went."""

from __future__ import annotations

import gc
import json
import socket
import zipfile

import numpy as np
import pytest

from nanoseg_fiji.errors import ModelError, OutputError
from nanoseg_fiji.exchange.graph import maps_of, smallest_side
from nanoseg_fiji.exchange.sample import sample_image
from nanoseg_fiji.exchange.writer import citations, write_package
from nanoseg_fiji.library import import_model
from nanoseg_fiji.network import load_model
from nanoseg_fiji.resources import find_model, list_models, models_dir

# bioimageio.core leaves files open, and what it brings along warns of its own future
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)
SHIPPED = [spec.name for spec in list_models() if spec.weights.parent == models_dir()]


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    gc.collect()  # here, where open files are forgiven, not in a later test


@pytest.fixture(scope="module", params=SHIPPED)
def package(request, tmp_path_factory):
    """A model of the package, exported."""
    path = tmp_path_factory.mktemp("packages für andere") / f"{request.param}.zip"
    return find_model(request.param), write_package(find_model(request.param), path)


def test_core_validates_it(package):
    from bioimageio.core import test_model

    summary = test_model(package[1])
    assert summary.status == "passed", [error for detail in summary.details for error in detail.errors]
    names = [detail.name for detail in summary.details]
    assert any("Reproduce test outputs from test inputs (onnx)" in name for name in names), names


def test_core_predicts_what_we_do(package):
    from bioimageio.core import load_model_description, predict

    model = load_model(package[0])
    side = smallest_side(model)
    gray = 37 * sample_image(side + model.net.stride, side, 0.8 * model.diameter, seed=11) - 500
    found = predict(model=load_model_description(package[1]), inputs={"image": gray[None, None]})
    halo = model.net.halo
    # core mirrors what lies around the image, before it normalises, and crops the halo
    mirrored = maps_of(model, np.pad(gray, halo, mode="symmetric"))
    for name, expected in mirrored.items():
        values = np.asarray(found.members[name].data)[0, 0]
        np.testing.assert_allclose(values, expected[halo:-halo, halo:-halo], atol=1e-3)


def test_it_comes_back_as_it_was(package, tmp_path, monkeypatch):
    monkeypatch.setenv("NANOSEG_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="comes with nanoseg-fiji"):
        import_model(package[1])
    spec = import_model(package[1], "again")
    assert spec.sha256 == package[0].sha256
    assert dict(spec.card) == {**package[0].card, "name": "again"}
    assert spec.weights.with_suffix(".png").is_file()
    assert load_model(spec).net.halo == load_model(package[0]).net.halo


def test_what_it_says(package):
    with zipfile.ZipFile(package[1]) as archive:
        assert not [name for name in archive.namelist() if name.endswith((".pt", ".pth", ".pkl"))]
        description = archive.read("rdf.yaml").decode()
        assert archive.getinfo("cover.png").file_size < 500_000
        assert "## Validation" in archive.read("README.md").decode()
    assert f"license: {package[0].card['licence']}" in description
    for entry in citations(package[0].card):
        assert f"doi: {entry['doi']}" in description


def test_file_that_is_there_is_kept(package):
    spec, path = package
    before = path.read_bytes()
    with pytest.raises(OutputError, match="is there already"):
        write_package(spec, path)
    with pytest.raises(OutputError, match=r"let it end in \.zip"):
        write_package(spec, path.with_suffix(".tar"))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_dois_of_the_card():
    data = [{"source": "a (CC BY 4.0, doi 10.69761/HDTA8338)"}, {"source": "no doi"}, {"name": "none"}]
    assert [entry["doi"] for entry in citations({"training": {"data": data}})] == [
        "10.1007/978-3-319-24574-4_28",
        "10.69761/HDTA8338",
    ]


def _zip(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return path


def test_packages_that_cannot_be_used(tmp_path, monkeypatch):
    monkeypatch.setenv("NANOSEG_MODELS", str(tmp_path / "models"))
    with pytest.raises(ModelError, match=r"there is no rdf\.yaml in it"):
        import_model(_zip(tmp_path / "a.zip", notes_txt="x"))
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 not really")
    with pytest.raises(ModelError, match=r"b\.zip cannot be read"):
        import_model(tmp_path / "b.zip")
    with pytest.raises(ModelError, match=r"a2\.zip is not of nanoseg-fiji: it has no \.safetensors file"):
        import_model(_zip(tmp_path / "a2.zip", rdf_yaml="type: model", weights_onnx="x"))
    card = json.dumps(
        {"name": "c", "sha256": "0" * 64, "architecture": {"name": "flow-unet"}, "diameter": 32}
    )
    damaged = _zip(tmp_path / "c.zip", rdf_yaml="x: 1", c_safetensors="damaged", c_json=card)
    with pytest.raises(ModelError, match="is damaged or was changed"):
        import_model(damaged)
    assert not list((tmp_path / "models").iterdir())
