"""ROI sets from elsewhere: overlaps, slices, and what is damaged or missing."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import roifile

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.rois import decode_rois, encode_rois, rois_to_labels

if TYPE_CHECKING:
    from pathlib import Path

LABELS = np.array([[1, 1, 0, 4, 4], [1, 0, 0, 4, 0], [0, 0, 4, 0, 9]])


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
