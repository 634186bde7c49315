"""What is there to work with: this Python, torch, the models, Java, ImageJ; as a list and as text."""

from __future__ import annotations

from nanoseg_fiji.imagej.doctor import Finding, check

__all__ = ["examine", "report"]


def examine() -> list[Finding]:
    """Look for everything that nanoseg-fiji needs, and check the hash of every model.

    Returns
    -------
    list of Finding
        Without starting a JVM or using the network.
    """
    return [*_check_python(), *_check_models(), *check()]


def report(findings: list[Finding]) -> str:
    """Put findings into lines: what was found, and what to do about what is missing."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{'ok' if finding.ok else '--'}  {finding.name:{width}}  {finding.text}")
        if not finding.ok and finding.remedy:
            lines.append(f"    {'':{width}}  to do: {finding.remedy}")
    return "\n".join(lines)


def _check_python() -> list[Finding]:
    import platform
    import sys

    from nanoseg_fiji import __version__

    found = [
        Finding("nanoseg-fiji", True, __version__),
        Finding("Python", True, f"{platform.python_version()}, {sys.executable}"),
        Finding("system", True, platform.platform()),
    ]
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
    """Check the hash of every model of the package and of the user."""
    from nanoseg_fiji.errors import ModelError
    from nanoseg_fiji.network import load_model
    from nanoseg_fiji.resources import SUFFIXES, find_model, models_dir, user_models_dir

    again = "install nanoseg-fiji again"
    findings = []
    for folder, whose, remedy in (
        (models_dir(), "model", again),
        (user_models_dir(), "own model", "remove it, or import it again"),
    ):
        for weights in sorted(path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")):
            try:
                spec = find_model(weights)
                load_model(spec)
                findings.append(
                    Finding(f"{whose} {spec.name}", True, f"{weights}, sha256 {spec.sha256[:12]}")
                )
            except ModelError as error:
                findings.append(Finding(f"{whose} {weights.stem}", False, str(error), remedy))
    return findings or [Finding("models", False, f"none in {models_dir()}", again)]
