"""A package of bioimage.io as a model that can be imported.

A package that nanoseg-fiji wrote holds its own weights and card, and these are taken. Nothing is unpickled,
and no code of a package runs.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["unpacked_model"]

_DESCRIPTIONS = ("bioimageio.yaml", "rdf.yaml")
_LARGEST = 4 << 30  # bytes: more is no model, and would fill the disk


@contextmanager
def unpacked_model(package: Path) -> Iterator[Path]:
    """Unpack what nanoseg-fiji needs of a package.

    Parameters
    ----------
    package : Path
        A ``.zip`` file with ``rdf.yaml`` or ``bioimageio.yaml`` in it.

    Yields
    ------
    Path
        Weights with a card beside them; they vanish when the block ends.

    Raises
    ------
    ModelError
        It is no package, is damaged, or has no weights that can be used; the message says what is missing.
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with zipfile.ZipFile(package) as archive:
                weights = _unpack(archive, package.name, Path(scratch))
        except (OSError, zipfile.BadZipFile, zlib.error) as error:
            raise ModelError(f"{package} cannot be read ({error}): get it again") from error
        yield weights


def _unpack(archive: zipfile.ZipFile, package: str, folder: Path) -> Path:
    members = {PurePosixPath(info.filename): info for info in archive.infolist() if not info.is_dir()}
    described = [path for path in members if path.name in _DESCRIPTIONS and len(path.parts) <= 2]
    if not described:
        raise ModelError(f"{package} is no bioimage.io package: there is no rdf.yaml in it")
    root = described[0].parent

    def take(name: str, target: str) -> Path:
        """Unpack one file; its place in the archive has no say in where it goes."""
        info = members.get(root / name)
        if info is None:
            raise ModelError(f"{package} lacks {name}, which its description names: get it again")
        if info.file_size > _LARGEST:
            raise ModelError(f"{name} in {package} is too large for a model")
        (folder / target).write_bytes(archive.read(info))
        return folder / target

    own = [
        path
        for path in members
        if path.parent == root and path.suffix == ".safetensors" and path.with_suffix(".json") in members
    ]
    if own:
        weights = take(own[0].name, "model.safetensors")
        take(own[0].with_suffix(".json").name, "model.json")
        for name, target in (("README.md", "model.md"), ("cover.png", "model.png")):
            if root / name in members:
                take(name, target)
        return weights
    raise ModelError(
        f"{package} is not of nanoseg-fiji: it has no .safetensors file with its .json card, and networks of "
        "other programs are not run"
    )
