"""What real ImageJ says about ROIs, and label images to ask it about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nanoseg_fiji.imagej import ImageJ
    from nanoseg_fiji.types import Calibration

# Paints each ROI of a zip with its label, counts its mask and measures it with ImageJ's Analyzer.
_SCRIPT = """
import ij.ImagePlus
import ij.io.RoiDecoder
import ij.measure.Measurements as M
import ij.measure.ResultsTable
import ij.plugin.filter.Analyzer
import ij.process.FloatProcessor
import java.util.zip.ZipInputStream

def zip = new ZipInputStream(new ByteArrayInputStream(data))
def painted = new FloatProcessor(imp.width, imp.height)
def rows = new ResultsTable()
def flags = M.AREA + M.MEAN + M.STD_DEV + M.MIN_MAX + M.CENTROID + M.PERIMETER + M.ELLIPSE +
        M.SHAPE_DESCRIPTORS + M.FERET + M.STACK_POSITION + M.LABELS
def analyzer = new Analyzer(imp, flags, rows)
def names = []
def pixels = []
for (entry = zip.nextEntry; entry != null; entry = zip.nextEntry) {
    def roi = new RoiDecoder(zip.readAllBytes(), entry.name).roi
    painted.setValue((roi.getProperty("label") ?: names.size() + 1) as double)
    painted.fill(roi)
    names << roi.name
    painted.setRoi(roi)
    def mask = roi.mask
    pixels << (mask == null ? roi.bounds.width * roi.bounds.height : mask.histogram[255])
    if (measure) {
        imp.setRoi(roi)
        analyzer.measure()
    }
}
def columns = [:]
if (measure && rows.size() > 0)
    rows.headings.each { if (it != "Label") columns[it] = rows.getColumnAsDoubles(rows.getColumnIndex(it)) }
def labels = measure ? (0..<rows.size()).collect { rows.getLabel(it) } : []
[painted: painted.pixels, names: names as String[], pixels: pixels as int[], columns: columns,
 labels: labels as String[]]
"""


@dataclass(frozen=True)
class Truth:
    """What ImageJ made of a ROI zip."""

    painted: NDArray[np.int32]
    """(row, col) each mask filled with its label, or its place from 1; later ones lie on top."""
    names: list[str]
    pixels: NDArray[np.int32]
    """Number of pixels of each mask."""
    columns: dict[str, NDArray[np.float64]]
    labels: list[str]


@pytest.fixture(scope="session")
def analyse(ij: ImageJ) -> Callable[..., Truth]:
    """``analyse(zip, pixels, calibration)``: masks and measurements of ROIs by ImageJ 1.54p."""
    from jpype import JArray, JByte, JClass, JFloat, JShort

    shell = JClass("groovy.lang.GroovyShell")()
    script = shell.parse(_SCRIPT)

    def processor(pixels: NDArray[Any]) -> Any:
        rows, cols = pixels.shape
        flat = np.ascontiguousarray(pixels).reshape(-1)
        if pixels.dtype == np.uint8:
            return JClass("ij.process.ByteProcessor")(cols, rows, JArray(JByte)(flat.view(np.int8)))
        if pixels.dtype == np.uint16:
            return JClass("ij.process.ShortProcessor")(cols, rows, JArray(JShort)(flat.view(np.int16)), None)
        return JClass("ij.process.FloatProcessor")(cols, rows, JArray(JFloat)(flat.astype(np.float32)))

    def run(
        data: bytes, pixels: NDArray[Any], calibration: Calibration | None = None, *, measure: bool = True
    ) -> Truth:
        imp = JClass("ij.ImagePlus")("img", processor(pixels))
        if calibration is not None:
            scale = imp.getCalibration()
            scale.pixelWidth, scale.pixelHeight = calibration.pixel_width, calibration.pixel_height
            scale.setUnit(calibration.unit)
        binding = JClass("groovy.lang.Binding")()
        binding.setVariable("data", JArray(JByte)(np.frombuffer(data, dtype=np.int8)))
        binding.setVariable("imp", imp)
        binding.setVariable("measure", measure)
        script.setBinding(binding)
        out = script.run()
        return Truth(
            painted=np.array(out["painted"]).reshape(pixels.shape).astype(np.int32),
            names=[str(name) for name in out["names"]],
            pixels=np.array(out["pixels"]),
            columns={str(key): np.array(value) for key, value in out["columns"].items()},
            labels=[str(label) for label in out["labels"]],
        )

    return run
