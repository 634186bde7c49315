# ruff: noqa: E501 - macros read best on one line
"""Particles filtered and corrected, headless: the image's overlay and the Results table change together."""

from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji import read_image
from nanoseg_fiji.errors import ImageJError

from .conftest import options, status
from .test_labels import labelled, save

pytestmark = pytest.mark.jvm

NAMES = 'for (i = 0; i < Overlay.size; i++) { Overlay.activateSelection(i); out = out + " " + Roi.getName; } run("Select None"); '
LOADED = 'run("Clear Results"); open("{}"); run("Labels to ROI Manager"); '
MEASURED = LOADED + 'run("Measure Particles...", "summary=false"); '


@pytest.fixture
def image(tmp_path):
    """Label image of 0.5 nm: areas 20.25, 93.75, 50, 0.25, 17.5 and 5 nm2, as labels 7, 3, 12, 300, 5, 41."""
    return save(tmp_path / "l.tif", labelled().astype(np.uint16))


def names(*numbers):
    return " ".join(f"0001-{n:05d}" for n in numbers)


def rows(host):
    return [label.partition(":")[2] for label in host.results()["Label"]]


def test_filter_takes_rois_and_rows_and_undo_brings_them_back(host, run, image):
    # by ascending label: 3, 5, 7, 12, 41, 300
    macro = (
        MEASURED.format(image)
        + 'run("Filter Particles...", "min_area=10 max_area=60"); out = out + getInfo("nanoseg.count"); '
    )
    before = [*run(MEASURED.format(image), NAMES), host.results()]
    assert run(macro, NAMES) == ["3 " + names(2, 3, 4)]
    assert rows(host) == names(2, 3, 4).split()
    after = before[1].iloc[1:4].reset_index(drop=True)
    assert host.results().equals(after), "the rows that are left are as they were"
    assert (
        run(macro, 'run("NanoSeg Undo"); out = ""; ', NAMES)[0].strip()
        == names(1, 2, 3, 4, 5, 6)
        == before[0].strip()
    )
    assert host.results().equals(before[1])


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ({"min_ecd": 5}, (1, 3, 4)),
        ({"max_ecd": 5}, (2, 5, 6)),
        ({"min_ecd": 5, "invert": True}, (2, 5, 6)),
        ({"exclude_edges": True}, (1, 2, 4, 6)),
        ({"max_aspect_ratio": 1.5, "min_area": 1}, (1, 3)),
        ({"min_score": 0.5}, (1, 2, 3, 4, 5, 6)),
        ({}, (1, 2, 3, 4, 5, 6)),
    ],
)
def test_filter_measures_what_has_no_row(run, image, keys, left):
    out = run(LOADED.format(image), f'run("Filter Particles...", "{options(**keys)}"); ', NAMES)
    assert out[0].split() == names(*left).split()


def test_filter_keeps_what_is_no_particle_and_says_so(run, image, capfd):
    out = run(
        LOADED.format(image),
        'makeLine(3, 3, 50, 50); run("Add Selection..."); run("Filter Particles...", "min_area=10");',
        'out = out + Overlay.size + " " + getInfo("nanoseg.count");',
    )
    assert out == ["5 4"]
    assert "1 ROIs that are no particles of this image were kept" in capfd.readouterr().out


def test_filter_refuses_limits_the_wrong_way_round(run, image):
    with pytest.raises(ImageJError, match="max_ecd is below min_ecd: swap them"):
        run(LOADED.format(image), 'run("Filter Particles...", "min_ecd=5 max_ecd=3");')
    with pytest.raises(ImageJError, match="has no overlay"):
        run('newImage("m", "8-bit black", 60, 50, 1); run("Filter Particles...", "min_ecd=5");')
    with pytest.raises(ImageJError, match="nothing to undo"):
        run('newImage("m", "8-bit black", 60, 50, 1); run("NanoSeg Undo");')


def test_corrected_by_hand_then_into_the_training_folder(host, run, image, tmp_path):
    out = run(
        MEASURED.format(image),
        'makeLine(5, 25, 35, 25); run("Split ROI with Line"); out = out + getInfo("nanoseg.count") + ",";',  # label 3
        'makeSelection("polyline", newArray(6, 20, 35), newArray(45, 40, 29)); run("Merge ROIs");',
        'makeRectangle(50, 20, 8, 6); run("Add Drawn Particle"); run("Select None"); out = out + Overlay.size + "\\n";',
        NAMES,
        f'run("NanoSeg Add to Training Set...", "{options(folder=tmp_path / "mein Satz")}"); out = out + "\\n" + getInfo("nanoseg.count");',
    )
    assert out[0] == "2,7" and out[2] == "7"
    assert out[1].split() == names(3, 5, 6, 7, 8, 9, 10).split()
    labels = read_image(tmp_path / "mein Satz" / "labels" / "l.tif").to_numpy()
    assert sorted(rows(host)) == sorted(out[1].split())
    assert read_image(tmp_path / "mein Satz" / "images" / "l.tif").attrs["unit"] == "nm"
    assert (labels[20:26, 50:58] == labels[20, 50]).all() and labels[20, 50] > 300
    assert len({labels[12, 12], labels[28, 12], labels[12, 35]}) == 3
    with pytest.raises(ImageJError, match="is there already and was kept"):
        run(
            LOADED.format(image),
            f'run("NanoSeg Add to Training Set...", "{options(folder=tmp_path / "mein Satz")}");',
        )
    assert status()["status"] == "error"


def test_corrections_are_undone_one_by_one(host, run, image):
    out = run(
        MEASURED.format(image),
        'makeLine(5, 25, 35, 25); run("Split ROI with Line"); makeRectangle(50, 20, 8, 6); run("Add Drawn Particle");',
        NAMES, 'run("NanoSeg Undo"); out = out + "\\n";', NAMES, 'run("NanoSeg Undo"); out = out + "\\n";', NAMES,
    )  # fmt: skip
    assert [line.split() for line in out] == [
        names(*part).split() for part in ((2, 3, 4, 5, 6, 7, 8, 9), (2, 3, 4, 5, 6, 7, 8), range(1, 7))
    ]
    assert rows(host) == names(*range(1, 7)).split()


def test_split_needs_a_line(run, image):
    with pytest.raises(ImageJError, match="draw a line across the particle"):
        run(LOADED.format(image), 'run("Split ROI with Line");')
    with pytest.raises(ImageJError, match="divides no particle"):
        run(LOADED.format(image), 'makeLine(50, 5, 70, 5); run("Split ROI with Line");')
    with pytest.raises(ImageJError, match="fewer than two particles to merge"):
        run(LOADED.format(image), 'makeLine(12, 12, 14, 14); run("Merge ROIs");')


@pytest.mark.parametrize("truth", ["file", "title", "zip"])
def test_evaluate_against(run, image, tmp_path, truth, capfd):
    from nanoseg_fiji.particles.rois import encode_rois

    other = labelled()
    other[other == 5] = 0  # a false positive
    (tmp_path / "t.zip").write_bytes(encode_rois(other).to_zip())
    path = save(tmp_path / "t.tif", other.astype(np.uint16))
    source = {"file": path, "title": "t.tif", "zip": tmp_path / "t.zip"}[truth]
    evaluate = f'run("Evaluate Against ROIs...", "{options(truth=source, output=tmp_path / "report")}"); '
    out = run(
        f'open("{path}"); ' + LOADED.format(image) + evaluate,
        'out = out + getInfo("nanoseg.count") + " " + getTitle + " " + Overlay.size + "\\n"; ',
        'for (i = 0; i < Overlay.size; i++) { Overlay.activateSelection(i); if (Roi.getProperty("outcome") == "false positive") out = out + Roi.getStrokeColor; }',
        # the colours are no particles: the set is still the one that was loaded
        'run("Select None"); run("ROI Manager to Labels"); selectImage("l-labels"); out = out + "\\n" + getInfo("nanoseg.count");',
    )
    assert out[0] == "5 l.tif 12" and out[1].lower() == "#f5e132" and out[2] == "6"
    assert "AP50 0.8333" in capfd.readouterr().out
    assert (tmp_path / "report" / "evaluation.html").is_file()


def test_evaluate_and_fine_tune_say_what_is_missing(run, image):
    with pytest.raises(ImageJError, match="predicted and truth are both the ROI Manager"):
        run(LOADED.format(image), 'run("Evaluate Against ROIs...", "");')
    with pytest.raises(ImageJError, match='"nothing" is neither an open image nor a file'):
        run(LOADED.format(image), 'run("Evaluate Against ROIs...", "truth=nothing");')
    with pytest.raises(ImageJError, match="no training folder"):
        run('run("Fine-tune Model...", "name=x");')
