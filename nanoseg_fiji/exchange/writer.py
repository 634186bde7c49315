"""A model as a package of bioimage.io (model description 0.5): ONNX weights, test tensors, page, cover.

The weights and the card of nanoseg-fiji travel along, so that the package can be imported again as it was.
"""

from __future__ import annotations

import gc
import json
import re
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import ModelError, OutputError
from nanoseg_fiji.files import scratch_beside

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nanoseg_fiji.network import Model
    from nanoseg_fiji.types import ModelSpec

__all__ = ["write_package"]

_TOLERANCE = 1e-3  # between torch and ONNX Runtime
_DOI = re.compile(r"10\.\d{4,9}/[^\s,;)]+")
_UNET = {
    "text": "Ronneberger et al. 2015, U-Net: Convolutional Networks for Biomedical Image Segmentation",
    "doi": "10.1007/978-3-319-24574-4_28",
}
_EXTRA = "pip install 'nanoseg-fiji[export]'"


def write_package(spec: ModelSpec, output: Path, *, overwrite: bool = False) -> Path:
    """Write a model as a package of bioimage.io.

    Parameters
    ----------
    spec : ModelSpec
        A model of this package's networks.
    output : Path
        The ``.zip`` file; written whole or not at all.
    overwrite : bool
        Whether a file that is there is replaced.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    ModelError
        The model cannot be loaded, the extra ``export`` is not installed, the description does not validate,
        or ONNX Runtime does not give what torch gives.
    OutputError
        The file cannot be written, or is there already.

    References
    ----------
    Ouyang et al. 2022, BioImage Model Zoo, doi 10.1101/2022.06.07.495102.
    """
    output = output.expanduser()
    if output.suffix.lower() != ".zip":
        raise OutputError(f"{output.name} is no name of a package: let it end in .zip")
    if output.exists() and not overwrite:
        raise OutputError(f"{output} is there already: choose another name, or allow overwriting")
    try:
        import onnxruntime  # noqa: F401
        from bioimageio.spec import save_bioimageio_package
    except ImportError as error:
        raise ModelError(f"exporting needs more packages ({error.name}): {_EXTRA}") from error
    from nanoseg_fiji.exchange.description import describe
    from nanoseg_fiji.network import load_model

    model = load_model(spec)
    with scratch_beside(output.absolute().parent) as scratch:
        folder = scratch / "package"
        folder.mkdir()
        _write_files(model, folder)
        package = scratch / output.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # bioimageio.spec leaves files open
            description = describe(model, folder, citations(spec.card))
            save_bioimageio_package(description, output_path=package, local_files_only=True)
            del description
            gc.collect()
        package.replace(output)
    return output


def _write_files(model: Model, folder: Path) -> None:
    """Write everything that the description names."""
    from nanoseg_fiji.exchange.graph import maps_of, smallest_side, write_onnx
    from nanoseg_fiji.exchange.sample import sample_image, write_cover

    spec = model.spec
    write_onnx(model.net, folder / "weights.onnx")
    side = smallest_side(model)
    gray = sample_image(side, side + 2 * model.net.stride, model.diameter)
    maps = maps_of(model, gray)
    _check(folder / "weights.onnx", gray, maps)
    np.save(folder / "image.npy", gray[None, None])
    for name, values in maps.items():
        np.save(folder / f"{name}.npy", values[None, None])
    write_cover(model, folder / "cover.png")
    (folder / "README.md").write_text(_documentation(model), encoding="utf-8")
    shutil.copyfile(spec.weights, folder / f"{spec.name}.safetensors")
    (folder / f"{spec.name}.json").write_text(
        json.dumps(dict(spec.card), indent=1, ensure_ascii=False) + "\n"
    )


def _check(weights: Path, gray: NDArray[np.float32], maps: dict[str, NDArray[np.float32]]) -> None:
    """Have ONNX Runtime predict, and compare."""
    import onnxruntime

    from nanoseg_fiji.exchange.graph import INPUT, as_given
    from nanoseg_fiji.segmentation.normalise import normalise

    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    found = session.run(list(maps), {INPUT: normalise(gray)[None, None]})
    for (name, expected), values in zip(maps.items(), found, strict=True):
        difference = float(np.abs(as_given(name, values[0, 0]) - expected).max())
        if not difference < _TOLERANCE:
            raise ModelError(f"ONNX Runtime gives another {name} map (by {difference:.2g}): please report it")


def citations(card: Any) -> list[dict[str, str]]:
    """Works to cite: the network's, and those that the card's training data name by a DOI."""
    found = [_UNET]
    for data in card.get("training", {}).get("data", []):
        source = str(data.get("source", ""))
        found += [{"text": source, "doi": doi} for doi in _DOI.findall(source)]
    return list({entry["doi"]: entry for entry in found}.values())


def _documentation(model: Model) -> str:
    name, page = model.spec.name, model.spec.weights.with_suffix(".md")
    card = (
        page.read_text(encoding="utf-8")
        if page.is_file()
        else f"# {name}\n\n{model.spec.card.get('description', '')}\n"
    )
    return f"""{card.rstrip()}

## Use in other programs

The network sees one grey channel, at a scale at which the typical particle is {model.diameter:g} px across:
rescale the image first. Sides must be multiples of {model.net.stride} px; an output pixel depends on
{model.net.halo} px around it. `foreground` is a probability; `flow_row` and `flow_col` are the step towards
the particle's centre, along y and x, of a length of 1; `size` is log2 of the diameter, in px, of the particle
that a pixel belongs to. Pixels with `foreground` > 0.5 whose steps lead to the same place are a particle, as
in Cellpose (doi 10.1038/s41592-020-01018-x).

The preprocessing is that of nanoseg-fiji: 1st and 99th percentile to -1 and 1, clipped at -3 and 3.
nanoseg-fiji besides leaves out pixels that are not finite, takes the percentiles of about a million pixels
evenly spaced where there are more, and of the selection where there is one, and sets constant images to 0. It
chooses the scale by itself, from `foreground` and `size` at several scales. For it, this package holds
`{name}.safetensors` and `{name}.json`: `nanoseg-fiji models import` takes them.

## Validation on your own images

    nanoseg-fiji evaluate --model {name} IMAGES LABELS
"""
