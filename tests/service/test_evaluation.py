"""The service's command that judges particles against others, whatever they are kept in."""

from __future__ import annotations

import numpy as np
import pytest
import roifile

from nanoseg_fiji import service
from nanoseg_fiji.evaluation import evaluate, evaluate_image
from nanoseg_fiji.evaluation.pictures import OUTCOMES
from nanoseg_fiji.image_files import write_labels
from nanoseg_fiji.particles.rois import decode_rois, encode_rois, rois_to_labels

SHAPE = (80, 120)


def truth():
    labels = np.zeros(SHAPE, np.int32)
    labels[5:25, 5:25], labels[5:25, 30:50], labels[5:25, 50:70] = 1, 2, 3  # 2 and 3 touch
    labels[40:60, 10:50], labels[40:60, 80:100] = 4, 5
    return labels


def predicted():
    """One match (of label 1), one merge (of 2 and 3), one split (of 4), one missed (5), one false."""
    labels = np.zeros(SHAPE, np.int32)
    labels[5:25, 6:25], labels[5:27, 30:70] = 7, 8
    labels[40:60, 10:29], labels[40:60, 31:50], labels[65:75, 100:110] = 9, 10, 11
    return labels


def image(slices=1):
    pixels = np.full((slices, *SHAPE), 9, np.uint8) if slices > 1 else np.full(SHAPE, 9, np.uint8)
    return {"pixels": pixels, "name": "a.tif"}


def as_zip(labels):
    return np.frombuffer(encode_rois(labels).to_zip(), np.uint8)


@pytest.mark.parametrize("kind", ["labels", "rois", "files"])
def test_scores_are_those_of_evaluation(tmp_path, kind):
    if kind == "files":
        (tmp_path / "p.zip").write_bytes(as_zip(predicted()).tobytes())
        write_labels(tmp_path / "t.tif", truth())
        sides = {"path": str(tmp_path / "p.zip"), "truth_path": str(tmp_path / "t.tif")}
    else:
        make = as_zip if kind == "rois" else np.asarray
        sides = {kind: make(predicted()), f"truth_{kind}": make(truth())}
    response = service.run({"command": "evaluate", "image": image(), **sides})
    assert (response["status"], response["error"]) == ("ok", "")
    summary = response["summary"]
    expected = evaluate([evaluate_image("a.tif", predicted(), truth())])
    for name, value in expected.pooled.items():
        assert summary[name] == pytest.approx(value, nan_ok=True), name
    assert summary["count_error"] == 0 and summary["mean_ecd_error"] == pytest.approx(
        expected.images[0].errors[1]
    )
    assert (summary["n_predicted"], summary["n_true"], summary["matched"], response["count"]) == (5, 5, 1, 1)
    assert [summary[n] for n in ("missed", "false_positives", "merges", "splits")] == [1, 1, 1, 1]


def test_errors_come_in_the_colours_of_the_report():
    response = service.run(
        {"command": "evaluate", "image": image(), "labels": predicted(), "truth_labels": truth()}
    )
    rois = decode_rois(response["rois"].tobytes())
    shown = {}
    for roi in rois:
        shown.setdefault((roi.properties["side"], roi.properties["outcome"]), []).append(
            int(roi.properties["label"])
        )
    assert shown == {
        ("predicted", "match"): [7],
        ("predicted", "merge"): [8],
        ("predicted", "split"): [9, 10],
        ("predicted", "false positive"): [11],
        ("true", "merge"): [2, 3],
        ("true", "split"): [4],
        ("true", "missed"): [5],
    }
    missed = next(roi for roi in rois if roi.properties["outcome"] == "missed")
    np.testing.assert_array_equal(rois_to_labels([missed], SHAPE).labels > 0, truth() == 5)
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(response["rois"].tobytes())) as archive:
        for name in archive.namelist():
            colour = roifile.ImagejRoi.frombytes(archive.read(name)).stroke_color
            outcome = next(kind for kind in OUTCOMES if name.endswith(f" {kind}.roi"))
            assert tuple(colour[1:]) == OUTCOMES[outcome]


def test_slices_are_judged_together(tmp_path):
    stack = np.stack([predicted(), truth()])
    rois = as_zip(np.stack([truth(), truth()]))
    request = {
        "command": "evaluate",
        "image": image(2),
        "labels": stack,
        "truth_rois": rois,
        "output": str(tmp_path),
    }
    response = service.run(request)
    assert (response["summary"]["n_true"], response["summary"]["matched"]) == (10, 6)
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".csv", ".html"}
    assert "is there already and was kept" in service.run(request)["error"]
    assert service.run(request | {"overwrite": True})["status"] == "ok"


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"labels": np.zeros((3, 3), np.int32)}, "the predicted labels are"),
        ({"labels": np.full(SHAPE, 0.5, np.float32)}, "are not whole numbers"),
        ({"labels": np.full(SHAPE, -1, np.int32)}, "run from -1 to -1"),
        ({"path": "/no/such.zip"}, "/no/such.zip"),
        ({}, "needs labels or rois or path"),
    ],
)
def test_what_cannot_be_judged_is_said(sides, message):
    response = service.run({"command": "evaluate", "image": image(), "truth_labels": truth(), **sides})
    assert response["status"] == "error" and message in response["error"]
