from __future__ import annotations

import dataclasses

import pytest
import torch

from nanoseg_fiji.errors import ModelError, OutputError
from nanoseg_fiji.network import build, load_model, save_weights
from nanoseg_fiji.types import ModelSpec

ARCHITECTURE = {"name": "flow-unet", "channels": [4, 8], "bottom_blocks": 1}


@pytest.fixture
def spec(tmp_path):
    torch.manual_seed(3)
    path = tmp_path / "small.safetensors"
    digest = save_weights(build(ARCHITECTURE), path)
    return ModelSpec("small", path, digest, {"architecture": ARCHITECTURE, "diameter": 20})


def test_weights_come_back_as_they_were(spec):
    torch.manual_seed(3)
    expected = build(ARCHITECTURE).eval()
    model = load_model(spec)
    image = torch.rand(1, 1, 32, 32)
    assert torch.equal(model.net(image), expected(image))
    assert model.diameter == 20
    assert not model.net.training


def test_a_changed_file_is_refused(spec):
    data = bytearray(spec.weights.read_bytes())
    data[-1] ^= 1
    spec.weights.write_bytes(data)
    with pytest.raises(ModelError, match="damaged or was changed"):
        load_model(spec)


def test_weights_that_do_not_fit_the_card_are_refused(spec):
    card = {"architecture": ARCHITECTURE | {"channels": [4, 16]}, "diameter": 20}
    with pytest.raises(ModelError, match="do not fit its card"):
        load_model(dataclasses.replace(spec, card=card))


def test_a_missing_file_is_named(spec):
    spec.weights.unlink()
    with pytest.raises(ModelError, match=r"cannot read model .*small\.safetensors"):
        load_model(spec)


def test_a_failed_save_leaves_no_part_behind(tmp_path):
    target = tmp_path / "taken.safetensors"
    target.mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        save_weights(build(ARCHITECTURE), target)
    assert list(tmp_path.iterdir()) == [target]
