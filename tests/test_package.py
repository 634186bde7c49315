"""What importing costs, where the package comes from, what it offers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nanoseg_fiji

HEAVY = ("torch", "xarray", "pandas", "numpy", "scipy", "skimage", "matplotlib", "jpype", "scyjava", "imagej")


def _fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_is_cheap():
    # processor time: the limits are for a machine that does nothing else
    code = f"""
import sys, time
start = time.process_time()
import nanoseg_fiji
print(time.process_time() - start, *[m for m in {HEAVY!r} if m in sys.modules])
"""
    answers = [_fresh(code).split() for _ in range(3)]
    assert answers[0][1:] == []
    assert min(float(a[0]) for a in answers) < 0.3


def test_help_is_cheap():
    code = f"""
import sys, time
start = time.process_time()
from nanoseg_fiji.cli import main
assert main(["--help"]) == 0
print(time.process_time() - start, *[m for m in {HEAVY!r} if m in sys.modules])
"""
    answers = [_fresh(code) for _ in range(3)]
    for command in ("segment", "gui", "macro", "train", "evaluate", "models", "doctor"):
        assert f" {command} " in answers[0]
    last = [a.splitlines()[-1].split() for a in answers]
    assert last[0][1:] == []
    assert min(float(a[0]) for a in last) < 0.5


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="CI alone tests the installed wheel")
def test_the_installed_package_is_tested():
    assert "site-packages" in Path(nanoseg_fiji.__file__).parts


def test_public_names():
    for name in nanoseg_fiji.__all__:
        assert getattr(nanoseg_fiji, name) is not None
        assert name in dir(nanoseg_fiji)
    assert nanoseg_fiji.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'segmant'"):
        _ = nanoseg_fiji.segmant
