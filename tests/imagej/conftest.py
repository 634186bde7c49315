"""Scripts that tell what reached them, as commands of the embedded ImageJ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from nanoseg_fiji.imagej import ImageJ

PROBE = """
#@ ImagePlus (required=false) imp
#@ LogService log
#@ Context context
#@ String (label="model", choices={"em-particles", "other one"}, persist=false) model
#@ Double (label="diameter (unit)", value=0, min=0, max=500, persist=false) diameter
#@ Boolean (label="split touching particles", value=true, persist=false) split
#@ Boolean (label="pixel", value=false, persist=false) pixel
#@ Integer (label="rows left out", value=3, persist=false) crop_bottom
#@ String (label="note", value="", persist=false) note
#@ File (label="output", style="directory", required=false, persist=false) output
def values = [model, diameter, split, pixel, crop_bottom, note, output]
System.setProperty("probe.values", values.join("|"))
System.setProperty("probe.types", values.collect { it == null ? "null" : it.class.simpleName }.join(" "))
System.setProperty("probe.image", imp == null ? "none" : imp.title)
System.setProperty("probe.given", "${log != null} ${context != null}")
System.setProperty("nanoseg.count", "7")
if (note == "throw") throw new IllegalStateException("the reactor is on fire\\nand more")
if (note == "abort") {
    System.setProperty("nanoseg.status", "error")
    System.setProperty("nanoseg.error", "told already")
    ij.Macro.abort()
}
"""
NEEDS_IMAGE = """
#@ ImagePlus imp
System.setProperty("probe.image", imp.title)
"""
JYTHON = """
#@script (language="jython")
#@ Integer (value=2, persist=false) bins
from java.lang import System
System.setProperty("probe.values", repr(bins * 21))
if bins == 0: raise ValueError("no bins")
"""


def write_scripts(folder: Path) -> Path:
    """Write the scripts below `folder` as the package lays out its own."""
    scripts = folder / "Plugins" / "NanoSeg" / "Test"
    scripts.mkdir(parents=True)
    (scripts / "Probe_It....groovy").write_text(PROBE.strip())
    (scripts / "Needs_Image.groovy").write_text(NEEDS_IMAGE.strip())
    (scripts / "Probe_Jython....py").write_text(JYTHON.strip())
    (scripts / "helper.groovy").write_text("throw new Error('a file without _ is no command')")
    return folder


@pytest.fixture(scope="session")
def probe(ij: ImageJ, tmp_path_factory: pytest.TempPathFactory) -> ImageJ:
    """ImageJ with the commands *Probe It...*, *Needs Image* and *Probe Jython...*."""
    ij.host.addScripts(str(write_scripts(tmp_path_factory.mktemp("a path with ü"))))
    return ij
