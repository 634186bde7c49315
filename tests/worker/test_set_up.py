# ruff: noqa: E501 - macros read best on one line
"""*NanoSeg Set Up...* in a plain JVM: real uv makes real environments, and all that is made can be removed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import tifffile
from packaging.requirements import Requirement

from nanoseg_fiji import __version__, read_image
from nanoseg_fiji.install import RECORD, files_to_install, uninstall
from nanoseg_fiji.resources import scripts_dir

ROOT = Path(__file__).parents[2]
SEGMENT = 'run("Segment Particles...", "diameter=400 summary=false");'


@pytest.fixture(scope="module")
def uv():
    found = pytest.importorskip("uv", reason="the package uv is not installed").find_uv_bin()
    return Path(found)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """An offline archive: a zip file of the package's own wheel, and a list of just that."""
    folder = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    path = tmp_path_factory.mktemp("Räder für heute") / "alle Räder.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.write(wheel, f"linux/{wheel.name}")
        file.writestr("linux/requirements.txt", f"nanoseg-fiji=={__version__}\n")
    return path


@pytest.fixture(scope="module")
def folder(make_fiji):
    """A Fiji whose commands came from the update site: no Python has installed them."""
    folder = make_fiji()
    for name, source in files_to_install().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def fiji(folder, start, tmp_path_factory):
    """That Fiji, where uv leaves dependencies out, and Python finds those of this very environment."""
    tmp = tmp_path_factory.mktemp("uv")
    (tmp / "uv.toml").write_text("[pip]\nno-deps = true\n")
    others = tmp / "others"
    others.mkdir()
    for key in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(key).iterdir():
            if not path.name.startswith(("nanoseg_fiji", "__pycache__")) and path.suffix != ".pth":
                (others / path.name).symlink_to(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_CONFIG_FILE", str(tmp / "uv.toml"))
        patch.setenv("PYTHONPATH", str(others))
        yield start(folder, **{"appose.envs-dir": str(tmp / "appose")})


@pytest.fixture(scope="module")
def micrograph(tmp_path_factory):
    whole = read_image(ROOT / "examples" / "silica.tif")
    path = tmp_path_factory.mktemp("images") / "silica.tif"
    size = 1 / whole.attrs["pixel_width"]
    tifffile.imwrite(
        path, whole.values[100:420, 100:500], imagej=True, resolution=(size, size), metadata={"unit": "nm"}
    )
    return path


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A Python that has no packages of its own."""
    folder = tmp_path_factory.mktemp("leer")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def set_up(fiji, **keys):
    options = " ".join(f"{key}=[{value}]" for key, value in keys.items())
    return fiji.macro(f'run("NanoSeg Set Up...", "{options}");')


def files(folder):
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return {name for name in found if not name.startswith("nanoseg/environment/")}


@pytest.mark.jvm
class TestSetUp:
    def test_commands_say_what_to_do_before_it(self, fiji, folder, micrograph):
        for record in (None, "{"):  # none, and one that cannot be read
            if record:
                (folder / RECORD).write_text(record)
            answer = fiji.macro(f'open("{micrograph}"); {SEGMENT}')
            assert answer["error"].endswith("run Plugins > NanoSeg > NanoSeg Set Up... first")
        (folder / RECORD).unlink()

    def test_what_cannot_work_is_refused_and_nothing_is_recorded(
        self, fiji, folder, uv, archive, bare, tmp_path
    ):
        before = files(folder)
        (tmp_path / "empty").mkdir()
        assert "there is no program python=" in set_up(fiji, python=tmp_path / "gone")["error"]
        assert "holds no wheels" in set_up(fiji, wheels=tmp_path / "empty", uv=uv)["error"]
        assert "there is no wheels=" in set_up(fiji, wheels=tmp_path / "gone.zip", uv=uv)["error"]
        error = set_up(fiji, python=bare)["error"]
        assert "No module named 'nanoseg_fiji'" in error or "No module named nanoseg_fiji" in error
        with zipfile.ZipFile(archive) as file:
            wheel = next(name for name in file.namelist() if name.endswith(".whl"))
            (tmp_path / "one").mkdir()
            (tmp_path / "one" / Path(wheel).name).write_bytes(file.read(wheel))
        answer = set_up(fiji, wheels=tmp_path / "one", uv=uv, python=sys.executable)
        assert answer["status"] == "error" and "the archive must hold all" in answer["error"]
        assert "annotated-doc" in answer["error"]  # the first that is missing
        assert files(folder) == before

    def test_environment_from_an_archive(self, fiji, folder, uv, archive, micrograph):
        before = files(folder)
        answer = set_up(fiji, wheels=archive, uv=uv, python=sys.executable)
        assert (answer["status"], answer["error"]) == ("ok", ""), fiji.log[-3000:]
        assert f"ready: nanoseg-fiji {__version__}, torch " in fiji.log
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        env = folder / "nanoseg" / "environment" / "env"
        assert record == {"python": str(env / "bin" / "python"), "version": __version__, "files": []}
        assert list(env.glob("lib/python3*/site-packages/nanoseg_fiji/worker.py"))
        assert {path.name for path in env.parent.iterdir()} <= {"env", "python"}
        assert files(folder) == before | {RECORD.as_posix()}

        answer = fiji.macro(f'open("{micrograph}"); {SEGMENT}')
        assert (answer["status"], answer["error"]) == ("ok", "") and int(answer["count"]) > 3
        (worker,) = fiji.workers()
        assert Path(f"/proc/{worker}/cmdline").read_bytes().split(b"\0")[0].decode() in (
            "python",
            record["python"],
        )

        made = (env / "pyvenv.cfg").stat().st_mtime_ns
        assert set_up(fiji)["status"] == "ok"  # it is in order: neither made again nor asked of the network
        assert (env / "pyvenv.cfg").stat().st_mtime_ns == made

    def test_python_of_the_users_own_then_all_is_removed(self, fiji, folder, bare):
        record = (folder / RECORD).read_bytes()
        assert set_up(fiji, python=bare)["status"] == "error"  # without nanoseg-fiji
        assert (folder / RECORD).read_bytes() == record
        own = folder / "nanoseg" / "environment" / "env" / "bin" / "python3"
        assert set_up(fiji, python=own)["status"] == "ok"
        assert json.loads((folder / RECORD).read_text(encoding="utf-8"))["python"] == str(own)
        assert set_up(fiji, remove="true")["status"] == "ok"
        assert not (folder / "nanoseg" / "environment").exists() and not (folder / RECORD).exists()
        assert fiji.workers() == []
        assert set(files_to_install()) <= files(folder)


class Refusing(threading.Thread):
    """A proxy that notes what it is asked for; refuses it, or leaves it waiting."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked: list[str] = []
        self.waiting: list[socket.socket] | None = None
        self.start()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.asked.append(connection.recv(4096).split(b"\r\n")[0].decode())
            if self.waiting is None:
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                connection.close()
            else:
                self.waiting.append(connection)

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.waiting or ():
            connection.close()
        self.join(10)


@pytest.mark.jvm
def test_network_is_reached_through_the_proxy_and_escape_stops_it(start, folder, uv, monkeypatch, tmp_path):
    proxy = Refusing()
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith("UV_"):
            monkeypatch.delenv(name)
    (tmp_path / f"python3.{sys.version_info.minor}").symlink_to(os.path.realpath(sys.executable))
    monkeypatch.setenv("PATH", str(tmp_path))  # no uv there
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    tools = tmp_path / "appose"
    fiji = start(
        folder,
        **{"https.proxyHost": "127.0.0.1", "https.proxyPort": str(proxy.port), "appose.envs-dir": str(tools)},
    )
    try:
        answer = set_up(fiji)
        assert answer["status"] == "error"
        assert "cannot be downloaded" in answer["error"] and "give a uv with uv=" in answer["error"]
        assert any(line.startswith("CONNECT github.com:443") for line in proxy.asked)

        proxy.asked.clear()
        answer = set_up(fiji, uv=uv)
        assert answer["status"] == "error" and "see that the network or its proxy works" in answer["error"]
        # uv asks for packages, or for Python 3.11 where that is not this one
        assert any(line.startswith("CONNECT ") for line in proxy.asked)
        assert (tools / ".uv" / "bin" / uv.name).read_bytes() == uv.read_bytes()

        proxy.asked.clear()
        proxy.waiting = []
        fiji.send("macro", 'run("NanoSeg Set Up...");')
        deadline = time.monotonic() + 60
        while not proxy.asked:
            assert time.monotonic() < deadline, fiji.log[-2000:]
            time.sleep(0.05)
        fiji.send("escape")
        assert {fiji.answer(60)["status"], fiji.answer(60)["status"]} >= {"cancelled"}
        while fiji.workers():
            assert time.monotonic() < deadline, "uv is still there"
            time.sleep(0.05)
        assert not (folder / RECORD).exists()
    finally:
        proxy.end()


def test_uninstall_removes_the_environment_and_nothing_else(folder, tmp_path):
    copy = tmp_path / "Fiji"
    (copy / "jars").mkdir(parents=True)
    (copy / "jars" / "ij-1.54p.jar").touch()
    before = files(copy)
    elsewhere = tmp_path / "python"
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    env = copy / "nanoseg" / "environment" / "env"
    env.mkdir(parents=True)
    (env / "pyvenv.cfg").touch()
    (env / "lib").symlink_to(elsewhere)
    record = {"python": str(env / "bin" / "python"), "version": __version__, "files": []}
    (copy / RECORD).write_text(json.dumps(record))
    assert uninstall(copy) == 2
    assert files(copy) == before and not (copy / "nanoseg").exists()
    assert (elsewhere / "mine").is_file()


def test_what_is_installed_is_pinned_and_meets_what_the_package_asks_for():
    text = (scripts_dir() / "lib" / "requirements.txt").read_text(encoding="utf-8")
    first, *pins = [Requirement(line) for line in text.splitlines() if not line.startswith("#")]
    assert (first.name, str(first.specifier)) == ("nanoseg-fiji", f"=={__version__}")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in first.extras:
        wanted += project["optional-dependencies"][extra]
    pinned: dict[str, list[str]] = {}
    for pin in pins:
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        pinned.setdefault(pin.name.lower(), []).append(specifier.version)
    for requirement in map(Requirement, wanted):
        versions = pinned[requirement.name.lower()]
        assert all(requirement.specifier.contains(version) for version in versions), requirement
