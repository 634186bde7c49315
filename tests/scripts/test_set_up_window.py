"""*NanoSeg Set Up...* from the menu: its dialog, and one box that says how it went."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]

STORY = """
gui.menu("Plugins", "NanoSeg", "NanoSeg Set Up...")
gui.press(gui.dialog("NanoSeg Set Up"), "OK")
box = gui.dialog("NanoSeg")
result["said"] = gui.message(box)
gui.press(box, "OK")
"""


def test_where_python_hosts_imagej_it_says_so(window):
    result = window(STORY)
    assert "Python hosts this ImageJ" in result["said"] and "nothing to set up" in result["said"]
