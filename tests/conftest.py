"""What the tests share: the data, ImageJ in this process, and its window in a child process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nanoseg_fiji.imagej import ImageJ

DRIVER = Path(__file__).parent / "gui" / "driver.py"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the labelled micrographs."""
    folder = os.environ.get("NANOSEG_DATA")
    if not folder:
        pytest.skip("NANOSEG_DATA is not set: it names the folder of the labelled micrographs")
    return Path(folder)


@pytest.fixture(scope="session", autouse=True)
def _no_models_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tests see the models of the package and those that they add themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NANOSEG_MODELS", str(tmp_path_factory.mktemp("models")))
        yield


@pytest.fixture(scope="session")
def ij() -> ImageJ:
    """The embedded ImageJ, headless, in this process, with the service published."""
    from nanoseg_fiji.imagej import start

    return start()


@pytest.fixture(scope="session", params=["embedded", pytest.param("fiji", marks=pytest.mark.fiji)])
def host(request: pytest.FixtureRequest) -> ImageJ:
    """Headless ImageJ in this process: the embedded one, and the Fiji that NANOSEG_FIJI names."""
    if request.param == "embedded":
        return request.getfixturevalue("ij")
    from nanoseg_fiji.errors import ImageJError
    from nanoseg_fiji.imagej import start

    fiji = os.environ.get("NANOSEG_FIJI")
    if not fiji:
        pytest.skip("NANOSEG_FIJI is not set: it names the folder of a Fiji")
    try:
        return start(fiji)
    except ImageJError as error:
        if "already" not in str(error):
            raise
        pytest.skip("the embedded ImageJ runs in this process: run 'pytest -m fiji' by itself")


@pytest.fixture(autouse=True)
def _no_images_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test of ImageJ starts without open images and without rows in its table."""
    yield
    if {"ij", "host"} & set(request.fixturenames):
        from jpype import JClass

        JClass("ij.WindowManager").closeAllWindows()
        interpreter = JClass("ij.macro.Interpreter")  # without windows, it keeps the images
        while image := interpreter.getLastBatchModeImage():
            interpreter.removeBatchModeImage(image)
        JClass("ij.WindowManager").setTempCurrentImage(None)
        JClass("ij.measure.ResultsTable").getResultsTable().reset()


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """An X display of the tests' own, such as ``:1``."""
    from nanoseg_fiji.imagej.doctor import APT_LINE

    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip(f"no Xvfb: {APT_LINE}")
    readable, writable = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(writable), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-r"],
        pass_fds=[writable],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writable)
    try:
        with os.fdopen(readable) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def artefacts(pytestconfig: pytest.Config) -> Path:
    """Folder where screenshots are kept."""
    folder = pytestconfig.rootpath / "test-artefacts"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def window(
    display: str, artefacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., dict[str, Any]]:
    """Run Python code in a child process in which ImageJ's window is open.

    ``window(code, **values)`` gives the dictionary ``result`` that the code has filled; `values` (JSON) are
    its variables. ``gui/driver.py`` tells what else it can use.
    """

    def run(code: str, **values: Any) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("window")
        job = folder / "job.json"
        job.write_text(
            json.dumps({"code": textwrap.dedent(code), "values": values, "artefacts": str(artefacts)})
        )
        answer = folder / "answer.json"
        done = subprocess.run(
            [sys.executable, str(DRIVER), str(job), str(answer)],
            env={**os.environ, "DISPLAY": display, "HOME": str(folder), "NANOSEG_CACHE": _cache()},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0 and answer.is_file(), f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
        return json.loads(answer.read_text())

    return run


def _cache() -> str:
    from nanoseg_fiji.imagej.jars import cache_dir

    return str(cache_dir().parent)
