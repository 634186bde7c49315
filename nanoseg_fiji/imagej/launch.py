"""Start ImageJ inside this Python: the embedded ImageJ 1.54p, or a Fiji through pyimagej."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.imagej.jars import fetch_jars
from nanoseg_fiji.imagej.java import Java, choose_java
from nanoseg_fiji.resources import scripts_dir

if TYPE_CHECKING:
    from nanoseg_fiji.imagej.gateway import ImageJ

__all__ = ["start"]


@dataclass(frozen=True)
class _Mode:
    fiji: str | None
    headless: bool

    def __str__(self) -> str:
        return f"{self.fiji or 'the embedded ImageJ'}{', headless' if self.headless else ' with a window'}"


_lock = threading.Lock()
_running: tuple[_Mode, ImageJ] | None = None


def start(fiji: str | Path | None = None, *, headless: bool = True) -> ImageJ:
    """Start ImageJ in this process and publish the service to it.

    Parameters
    ----------
    fiji : str or Path, optional
        Folder of a Fiji, or a Maven endpoint such as ``sc.fiji:fiji``; omitted, the embedded ImageJ
        1.54p, whose jars are downloaded from Maven Central the first time.
    headless : bool
        Whether to do without windows. The ROI Manager needs ``headless=False`` and a display.

    Returns
    -------
    ImageJ
        The gateway; a second call with the same arguments returns the same one.

    Raises
    ------
    ImageJError
        There is no usable Java, no display, no such Fiji; the jars cannot be had; or ImageJ runs already in
        another mode: a JVM starts once a process.
    """
    global _running
    mode = _Mode(_fiji_name(fiji), headless)
    with _lock:
        if _running is None:
            _running = (mode, _start(mode))
        elif _running[0] != mode:
            raise ImageJError(
                f"this process runs {_running[0]} already: start {mode} in another Python process"
            )
        return _running[1]


def _fiji_name(fiji: str | Path | None) -> str | None:
    if fiji is None:
        return None
    folder = Path(fiji).expanduser()
    if folder.is_dir():
        if not any(folder.glob("jars/**/ij-1*.jar")):
            raise ImageJError(
                f"{folder} is not a Fiji (no ImageJ in jars/): name the folder that holds jars and plugins"
            )
        return str(folder.resolve())
    if isinstance(fiji, Path) or ":" not in str(fiji) or str(fiji)[1:3] == ":\\":
        raise ImageJError(
            f"there is no Fiji folder {fiji}: give its folder or an endpoint such as sc.fiji:fiji"
        )
    return str(fiji)


def _start(mode: _Mode) -> ImageJ:
    import jpype

    if jpype.isJVMStarted():
        raise ImageJError("a JVM that others started runs in this process already: start ImageJ before it")
    java = choose_java(windows=not mode.headless)
    if not mode.headless:
        _check_display()
    scripts = scripts_dir()
    gateway = _start_embedded(java, mode, scripts) if mode.fiji is None else _start_fiji(java, mode, scripts)
    from nanoseg_fiji.imagej.bridge import publish

    publish(gateway)
    return gateway


def _check_display() -> None:
    import sys

    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        raise ImageJError("there is no display (DISPLAY is not set): run headless, or under 'xvfb-run -a'")


def _configure(java: Java, scripts: Path, *, headless: bool) -> Any:
    """Set up scyjava: our Java, no download of another, no repository but those that are asked for."""
    import jpype
    import scyjava

    os.environ["JAVA_HOME"] = str(java.home)
    # Destroying the JVM waits for AWT's thread, which may outlive the last window: Python could not end.
    jpype.config.destroy_jvm = False
    # NB: "never" breaks pyimagej 1.8; with JAVA_HOME set, "auto" downloads nothing.
    scyjava.config.set_java_constraints(fetch="auto")
    scyjava.config.endpoints.clear()
    options = [
        # ij1-patcher rewrites the classes of ImageJ while they load.
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        # Signals stay Python's: Java's exit would unload torch under a running network.
        "-Xrs",
        f"-Djava.awt.headless={str(headless).lower()}",
        "-Dpython.cachedir.skip=true",
        "-Dpython.console.encoding=UTF-8",
        f"-Dscijava.scripts.path={scripts}",
    ]
    if headless:
        # Half the time to start: a macro's Java code runs too briefly for the optimising compiler to pay.
        options.append("-XX:TieredStopAtLevel=1")
    if java.version >= 24:
        options += ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
    scyjava.config.add_options(options)
    return scyjava


def _start_embedded(java: Java, mode: _Mode, scripts: Path) -> ImageJ:
    from nanoseg_fiji.imagej.gateway import ImageJ

    scyjava = _configure(java, scripts, headless=mode.headless)
    scyjava.config.add_classpath(*(str(jar) for jar in fetch_jars()))
    try:
        scyjava.start_jvm()
    except Exception as error:
        raise ImageJError(f"{java} does not start: {error}") from error
    # Before any class of ImageJ is loaded.
    scyjava.jimport("net.imagej.patcher.LegacyInjector").preinit()
    host = _evaluate("command.groovy", "hooks.groovy")
    if mode.headless:
        scyjava.jimport("ij.IJ").runPlugIn("ij.IJ.init", "")
    else:
        window = scyjava.jimport("ij.ImageJ")
        window(window.EMBEDDED)  # closing it must not end Python
    host.addScripts(str(scripts))
    return ImageJ(host, _evaluate("helpers.groovy"), mode.headless, None)


def _start_fiji(java: Java, mode: _Mode, scripts: Path) -> ImageJ:
    from nanoseg_fiji.imagej.gateway import ImageJ

    scyjava = _configure(java, scripts, headless=mode.headless)
    import imagej

    scyjava.config.endpoints.clear()  # imglyb adds one, and a local Fiji must start offline
    try:
        host = imagej.init(mode.fiji, mode="headless" if mode.headless else "interactive")
    except Exception as error:
        raise ImageJError(f"{mode.fiji} does not start: {error}") from error
    if not mode.headless:
        host.ui().showUI()
    return ImageJ(host, _evaluate("helpers.groovy"), mode.headless, mode.fiji)


def _evaluate(*names: str) -> Any:
    """Value of the last of these Groovy files of this package, which sees the classes of those before it."""
    import jpype

    shell = jpype.JClass("groovy.lang.GroovyShell")()
    *classes, (script, name) = ((Path(__file__).with_name(n).read_text(encoding="utf-8"), n) for n in names)
    for text, file in classes:
        shell.getClassLoader().parseClass(text, file)
    return shell.evaluate(script, name)
