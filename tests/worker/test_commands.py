"""The commands where Fiji hosts Python: each by its effect; a batch cancelled and gone on with."""

from __future__ import annotations

import json
import queue
import runpy
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from nanoseg_fiji import read_image
from nanoseg_fiji.resources import default_model, list_models

from .conftest import blocks

pytestmark = pytest.mark.jvm

EVERY = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "test_every_command.py"))
SILICA = Path(__file__).parents[2] / "examples" / "silica.tif"

# Segment, Size Distribution and Report are tested with the worker itself, Set Up by itself.
COMMANDS = [
    "Measure_Particles....groovy",
    "Filter_Particles....groovy",
    "Split_ROI_with_Line.groovy",
    "Merge_ROIs.groovy",
    "Add_Drawn_Particle.groovy",
    "NanoSeg_Undo.groovy",
    "NanoSeg_Add_to_Training_Set....groovy",
    "Evaluate_Against_ROIs....groovy",
    "Set_Scale_from_Metadata_or_Scale_Bar....groovy",
    "Split_Touching_Particles....groovy",
    "Labels_to_ROI_Manager.groovy",
    "ROI_Manager_to_Labels.groovy",
]


@pytest.fixture(scope="module")
def fiji(start):
    return start()


def test_each_command_does_its_work_in_one_worker(fiji, tmp_path):
    before = blocks()
    labels = np.zeros((60, 100), np.uint16)
    labels[5:15, 5:15], labels[5:13, 15:23], labels[40:46, 60:66] = 1, 2, 3
    tifffile.imwrite(tmp_path / "labels.tif", labels, imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
    (tmp_path / "out").mkdir()
    places = {"labels": tmp_path / "labels.tif", "out": tmp_path / "out", "image": SILICA}
    for script in COMMANDS:
        text, expected = EVERY["MACROS"][script]
        answer = fiji.macro(EVERY["filled"](text, places) + "return out;")
        assert (answer["status"], answer["error"]) == ("ok", ""), script
        assert expected in answer["value"], script
    pair = tmp_path / "out" / "labels" / "pair.tif"
    assert np.array_equal(tifffile.imread(pair) > 0, labels > 0)
    assert fiji.macro('run("NanoSeg Models...", "action=list");')["count"] == str(len(list_models()))
    assert f"{default_model()} (default): " in fiji.log
    assert len(fiji.workers()) == 1 and blocks() == before


def test_escape_keeps_what_is_done_and_the_same_macro_goes_on(fiji, tmp_path):
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
