"""``nanoseg-fiji doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from nanoseg_fiji.imagej.doctor import Finding

__all__ = ["doctor"]

_NEEDED = ("Java", "torch", "model")
"""Without these nothing works; what else is missing limits what can be done."""


def doctor() -> None:
    """Say what was found (torch, device, models, Java, ImageJ, display) and what to do about the rest."""
    from nanoseg_fiji.imagej.doctor import check

    findings = [*_check_python(), *_check_models(), *check()]
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        typer.echo(f"{'ok' if finding.ok else '--'}  {finding.name:{width}}  {finding.text}")
        if not finding.ok and finding.remedy:
            typer.echo(f"    {'':{width}}  to do: {finding.remedy}")
    broken = [f.name for f in findings if not f.ok and f.name.startswith(_NEEDED)]
    if broken:
        typer.echo(
            f"error: not usable without {', '.join(dict.fromkeys(broken))}: see 'to do' above", err=True
        )
        raise typer.Exit(1)


def _check_python() -> list[Finding]:
    import platform

    from nanoseg_fiji import __version__
    from nanoseg_fiji.imagej.doctor import Finding

    found = [Finding("nanoseg-fiji", True, f"{__version__}, Python {platform.python_version()}")]
    try:
        import torch

        from nanoseg_fiji.segmentation.device import choose_device
    except (ImportError, OSError) as error:
        text = " ".join(str(error).split())
        return [*found, Finding("torch", False, text, "pip install --force-reinstall torch")]
    device = choose_device("auto")
    name = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    )
    return [
        *found,
        Finding("torch", True, torch.__version__),
        Finding("device", True, f"{device} ({name})"),
    ]


def _check_models() -> list[Finding]:
    """Check the hash of every model that comes with the package."""
    from nanoseg_fiji.errors import ModelError
    from nanoseg_fiji.imagej.doctor import Finding
    from nanoseg_fiji.network import load_model
    from nanoseg_fiji.resources import find_model, models_dir

    remedy = "install nanoseg-fiji again"
    findings = []
    for weights in sorted(models_dir().glob("*.safetensors")):
        try:
            spec = find_model(weights)
            load_model(spec)
            findings.append(Finding(f"model {spec.name}", True, f"{weights}, sha256 {spec.sha256[:12]}"))
        except ModelError as error:
            findings.append(Finding(f"model {weights.stem}", False, str(error), remedy))
    return findings or [Finding("models", False, f"none in {models_dir()}", remedy)]
