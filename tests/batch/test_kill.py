"""Runs that are killed at any moment, or stopped by a signal: in the end as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import contents, write_images

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes and signals as POSIX has them")
CLI = [sys.executable, "-c", "import sys; from nanoseg_fiji.cli import main; sys.exit(main())"]


def without_times(files):
    timed = "nanoseg_manifest.jsonl"
    return files | {timed: re.sub(rb'"seconds": [0-9.]+', b"", files[timed])}


def test_killed_and_gone_on_with_is_as_never_killed(tmp_path):
    write_images(tmp_path / "in", ["a.tif", "sub/b.tif", "c.tif"])
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    seed = random.randrange(1 << 30)
    driver = [sys.executable, str(Path(__file__).with_name("kill_driver.py"))]
    folders = [str(tmp_path / name) for name in ("in", "killed", "whole")]
    command = [*driver, *folders, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["whole"], said["killed"]) == (100, [-signal.SIGKILL] * 5), f"{said} {done.stderr}"
    # what was finished before a kill was not done again
    assert said["last"] == 103, said
    killed, whole = (without_times(contents(tmp_path / name)) for name in ("killed", "whole"))
    assert killed.keys() == whole.keys()
    assert [name for name in whole if killed[name] != whole[name]] == [], f"seed {seed}: {said}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_run_that_can_be_gone_on_with(tmp_path, number):
    names = [f"{i:02d}.tif" for i in range(12)]
    write_images(tmp_path / "in", names)
    command = [*CLI, "segment", str(tmp_path / "in"), "--recursive", "-o", str(tmp_path / "out")]
    process = subprocess.Popen(
        [*command, "--diameter", "115", "--pixel"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert "00.tif: " in process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    told = re.fullmatch(r"stopped with (\d+) of 12 images done: .* go on\ninterrupted\n", errors)
    assert told, errors
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    there = contents(tmp_path / "out")
    entries = [json.loads(line) for line in there["nanoseg_manifest.jsonl"].splitlines()[1:]]
    done = [entry for entry in entries if entry["status"] == "done"]
    assert 1 <= len(done) == int(told[1]) < 12
    assert {name for entry in done for name in entry["files"]} == there.keys() - {"nanoseg_manifest.jsonl"}


def test_command_line(tmp_path, capsys):
    from nanoseg_fiji.cli import main

    write_images(tmp_path / "in", ["a.tif", "sub/b.tif"])
    (tmp_path / "in" / "broken.png").write_bytes(b"")
    out = tmp_path / "out"
    command = ["segment", str(tmp_path / "in"), "--recursive", "-o", str(out), "--diameter", "115", "--pixel"]
    assert main(command) == 1
    told = capsys.readouterr()
    assert re.search(r"^a.tif: \d+ particles in ", told.out, re.MULTILINE)
    assert "error: 1 of 3 images failed (broken.png is empty" in told.err
    assert str(out / "nanoseg_table.csv") in told.out
    assert main([*command, "--pattern", "*.tif"]) == 1
    assert "made with pattern , not *.tif" in capsys.readouterr().err
    (tmp_path / "in" / "broken.png").unlink()
    assert main(command) == 0
    assert "2 images were done by an earlier run" in capsys.readouterr().out
    assert main(["segment", str(tmp_path / "in"), "-o", str(out), "--pattern", "*.tif"]) == 2
    assert main(["segment", "--recursive", "x", "y", "-o", str(out)]) == 2
    assert "--recursive takes one folder" in capsys.readouterr().err
