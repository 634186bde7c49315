"""The manifest: what of a folder is done, with what, and for certain; a line of JSON an image."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.outputs import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nanoseg_fiji.batch.inputs import Item

__all__ = ["Manifest", "digest", "file_sha256", "open_manifest"]

_FORMAT = "nanoseg_manifest"
_BOUND = ("model_sha256", "parameters", "input", "recursive", "pattern")


class Manifest:
    """A manifest that is written to; its methods may be called from several threads.

    The first line tells what the results were made with. ``started`` lines come before the first file of an
    image is put in place, so that these files are known to be the run's own after a kill; ``done`` lines
    after the last one; ``failed`` lines tell why there are none. The last line of an image counts.
    """

    def __init__(
        self, path: Path, header: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.path = path
        self.header = dict(header)
        self.entries = {name: dict(entry) for name, entry in entries.items()}
        """The last line of each image."""
        self._lock = threading.Lock()
        self.write(self.entries)

    def write(self, names: Iterable[str]) -> None:
        """Write the whole file anew, with these images in this order; others are forgotten."""
        with self._lock:
            self.entries = {name: self.entries[name] for name in names}
            lines = [{_FORMAT: 1, **self.header}, *self.entries.values()]
            fresh = self.path.with_name(f".{self.path.name}")
            try:
                fresh.write_bytes(b"".join(map(_line, lines)))
                os.replace(fresh, self.path)
            except OSError as error:
                raise _unwritable(self.path, error) from error

    def add(self, entry: Mapping[str, Any]) -> None:
        """Append a line.

        Raises
        ------
        OutputError
            The disk is full, or the file cannot be written to any more.
        """
        entry = plain(entry)
        with self._lock:
            self.entries[entry["image"]] = dict(entry)
            try:
                with self.path.open("ab", buffering=0) as file:
                    file.write(_line(entry))
            except OSError as error:
                raise _unwritable(self.path, error) from error

    def own_files(self) -> set[str]:
        """Paths, below the output folder, of the files that this and earlier runs have put there."""
        return {name for entry in self.entries.values() for name in entry.get("files", {})}

    def is_done(self, item: Item) -> bool:
        """Whether an image's results are there and belong to the image as it is now."""
        entry = self.entries.get(item.name, {})
        if entry.get("status") != "done":
            return False
        try:
            now = item.path.stat()
            if now.st_size != entry["size"]:
                return False
            if now.st_mtime_ns != entry["mtime_ns"] and file_sha256(item.path) != entry["sha256"]:
                return False
            root = self.path.parent
            return all((root / name).stat().st_size == size for name, size in entry["files"].items())
        except OSError:
            return False


def open_manifest(path: Path, header: Mapping[str, Any], overwrite: bool) -> Manifest:
    """Go on with the manifest of a folder, or begin one.

    Parameters
    ----------
    path : Path
        The manifest.
    header : mapping
        What the results are made with: ``model_sha256``, ``parameters``, ``input``, ``recursive`` and
        ``pattern`` bind, the rest is for the record.
    overwrite : bool
        Begin anew, whatever is there.

    Raises
    ------
    InputError
        The manifest is damaged, or its results were made with something else.
    """
    if overwrite or not path.exists():
        return Manifest(path, header, {})
    lines = _read(path)
    if not lines or lines[0].get(_FORMAT) != 1:
        raise _damaged(path, 1)
    there = lines[0]
    for name in _BOUND:
        if there.get(name) != header[name]:
            found = _difference(name, there.get(name), header[name])
            raise InputError(f"{path.parent} holds results {found}")
    entries: dict[str, Mapping[str, Any]] = {}
    for number, entry in enumerate(lines[1:], 2):
        if not isinstance(entry.get("image"), str) or not isinstance(entry.get("files", {}), dict):
            raise _damaged(path, number)
        entries[entry["image"]] = entry
    return Manifest(path, {k: v for k, v in there.items() if k != _FORMAT}, entries)


def _difference(name: str, there: Any, wanted: Any) -> str:
    advice = "choose another output folder, or allow overwriting to begin anew"
    if name == "parameters" and isinstance(there, dict):
        keys = [key for key in wanted if there.get(key) != wanted[key]]
        there = ", ".join(f"{key}={there.get(key)}" for key in keys)
        wanted = ", ".join(f"{key}={wanted[key]}" for key in keys)
    if name == "model_sha256":
        return f"of another model ({str(there)[:12]}, not {str(wanted)[:12]}): {advice}"
    label = "" if name == "parameters" else f"{name} "
    return f"made with {label}{there}, not {wanted}: give the same again, {advice}"


def _read(path: Path) -> list[dict[str, Any]]:
    """Lines of a manifest; what a kill has cut off at the end never counted."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    lines = []
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise _damaged(path, number) from error
        if not isinstance(entry, dict):
            raise _damaged(path, number)
        lines.append(entry)
    return lines


def _damaged(path: Path, number: int) -> InputError:
    return InputError(
        f"{path} is damaged in line {number}: choose another output folder, or allow overwriting to begin "
        "anew"
    )


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {path} ({error.strerror or error}): make room or mend it, then run the same again "
        "to go on"
    )


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(plain(entry), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def digest(value: Any) -> str:
    """Hash of a plain value."""
    return hashlib.sha256(json.dumps(plain(value), sort_keys=True).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
