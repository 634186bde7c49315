# ruff: noqa: E501 - what runs in the window reads best on one line
"""Every dialog: it fits a laptop, has units and help; what dialogs show and keep; failures while a macro waits.

``NANOSEG_PICTURES=docs/images/commands pytest tests/scripts/test_dialogs.py`` makes the pictures of docs/commands.md anew.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
from pathlib import Path

import pytest

from nanoseg_fiji.resources import scripts_dir

from .conftest import SILICA
from .test_set_scale import write_figure, write_oblong

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]
MAKER = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "commands.py"))
TITLES = sorted(
    MAKER["title_of"](path)
    for path in MAKER["SCRIPTS"].iterdir()
    if path.is_file() and MAKER["inputs_of"](path)
)

STORY = """
import threading
import time
from pathlib import Path
from PIL import Image

system = J("java.lang.System")

def prop(name):
    return str(system.getProperty("nanoseg." + name))

def picture(name, *windows):
    gui.robot.waitForIdle()
    time.sleep(0.3)
    screen = Image.open(gui.screenshot("dialog")).convert("RGB")
    boxes = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in (window.getBounds() for window in windows)]
    parts = [screen.crop(tuple(map(int, box))) for box in boxes]
    whole = Image.new("RGB", (sum(p.width + 10 for p in parts) - 10, max(p.height for p in parts)), "white")
    left = 0
    for part in parts:  # side by side, with nothing of what lies behind them
        whole.paste(part, (left, 0))
        left += part.width + 10
    Path(pictures).mkdir(parents=True, exist_ok=True)
    file = Path(pictures) / (name.lower().replace(" ", "-").replace(".", "") + ".png")
    whole.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)

def buttons(dialog):
    return [str(c.getLabel()).strip() for c in _components(dialog) if isinstance(c, J("java.awt.Button"))]

def open_dialog(name):
    gui.menu("Plugins", "NanoSeg", name)
    return gui.dialog(name.replace("...", ""))

def said(dialog):
    return str([c for c in _components(dialog) if isinstance(c, J("java.awt.Label"))][-1].getText())

def macro_waits():
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(str(J("ij.IJ").runMacro('waitForUser("Wait", "for it"); wait(10); return "went on";'))))
    thread.start()
    return thread, outcome, gui.dialog("Wait")

# 1. a command that fails while a macro waits
thread, outcome, waiting = macro_waits()
gui.menu("Plugins", "NanoSeg", "Segment Particles...")
box = gui.dialog("NanoSeg")
result["refused"] = gui.message(box)
gui.press(box, "OK")
gui.press(waiting, "OK")
thread.join(30)
result["outcome"] = outcome[:]

# 2. the preview, whose class is ready only when there is a file `gate`
system.setProperty("nanoseg.lib", slow)
J("ij.IJ").openImage(path).show()
imp = J("ij.WindowManager").getCurrentImage()
dialog = open_dialog("Segment Particles...")
dialog.setLocation(5, 5)
imp.getWindow().setLocation(dialog.getWidth() + 15, 150)
gui.robot.waitForIdle()
time.sleep(0.5)
gui.fill(dialog, "preview", True)
gui.fill(dialog, "diameter", "400")
result["before"] = [said(dialog).strip(), imp.getOverlay() is None]
Path(gate).touch()
wait_for(lambda: "in the frame" in said(dialog), "preview")
result["first"] = [said(dialog), int(imp.getOverlay().size())]
picture("Segment Particles...", dialog, imp.getWindow())
gui.fill(dialog, "min_score", "0.97")
wait_for(lambda: "in the frame" in said(dialog) and said(dialog) != result["first"][0], "another preview")
result["second"] = [said(dialog), int(imp.getOverlay().size())]
gui.fill(dialog, "min_score", "2")
wait_for(lambda: "above" in said(dialog), "what is wrong")
result["wrong"] = [said(dialog), imp.getOverlay() is None]
gui.fill(dialog, "min_score", "0.97")
wait_for(lambda: said(dialog) == result["second"][0], "the preview again")
result["again"] = int(imp.getOverlay().size())
gui.press(dialog, "Cancel")
wait_for(lambda: imp.getOverlay() is None, "end of the preview")
result["after"] = [bool(imp.changes), bool(imp.isLocked()), bool(imp.getHideOverlay()), prop("status")]

thread, outcome, waiting = macro_waits()
dialog = open_dialog("Segment Particles...")
gui.fill(dialog, "channel", "7")
gui.press(dialog, "OK")
box = gui.dialog("NanoSeg")
result["failed"] = gui.message(box)
gui.press(box, "OK")
gui.press(waiting, "OK")
thread.join(30)
result["outcome"] += outcome

# 3. all dialogs
result["dialogs"] = {}
for name in titles:
    dialog = open_dialog(name)
    dialog.setLocation(5, 5)
    result["dialogs"][name] = [int(dialog.getWidth()), int(dialog.getHeight()), buttons(dialog), gui.labels(dialog)]
    if name != "Segment Particles...":
        picture(name, dialog)
    if name == "Filter Particles...":
        button = next(c for c in _components(dialog) if isinstance(c, J("java.awt.Button")) and str(c.getLabel()).strip() == "Help")
        gui.click(button)
        help = gui.dialog("Filter Particles Help")
        result["help"] = str(next(c for c in _components(help.getContentPane()) if isinstance(c, J("javax.swing.JEditorPane"))).getText())
        help.dispose()
    gui.press(dialog, "Cancel")
    wait_for(lambda: not dialog.isShowing(), "closed dialog")

# 4. the scale that was found: cancelled, taken, put right
def find_scale(file):
    global imp
    ij.run_macro('close("*"); open("' + file + '");')
    imp = J("ij.WindowManager").getCurrentImage()
    imp.getWindow().setLocation(600, 150)
    system.setProperty("nanoseg.status", "waiting")
    gui.press(open_dialog("Set Scale from Metadata or Scale Bar..."), "OK")
    return gui.dialog("Set Scale")

def answer(dialog, button, status):
    texts = [str(c.getText()) for c in _components(dialog) if isinstance(c, J("java.awt.TextField"))]
    marks = int(imp.getOverlay().size()) if imp.getOverlay() else 0
    gui.press(dialog, button)
    wait_for(lambda: prop("status") == status and not imp.isLocked(), "end of the command")
    return texts, marks, size(), imp.getOverlay() is None

def size():
    found = imp.getCalibration()
    return float(found.pixelWidth), float(found.pixelHeight), str(found.getUnit())

def scales():
    text = str(J("ij.plugin.frame.Recorder").getInstance().getText())
    return [line for line in text.splitlines() if "Scale" in line]

def replayed(count):
    line = wait_for(lambda: len(scales()) == count and scales()[-1], "recorded line")
    imp.setCalibration(J("ij.measure.Calibration")())
    ij.run_macro(line)
    return line, size()

ij.run_macro('run("Record...");')
dialog = find_scale(figure)
dialog.setLocation(5, 5)
picture("scale found", dialog, imp.getWindow())
result["scale cancelled"] = *answer(dialog, "Cancel", "cancelled"), scales()
result["scale taken"] = *answer(find_scale(figure), "OK", "ok"), *replayed(1)
dialog = find_scale(oblong)
result["oblong"] = gui.labels(dialog) + buttons(dialog)
gui.fill(dialog, "length", "4")
result["scale put right"] = *answer(dialog, "OK", "ok"), *replayed(2)

# 5. the plots of a size distribution
ij.run_macro('close("*"); run("Clear Results"); open("' + silica + '"); run("Segment Particles...", "diameter=400 manager=false summary=false");')
gui.press(open_dialog("Particle Size Distribution..."), "OK")
plots = [gui.dialog("NanoSeg Size Distribution" + more) for more in ("", " (cumulative)")]
ij.run_macro('selectImage("silica.tif"); close();')
for plot, top in zip(plots, (5, 500)):
    plot.setLocation(5, top)
picture("size distribution", *plots)
result["axes"] = [str(plot.getPlot().getLabel(J("java.lang.Character")(axis).charValue())) for plot in plots for axis in "xy"]
result["counts"] = [len(ij.results()), int(prop("count"))]
result["steps"] = [len(plot.getPlot().getDataObjectArrays(0)[0]) for plot in plots]
"""


@pytest.fixture(scope="module")
def story(window, micrograph, artefacts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dialogs")
    slow = shutil.copytree(scripts_dir() / "lib", folder / "lib")
    source = slow / "NanoSegPreview.groovy"
    head = "class NanoSegPreview implements Closeable {"
    waits = f'static {{ while (!new File("{folder}/gate").exists()) Thread.sleep(20) }}'
    assert head in source.read_text(encoding="utf-8")
    source.write_text(source.read_text(encoding="utf-8").replace(head, f"{head}\n    {waits}\n"), "utf-8")
    pictures = os.environ.get("NANOSEG_PICTURES", str(artefacts / "commands"))
    return window(
        STORY,
        path=str(micrograph),
        titles=TITLES,
        pictures=str(Path(pictures).resolve()),
        slow=str(slow),
        gate=str(folder / "gate"),
        figure=str(write_figure(folder / "figure.png")),
        oblong=str(write_oblong(folder / "fei.tif")),
        silica=str(SILICA),
    )


def test_a_macro_that_waits_is_left_alone_by_what_fails_from_the_menu(story):
    assert "no image is open" in story["refused"]
    assert "channel=7 is not in" in story["failed"]
    assert story["outcome"] == ["went on", "went on"]


def test_preview_follows_the_values(story):
    assert story["before"] == ["", True]  # while its class was compiled the dialog could be filled in
    text, outlines = story["first"]
    assert text.startswith("preview: ") and text.endswith("diameter 400.0 nm")
    assert outlines == int(text.split()[1]) + 1 > 5  # and the frame of the crop
    fewer, left = story["second"]
    assert int(fewer.split()[1]) < int(text.split()[1]) and left == int(fewer.split()[1]) + 1
    assert story["wrong"] == ["min_score=2 is above 1", True]
    assert story["again"] == left


def test_preview_leaves_no_trace(story):
    assert story["after"][:3] == [False, False, False]


@pytest.mark.parametrize("title", TITLES)
def test_dialog_fits_has_units_and_help(story, title):
    width, height, buttons, labels = story["dialogs"][title]
    assert width <= 1200 and height <= 690, "does not fit a laptop's screen of 1366 x 768"
    assert {"Help", "Cancel", "OK"} <= set(buttons)
    assert not [label for label in labels if re.search("[(]unit²?[)]", label)]
    script = next(p for p in MAKER["SCRIPTS"].iterdir() if MAKER["title_of"](p) == title)
    for _, key, attributes in MAKER["inputs_of"](script):
        shown = re.sub("[(]unit(²?)[)]", r"(nm\1)", attributes["label"]).replace("_", " ")
        assert shown in labels, key


def test_help_names_every_key(story):
    assert "min_circularity" in story["help"] and "Lowest circularity" in story["help"]


def test_a_scale_is_shown_marked_and_cancelled(story):
    (length, unit, distance), marks, size, unmarked, recorded = story["scale cancelled"]
    assert (length, unit) == ("50", "nm") and float(distance) == pytest.approx(120, abs=0.3)
    assert marks == 1 and unmarked
    assert size == [1, 1, "pixel"] and recorded == []


def test_a_scale_that_is_taken_is_recorded_and_played_back(story):
    _, _, size, unmarked, line, again = story["scale taken"]
    assert size == [pytest.approx(50 / 120, rel=2e-3)] * 2 + ["nm"] and unmarked
    assert re.fullmatch(r'run\("Set Scale...", "distance=1[\d.]+ known=50.0* pixel=1.0* unit=nm"\);', line)
    assert again == [pytest.approx(size[0], rel=1e-6), pytest.approx(size[1], rel=1e-6), "nm"]


def test_a_scale_that_is_put_right_keeps_the_ratio_of_the_sides(story):
    assert any("not square (2 x 3 nm)" in label for label in story["oblong"])
    assert {"length (width of a pixel)", "Help"} <= set(story["oblong"])
    texts, marks, size, _, line, again = story["scale put right"]
    assert texts == ["4", "nm"] and marks == 0
    assert size == again == [4, 6, "nm"] and "pixel=1.5" in line


def test_plots_of_a_size_distribution(story):
    assert story["axes"] == ["ECD (nm)", "density by number (1/nm)", "ECD (nm)", "cumulative by number (%)"]
    rows, counted = story["counts"]
    assert rows >= counted > 30
    bars, points = story["steps"]
    assert 3 < bars < points == counted
