# ruff: noqa: E501 - macros read best on one line
"""The commands in ImageJ's real window: clicked in the menu, filled in, recorded and played back."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import tifffile

from nanoseg_fiji import read_image, segment
from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels

from .conftest import DIAMETER
from .test_labels import discs, labelled, save

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]

TOOLS = """
import base64

def prop(name):
    return str(J("java.lang.System").getProperty("nanoseg." + name))

def open_image(path):
    J("ij.IJ").openImage(path).show()

def choose(*path, dialog=None, **fields):
    J("java.lang.System").setProperty("nanoseg.status", "waiting")
    gui.menu("Plugins", "NanoSeg", path[0])
    if dialog:
        box = gui.dialog(dialog)
        for key, value in fields.items():
            gui.fill(box, key, value)
        gui.screenshot(dialog.replace(" ", "-").lower())
        gui.press(box, "OK")
    wait_for(lambda: prop("status") == "error" or (prop("status") == "ok" and prop("count") != "0"), "end of the command", 240)

def rois():
    return base64.b64encode(bytes(ij.rois())).decode()

def count():
    return int(J("ij.plugin.frame.RoiManager").getInstance().getCount())

def current():
    return str(J("ij.WindowManager").getCurrentImage().getTitle())
"""


def labels_of(text, shape, start=0):
    return rois_to_labels(decode_rois(base64.b64decode(text))[start:], shape).labels


def test_segment_clicked_recorded_and_played_back(window, micrograph):
    result = window(
        TOOLS
        + """
J("ij.IJ").run("Record...")
open_image(path)
J("ij.WindowManager").getCurrentImage().setRoi(10, 10, 300, 300)
gui.menu("Plugins", "NanoSeg", "Segment Particles...")
dialog = gui.dialog("Segment Particles")
result["labels"] = gui.labels(dialog)
result["size"] = [int(dialog.getWidth()), int(dialog.getHeight())]
gui.press(dialog, "Cancel")
wait_for(lambda: not dialog.isShowing(), "closed dialog")
choose("Segment Particles...", dialog="Segment Particles", diameter=diameter, min_ecd="20", overlay=True)
gui.screenshot("segmented")
result["rois"] = rois()
result["names"] = [str(J("ij.plugin.frame.RoiManager").getInstance().getName(i)) for i in range(count())]
result["status"] = [prop("status"), prop("error"), prop("count")]
result["rows"] = len(ij.results())
imp = J("ij.WindowManager").getCurrentImage()
result["image"] = [current(), bool(imp.isLocked()), str(imp.getRoi().getBounds().toString()), int(imp.getOverlay().size())]
lines = str(J("ij.plugin.frame.Recorder").getInstance().getText()).splitlines()
result["recorded"] = [line for line in lines if "Segment" in line or "roiManager" in line]
ij.run_macro(result["recorded"][-1])
result["again"] = rois()
result["rows_again"] = len(ij.results())
summary = J("ij.measure.ResultsTable").getResultsTable("NanoSeg Summary")
result["summary"] = [float(value) for value in summary.getColumn("counted")]
        """,
        path=str(micrograph),
        diameter=str(DIAMETER),
    )
    mask = np.zeros((320, 400), bool)
    mask[10:310, 10:310] = True
    found = segment(read_image(micrograph), diameter=DIAMETER, min_ecd=20, mask=mask)
    n = found.count
    assert result["status"] == ["ok", "", str(n)] and n > 5
    np.testing.assert_array_equal(labels_of(result["rois"], mask.shape), found.labels)
    assert result["names"] == [f"0001-{i + 1:05d}" for i in range(n)]
    assert result["rows"] == n
    title, locked, selection, overlay = result["image"]
    assert (title, locked, overlay) == ("größe 1.tif", False, n)
    assert "x=10,y=10,width=300,height=300" in selection
    # each key is recorded once, and nothing else of what the command did
    assert result["recorded"] == [
        'run("Segment Particles...", "model=em-particles diameter=400 pixel=false split=true tolerance=3 min_ecd=20 '
        "max_ecd=0 min_score=0.8 crop_bottom=0 exclude_edges=false stack=false channel=0 slices= frames= clear=false "
        "manager=true overlay=true label_image=false results=true summary=true colour=none output= device=auto "
        'decimal_comma=false overwrite=false preview=false");'
    ]
    np.testing.assert_array_equal(labels_of(result["again"], mask.shape, n), found.labels)
    assert result["rows_again"] == 2 * n
    assert result["summary"] == [found.summary["counted"]] * 2
    assert "diameter (nm), 0 finds it" in result["labels"] and "min ecd (nm)" in result["labels"]
    width, height = result["size"]
    assert width <= 900 and height <= 700, "does not fit a laptop's screen"


def test_the_other_commands_clicked(window, tmp_path):
    mask = save(tmp_path / "mask.tif", discs().astype(np.uint8) * 255)
    label_image = save(tmp_path / "labels.tif", labelled().astype(np.uint16))
    result = window(
        TOOLS
        + """
J("ij.Prefs").blackBackground = True
open_image(mask)
choose("Split Touching Particles...", dialog="Split Touching Particles", tolerance="1", label_image=True)
result["split"] = [count(), len(ij.results()), current()]
ij.run_macro('selectImage("mask-labels"); saveAs("tiff", "' + folder + '/split.tif"); close(); selectImage("mask.tif"); '
             'run("Clear Results"); run("Set Measurements...", "area redirect=None");')  # later it would drop our columns
choose("Measure Particles...", dialog="Measure Particles")
result["measured"] = len(ij.results())
ij.run_macro('makeRectangle(0, 0, 7, 3); run("Measure");')
table = ij.results()
result["after"] = [len(table), float(table["Area"].iloc[-1]), float(table["Area"].iloc[0])]
choose("Particle Size Distribution...", dialog="Particle Size Distribution")
result["distribution"] = [prop("status"), prop("error"), current()]
gui.dialog("NanoSeg Size Distribution")
gui.screenshot("distribution")
ij.run_macro('close("*"); roiManager("reset"); run("Clear Results");')
open_image(labels)
choose("Labels to ROI Manager")
result["to_rois"] = [count(), current()]
choose("ROI Manager to Labels")
ij.run_macro('selectImage("labels-labels"); saveAs("tiff", "' + folder + '/back.tif");')
        """,
        mask=str(mask),
        labels=str(label_image),
        folder=str(tmp_path),
    )
    split = tifffile.imread(tmp_path / "split.tif")
    n = int(split.max())
    assert result["split"] == [n, n, "mask.tif"] and n >= 5
    assert result["measured"] == n
    # ImageJ's own Measure goes on in the table: 7 x 3 pixels of 0.5 nm
    assert result["after"][:2] == [n + 1, pytest.approx(5.25)] and result["after"][2] > 5.25
    assert result["distribution"] == ["ok", "", "mask.tif"]
    assert result["to_rois"] == [6, "labels.tif"]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "back.tif"), labelled())


def test_errors_show_one_box_and_batch_mode_none(window, micrograph, tmp_path):
    mask = save(tmp_path / "mask.tif", discs().astype(np.uint8) * 255)
    result = window(
        TOOLS
        + """
open_image(path)
J("java.lang.System").setProperty("nanoseg.status", "waiting")
gui.menu("Plugins", "NanoSeg", "Segment Particles...")
box = gui.dialog("Segment Particles")
gui.fill(box, "frames", "nonsense")
gui.press(box, "OK")
message = gui.dialog("NanoSeg")
gui.screenshot("error")
result["locked"] = bool(J("ij.WindowManager").getCurrentImage().isLocked())
gui.press(message, "OK")
wait_for(lambda: not message.isShowing(), "closed message")
import time
time.sleep(0.5)
result["boxes"] = [title(w) for w in J("java.awt.Window").getWindows() if w.isShowing() and isinstance(w, J("java.awt.Dialog"))]
result["status"] = [prop("status"), prop("error")]
ij.run_macro('close("*");')
counts = ij.run_macro(
    'setBatchMode(true); setOption("BlackBackground", true); open("' + mask + '"); '
    'run("Split Touching Particles...", ""); return "" + roiManager("count") + " " + nImages + " " + getTitle;')
result["batch"] = counts
try:
    ij.run_macro('setBatchMode(true); open("' + mask + '"); run("Segment Particles...", "model=nonsense"); print("went on");')
except Exception as error:
    result["batch_error"] = str(error)
result["log"] = str(J("ij.IJ").getLog())
        """,
        path=str(micrograph),
        mask=str(mask),
    )
    assert result["status"][0] == "error" and "nonsense" in result["status"][1]
    assert result["boxes"] == [] and result["locked"] is False
    rois, images, name = result["batch"].split()
    assert int(rois) >= 5 and (images, name) == ("1", "mask.tif")
    assert "unknown model 'nonsense'" in result["batch_error"] and "went on" not in result["log"]


def test_ten_thousand_rois(window, tmp_path):
    labels = np.zeros((1000, 1000), np.uint16)
    grid = np.arange(10_000).reshape(100, 100) + 1
    for row in range(2, 8):
        for col in range(2, 8):
            labels[row::10, col::10] = grid
    path = save(tmp_path / "many.tif", labels)
    result = window(
        TOOLS
        + """
import time
open_image(path)
for name in ("first", "second"):
    started = time.monotonic()
    J("ij.IJ").run("Labels to ROI Manager", "")
    result[name] = time.monotonic() - started
    result["count"] = count()
manager = J("ij.plugin.frame.RoiManager").getInstance()
result["names"] = [str(manager.getName(i)) for i in (0, 9999, 10000, 19999)]
        """,
        path=str(path),
    )
    assert result["count"] == 20_000
    assert result["names"] == ["0001-00001", "0001-10000", "0001-10001", "0001-20000"]
    print("10,000 labels to the ROI Manager:", result["second"], "s")
    assert result["second"] < 10, result
