# ruff: noqa: E501 - what runs in the window reads best on one line
"""Every dialog: it fits a laptop, has units and help; the preview; what fails from the menu while a macro waits.

``NANOSEG_PICTURES=docs/images/commands pytest tests/scripts/test_dialogs.py`` makes the pictures of docs/commands.md anew.
"""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

import pytest

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
    whole.quantize(64, dither=Image.Dither.NONE).save(file, optimize=True)

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

J("ij.IJ").openImage(path).show()
imp = J("ij.WindowManager").getCurrentImage()
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

# 2. the preview
dialog = open_dialog("Segment Particles...")
dialog.setLocation(5, 5)
imp.getWindow().setLocation(dialog.getWidth() + 15, 150)
gui.robot.waitForIdle()
time.sleep(0.5)
gui.fill(dialog, "diameter", "400")
result["before"] = imp.getOverlay() is None
gui.fill(dialog, "preview", True)
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
"""


@pytest.fixture(scope="module")
def story(window, micrograph, artefacts):
    pictures = os.environ.get("NANOSEG_PICTURES", str(artefacts / "commands"))
    return window(STORY, path=str(micrograph), titles=TITLES, pictures=str(Path(pictures).resolve()))


def test_a_macro_that_waits_is_left_alone_by_what_fails_from_the_menu(story):
    assert "no image is open" in story["refused"]
    assert "channel=7 is not in" in story["failed"]
    assert story["outcome"] == ["went on", "went on"]


def test_preview_follows_the_values(story):
    assert story["before"]
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
