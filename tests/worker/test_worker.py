# ruff: noqa: E501 - macros read best on one line
"""Fiji hosts Python: real ImageJ in a plain JVM starts the worker, and both survive what becomes of the other."""

from __future__ import annotations

import json
import os
import queue
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from nanoseg_fiji import read_image, segment
from nanoseg_fiji.install import RECORD, install
from nanoseg_fiji.resources import find_model

from .conftest import blocks

pytestmark = pytest.mark.jvm

SILICA = Path(__file__).parents[2] / "examples" / "silica.tif"
SEGMENT = 'run("Segment Particles...", "diameter=400 summary=false");'


@pytest.fixture(scope="module")
def before():
    return blocks()


@pytest.fixture(scope="module")
def fiji(before, start):
    return start()


@pytest.fixture(scope="module")
def micrograph(tmp_path_factory):
    """A part of a micrograph, small enough to be quick, with its pixel size."""
    return _write(tmp_path_factory.mktemp("Bilder für heute") / "größe 1.tif", lambda part: part)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A stack that keeps the network at work for many seconds."""
    return _write(tmp_path_factory.mktemp("stack") / "series.tif", lambda part: np.stack([part] * 200))


def _write(path, arrange):
    whole = read_image(SILICA)
    scale = 1 / whole.attrs["pixel_width"]
    pixels = arrange(whole.values[100:420, 100:500])
    tifffile.imwrite(
        path,
        pixels,
        imagej=True,
        resolution=(scale, scale),
        metadata={"unit": "nm", "axes": "ZYX"[-pixels.ndim :]},
    )
    return path


def _until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def _opened(path, *lines):
    return "\n".join(['if (nImages > 0) close("*"); run("Clear Results");', f'open("{path}");', *lines])


def _begin(fiji, stack):
    """Have the warm worker at work in the middle of a stack; return its process id."""
    fiji.send("macro", _opened(stack, 'run("Segment Particles...", "diameter=400 stack=true");'))
    time.sleep(2)
    with pytest.raises(queue.Empty):
        pytest.fail(f"it is over already: {fiji.answer(timeout=0.1)}")
    (worker,) = fiji.workers()
    return worker


def test_result_is_that_of_python_and_the_worker_stays(fiji, before, micrograph, tmp_path):
    found = segment(read_image(micrograph), diameter=400)
    assert found.count > 3
    # The overlay, which is the ROI zip that the worker made, goes back to it and returns as labels.
    answer = fiji.macro(
        _opened(
            micrograph,
            'run("Segment Particles...", "diameter=400 label_image=true");',
            f'selectImage("größe 1-labels"); saveAs("tiff", "{tmp_path}/labels.tif"); close();',
            'ecd = ""; for (i = 0; i < nResults; i++) ecd = ecd + d2s(getResult("ECD", i), 9) + " ";',
            'selectImage("größe 1.tif"); run("ROI Manager to Labels");',
            f'selectImage("größe 1-labels"); saveAs("tiff", "{tmp_path}/rois.tif"); return ecd;',
        )
    )
    assert (answer["status"], answer["error"]) == ("ok", "")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), found.labels)
    np.testing.assert_allclose(np.array(answer["value"].split(), float), found.table["ECD"], rtol=1e-8)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "rois.tif"), found.labels)

    (worker,) = fiji.workers()
    assert fiji.macro(_opened(micrograph, SEGMENT))["count"] == str(found.count)
    assert fiji.workers() == [worker]
    assert blocks() == before


def test_jython_command_asks_the_worker_too(fiji, before, micrograph, tmp_path):
    answer = fiji.macro(
        _opened(micrograph, SEGMENT, f'run("Particle Size Distribution...", "output=[{tmp_path}]");')
    )
    assert (answer["status"], answer["error"]) == ("ok", "")
    assert list(tmp_path.glob("*.csv"))
    assert blocks() == before


def test_report_is_that_of_the_worker(fiji, before):
    answer = fiji.macro('run("NanoSeg Report...");')
    assert (answer["status"], answer["error"]) == ("ok", "")
    told = fiji.log.split("NanoSeg report")[1]
    assert sys.executable in told and "is a worker of this ImageJ" in told
    assert find_model("em-particles").sha256[:12] in told
    assert blocks() == before


def test_errors_of_the_service_arrive_and_do_not_end_the_worker(fiji, micrograph):
    (worker,) = fiji.workers()
    answer = fiji.macro(_opened(micrograph, 'run("Segment Particles...", "model=nobody");'))
    assert answer["status"] == "error" and "unknown model 'nobody'" in answer["error"]
    assert fiji.workers() == [worker]


def test_broken_model_is_refused_and_does_not_end_the_worker(fiji, micrograph, tmp_path):
    (worker,) = fiji.workers()
    spec = find_model("em-particles")
    broken = tmp_path / "kaputt.safetensors"
    broken.write_bytes(spec.weights.read_bytes()[:-1000])
    broken.with_suffix(".json").write_text(json.dumps(dict(spec.card)))
    answer = fiji.macro(_opened(micrograph, f'run("Segment Particles...", "model=[{broken}]");'))
    assert answer["status"] == "error" and "kaputt.safetensors" in answer["error"]
    assert "\n" not in answer["error"] and "unexpected" not in answer["error"]
    assert fiji.workers() == [worker]


def test_out_of_memory_is_said_and_the_next_command_works(fiji, before, micrograph):
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"
    (worker,) = fiji.workers()
    status = Path(f"/proc/{worker}/status").read_text()
    size = int(re.search(r"VmSize:\s+(\d+) kB", status)[1]) << 10
    resource.prlimit(worker, resource.RLIMIT_AS, (size + (100 << 20), resource.RLIM_INFINITY))
    answer = fiji.macro('close("*"); newImage("big", "32-bit noise", 6000, 6000, 1);' + SEGMENT)
    assert answer["status"] == "error" and answer["error"].startswith("not enough memory")
    assert blocks() == before
    if worker in fiji.workers():
        resource.prlimit(worker, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"


def test_escape_cancels_and_the_worker_stays(fiji, before, stack):
    worker = _begin(fiji, stack)
    fiji.send("escape")
    answers = [fiji.answer(timeout=20), fiji.answer(timeout=20)]
    assert {answer["status"] for answer in answers} >= {"cancelled"}
    assert fiji.workers() == [worker]
    assert (
        fiji.macro("n = Overlay.size; return d2s(nImages, 0) + d2s(n, 0) + d2s(nResults, 0);")["value"]
        == "100"
    ), fiji.log[-1500:]
    assert blocks() == before


def test_killed_worker_is_one_error_and_the_next_command_starts_another(fiji, before, stack, micrograph):
    worker = _begin(fiji, stack)
    os.kill(worker, signal.SIGKILL)
    answer = fiji.answer(timeout=20)
    assert answer["status"] == "error"
    assert answer["error"].startswith("Python ended in the middle of the work")
    assert fiji.log.count(answer["error"]) == 1
    assert fiji.workers() == []
    assert blocks() == before
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"
    (fresh,) = fiji.workers()
    assert fresh != worker


def test_worker_killed_while_idle_is_not_noticed(fiji, micrograph):
    (worker,) = fiji.workers()
    os.kill(worker, signal.SIGKILL)
    _until(lambda: not fiji.workers())
    time.sleep(0.5)  # Java hears of it a moment later
    answer = fiji.macro(_opened(micrograph, SEGMENT))
    assert (answer["status"], answer["error"]) == ("ok", "")


def test_worker_ends_with_fiji(fiji, before):
    workers = fiji.workers()
    assert len(workers) == 1
    fiji.end()
    _until(lambda: not Path(f"/proc/{workers[0]}").exists())
    assert blocks() == before


def test_worker_ends_when_fiji_is_killed_and_takes_the_shared_memory_along(start, before, micrograph, stack):
    fiji = start()
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"
    worker = _begin(fiji, stack)
    assert blocks() != before
    fiji.kill()
    _until(lambda: not Path(f"/proc/{worker}").exists())
    assert blocks() == before


def test_idle_worker_ends(start, micrograph):
    fiji = start(**{"nanoseg.idle": "1"})
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"
    _until(lambda: not fiji.workers())
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"


def test_what_keeps_python_from_starting_is_said(start, make_fiji, micrograph, tmp_path):
    folder = make_fiji()
    install(folder)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "leer"], check=True)

    def write(**changes):
        (folder / RECORD).write_text(json.dumps(record | changes), encoding="utf-8")

    def error():
        answer = fiji.macro(_opened(micrograph, SEGMENT))
        assert answer["status"] == "error" and "\n" not in answer["error"]
        assert fiji.workers() == []
        return answer["error"]

    fiji = start(folder)
    (folder / RECORD).unlink()
    assert "run Plugins > NanoSeg > NanoSeg Set Up... first" in error()
    write(python=str(tmp_path / "gone" / "python"))
    assert "there is no Python at" in error()
    write(python=str(tmp_path / "leer" / "bin" / "python"))
    assert "No module named" in error()
    write(version="0.0.1")
    assert "Python was set up for 0.0.1: run Plugins > NanoSeg > NanoSeg Set Up... again" in error()
    requirements = folder / "nanoseg" / "lib" / "requirements.txt"
    text = requirements.read_text()
    requirements.write_text(text.replace(f"=={record['version']}\n", "==0.0.1\n"))
    assert "the commands are of 0.0.1" in error()
    requirements.write_text(text)
    write()
    assert fiji.macro(_opened(micrograph, SEGMENT))["status"] == "ok"


def test_fiji_without_appose_is_told_to_update(start, make_fiji, micrograph):
    folder = make_fiji()
    next((folder / "jars").glob("appose-*.jar")).unlink()
    assert any("no Appose" in problem for problem in install(folder).problems)
    answer = start(folder).macro(_opened(micrograph, SEGMENT))
    assert answer["status"] == "error" and "this Fiji has no Appose" in answer["error"]
