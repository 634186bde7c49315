"""ROI sets made from labels: names, places, properties, files; and the way back to labels."""

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
