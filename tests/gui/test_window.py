"""ImageJ's real window: the menu is clicked, the dialog filled, the recorder read."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.jvm, pytest.mark.gui, pytest.mark.slow]


def test_menu_dialog_and_recorder(window, artefacts):
    result = window(
        """
        J("ij.IJ").run("Record...")
        J("ij.IJ").newImage("spheres", "8-bit black", 64, 64, 1)
        gui.menu("Plugins", "NanoSeg", "Segment Particles...")
        dialog = gui.dialog("Segment Particles")
        result["labels"] = gui.labels(dialog)
        gui.screenshot("dialog")
        gui.press(dialog, "Cancel")
        """
    )
    assert result["labels"]
