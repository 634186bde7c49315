"""*Batch Folder...* where Fiji hosts Python: in the worker, cancelled with Escape and gone on with."""

from __future__ import annotations

import json
import queue
import time
from pathlib import Path

import pytest
import tifffile

from nanoseg_fiji import read_image

pytestmark = pytest.mark.jvm

SILICA = Path(__file__).parents[2] / "examples" / "silica.tif"


def test_escape_keeps_what_is_done_and_the_same_macro_goes_on(start, tmp_path):
    fiji = start()
    source, out = tmp_path / "in für heute", tmp_path / "out"
    source.mkdir()
    pixels = read_image(SILICA).values
    names = [f"{i:02d}.tif" for i in range(30)]
    for i, name in enumerate(names):
        tifffile.imwrite(source / name, pixels[10 * i : 10 * i + 200, 100:300])
    macro = f'run("Batch Folder...", "input=[{source}] output=[{out}] diameter=115");'
    fiji.send("macro", macro)
    manifest = out / "nanoseg_manifest.jsonl"
    deadline = time.monotonic() + 240
    while not (manifest.is_file() and '"done"' in manifest.read_text()):
        assert time.monotonic() < deadline, fiji.log[-2000:]
        with pytest.raises(queue.Empty):
            pytest.fail(f"it is over already: {fiji.answer(timeout=0.05)}")
    fiji.send("escape")
    answers = [fiji.answer(timeout=120), fiji.answer(timeout=120)]
    assert {answer["status"] for answer in answers} >= {"cancelled"}
    lines = [json.loads(line) for line in manifest.read_text().splitlines()[1:]]
    done = {line["image"] for line in lines if line["status"] == "done"}
    assert 1 <= len(done) < 30
    answer = fiji.macro(macro)
    assert (answer["status"], answer["error"]) == ("ok", "")
    assert f"{len(done)} images were done by an earlier run" in fiji.log
    table = (out / "nanoseg_table.csv").read_text().splitlines()
    assert len(table) - 1 == int(answer["count"])
    assert {line.split(",")[0] for line in table[1:]} <= set(names)
    assert {name.split("_")[0] for name in (p.name for p in out.glob("??_run.json"))} == {
        name.removesuffix(".tif") for name in names
    }
