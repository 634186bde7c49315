"""The recipes of docs/macros.md, each run as it stands on the page, on real micrographs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from nanoseg_fiji import read_image
from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.particles.rois import decode_rois

from .conftest import status

pytestmark = pytest.mark.jvm
PAGE = Path(__file__).parents[2] / "docs" / "macros.md"
RAN: set[tuple[str, int]] = set()


def recipes():
    """Code blocks by heading and number."""
    found, heading, counts = {}, "", {}
    text = PAGE.read_text(encoding="utf-8")
    for part in re.split(r"^(## [^\n]*|```ijm\n.*?^```)$", text, flags=re.M | re.S):
        if part.startswith("## "):
            heading = part[3:]
        elif part.startswith("```ijm"):
            number = counts[heading] = counts.get(heading, -1) + 1
            found[heading, number] = part[len("```ijm\n") : -len("```")]
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The folder that the page calls /data: cuttings of a micrograph with their pixel size."""
    folder = tmp_path_factory.mktemp("data")
    whole = read_image(Path(__file__).parents[2] / "examples" / "silica.tif")
    scale = (1 / whole.attrs["pixel_width"],) * 2

    def cut(name, *corners):
        planes = np.stack([whole.values[y : y + 200, x : x + 240] for y, x in corners])
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        axes = {"axes": "TYX"} if len(planes) > 1 else {}
        tifffile.imwrite(
            path, planes.squeeze(), imagej=True, resolution=scale, metadata={"unit": "nm", **axes}
        )

    cut("silica.tif", (100, 100))
    cut("series.tif", (100, 100), (300, 200))
    for i, name in enumerate(("control/a.tif", "control/b.tif", "treated/a.tif", "treated/b.tif")):
        cut(name, (60 * i, 90 * i))
    (folder / "control" / "notes.txt").write_text("no image")
    text = b"[Scan]\r\nPixelWidth=5.0e-09\r\nPixelHeight=5.0e-09\r\n"
    tags = [(34682, 2, len(text) + 1, text + b"\0", True)]
    tifffile.imwrite(folder / "fei.tif", whole.values[:50, :60], extratags=tags)
    return folder


@pytest.fixture
def recipe(host, data, capfd):
    """Run a block of the page; what it printed into the log comes back, line by line."""

    def run(heading, number=0, **changed):
        RAN.add((heading, number))
        text = recipes()[heading, number].replace("/data/", f"{data}/")
        for key, value in changed.items():
            text, count = re.subn(rf"\b{key}=\S+?(?=[\s\"])", f"{key}={value}", text)
            assert count, key
        capfd.readouterr()
        host.run_macro(text)
        return capfd.readouterr().out.splitlines()

    return run


def test_segment_and_measure(host, recipe, data):
    log = recipe("Segment and measure")
    table = host.results()
    assert f"{len(table)} particles" in log and len(table) > 2
    inside = table[table["Edge"] == 0]
    printed = [line for line in log if re.match(r"silica\.tif:\d{4}-", line)]
    assert [line.split()[0] for line in printed] == list(inside["Label"])
    np.testing.assert_allclose([float(line.split()[1]) for line in printed], inside["ECD"], rtol=1e-3)
    assert (data / "results" / "silica_rois.zip").is_file()
    recipe("Segment and measure", 1)
    again = host.results()
    assert len(again) and (again["X"] < 220 * 7).all()
    assert set(again["Label"]) and len(again) < 2 * len(table)


def test_set_the_scale_first(recipe):
    assert "a pixel is 5 nm" in recipe("Set the scale first")


def test_a_folder_image_by_image(recipe, data):
    log = recipe("A folder, image by image")
    counts = {
        line.split(":")[0]: int(line.split(": ")[1]) for line in log if re.match(r"\w\.tif: \d+$", line)
    }
    assert set(counts) == {"a.tif", "b.tif"} and min(counts.values()) > 0
    table = pd.read_csv(data / "control.csv")
    assert len(table) == sum(counts.values()) and table["ECD"].between(50, 2000).all()


def test_a_folder_at_once(recipe, data):
    (line,) = [line for line in recipe("A folder at once") if line.endswith(" particles")]
    names = {path.name for path in (data / "batch").rglob("*") if path.is_file()}
    assert {"a_rois.zip", "b_rois.zip"} <= names
    rois = sum(len(decode_rois(path.read_bytes())) for path in (data / "batch").rglob("*_rois.zip"))
    assert int(line.split()[0]) == rois > 0


def test_a_stack_over_time(host, recipe):
    log = recipe("A stack over time")
    slices = host.results()["Slice"]
    assert [f"frame {t}: {(slices == t).sum()}" for t in (1, 2)] == [x for x in log if x.startswith("frame")]
    assert set(slices) == {1.0, 2.0}


def test_threshold_by_score(host, recipe):
    log = [line for line in recipe("Threshold by score") if line.startswith("score")]
    counts = [int(line.split(": ")[1]) for line in log]
    assert len(counts) == 5 and counts == sorted(counts, reverse=True) and counts[0] > counts[-1]
    table = host.results()
    assert (table["Score"] >= 0.9).all() and len(table) == counts[-1]


def test_filter_and_take_it_back(host, recipe):
    log = recipe("Filter, and take it back")
    before, kept, again = (
        int(line.split(": ")[1]) for line in log if re.match(r"(before|round|again)", line)
    )
    assert before == again > kept > 0
    assert len(host.results()) == again


def test_compare_two_conditions(recipe, data):
    recipe("Compare two conditions")
    folder = data / "sizes" / "compared"
    tables = [path.read_text(encoding="utf-8") for path in folder.glob("*.csv")]
    assert any("control" in text and "treated" in text for text in tables)


def test_correct_by_hand(recipe, data):
    recipe("Correct by hand and retrain")
    (path,) = (data / "training" / "labels").iterdir()
    found = tifffile.imread(path)
    assert found[14, 14] > 0 and np.unique(found[10:18, 10:18]).size == 1  # the particle that was drawn
    above, below = (set(np.unique(found[row, 30:230])) - {0} for row in (97, 103))
    assert above and below and not above & below  # the line splits what it crosses


@pytest.mark.slow
def test_retrain(recipe, data, tmp_path, monkeypatch):
    if not (data / "training").is_dir():
        pytest.skip("only a part of the recipes was asked for")
    monkeypatch.setenv("NANOSEG_MODELS", str(tmp_path))
    made = tmp_path / "my-particles.safetensors"
    try:
        recipe("Correct by hand and retrain", 1, steps=20)
    except ImageJError as error:  # a particle drawn anywhere and so few steps need not do any good
        assert "label more images" in str(error) and not made.exists()
    else:
        assert made.is_file() and int(status()["count"]) > 0


def test_a_file_that_is_missing(recipe, data):
    assert recipe("When something may go wrong") == [f"there is no {data}/missing.tif"]


def test_an_error_ends_the_macro_and_says_why(host, data, capfd):
    with pytest.raises(ImageJError, match="unknown model"):
        host.run_macro(
            f'open("{data}/silica.tif"); run("Segment Particles...", "model=nope"); print("went on");'
        )
    assert "went on" not in capfd.readouterr().out
    assert status()["status"] == "error" and "unknown model 'nope'" in status()["error"]


def test_every_recipe_has_been_run(request):
    if len([item for item in request.session.items if item.path == Path(__file__)]) < 13:
        pytest.skip("only a part of the recipes was asked for")
    assert set(recipes()) - RAN == set()
