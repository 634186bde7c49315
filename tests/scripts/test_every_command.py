# ruff: noqa: E501 - macros read best on one line
"""Every command there is, from a macro, headless, in the embedded ImageJ and in Fiji: none is forgotten."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.resources import scripts_dir

SCRIPTS = sorted(path.name for path in (scripts_dir() / "Plugins" / "NanoSeg").iterdir() if path.is_file())

LOAD = 'open("{labels}"); run("Labels to ROI Manager"); '
SHOWN = 'out = out + " rois=" + Overlay.size + " rows=" + nResults; '
# Three squares of 10, 8 and 6 pixels of 0.5 nm, the first two side by side.
MACROS = {
    "Add_Drawn_Particle.groovy": (
        LOAD + 'makeRectangle(40, 5, 6, 6); run("Add Drawn Particle"); ' + SHOWN,
        "rois=4",
    ),
    "Batch_Folder....groovy": (
        'run("Batch Folder...", "input=[{images}] output=[{out}] diameter=400"); out = out + " " + File.exists("{out}/nanoseg_table.csv"); ',
        " 1",
    ),
    "Evaluate_Against_ROIs....groovy": (
        LOAD
        + 'run("Evaluate Against ROIs...", "truth=labels.tif output=[{out}]"); list = getFileList("{out}"); n = list.length; out = out + getInfo("nanoseg.count") + " " + (n > 0); ',
        "3 1",
    ),
    "Filter_Particles....groovy": (LOAD + 'run("Filter Particles...", "min_area=12"); ' + SHOWN, "rois=2"),
    "Labels_to_ROI_Manager.groovy": (LOAD + SHOWN, "rois=3"),
    "Measure_Particles....groovy": (
        'open("{labels}"); run("Measure Particles...", "labels=labels.tif summary=false"); out = out + getResult("Area", 0); '
        + SHOWN,
        "25 rois=0 rows=3",
    ),
    "Merge_ROIs.groovy": (LOAD + 'makeRectangle(6, 6, 12, 3); run("Merge ROIs"); ' + SHOWN, "rois=2"),
    "NanoSeg_Add_to_Training_Set....groovy": (
        LOAD
        + 'run("NanoSeg Add to Training Set...", "folder=[{out}] name=pair"); out = out + File.exists("{out}/labels/pair.tif"); ',
        "1",
    ),
    "NanoSeg_Help.groovy": ('run("NanoSeg Help"); ', ""),
    "NanoSeg_Models....groovy": ('run("NanoSeg Models...", "action=list"); ', ""),
    "NanoSeg_Report....groovy": ('run("NanoSeg Report..."); ', ""),
    "NanoSeg_Set_Up....groovy": ('run("NanoSeg Set Up..."); ', ""),
    "NanoSeg_Undo.groovy": (
        LOAD + 'run("Filter Particles...", "min_area=12"); run("NanoSeg Undo"); ' + SHOWN,
        "rois=3",
    ),
    "Particle_Size_Distribution....py": (
        'open("{labels}"); run("Measure Particles...", "labels=labels.tif summary=false"); '
        'run("Particle Size Distribution...", "output=[{out}]"); list = getFileList("{out}"); n = list.length; out = out + (n > 0); ',
        "1",
    ),
    "ROI_Manager_to_Labels.groovy": (LOAD + 'run("ROI Manager to Labels"); out = out + nImages; ', "2"),
    "Segment_Particles....groovy": (
        'open("{image}"); run("Segment Particles...", "diameter=400 summary=false"); out = out + (Overlay.size > 3 && nResults == Overlay.size); ',
        "1",
    ),
    "Set_Scale_from_Metadata_or_Scale_Bar....groovy": (
        'open("{image}"); run("Set Scale...", "distance=0 known=0 unit=pixel"); run("Set Scale from Metadata or Scale Bar...", "source=metadata confirm=false"); getPixelSize(unit, w, h); out = out + d2s(w, 3) + unit; ',
        "3.125nm",
    ),
    "Split_ROI_with_Line.groovy": (
        LOAD + 'makeLine(0, 10, 16, 10); run("Split ROI with Line"); ' + SHOWN,
        "rois=4",
    ),
    "Split_Touching_Particles....groovy": (
        'newImage("m", "8-bit black", 100, 60, 1); setColor(255); fillOval(10, 15, 30, 30); fillOval(36, 15, 30, 30); '
        'setOption("BlackBackground", true); run("Split Touching Particles...", "summary=false"); ' + SHOWN,
        "rois=2 rows=2",
    ),
}
REFUSED = {"Fine-tune_Model....groovy": ('run("Fine-tune Model...", "data=[{out}/nothing]"); ', "nothing")}


@pytest.fixture
def places(tmp_path, micrograph):
    """Files that the macros open, and a folder for what they write."""
    labels = np.zeros((60, 100), np.uint16)
    labels[5:15, 5:15], labels[5:13, 15:23], labels[40:46, 60:66] = 1, 2, 3
    tifffile.imwrite(tmp_path / "labels.tif", labels, imagej=True, resolution=(2, 2), metadata={"unit": "nm"})
    (tmp_path / "out").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.tif").write_bytes(micrograph.read_bytes())
    names = {"labels": "labels.tif", "out": "out", "images": "images"}
    return {"image": micrograph} | {key: tmp_path / name for key, name in names.items()}


def filled(text, places):
    for key, path in places.items():
        text = text.replace("{" + key + "}", str(path))
    return 'if (nImages > 0) close("*"); run("Clear Results"); out = ""; ' + text


def test_none_is_forgotten():
    assert sorted({**MACROS, **REFUSED}) == SCRIPTS


@pytest.mark.jvm
@pytest.mark.parametrize("script", MACROS)
def test_command_works(host, script, places):
    text, expected = MACROS[script]
    found = host.run_macro(filled(text, places) + 'return getInfo("nanoseg.status") + " " + out;')
    assert found.startswith("ok ") and expected in found, found


@pytest.mark.jvm
@pytest.mark.parametrize("script", REFUSED)
def test_command_refuses(host, script, places):
    text, expected = REFUSED[script]
    with pytest.raises(ImageJError, match=expected):
        host.run_macro(filled(text, places))
