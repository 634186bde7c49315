"""Put the NanoSeg commands into a Fiji, which starts this Python when one of them is called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from nanoseg_fiji.errors import ImageJError, OutputError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.resources import scripts_dir

__all__ = ["Installation", "files_to_install", "install", "status", "uninstall"]

RECORD = Path("nanoseg", "installed.json")
"""What `NanoSegWorker.groovy` reads: Python, version, files. *NanoSeg Set Up...* writes it too."""
ENVIRONMENT = Path("nanoseg", "environment")
"""All that *NanoSeg Set Up...* makes."""
_COMMANDS = PurePosixPath("scripts/Plugins/NanoSeg")
_LIBRARY = PurePosixPath("nanoseg/lib")


@dataclass(frozen=True)
class Installation:
    """What a Fiji has of nanoseg-fiji."""

    fiji: Path
    """Folder of the Fiji."""
    python: Path | None
    """Python that its commands start; None where nothing is installed."""
    version: str
    """Version of the commands; empty where nothing is installed."""
    problems: tuple[str, ...]
    """What keeps the commands from working, and what to do about it, a line each."""


def install(fiji: str | Path) -> Installation:
    """Copy the commands into a Fiji and record this Python, which they will start.

    Installing again brings everything up to date. Nothing else in the Fiji is touched; a file of an earlier
    version that is no longer needed is removed.

    Parameters
    ----------
    fiji : str or Path
        Folder that holds Fiji's ``jars``.

    Returns
    -------
    Installation
        What is there now; `Installation.problems` tells what Fiji or this Python still lack.

    Raises
    ------
    ImageJError
        It is no folder of a Fiji, or its record is damaged.
    OutputError
        It cannot be written to.
    """
    from nanoseg_fiji import __version__

    folder = _checked(fiji)
    if not sys.executable:
        raise ImageJError(
            "this Python does not know where its program is: run 'nanoseg-fiji install' from a shell"
        )
    wanted = files_to_install()
    old = _read(folder).get("files", [])
    for name, source in wanted.items():
        _write(folder / name, source.read_bytes())
    record = {"python": os.path.abspath(sys.executable), "version": __version__, "files": sorted(wanted)}
    _write(folder / RECORD, json.dumps(record, indent=2, ensure_ascii=False).encode())
    _remove(folder, [name for name in old if name not in wanted])
    return status(folder)


def uninstall(fiji: str | Path) -> int:
    """Remove what `install` and *NanoSeg Set Up...* have put into a Fiji, and folders that are empty then.

    Parameters
    ----------
    fiji : str or Path
        Folder that holds Fiji's ``jars``.

    Returns
    -------
    int
        Number of files removed, an environment counted as one; 0 where nothing was installed.

    Raises
    ------
    ImageJError
        It is no folder of a Fiji, or its record is damaged.
    OutputError
        A file cannot be removed.
    """
    folder = _checked(fiji)
    record = _read(folder)
    removed = _remove_environment(folder)
    return removed + _remove(folder, [*record.get("files", []), RECORD.as_posix()])


def status(fiji: str | Path) -> Installation:
    """Look at what a Fiji has of nanoseg-fiji, and ask its Python whether it can work for Fiji.

    Parameters
    ----------
    fiji : str or Path
        Folder that holds Fiji's ``jars``.

    Returns
    -------
    Installation
        What was found.

    Raises
    ------
    ImageJError
        It is no folder of a Fiji, or its record is damaged.
    """
    folder = _checked(fiji)
    record = _read(folder)
    if not record:
        return Installation(folder, None, "", (f'nothing is installed: run nanoseg-fiji install "{folder}"',))
    python, version = Path(record["python"]), str(record["version"])
    problems = [
        f"{folder / name} is missing: install again"
        for name in record["files"]
        if not (folder / name).is_file()
    ]
    if not any(folder.glob("jars/**/appose-*.jar")):
        problems.append("this Fiji has no Appose, which starts Python: update it (Help > Update...)")
    if problem := _problem_of(python, version):
        problems.append(problem)
    return Installation(folder, python, version, tuple(problems))


def _checked(fiji: str | Path) -> Path:
    folder = Path(fiji).expanduser().absolute()
    if not folder.is_dir():
        raise ImageJError(f"there is no folder {folder}: name the folder of Fiji")
    if not any(folder.glob("jars/**/ij-1*.jar")):
        raise ImageJError(
            f"{folder} is not a Fiji (no ImageJ in jars/): name the folder that holds jars and plugins"
        )
    return folder


def files_to_install() -> dict[str, Path]:
    """Find the commands and what they share.

    Returns
    -------
    dict of str to Path
        The files, by their path in a Fiji with ``/`` between folders.

    Raises
    ------
    ImageJError
        They are not there.
    """
    scripts = scripts_dir()
    found = {
        (target / source.name).as_posix(): source
        for target, folder in ((_COMMANDS, scripts / "Plugins" / "NanoSeg"), (_LIBRARY, scripts / "lib"))
        for source in folder.iterdir()
        if source.is_file() and not source.name.startswith(".")
    }
    if not found:
        raise ImageJError(f"there are no scripts in {scripts}: install the package again")
    return found


def _read(folder: Path) -> dict[str, Any]:
    """Record of what is installed; empty where nothing is."""
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        names = [PurePosixPath(name) for name in record["files"]]
        if not (isinstance(record["python"], str) and isinstance(record["version"], str)):
            raise ValueError("no Python in it")
        # A damaged record must not make us remove what is not ours.
        if any(name.parent not in (_COMMANDS, _LIBRARY) or name.name in ("", "..") for name in names):
            raise ValueError("it names foreign files")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImageJError(f"{path} is damaged ({error}): delete it and install again") from error
    return dict(record)


def _write(path: Path, data: bytes) -> None:
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass  # it is not there, or `replacing` says why not
    with replacing(path) as scratch:
        scratch.write_bytes(data)


def _remove(folder: Path, names: list[str]) -> int:
    removed = 0
    for name in names:
        path = folder / name
        try:
            path.unlink()
            removed += 1
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutputError(f"cannot remove {path} ({error.strerror}): close Fiji and try again") from error
        for parent in (path.parent, path.parent.parent):
            if parent.name in ("NanoSeg", "lib", "nanoseg") and parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
    return removed


def _remove_environment(folder: Path) -> int:
    """Remove the folder of *NanoSeg Set Up...*; what links in it point to stays."""
    path = folder / ENVIRONMENT
    if not path.is_dir() or path.is_symlink():
        return 0
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise OutputError(
            f"cannot remove {path} ({error.strerror}): close Fiji and what runs from there, and try again"
        ) from error
    return 1


def _problem_of(python: Path, version: str) -> str:
    """Say in one line what keeps a Python from working for Fiji; empty where nothing does."""
    again = "install again from the Python that has nanoseg-fiji"
    if not os.access(python, os.X_OK):
        return f"there is no Python at {python} any more: {again}"
    try:
        done = subprocess.run(  # noqa: S603
            [python, "-P", "-m", "nanoseg_fiji.fitness", version],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"the Python at {python} does not start ({error}): {again}"
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    else:
        reason = "; ".join(json.loads(done.stdout.splitlines()[-1])["problems"])
    return f"the Python at {python} cannot work for Fiji ({reason}): mend it, or {again}" if reason else ""
