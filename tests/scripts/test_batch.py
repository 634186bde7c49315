"""*Batch Folder...* from a macro, headless: the same files as from Python, and macros hear of what failed."""

from __future__ import annotations

import shutil

import pytest

from nanoseg_fiji.batch import segment_folder
from nanoseg_fiji.types import SegmentationParams

from .conftest import DIAMETER, options, status

pytestmark = pytest.mark.jvm


def batch(**keys):
    return f'run("Batch Folder...", "{options(diameter=DIAMETER, **keys)}");'


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_are_those_of_python_and_a_failure_stops_the_macro(host, run, micrograph, tmp_path, capfd):
    source, out = tmp_path / "in für heute", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    shutil.copy(micrograph, source / "a.tif")
    shutil.copy(micrograph, source / "sub" / "b.tif")
    (source / "broken.png").write_bytes(b"")
    segment_folder(source, tmp_path / "python", SegmentationParams(diameter=float(DIAMETER), model="default"))
    with pytest.raises(Exception, match=r"1 of 3 images failed \(broken.png is empty"):
        run(batch(input=source, output=out), 'print("went on");')
    assert status()["status"] == "error"
    told = capfd.readouterr().out
    assert "went on" not in told and "particles in 2 of 3 images" in told
    made, expected = files(out), files(tmp_path / "python")
    assert made.keys() == expected.keys() and len(made) > 15
    assert [n for n in made if made[n] != expected[n]] == ["nanoseg_manifest.jsonl"]  # the seconds

    (source / "broken.png").unlink()
    lines = run(
        batch(input=source, output=out),
        'out = out + getInfo("nanoseg.status") + "\\n" + getInfo("nanoseg.count") + "\\n";',
    )
    rows = made["nanoseg_table.csv"].count(b"\n") - 1
    assert lines == ["ok", str(rows)] and rows > 5
    assert "2 images were done by an earlier run" in capfd.readouterr().out


def test_refusals_reach_the_macro(run, tmp_path):
    with pytest.raises(Exception, match="no input folder: name one with input="):
        run(batch(output=tmp_path))
    with pytest.raises(Exception, match="is or holds the input folder"):
        run(batch(input=tmp_path, output=tmp_path))
