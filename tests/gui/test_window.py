"""ImageJ's real window: the menu is clicked, the dialog filled, the recorder read, the ROI Manager filled."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import roifile

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]

PROBE = """
#@ ImagePlus (required=false) imp
#@ String (label="model", choices={"em-particles", "other one"}, persist=false) model
#@ Double (label="diameter (unit)", value=0, min=0, persist=false) diameter
#@ Boolean (label="split touching particles", value=true, persist=false) split
#@ Boolean (label="pixel", value=false, persist=false) pixel
#@ String (label="a note to keep", value="", persist=false) note
System.setProperty("probe.values", [model, diameter, split, pixel, note, imp?.title].join("|"))
if (note == "throw") throw new IllegalStateException("the reactor is on fire")
"""
LINE = 'run("Probe It...", "model=em-particles diameter=12.5 split=false pixel=true note=[two words]");'

DIALOG = """
system = J("java.lang.System")

def recorded():
    text = str(J("ij.plugin.frame.Recorder").getInstance().getText())
    return [line for line in text.splitlines() if "Probe" in line]

def values():
    return wait_for(lambda: system.getProperty("probe.values"), "the command's end")

ij.host.addScripts(scripts)
J("ij.IJ").run("Record...")
J("ij.IJ").newImage("spheres", "8-bit black", 64, 64, 1)
J("ij.IJ").run("Set Scale...", "distance=1 known=0.5 unit=nm")

gui.menu("Plugins", "NanoSeg", "Test", "Probe It...")
dialog = gui.dialog("Probe It")
result["labels"] = gui.labels(dialog)
gui.press(dialog, "Cancel")
result["cancelled"] = [system.getProperty("probe.values"), recorded()]

gui.menu("Plugins", "NanoSeg", "Test", "Probe It...")
dialog = gui.dialog("Probe It")
gui.fill(dialog, "diameter", "12.5")
gui.fill(dialog, "split", False)
gui.fill(dialog, "pixel", True)
gui.fill(dialog, "note", "two words")
gui.screenshot("dialog-filled")
gui.press(dialog, "OK")
result["values"] = str(values())
result["recorded"] = wait_for(recorded, "recorder's line")
gui.screenshot("recorder")

system.clearProperty("probe.values")
ij.run_macro(result["recorded"][0])
result["played"] = str(values())
result["recorded_again"] = recorded()

gui.menu("Plugins", "NanoSeg", "Test", "Probe It...")
dialog = gui.dialog("Probe It")
gui.fill(dialog, "diameter", "many")
gui.press(dialog, "OK")
box = gui.dialog("NanoSeg")
result["box"] = gui.message(box)
gui.screenshot("error-box")
gui.press(box, "OK")
result["box_status"] = str(system.getProperty("nanoseg.status"))

# A user's own run of a macro: ImageJ's box, and the end of the macro.
text = 'run("Probe It...", "note=throw"); call("java.lang.System.setProperty", "after", "x");'
J("ij.macro.MacroRunner")(text)
box = gui.dialog("Macro Error")
result["macro_box"] = str(J("java.lang.System").getProperty("nanoseg.error"))
gui.screenshot("macro-error")
gui.press(box, "OK")

# Run from Python nobody is there to close it, nor in batch mode.
result["errors"] = []
for macro in (text, "setBatchMode(true); " + text, "x = (3;", 'close("*"); run("Invert");'):
    try:
        ij.run_macro(macro)
    except Exception as error:
        result["errors"].append(str(error))
result["after"] = system.getProperty("after")
dialogs = [w for w in J("java.awt.Window").getWindows() if isinstance(w, J("java.awt.Dialog"))]
result["dialogs"] = [title(w) for w in dialogs if w.isShowing()]

from threading import Thread
waiting = Thread(target=ij.wait_closed)
waiting.start()
result["open"] = waiting.is_alive()
J("ij.IJ").getInstance().quit()
waiting.join(30)
result["closed"] = not waiting.is_alive()
"""


@pytest.fixture(scope="module")
def story(window, tmp_path_factory):
    """One run of the window for the tests below."""
    folder = tmp_path_factory.mktemp("scripts")
    scripts = folder / "Plugins" / "NanoSeg" / "Test"
    scripts.mkdir(parents=True)
    (scripts / "Probe_It....groovy").write_text(PROBE.strip())
    return window(DIALOG, scripts=str(folder))


def test_labels_begin_with_the_keys_and_show_the_unit(story):
    labels = [label for label in story["labels"] if label]
    assert sorted(labels) == sorted(
        ["model", "diameter (nm)", "split touching particles", "pixel", "note (a note to keep)"]
    )


def test_cancel_runs_and_records_nothing(story):
    assert story["cancelled"] == [None, []]


def test_dialog_values_reach_the_script(story):
    assert story["values"] == "em-particles|12.5|false|true|two words|spheres"


def test_recorded_line_plays_back(story):
    assert story["recorded"] == [LINE]
    assert story["played"] == story["values"]
    assert story["recorded_again"] == [LINE]  # what a macro runs is not recorded


def test_bad_value_in_the_dialog_is_said_in_a_box(story, artefacts):
    assert "Probe It: diameter=many is not a number" in story["box"]
    assert story["box_status"] == "error"
    assert (artefacts / "error-box.png").stat().st_size > 1000


def test_failure_in_a_macro_is_said_in_a_box(story):
    assert story["macro_box"] == "Probe It: the reactor is on fire"
    assert story["after"] is None


def test_macro_run_from_python_never_waits_for_a_click(story):
    fire, batch, syntax, no_image = story["errors"]
    assert fire.startswith("Probe It: the reactor is on fire")
    assert batch.startswith("Probe It: the reactor is on fire")
    assert syntax == "')' expected in line 1"
    assert no_image == "There are no images open in line 1"
    assert story["dialogs"] == []


def test_waits_until_the_window_is_closed(story):
    assert story["open"]
    assert story["closed"]


ROIS = """
import time, zipfile, io

data = Path(zip_path).read_bytes()
J("ij.IJ").newImage("sheet", "8-bit black", 1000, 1000, 1)
result["empty"] = zipfile.ZipFile(io.BytesIO(ij.rois())).namelist()
times, counts = [], []
for clear in (False, False, True):
    start = time.process_time()  # of all threads: what else the machine does must not fail the test
    counts.append(ij.add_rois(data, clear=clear))
    times.append(time.process_time() - start)
result["times"], result["counts"] = times, counts
manager = J("ij.plugin.frame.RoiManager").getInstance()
result["names"] = [str(manager.getName(i)) for i in (0, 9999)]
manager.select(5)
back = ij.rois()
Path(back_path).write_bytes(back)
gui.screenshot("roi-manager")
result["active"] = ij.run_macro("return getTitle();")
ij.add_rois(one.encode("latin1"), clear=True)
result["one"] = zipfile.ZipFile(io.BytesIO(ij.rois())).namelist()
"""


def test_ten_thousand_rois(window, tmp_path):
    path, back = tmp_path / "rois.zip", tmp_path / "back.zip"
    square = np.array([[0, 0], [0, 6], [6, 6], [6, 0]])
    corners = [(x, y) for y in range(0, 1000, 10) for x in range(0, 1000, 10)]
    rois = [
        roifile.ImagejRoi.frompoints(square + np.array(corner), name=f"0001-{i + 1:05}")
        for i, corner in enumerate(corners)
    ]
    with zipfile.ZipFile(path, "w") as file:
        for roi in rois:
            file.writestr(f"{roi.name}.roi", roi.tobytes())
    single = tmp_path / "one.zip"
    with zipfile.ZipFile(single, "w") as file:
        file.writestr("0001-00001.roi", rois[0].tobytes())
    result = window(ROIS, zip_path=str(path), back_path=str(back), one=single.read_bytes().decode("latin1"))
    assert result["empty"] == []
    assert result["counts"] == [10_000, 20_000, 10_000]
    assert result["names"] == ["0001-00001", "0001-10000"]
    assert result["one"] == ["0001-00001.roi"]
    assert result["active"] == "sheet"
    read = roifile.roiread(back)
    assert [roi.name for roi in read] == [roi.name for roi in rois]
    np.testing.assert_array_equal(read[7777].coordinates(), rois[7777].coordinates())
    assert min(result["times"]) < 1
