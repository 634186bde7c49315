"""The command that segments: what it finds and says."""

from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji import service
from nanoseg_fiji.particles.rois import decode_rois


@pytest.fixture(scope="module")
def segmented(ask, scene) -> dict:
    return ask("segment", image=scene.image(), params={"diameter": 82.0}, start=5)


def test_segment(scene, column, segmented):
    assert (segmented["status"], segmented["error"]) == ("ok", "")
    large = column(segmented, "ECD") > 60
    assert large.sum() == 4
    np.testing.assert_allclose(column(segmented, "ECD")[large], 82, rtol=0.1)
    assert segmented["labels"].shape == scene.pixels.shape
    assert segmented["labels"].dtype == np.int32
    assert ((segmented["labels"] > 0) == (scene.labels > 0)).mean() > 0.97
    rois = decode_rois(segmented["rois"].tobytes())
    assert len(rois) == segmented["count"] == segmented["labels"].max()
    assert rois[0].name == "0001-00006"
    assert segmented["table"]["labels"][0] == "spheres 1.tif:0001-00006"
    units = {c["name"]: c["unit"] for c in segmented["table"]["columns"]}
    assert (units["ECD"], units["Circ."]) == ("nm", "")
    assert segmented["provenance"]["parameters"]["diameter"] == 82.0
    assert segmented["summary"]["unit"] == "nm"
    assert "ECD: mean" in segmented["summary_text"]
    assert segmented["seconds"] > 0


def test_segment_reports_progress_and_can_be_cancelled(scene):
    steps = []
    request = {"command": "segment", "image": scene.image(), "params": {"diameter": 82}}
    assert service.run(request, lambda done, text: steps.append((done, text)))["status"] == "ok"
    assert steps and all(isinstance(text, str) and 0 <= done <= 1 for done, text in steps)
    response = service.run(request, None, lambda: True)
    assert response["status"] == "cancelled"
    assert response["count"] == 0


def test_packed_rgb_is_grey_by_thirds(ask, scene, column, segmented):
    packed = (scene.pixels.astype(np.uint32) * 0x010101) | 0xFF000000
    response = ask("segment", image=scene.image(packed, rgb=True), params={"diameter": 82.0})
    np.testing.assert_array_equal(response["labels"], segmented["labels"])
    np.testing.assert_allclose(column(response, "Mean"), column(segmented, "Mean"))


def test_selection_and_constant_stack(ask, scene, column):
    selection = np.zeros(scene.pixels.shape, np.uint8)
    selection[:, 120:] = 255
    stack = np.stack([scene.pixels, np.full_like(scene.pixels, 3)])
    image = scene.image(stack, slices=[4, 9], positions=[[1, 4, 1], [1, 9, 1]])
    response = ask("segment", image=image, selection=selection, params={"diameter": 82})
    assert not response["labels"][0, :, :120].any()
    assert response["labels"].shape == stack.shape
    assert set(column(response, "Slice")) == {4.0}
    assert any("slice 2" in m and "constant" in m for m in response["messages"])


def test_nothing_found_is_said(ask, scene):
    response = ask("segment", image=scene.image(np.full((40, 40), 7, np.uint8)))
    assert (response["status"], response["count"]) == ("ok", 0)
    assert response["rois"].size == 0
    assert response["table"]["labels"] == []
    assert len(response["table"]["columns"]) > 20
    assert "no particles were found in spheres 1.tif" in response["messages"]
