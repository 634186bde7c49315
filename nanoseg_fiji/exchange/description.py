"""What a package says of a model, in the terms of bioimage.io's model description 0.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioimageio.spec import ValidationContext
from bioimageio.spec.model.v0_5 import ModelDescr
from pydantic import ValidationError

from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.exchange.graph import INPUT, OPSET, PROBABILITIES, smallest_side
from nanoseg_fiji.network import MAPS

if TYPE_CHECKING:
    from pathlib import Path

    from nanoseg_fiji.network import Model

__all__ = ["describe"]

_MEANING = {
    "foreground": "probability that a pixel belongs to a particle",
    "flow_row": "step towards the particle's centre, along rows (y), of a length of 1",
    "flow_col": "step towards the particle's centre, along columns (x), of a length of 1",
    "size": "log2 of the diameter, in px, of the particle that the pixel belongs to",
}


def describe(model: Model, folder: Path, citations: list[dict[str, str]]) -> ModelDescr:
    """Describe a model whose files lie in a folder.

    Parameters
    ----------
    model : Model
        The model.
    folder : Path
        Folder of the weights, tensors, cover and documentation.
    citations : list of dict
        ``text`` and ``doi`` of works to cite.

    Returns
    -------
    ModelDescr
        Validated, files and tensors included, without the network.

    Raises
    ------
    ModelError
        What the card says does not fit the format.
    """
    from nanoseg_fiji import __version__

    spec, card = model.spec, model.spec.card
    content: dict[str, Any] = {
        "type": "model",
        "format_version": ModelDescr.implemented_format_version,
        "name": f"nanoseg-fiji {spec.name}",
        "description": str(card.get("description") or "particles in electron micrographs")[:1024],
        "version": str(card.get("version") or __version__),
        "authors": [{"name": "The nanoseg-fiji developers"}],
        "license": card.get("licence"),
        "cite": citations,
        "tags": [
            "electron-microscopy",
            "nanoparticles",
            "instance-segmentation",
            "unet",
            "2d",
            "nanoseg-fiji",
        ],
        "documentation": {"source": "README.md"},
        "covers": [{"source": "cover.png"}],
        "attachments": [{"source": f"{spec.name}.safetensors"}, {"source": f"{spec.name}.json"}],
        "inputs": [_input(model)],
        "outputs": [_output(name, model.net.halo) for name in MAPS],
        "weights": {"onnx": {"source": "weights.onnx", "opset_version": OPSET}},
        "config": {
            "nanoseg_fiji": {"version": __version__, "sha256": spec.sha256, "diameter_px": model.diameter}
        },
    }
    try:
        with ValidationContext(root=folder, update_hashes=True, log_warnings=False):
            return ModelDescr.model_validate({k: v for k, v in content.items() if v is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"the card of {spec.name} does not fit bioimage.io's format ({where}: {first['msg']}): correct it"
        ) from error


def _input(model: Model) -> dict[str, Any]:
    axes = [
        {
            "type": "space",
            "id": axis,
            "size": {"min": smallest_side(model), "step": model.net.stride},
            "concatenable": True,
        }
        for axis in "yx"
    ]
    return {
        "id": INPUT,
        "description": f"micrograph, rescaled so that the typical particle is {model.diameter:g} px across",
        "axes": [{"type": "batch"}, {"type": "channel", "channel_names": ["grey"]}, *axes],
        "data": {"type": "float32"},
        "test_tensor": {"source": f"{INPUT}.npy"},
        "preprocessing": [
            # the 1st percentile to -1, the 99th to 1, as nanoseg_fiji.segmentation.normalise does
            {
                "id": "scale_range",
                "kwargs": {
                    "axes": ["channel", "y", "x"],
                    "min_percentile": 1.0,
                    "max_percentile": 99.0,
                    "eps": 1e-9,
                },
            },
            {"id": "scale_linear", "kwargs": {"gain": 2.0, "offset": -1.0}},
            {"id": "clip", "kwargs": {"min": -3.0, "max": 3.0}},
        ],
    }


def _output(name: str, halo: int) -> dict[str, Any]:
    axes = [
        {"type": "space", "id": axis, "halo": halo, "size": {"tensor_id": INPUT, "axis_id": axis}}
        for axis in "yx"
    ]
    return {
        "id": name,
        "description": _MEANING[name],
        "axes": [{"type": "batch"}, {"type": "channel", "channel_names": [name]}, *axes],
        "data": {"type": "float32"},
        "test_tensor": {"source": f"{name}.npy"},
        "postprocessing": [{"id": "sigmoid"}] if name in PROBABILITIES else [],
    }
