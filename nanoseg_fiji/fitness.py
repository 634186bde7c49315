"""Whether this Python can work for the commands in a Fiji: ``python -P -m nanoseg_fiji.fitness VERSION``.

Prints one line of JSON, which *NanoSeg Set Up...* and ``nanoseg-fiji status`` read.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from typing import Any

from nanoseg_fiji import __version__

__all__ = ["examine", "main"]


def examine(version: str) -> dict[str, Any]:
    """Look for what the worker needs, and load it.

    Parameters
    ----------
    version : str
        Version of the commands.

    Returns
    -------
    dict
        ``problems``: what is missing or wrong, a line each; where there are none, ``python`` and ``torch``
        (versions) and ``device``.
    """
    if version != __version__:
        return {"problems": [f"the commands are of version {version}, the Python has {__version__}"]}
    if missing := _missing():
        return {"problems": [f"packages are missing or do not fit: {', '.join(missing)}"]}
    try:
        import torch

        import nanoseg_fiji.worker  # noqa: F401  # all that it imports
        from nanoseg_fiji.resources import find_model
        from nanoseg_fiji.segmentation.device import choose_device

        device = choose_device("auto").type
        find_model("default")
    except Exception as error:
        return {"problems": [" ".join(f"{type(error).__name__}: {error}".split())]}
    return {
        "problems": [],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": device,
    }


def _missing() -> list[str]:
    """List the requirements of this package, its extras left out, that are not met."""
    from packaging.requirements import Requirement

    missing = []
    for text in metadata.requires("nanoseg-fiji") or ():
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            missing.append(str(requirement))
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            missing.append(f"{requirement} (there is {found})")
    return missing


def main(version: str) -> None:
    """Print what `examine` finds.

    Parameters
    ----------
    version : str
        Version of the commands.
    """
    print(json.dumps(examine(version)))


if __name__ == "__main__":
    main(*sys.argv[1:])
