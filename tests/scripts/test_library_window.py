# ruff: noqa: E501 - code for the child process reads best on one line
"""The window of the models, the report and the help, clicked; the models in the dialogs that ask for one."""

from __future__ import annotations

import json
import os

import pytest
import torch

from nanoseg_fiji.network import build, save_weights
from nanoseg_fiji.resources import find_model

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]

ARCHITECTURE = {"name": "flow-unet", "channels": [4, 8], "bottom_blocks": 1}

STORY = """
import os, time
from pathlib import Path
os.environ["NANOSEG_MODELS"] = own
os.environ["NANOSEG_CACHE"] = cache
Swing = J("javax.swing.JButton")

def inside(container):
    for component in container.getComponents():
        yield component
        if isinstance(component, J("java.awt.Container")):
            yield from inside(component)

def press(frame, label):
    gui.click(next(c for c in inside(frame.getContentPane()) if isinstance(c, Swing) and str(c.getText()) == label))

def names(frame):
    chosen = next(c for c in inside(frame.getContentPane()) if isinstance(c, J("javax.swing.JList")))
    return [str(chosen.getModel().getElementAt(i)) for i in range(chosen.getModel().getSize())], chosen

def card(frame):
    pane = next(c for c in inside(frame.getContentPane()) if isinstance(c, J("javax.swing.JEditorPane")))
    return str(pane.getDocument().getText(0, pane.getDocument().getLength()))

J("ij.IJ").run("Record...")
ij.run_macro('run("NanoSeg Models...", "action=import path=[' + weights + ']");')
gui.menu("Plugins", "NanoSeg", "NanoSeg Models...")
gui.press(gui.dialog("NanoSeg Models"), "OK")  # the dialog, and then the window of that name
frame = wait_for(lambda: next((w for w in J("java.awt.Window").getWindows() if w.isShowing()
    and isinstance(w, J("javax.swing.JFrame")) and title(w) == "NanoSeg Models"), None), "window of the models")
frame.setLocation(60, 100)
wait_for(lambda: "em-particles" in card(frame), "card of the default model")
time.sleep(1)
result["picture"] = gui.screenshot("models")
result["listed"] = names(frame)[0]
result["card"] = card(frame)
chosen = names(frame)[1]
chosen.setSelectedIndex(result["listed"].index("rods"))
wait_for(lambda: "Thin ones" in card(frame), "card of rods")
press(frame, "Set as Default")
result["then"] = wait_for(lambda: "rods (default)" in names(frame)[0] and names(frame)[0], "new default")
result["recorded"] = str(J("ij.plugin.frame.Recorder").getInstance().getText())
press(frame, "Close")

J("ij.IJ").newImage("spheres", "8-bit black", 64, 64, 1)
result["offered"], result["chosen"] = [], []
for name in ("Segment Particles", "Batch Folder", "Fine-tune Model"):
    gui.menu("Plugins", "NanoSeg", name + "...")
    dialog = gui.dialog(name)
    choice = next(c for c in inside(dialog) if isinstance(c, J("java.awt.Choice")))
    result["offered"].append([str(choice.getItem(i)) for i in range(choice.getItemCount())])
    result["chosen"].append(str(choice.getSelectedItem()))
    gui.press(dialog, "Cancel")
    wait_for(lambda: not dialog.isShowing(), "closed dialog")

ij.run_macro('run("NanoSeg Report...");')
wait_for(lambda: J("ij.WindowManager").getWindow("NanoSeg Report"), "report")
clipboard = J("java.awt.Toolkit").getDefaultToolkit().getSystemClipboard()
result["report"] = str(clipboard.getData(J("java.awt.datatransfer.DataFlavor").stringFlavor))
time.sleep(1)
gui.screenshot("report")
ij.run_macro('run("NanoSeg Help");')
result["opened"] = wait_for(lambda: Path(opened).is_file() and Path(opened).read_text(), "browser")
"""


def test_story(window, tmp_path, monkeypatch):
    torch.manual_seed(0)
    weights = tmp_path / "rods.safetensors"
    sha256 = save_weights(build(ARCHITECTURE), weights)
    card = {"name": "rods", "sha256": sha256, "architecture": ARCHITECTURE, "diameter": 32.0}
    weights.with_suffix(".json").write_text(json.dumps(card))
    weights.with_suffix(".md").write_text("# rods\n\nThin ones.\n")
    opened = tmp_path / "opened"
    browser = tmp_path / "bin" / "xdg-open"  # the first that ImageJ tries
    browser.parent.mkdir()
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{browser.parent}{os.pathsep}{os.environ['PATH']}")
    paths = {"own": str(tmp_path / "own"), "weights": str(weights), "opened": str(opened)}
    result = window(STORY, cache=str(tmp_path / "cache"), **paths)

    assert result["listed"][-1] == "rods" and "em-particles (default)" in result["listed"]
    spec = find_model("em-particles")
    assert spec.sha256 in result["card"] and str(spec.card["weights"]) in result["card"]
    assert "em-particles" in result["then"]
    lines = [line for line in result["recorded"].splitlines() if "NanoSeg Models" in line]
    assert lines[0].startswith('run("NanoSeg Models...", "action=list')
    assert 'run("NanoSeg Models...", "action=default name=[rods]");' in lines
    assert result["chosen"] == ["rods"] * 3
    first, *others = result["offered"]
    assert first[0] == "rods" and "em-particles" in first and others == [first] * 2
    assert result["report"].startswith("NanoSeg report") and spec.sha256[:12] in result["report"]
    assert result["opened"].startswith("file://") and result["opened"].endswith("/README.html")
