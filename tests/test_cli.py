"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import tifffile

from nanoseg_fiji.cli import main
from nanoseg_fiji.errors import ModelError
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.outputs import OUTPUTS
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.tiff import write_tiff
from nanoseg_fiji.types import Calibration


@pytest.fixture(scope="module")
def micrograph(request, tmp_path_factory):
    """A part of the example, with its pixel size."""
    pixels = read_image(request.config.rootpath / "examples" / "silica.tif").to_numpy()[340:600, 400:700]
    path = tmp_path_factory.mktemp("größe und raum") / "teil 1.tif"
    write_tiff(path, pixels, ("row", "col"), Calibration(3.125, 3.125, "nm"))
    return path


def _errors(capsys) -> list[str]:
    """Lines on standard error, each of which must be an error; never a traceback."""
    lines = capsys.readouterr().err.strip().splitlines()
    assert all(line.startswith("error: ") for line in lines), lines
    return lines


def test_segment_writes_and_tells(micrograph, tmp_path, capsys):
    folder = tmp_path / "out è" / "new"
    assert main(["segment", str(micrograph), "-o", str(folder), "--diameter", "360"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    table = pd.read_csv(folder / "teil 1_particles.csv")
    run = json.loads((folder / "teil 1_run.json").read_text(encoding="utf-8"))
    assert f"{len(table)} particles" in told.out
    assert f"on {run['provenance']['device']}" in told.out
    assert f"mean {run['summary']['ECD_mean']:.4g}" in told.out
    assert f"median {run['summary']['ECD_median']:.4g}" in told.out
    assert " nm" in told.out
    for name in OUTPUTS:
        assert str(folder / f"teil 1_{name}") in told.out
        assert (folder / f"teil 1_{name}").stat().st_size > 0
    assert len(list(folder.iterdir())) == len(OUTPUTS)
    assert run["provenance"]["parameters"]["diameter"] == 360


def test_options_reach_the_result(micrograph, tmp_path):
    options = [
        "--diameter",
        "115",
        "--pixel",
        "--no-split",
        "--min-ecd",
        "30",
        "--exclude-edges",
        "--crop-bottom",
    ]
    options += ["20", "--tolerance", "2", "--min-score", "0.1", "--max-ecd", "900", "--device", "cpu"]
    assert main(["segment", str(micrograph), "-o", str(tmp_path), *options]) == 0
    said = json.loads((tmp_path / "teil 1_run.json").read_text(encoding="utf-8"))["provenance"]["parameters"]
    expected = {
        "diameter": 115,
        "pixel": True,
        "split": False,
        "min_ecd": 30,
        "exclude_edges": True,
        "crop_bottom": 20,
    }
    expected |= {"tolerance": 2, "min_score": 0.1, "max_ecd": 900, "device": "cpu", "model": "em-particles"}
    assert {name: said[name] for name in expected} == expected


def test_one_bad_file_does_not_stop_the_others(micrograph, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(micrograph, folder / "b.tif")
    (folder / "a.tif").write_bytes(micrograph.read_bytes()[:5000])
    (folder / "c.png").write_bytes(b"")
    out = tmp_path / "out"
    assert main(["segment", str(folder), "-o", str(out), "--diameter", "360"]) == 1
    assert sorted(p.name for p in out.iterdir()) == sorted(f"b_{name}" for name in OUTPUTS)
    errors = _errors(capsys)
    assert "a.tif is truncated" in errors[0]
    assert "c.png is empty" in errors[1]
    assert "2 of 3 images failed" in errors[2]


def test_inputs_of_one_name_and_results_that_are_there(tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "x.tif", np.full((40, 40), 7, np.uint8))
    files = [str(tmp_path / folder / "x.tif") for folder in ("one", "two")]
    out = tmp_path / "out"
    assert main(["segment", *files, "-o", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {f"{f}_x_{name}" for f in ("one", "two") for name in OUTPUTS}
    told = capsys.readouterr().out
    assert "0 particles" in told
    assert "no particles were found in x.tif" in told
    assert len((out / "one_x_particles.csv").read_text().splitlines()) == 1
    (out / "one_x_run.json").write_text("mine")
    assert main(["segment", *files, "-o", str(out)]) == 1
    assert "there already" in _errors(capsys)[0]
    assert (out / "one_x_run.json").read_text() == "mine"
    assert main(["segment", *files, "-o", str(out), "--overwrite"]) == 0
    assert json.loads((out / "one_x_run.json").read_text())["provenance"]["image"] == "x.tif"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["segment", "{dir}/no.tif"], 1, "no image file"),
        (["segment", "{dir}/empty"], 1, "no images in"),
        (["segment", "{image}", "--model", "nope"], 1, "unknown model 'nope': known are em-particles"),
        (["segment", "{image}", "--diameter", "-3"], 1, "diameter=-3"),
        (["segment", "{image}", "--device", "abacus"], 1, "device 'abacus'"),
        (["segment", "{image}", "--diameter", "wide"], 2, "--diameter"),
        (["segment", "{image}", "--colour", "red"], 2, "--colour"),
        (["segment"], 2, "files"),
        (["models", "show", "nope"], 1, "unknown model 'nope'"),
        (["fly"], 2, "fly"),
    ],
)
def test_errors_are_one_line(micrograph, tmp_path, capsys, arguments, status, message):
    (tmp_path / "empty").mkdir()
    words = [a.format(dir=tmp_path, image=micrograph) for a in arguments]
    if words[0] == "segment":
        words += ["-o", str(tmp_path / "out")]
    assert main(words) == status
    (line,) = _errors(capsys)
    assert message in line
    assert not list(tmp_path.glob("out/*"))


def test_output_folder_that_cannot_be_written_to(micrograph, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["segment", str(micrograph), "-o", str(tmp_path / "file")]) == 1
    assert "cannot write to" in _errors(capsys)[0]


def test_debug_shows_the_traceback(tmp_path, capsys):
    with pytest.raises(ModelError):
        main(["models", "show", "nope", "--debug"])
    assert main(["--debug", "segment", str(tmp_path / "no.tif"), "-o", str(tmp_path)]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert main(["segment", str(tmp_path / "no.tif"), "-o", str(tmp_path)]) == 1
    assert len(_errors(capsys)) == 1


def test_models(capsys):
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    assert "em-particles" in listed
    assert find_model("em-particles").sha256[:12] in listed
    assert main(["models", "show", "em-particles"]) == 0
    assert find_model("em-particles").sha256 in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("nanoseg-fiji 0.")


def test_doctor_tells_what_there_is_and_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for name in ("torch", "device", "model em-particles", "Java", "ImageJ", "display"):
        assert name in told
    assert find_model("em-particles").sha256[:12] in told
    spec = find_model("em-particles")
    (tmp_path / "bad.safetensors").write_bytes(b"changed")
    shutil.copy(spec.weights.with_suffix(".json"), tmp_path / "bad.json")
    monkeypatch.setattr("nanoseg_fiji.resources.models_dir", lambda: tmp_path)
    assert main(["doctor"]) == 1
    told = capsys.readouterr()
    assert "--  model bad" in told.out
    assert "to do: install nanoseg-fiji again" in told.out
    assert "error: not usable without model bad" in told.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_interrupt_leaves_nothing_half_written(micrograph, tmp_path):
    for i in range(40):
        shutil.copy(micrograph, tmp_path / f"{i:02d}.tif")
    out = tmp_path / "out"
    # a shell may have started the tests with the signal ignored, which children inherit
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", heard + "from nanoseg_fiji.cli import main; sys.exit(main())"]
    process = subprocess.Popen(
        [*command, "segment", str(tmp_path), "-o", str(out), "--diameter", "360"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert "00.tif" in process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip() == "interrupted"
    written = [p.name for p in out.iterdir()]
    stems = {name.split("_")[0] for name in written}
    assert 1 <= len(stems) < 40
    assert sorted(written) == sorted(f"{stem}_{name}" for stem in stems for name in OUTPUTS)
