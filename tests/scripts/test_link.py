# ruff: noqa: E501 - macros read best on one line
"""ROI Manager and Results table in ImageJ's window: rows are clicked, thousands of ROIs filtered, lines drawn."""

from __future__ import annotations

import numpy as np
import pytest

from .test_labels import labelled, save
from .test_window_commands import TOOLS

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]

STORY = """
import time

def manager():
    return J("ij.plugin.frame.RoiManager").getInstance()

def panel():
    return J("ij.measure.ResultsTable").getResultsWindow().getTextPanel()

def click(row):
    gui.dialog("Results")
    panel().showRow(row)  # ImageJ scrolls to the rows that it appends
    gui.robot.waitForIdle()
    height, top = (int(_field(panel(), "ij.text.TextPanel", name)) for name in ("iRowHeight", "iFirstRow"))
    canvas = next(c for c in panel().getComponents() if isinstance(c, J("java.awt.Canvas")))
    where = canvas.getLocationOnScreen()
    gui.click_at(where.x + 70, where.y + height * (row - top + 1) + height // 2)
    wait_for(lambda: panel().getSelectionStart() == row, f"mark of row {row}")
    gui.robot.waitForIdle()
    imp = J("ij.WindowManager").getCurrentImage()
    return [str(J("ij.measure.ResultsTable").getResultsTable().getLabel(row)),
            f"{imp.getTitle()}:{imp.getRoi().getName() if imp.getRoi() else None}",
            str(manager().getName(manager().getSelectedIndex())) if manager().getSelectedIndex() >= 0 else ""]

def listeners():
    return sum(str(l.getClass().getName()) == "NanoSegLink" for c in panel().getComponents() for l in c.getMouseListeners())

def recording():
    return [line for line in str(J("ij.plugin.frame.Recorder").getInstance().getText()).splitlines() if "Filter" in line]

MEASURE = 'run("Labels to ROI Manager"); run("Measure Particles...", "summary=false");'
ij.run_macro(f'open("{first}"); {MEASURE}')
result["clicked"] = click(3)
ij.run_macro('Table.sort("Area"); updateResults();')
result["sorted"] = click(0)
manager().select(J("ij.WindowManager").getCurrentImage(), 1)
gui.robot.waitForIdle()
result["marked"] = str(J("ij.measure.ResultsTable").getResultsTable().getLabel(panel().getSelectionStart()))
ij.run_macro(f'roiManager("reset"); run("Clear Results"); close("*"); open("{first}"); {MEASURE} open("{second}"); run("Labels to ROI Manager"); ')
ij.run_macro('run("Measure Particles...", "summary=false");')
result["other"] = click(7)
result["back"] = click(0)
result["listeners"] = listeners()
ij.run_macro('selectWindow("Results"); run("Close"); selectImage("l.tif"); roiManager("reset"); run("Select None");' + MEASURE)
result["reopened"] = click(1)
gui.screenshot("row-clicked")

ij.run_macro('roiManager("reset"); run("Clear Results"); close("*"); open("' + many + '"); ' + MEASURE + 'roiManager("Show All");')
started = time.process_time()
ij.run_macro('run("Filter Particles...", "max_area=8");')
result["seconds"] = time.process_time() - started
result["filtered"] = [count(), len(ij.results()), [str(manager().getName(i)) for i in (0, 1)], bool(J("ij.WindowManager").getCurrentImage().getCanvas().getShowAllList().size() == count())]
ij.run_macro('run("NanoSeg Undo");')
result["undone"] = [count(), len(ij.results()), [str(manager().getName(i)) for i in (0, 1, 9999)]]

J("ij.IJ").run("Record...")
ij.run_macro('roiManager("reset"); run("Clear Results"); close("*"); open("' + first + '"); ' + MEASURE)
choose("Filter Particles...", dialog="Filter Particles", min_ecd="5")
result["dialog"] = count()
recorded = wait_for(recording, "recorded command")  # ImageJ records it once it has ended
result["recorded"] = recorded
ij.run_macro('run("NanoSeg Undo");' + recorded[-1])
result["played"] = count()
manager().setSelectedIndexes([0, 2])
ij.run_macro('run("Merge ROIs"); makeLine(5, 25, 45, 25); run("Split ROI with Line"); makeOval(50, 20, 8, 8); roiManager("add"); run("Select None"); run("Add Drawn Particle");')
result["corrected"] = [str(manager().getName(i)) for i in range(count())]
result["rows"] = [str(label) for label in ij.results()["Label"]]
"""


@pytest.fixture(scope="module")
def story(window, tmp_path_factory):
    folder = tmp_path_factory.mktemp("link")
    labels = np.zeros((1000, 1000), np.uint16)
    grid = np.arange(10_000).reshape(100, 100) + 1
    for row in range(2, 8):
        for col in range(2, 8):
            labels[row::10, col::10] = grid * ((row < 7) | (grid % 2))
    return window(
        TOOLS + STORY,
        first=str(save(folder / "l.tif", labelled().astype(np.uint16))),
        second=str(save(folder / "m: 2.tif", labelled()[::-1].astype(np.uint16))),
        many=str(save(folder / "many.tif", labels)),
    )


def test_a_click_on_a_row_selects_its_roi(story):
    assert story["clicked"] == ["l.tif:0001-00004", "l.tif:0001-00004", "0001-00004"]


def test_sorting_changes_nothing(story):
    assert story["sorted"] == ["l.tif:0001-00006", "l.tif:0001-00006", "0001-00006"]


def test_the_row_of_a_selected_roi_is_marked(story):
    assert story["marked"] == "l.tif:0001-00002"


def test_each_row_finds_its_own_image(story):
    # six rows of the first image, then those of the second, whose title has a colon
    assert story["back"][1] == "l.tif:0001-00001" == story["back"][0]
    assert story["other"][0] == story["other"][1] and story["other"][0].startswith("m: 2.tif:0001-")
    assert story["listeners"] == 1


def test_a_new_results_window_listens_too(story):
    assert story["reopened"][0] == story["reopened"][1] == "l.tif:0001-00002"


def test_ten_thousand_are_filtered_and_brought_back_at_once(story):
    # 5 x 6 pixels of 0.25 nm2 are kept, 6 x 6 are not
    assert story["filtered"] == [5000, 5000, ["0001-00002", "0001-00004"], True]
    assert story["undone"] == [10_000, 10_000, ["0001-00001", "0001-00002", "0001-10000"]]
    print("10,000 ROIs filtered:", story["seconds"], "s of CPU")
    assert story["seconds"] < 15


def test_filter_is_recorded_and_played_back(story):
    (line,) = story["recorded"]
    assert "min_ecd=5 max_ecd=0" in line and "invert=false" in line
    assert story["dialog"] == story["played"] == 3


def test_selected_rois_are_merged_a_line_splits_and_t_is_adopted(story):
    # of 1, 3, 4: 1 and 4 merged to 5, which the line splits to 6 and 7; the oval is 8
    assert story["corrected"] == [f"0001-{n:05d}" for n in (3, 6, 7, 8)]
    assert sorted(story["rows"]) == [f"l.tif:0001-{n:05d}" for n in (3, 6, 7, 8)]
