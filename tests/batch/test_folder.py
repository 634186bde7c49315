"""A folder as a whole: the results of each image, those of the set, and what may not happen to either."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from nanoseg_fiji import read_image, segment, service, write_results
from nanoseg_fiji.batch import segment_folder
from nanoseg_fiji.batch.folder_lock import locked
from nanoseg_fiji.errors import CancelledError, InputError, OutputError
from nanoseg_fiji.outputs import OUTPUTS

from .conftest import PARAMS, contents

IMAGES = ["a.tif", "b.tif", "broken.tif", "day 1/a.tif", "day 1/series.tif", "flat.tif"]
DONE = [name for name in IMAGES if name != "broken.tif"]


@pytest.fixture(scope="module")
def run(folder):
    """Result of a run, its output folder inside the input folder, and what it told."""
    told, reported = [], []
    out = folder / "results"
    result = segment_folder(
        folder, out, PARAMS, progress=lambda done, text: told.append((done, text)), report=reported.append
    )
    return result, out, told, reported


def test_each_image_has_the_files_of_segment_in_its_place(folder, run, tmp_path):
    _, out, _, _ = run
    expected = {f"{name.removesuffix('.tif')}_{kind}" for name in DONE for kind in OUTPUTS}
    there = contents(out)
    assert {name for name in there if not name.startswith("nanoseg_")} == expected
    assert not (out / ".nanoseg-batch").exists()
    for name in ("a", "day 1/series"):
        image = read_image(folder / f"{name}.tif")
        alone = segment(image, diameter=115.0, pixel=True, device="cpu")
        for path in write_results(alone, image, tmp_path / name, "x"):
            assert path.read_bytes() == there[f"{name}_{path.name.removeprefix('x_')}"], path.name


def test_one_table_for_all(run):
    result, out, _, _ = run
    table = pd.read_csv(out / "nanoseg_table.csv")
    assert list(table.columns[:3]) == ["Image", "Unit", "Label"]
    rows = []
    for name in DONE:
        part = pd.read_csv(out / f"{name.removesuffix('.tif')}_particles.csv")
        rows += [(name, row["Label"], row.filter(like="ECD").iloc[0]) for _, row in part.iterrows()]
    assert rows == list(zip(table["Image"], table["Label"], table["ECD"], strict=True))
    assert len(table) == result.count > 8
    assert set(table["Unit"][table["Image"] == "day 1/series.tif"]) == {"µm"}


def test_a_row_an_image(run):
    result, out, _, _ = run
    table = pd.read_csv(out / "nanoseg_images.csv", index_col="Image", keep_default_na=False)
    assert list(table.index) == list(result.images.index) == IMAGES
    assert list(table["Status"]) == ["done", "done", "failed", "done", "done", "done"]
    run_json = json.loads((out / "a_run.json").read_text())
    assert table.loc["a.tif", "Counted"] == run_json["summary"]["counted"]
    assert "the image is constant" in table.loc["flat.tif", "Notes"]
    assert "truncated" in table.loc["broken.tif", "Notes"]


def test_sizes_of_the_set(run):
    result, out, _, _ = run
    sizes = json.loads((out / "nanoseg_sizes.json").read_text())
    table = pd.read_csv(out / "nanoseg_table.csv")
    table = table[table["Weight"] > 0]
    (group,) = sizes["groups"]
    assert (group["Count"], sizes["unit"]) == (len(table), "nm")
    in_nm = table["ECD"] * np.where(table["Unit"] == "µm", 1000, 1)
    np.testing.assert_allclose(group["mean"], np.average(in_nm, weights=table["Weight"]), rtol=1e-4)
    assert sizes["provenance"]["parameters"]["diameter"] == 115
    assert (out / "nanoseg_sizes.png").read_bytes()[:4] == b"\x89PNG"
    assert f"{result.count} particles in 5 of 6 images" in result.text


def test_what_is_told(run):
    result, _, told, reported = run
    assert result.failures.startswith("1 of 6 images failed (broken.tif")
    assert "left out: 1 that are no images" in result.messages
    assert {entry["image"] for entry in reported} == set(IMAGES)
    fractions = [done for done, _ in told]
    assert fractions == sorted(fractions) and 0 <= fractions[0] and fractions[-1] <= 1
    assert any(text.startswith("3 of 6, ") and " left: " in text for _, text in told)


def test_again_only_what_failed_and_what_has_changed(folder, run, tmp_path):
    inputs, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(folder, inputs, ignore=shutil.ignore_patterns("results"))
    shutil.copytree(run[1], out)
    manifest = out / "nanoseg_manifest.jsonl"
    manifest.write_text(manifest.read_text().replace(str(folder), str(inputs)))
    shutil.copy(inputs / "a.tif", inputs / "broken.tif")
    shutil.copy(inputs / "b.tif", inputs / "a.tif")
    (inputs / "flat.tif").unlink()
    before, asked = contents(out), []
    result = segment_folder(inputs, out, PARAMS, report=lambda entry: asked.append(entry["image"]))
    assert asked == ["a.tif", "broken.tif"] and result.earlier == 3 and not result.failed
    after = contents(out)
    assert after["broken_labels.tif"] == before["a_labels.tif"]
    assert after["a_labels.tif"] == before["b_labels.tif"]
    assert after["flat_run.json"] == before["flat_run.json"]
    assert list(result.images.index) == [name for name in IMAGES if name != "flat.tif"]
    assert any("1 image" in text and "not in the input folder any more" in text for text in result.messages)


def test_other_choices_and_files_of_others_are_refused(folder, run, tmp_path):
    _, out, _, _ = run
    before = contents(out)
    with pytest.raises(InputError, match="made with pattern"):
        segment_folder(folder, out, PARAMS, pattern="a*")
    with locked(out), pytest.raises(InputError, match="another run is at work"):
        segment_folder(folder, out, PARAMS)
    assert contents(out) == before
    (tmp_path / "day 1").mkdir()
    (tmp_path / "day 1" / "a_labels.tif").write_text("mine")
    with pytest.raises(OutputError, match="there already and was kept"):
        segment_folder(folder, tmp_path, PARAMS)
    assert contents(tmp_path) == {"day 1/a_labels.tif": b"mine"}
    again = segment_folder(folder, tmp_path, PARAMS, pattern="*/a.*", overwrite=True)
    assert list(again.images.index) == ["day 1/a.tif"]
    assert (tmp_path / "day 1" / "a_labels.tif").read_bytes() == before["day 1/a_labels.tif"]


def test_cancelled_by_the_service_and_gone_on_with(folder, tmp_path):
    seen = []

    def cancel():
        return len(seen) > 1 and "2 of 3" in seen[-1]

    request = {
        "command": "batch",
        "input": str(folder),
        "output": str(tmp_path),
        "params": {"diameter": 115.0, "pixel": True, "device": "cpu", "pattern": "?.tif"},
    }
    response = service.run(request, lambda done, text: seen.append(text), cancel)
    assert response["status"] == "cancelled"
    assert response["error"] == "stopped with 1 of 3 images done: run the same again to go on"
    response = service.run(request)
    assert response["status"] == "ok"
    assert response["summary"] == {"images": 3, "failed": 0, "earlier": 1}
    assert response["table"]["labels"] == ["a.tif", "b.tif", "day 1/a.tif"]
    assert response["count"] == sum(response["table"]["columns"][1]["values"])
    response = service.run({**request, "input": " "})
    assert (response["status"], response["error"]) == ("error", "no input folder: name one with input=")


def test_results_that_cannot_be_written_stop_the_run(folder, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nanoseg_fiji.outputs.write_labels", full)
    with pytest.raises((OutputError, CancelledError), match="No space left on device"):
        segment_folder(folder, tmp_path / "out", PARAMS, pattern="?.tif")
    monkeypatch.undo()
    result = segment_folder(folder, tmp_path / "out", PARAMS, pattern="?.tif")
    assert not result.failed and len(result.images) == 3


def test_memory_that_runs_out_fails_one_image(folder, tmp_path, monkeypatch):
    from nanoseg_fiji import steps

    usual = steps.segment_slices

    def greedy(params, pixels, *arguments):
        if pixels.shape[1:] == (40, 40):
            raise MemoryError
        return usual(params, pixels, *arguments)

    monkeypatch.setattr(steps, "segment_slices", greedy)
    result = segment_folder(folder, tmp_path, PARAMS, pattern="[af]*.tif", recursive=False)
    assert result.failed == {"flat.tif": "not enough memory for it: bin or cut the image"}
    assert list(result.images["Status"]) == ["done", "failed"]
