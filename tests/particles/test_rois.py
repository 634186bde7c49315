"""ROI sets: names, places, properties, files; and the way back to labels."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import roifile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.rois import decode_rois, encode_rois, rois_to_labels

if TYPE_CHECKING:
    from pathlib import Path

LABELS = np.array([[1, 1, 0, 4, 4], [1, 0, 0, 4, 0], [0, 0, 4, 0, 9]])


def records(data: bytes) -> list[roifile.ImagejRoi]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [roifile.ImagejRoi.frombytes(archive.read(name)) for name in archive.namelist()]


def zipped(*rois: roifile.ImagejRoi) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for roi in rois:
            archive.writestr(f"{roi.name}.roi", roi.tobytes())
    return buffer.getvalue()


def box(name: str, left: int, top: int, right: int, bottom: int, **more: Any) -> roifile.ImagejRoi:
    return roifile.ImagejRoi(
        roitype=roifile.ROI_TYPE.RECT, name=name, left=left, top=top, right=right, bottom=bottom, **more
    )


@given(arrays(np.int32, array_shapes(min_dims=2, max_dims=3, max_side=8), elements=st.integers(0, 3)))
@settings(max_examples=150, deadline=None)
def test_labels_come_back(labels: np.ndarray) -> None:
    rois = encode_rois(labels)
    if not len(rois):
        return
    back = rois_to_labels(decode_rois(rois.to_zip()), labels.shape)
    np.testing.assert_array_equal(back.labels, labels)
    assert (back.overlap, back.messages, back.names) == (0, (), rois.names)


def test_names_places_and_properties_as_roifile_reads_them() -> None:
    rois = encode_rois(
        LABELS,
        scores=[0.5, np.nan, 1 / 3],
        start=41,
        slices=[7],
        properties={"model": "a: b\\c", "empty": ""},
    )
    assert rois.names == ("0007-00042", "0007-00043", "0007-00044")
    first, second, third = records(rois.to_zip())
    assert [r.name for r in (first, second, third)] == list(rois.names)
    assert first.position == 7 and (first.c_position, first.z_position, first.t_position) == (0, 0, 0)
    assert first.props == "label: 1\nmodel: a: b\\\\c\nscore: 0.5\n"
    assert second.props == "label: 4\nmodel: a: b\\\\c\n"
    assert third.props.endswith("score: 0.333333\n")
    assert first.roitype == second.roitype == roifile.ROI_TYPE.TRACED
    decoded = decode_rois(rois.to_zip())
    assert decoded[0].properties == {"label": "1", "model": "a: b\\c", "score": "0.5"}
    assert [r.index for r in decoded] == [7, 7, 7]


def test_places_in_a_hyperstack_and_back() -> None:
    stack = np.stack([LABELS, LABELS * 0, LABELS[:, ::-1]])
    positions = [(1, 2, 1), (2, 2, 1), (2, 2, 3)]
    rois = encode_rois(stack, slices=[3, 4, 12], positions=positions)
    assert rois.names[0] == "0003-00001" and rois.names[3:] == ("0012-00004", "0012-00005", "0012-00006")
    places = [(r.c_position, r.z_position, r.t_position, r.position) for r in records(rois.to_zip())]
    assert places == [(1, 2, 1, 0)] * 3 + [(2, 2, 3, 0)] * 3
    back = rois_to_labels(decode_rois(rois.to_zip()), stack.shape, positions=positions)
    np.testing.assert_array_equal(back.labels, stack)
    assert back.slices == (0, 0, 0, 2, 2, 2)


@pytest.mark.jvm
def test_imagej_reads_places_and_properties(ij: Any) -> None:
    from jpype import JArray, JByte, JClass

    def read(data: bytes) -> Any:
        return JClass("ij.io.RoiDecoder")(JArray(JByte)(np.frombuffer(data, np.int8)), "x.roi").getRoi()

    text = "a: b\\c=d #e! ü😀\nf"
    rois = encode_rois(LABELS, scores=[0.5, 1, 0], properties={"model": text, "some key": "1"})
    roi = read(rois.data[0])
    assert [str(roi.getProperty(key)) for key in ("label", "score", "model", "some key")] == [
        *("1", "0.5", text, "1")
    ]
    assert roi.getPosition() == 1 and not roi.hasHyperStackPosition()
    # ImageJ itself escapes nothing when it writes, and reads it back with the same losses
    written = bytes(JClass("ij.io.RoiEncoder").saveAsByteArray(roi))
    again = decode_rois(written)[0]
    assert (again.properties["label"], again.properties["score"], again.properties["some"]) == (
        *("1", "0.5", "key: 1"),
    )
    assert again.properties["some"] == str(read(written).getProperty("some"))
    roi = read(encode_rois(LABELS, positions=[(2, 3, 4)]).data[0])
    assert (roi.getCPosition(), roi.getZPosition(), roi.getTPosition()) == (2, 3, 4)


def test_equal_sets_are_equal_files_and_written_whole(tmp_path: Path) -> None:
    rois = encode_rois(LABELS, outlines=[trace(LABELS)])
    path = tmp_path / "größer als" / "set.zip"
    rois.write(path)
    assert path.read_bytes() == encode_rois(LABELS).to_zip()
    assert [roi.name for roi in decode_rois(path)] == list(rois.names)
    assert [roi.name for roi in roifile.roiread(path)] == list(rois.names)
    with pytest.raises(OutputError, match="cannot write"):
        rois.write(path / "below a file" / "set.zip")
    assert list(path.parent.iterdir()) == [path]


def test_more_vertices_than_a_traced_roi_holds() -> None:
    comb = np.ones((2, 40_000), dtype=np.int32)
    comb[0, ::2] = 0
    rois = encode_rois(comb)
    (record,) = records(rois.to_zip())
    assert record.composite and len(rois.data[0]) > 4 * 3 * 65535
    np.testing.assert_array_equal(rois_to_labels(decode_rois(rois.to_zip()), comb.shape).labels, comb)


def test_nothing_to_encode() -> None:
    rois = encode_rois(np.zeros((4, 4), dtype=np.uint8))
    assert len(rois) == 0 and zipfile.ZipFile(io.BytesIO(rois.to_zip())).namelist() == []


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"scores": [1.0]}, "1 scores for 3 particles"),
        ({"slices": [1, 2]}, "give one a slice"),
        ({"positions": [(0, 1, 1)]}, "count from 1"),
        ({"outlines": []}, "give one a slice"),
    ],
)
def test_what_does_not_fit(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        encode_rois(LABELS, **arguments)


def test_the_first_roi_keeps_an_overlap_and_labels_stay_unique() -> None:
    data = zipped(
        box("a", 0, 0, 3, 2, props="label: 2\n"),
        box("b", 1, 1, 5, 3),
        box("c", 0, 3, 1, 4, props="label: 2\n"),
        box("d", 0, 0, 5, 1, props="label: many\n"),
        roifile.ImagejRoi(roitype=roifile.ROI_TYPE.LINE, name="line", x2=3.0),
        roifile.ImagejRoi(
            roitype=roifile.ROI_TYPE.POINT,
            name="dot",
            n_coordinates=1,
            integer_coordinates=np.zeros((1, 2), dtype=np.int32),
        ),
        box("beyond", -9, -9, -5, -5),
    )
    back = rois_to_labels(decode_rois(data), (4, 5))
    assert back.labels.tolist() == [[2, 2, 2, 4, 4], [2, 2, 2, 1, 1], [0, 1, 1, 1, 1], [3, 0, 0, 0, 0]]
    assert (back.names, back.ids) == (("a", "b", "c", "d", "beyond"), (2, 1, 3, 4, 5))
    assert back.overlap == 5
    assert back.messages == (
        "ROI line left out: a line has no area",
        "ROI dot left out: a point has no area",
        "5 pixels lie in more than one ROI: the first in the list keeps them",
    )


def test_slices_of_rois_from_elsewhere() -> None:
    data = zipped(
        box("0002-0010-0010", 0, 0, 1, 1),  # as older ROI Managers name them
        box("free", 1, 0, 2, 1),
        box("third", 0, 0, 1, 1, position=3),
        box("z", 1, 0, 2, 1, z_position=3),
        box("far", 0, 0, 1, 1, position=9),
    )
    back = rois_to_labels(decode_rois(data), (3, 1, 2))
    assert back.slices == (1, 0, 2, 2)
    assert back.labels.tolist() == [[[0, 1]], [[1, 0]], [[1, 2]]]
    assert back.messages == ("ROI far left out: its slice is not in the image",)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "no ImageJ ROI set"),
        (b"PK\x03\x04 and no more", "no ImageJ ROI set"),
        (encode_rois(LABELS).to_zip()[:-30], "no ImageJ ROI set"),
        (b"Iout" + bytes(10), "is damaged"),
        (encode_rois(LABELS).data[0][:70], "is damaged"),
    ],
)
def test_damaged_sets(content: bytes, match: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=match):
        decode_rois(content)
    path = tmp_path / "set.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"set\.zip"):
        decode_rois(path)


def test_damage_within_a_set() -> None:
    data = bytearray(encode_rois(np.kron(LABELS, np.ones((9, 9), dtype=int))).to_zip())
    data[60] ^= 0xFF
    with pytest.raises(InputError, match="save it again"):
        decode_rois(bytes(data))


def test_sets_without_rois_and_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.roi files"):
        decode_rois(zipped())
    with pytest.raises(InputError, match="check the path"):
        decode_rois(tmp_path / "none.zip")


@pytest.mark.parametrize("shape", [(3,), (0, 4), (1, 2, 3, 4)])
def test_shapes_that_are_none(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="is not"):
        rois_to_labels([], shape)
    with pytest.raises(InputError, match="give one a slice"):
        rois_to_labels([], (2, 3, 4), positions=[(1, 1, 1)])


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
