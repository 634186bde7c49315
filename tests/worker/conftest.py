"""A Fiji in which no Python is hosted: ImageJ 1.54p, SciJava Common, Groovy and Appose in a plain JVM."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import nanoseg_fiji.imagej
from nanoseg_fiji.imagej.jars import JARS, Jar, fetch_jars
from nanoseg_fiji.imagej.java import choose_java

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOOKS = Path(nanoseg_fiji.imagej.__file__).parent
DRIVER = Path(__file__).with_name("driver.groovy")

# What a Fiji has of Appose 0.9.0, and what starting Python and making environments with uv need.
APPOSE = (
    Jar(
        "org.apache.commons",
        "commons-compress",
        "1.26.2",
        "9168a03141d8fc7eda21a2360d83cc0412bcbb1d6204d992bd48c2573cb3c6b8",
    ),
    Jar("org.apposed", "appose", "0.9.0", "b09ce4ff9d7a29518bba7ec7903c63d0504159637376506d9b2a3a70ed37b1bc"),
    Jar(
        "org.apache.groovy",
        "groovy-json",
        "4.0.28",
        "edec45c85ff811f9a9baacdf5b020e34593a0055ac63c92fbf1233c3b2cc9cc6",
    ),
    Jar(
        "net.java.dev.jna",
        "jna",
        "5.14.0",
        "34ed1e1f27fa896bca50dbc4e99cf3732967cec387a7a0d5e3486c09673fe8c6",
    ),
    Jar(
        "net.java.dev.jna",
        "jna-platform",
        "5.14.0",
        "ae4caceb3840730c2537f9b7fb55a01baba580286b4122951488bcee558c2449",
    ),
)


class PlainFiji:
    """A running Fiji without Python."""

    def __init__(self, folder: Path, **options: str) -> None:
        java = choose_java().home / "bin" / "java"
        with (folder / "stderr.txt").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    str(java),
                    "-XX:TieredStopAtLevel=1",
                    "--add-opens=java.base/java.lang=ALL-UNNAMED",
                    "-Djava.awt.headless=true",
                    "-Dpython.cachedir.skip=true",
                    "-Dfile.encoding=UTF-8",
                    f"-Dplugins.dir={folder}",
                    *(f"-D{name}={value}" for name, value in options.items()),
                    "-cp",
                    f"{folder / 'jars'}/*",
                    "groovy.ui.GroovyMain",
                    str(DRIVER),
                    str(HOOKS),
                    str(folder),
                ],
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.folder = folder
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self.process.stdout as lines:
            for line in lines:
                self._answers.put(line)
        self._answers.put(b"")

    @property
    def log(self) -> str:
        """What Java and ImageJ's log said."""
        return (self.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace")

    def send(self, what: str, text: str = "") -> None:
        """Begin something."""
        self.process.stdin.write(json.dumps({"what": what, "text": text}).encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, timeout: float = 240) -> dict[str, Any]:
        """Wait for what was begun."""
        line = self._answers.get(timeout=timeout)
        assert line, f"Java ended:\n{self.log[-3000:]}"
        return json.loads(line)

    def macro(self, text: str) -> dict[str, Any]:
        """Run a macro: what it returns (``value``) and NanoSeg's ``status``, ``error`` and ``count``."""
        self.send("macro", text)
        return self.answer()

    def workers(self) -> list[int]:
        """Process ids of the Python workers."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, parent = stat.read_text().rpartition(")")[2].split()[:2]
                if int(parent) == self.process.pid and state != "Z":
                    found.append(int(stat.parent.name))
        return found

    def end(self) -> None:
        """Quit, as the user does."""
        if self.process.poll() is None:
            self.send("end")
        self.process.wait(30)

    def kill(self) -> None:
        """End without a word, as in a crash."""
        self.process.kill()
        self.process.wait(30)
        self._reader.join(30)
        with contextlib.suppress(OSError):
            self.process.stdin.close()


def lay_out(folder: Path) -> None:
    """Make a folder look like a Fiji."""
    for name in ("jars", "plugins", "scripts/Plugins/NanoSeg"):
        (folder / name).mkdir(parents=True)
    for jar in fetch_jars((*JARS, *APPOSE)):
        os.symlink(jar, folder / "jars" / jar.name)


@pytest.fixture(scope="session")
def make_fiji(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Make a folder that looks like a Fiji, with a space and an umlaut in its name."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("fiji") / "Fiji für mich.app"
        lay_out(folder)
        (folder / "scripts" / "Plugins" / "NanoSeg" / "My_Own.ijm").write_text("mine")
        return folder

    return make


def blocks() -> set[str]:
    """Shared memory of this machine."""
    return {path.name for path in Path("/dev/shm").iterdir()}


@pytest.fixture(scope="module")
def start(make_fiji: Callable[[], Path]) -> Iterator[Callable[..., PlainFiji]]:
    """Start a Fiji, with nanoseg-fiji in it or with a folder of the test's own; all end with the module."""
    from nanoseg_fiji.install import install

    started = []

    def call(folder: Path | None = None, **options: str) -> PlainFiji:
        if folder is None:
            folder = make_fiji()
            assert install(folder).problems == ()
        started.append(PlainFiji(folder, **options))
        return started[-1]

    yield call
    for fiji in started:
        fiji.kill()
        shutil.rmtree(fiji.folder, ignore_errors=True)  # two may have had one folder
