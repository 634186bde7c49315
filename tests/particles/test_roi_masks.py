"""Masks of all kinds of ROIs that users draw, as ImageJ fills them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels

_DRAW = """
import ij.gui.*
import ij.io.RoiDecoder
import ij.io.RoiEncoder
import java.awt.Polygon
import java.util.zip.*

def r = new Random(seed)
def at = { -6 + 70 * r.nextDouble() }
def whole = { -6 + r.nextInt(70) }
def inside = { r.nextInt(64) }
def some = { n, f -> (0..<n).collect { f() } }
def draw = [
    rectangle: { new Roi(whole(), whole(), 1 + r.nextInt(30), 1 + r.nextInt(30)) },
    subpixel_rectangle: { new Roi(at(), at(), 30 * r.nextDouble() + 1, 30 * r.nextDouble() + 1) },
    rounded: { new Roi(whole(), whole(), 1 + r.nextInt(40), 1 + r.nextInt(40), 1 + r.nextInt(30)) },
    oval: { new OvalRoi(whole(), whole(), 1 + r.nextInt(40), 1 + r.nextInt(40)) },
    subpixel_oval: { new OvalRoi(at(), at(), 40 * r.nextDouble() + 1, 40 * r.nextDouble() + 1) },
    polygon: { int n = 3 + r.nextInt(8)
        new PolygonRoi(some(n, inside) as int[], some(n, inside) as int[], n, Roi.POLYGON) },
    freehand: { int n = 3 + r.nextInt(40)
        new PolygonRoi(some(n, inside) as int[], some(n, inside) as int[], n, Roi.FREEROI) },
    subpixel_polygon: { int n = 3 + r.nextInt(8)
        new PolygonRoi(some(n, at) as float[], some(n, at) as float[], n, Roi.POLYGON) },
    spline: { int n = 3 + r.nextInt(8)
        def p = new PolygonRoi(some(n, at) as float[], some(n, at) as float[], n, Roi.POLYGON)
        p.fitSpline(); p },
    ellipse: { new EllipseRoi(at(), at(), at(), at(), r.nextDouble()) },
    rotated_rectangle: { new RotatedRectRoi(at(), at(), at(), at(), 1 + 30 * r.nextDouble()) },
    ring: { def x = whole(), y = whole(), d = 20 + r.nextInt(30)
        new ShapeRoi(new OvalRoi(x, y, d, d)).not(new ShapeRoi(new OvalRoi(x + 5, y + 6, d - 11, d - 12))) },
    union: { def other = new ShapeRoi(new OvalRoi(whole(), whole(), 30, 17))
        new ShapeRoi(new Roi(whole(), whole(), 20, 9)).or(other) },
    curved: { def e = { new java.awt.geom.Ellipse2D.Double(at(), at(), 40 * r.nextDouble() + 1, 25) }
        def a = new java.awt.geom.Area(e()); a.exclusiveOr(new java.awt.geom.Area(e())); new ShapeRoi(a) },
]
def bytes = new ByteArrayOutputStream()
def masks = new ByteArrayOutputStream()
def zip = new ZipOutputStream(bytes)
count.times { i ->
    def roi = draw[kind]()
    zip.putNextEntry(new ZipEntry(i + ".roi"))
    zip.write(RoiEncoder.saveAsByteArray(roi))
    def canvas = new ij.process.ByteProcessor(64, 64)
    canvas.setValue(1)
    canvas.fill(RoiDecoder.openFromByteArray(RoiEncoder.saveAsByteArray(roi)))
    masks.write(canvas.pixels)
}
zip.close()
[bytes.toByteArray(), masks.toByteArray()]
"""


@pytest.mark.jvm
@pytest.mark.parametrize(
    "kind",
    [
        *("rectangle", "subpixel_rectangle", "rounded", "oval", "subpixel_oval", "polygon", "freehand"),
        *("subpixel_polygon", "spline", "ellipse", "rotated_rectangle", "ring", "union", "curved"),
    ],
)
def test_masks_of_what_users_draw_are_imagejs(ij: Any, kind: str) -> None:
    """Each ROI by itself, so that nothing hides behind an overlap; many reach over the border."""
    from jpype import JClass

    binding = JClass("groovy.lang.Binding")()
    for name, value in (("seed", 5), ("count", 200), ("kind", kind)):
        binding.setVariable(name, value)
    data, masks = JClass("groovy.lang.GroovyShell")(binding).evaluate(_DRAW)
    truth = np.frombuffer(bytes(masks), dtype=np.uint8).reshape(-1, 64, 64)
    rois = decode_rois(bytes(data))
    assert len(rois) == len(truth) == 200 and truth.any(axis=(1, 2)).sum() > 100
    for roi, mask in zip(rois, truth, strict=True):
        np.testing.assert_array_equal(rois_to_labels([roi], (64, 64)).labels, mask, err_msg=str(roi))
