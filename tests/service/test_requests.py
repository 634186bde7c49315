"""What a request is told that is wrong, or that nobody expected."""

from __future__ import annotations

import numpy as np
import pytest

from nanoseg_fiji import service

PIXELS = np.random.default_rng(1).integers(0, 256, (40, 50), dtype=np.uint8)
LABELS = (PIXELS > 200).astype(np.int32)
IMAGE = {"pixels": PIXELS, "name": "a.tif"}


def test_models(ask):
    models = ask("models")["models"]
    assert "em-particles" in [m["name"] for m in models]
    assert all(len(m["sha256"]) == 64 for m in models)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "unknown command '': known are segment, split"),
        ({"command": "sgment"}, "unknown command 'sgment': known are segment, split"),
        ({"command": "segment"}, "needs image"),
        ({"command": "segment", "image": {"name": "x"}}, "no pixels"),
        ({"command": "segment", "image": IMAGE | {"pixels": PIXELS[0]}}, "pixels of shape"),
        ({"command": "segment", "image": IMAGE | {"unit": "nm", "pixel_width": 0.0}}, "pixel size"),
        (
            {"command": "segment", "image": IMAGE, "params": {"diametr": 3}},
            "'diametr' of segment: known are model, ",
        ),
        (
            {"command": "segment", "image": IMAGE, "params": {"diameter": "big"}},
            "diameter=big must be a number",
        ),
        ({"command": "segment", "image": IMAGE, "params": {"diameter": -3}}, "diameter=-3"),
        ({"command": "segment", "image": IMAGE, "params": {"crop_bottom": 2.5}}, "whole number"),
        (
            {"command": "segment", "image": IMAGE, "params": {"split": "maybe"}},
            "split=maybe must be true or false",
        ),
        ({"command": "segment", "image": IMAGE, "params": {"model": "nope"}}, "unknown model 'nope'"),
        ({"command": "segment", "image": IMAGE | {"slices": [1, 2]}}, "2 places for 1 slices"),
        ({"command": "segment", "image": IMAGE, "selection": np.zeros((2, 2))}, "selection of shape"),
        ({"command": "split", "image": IMAGE}, "needs labels"),
        ({"command": "split", "image": IMAGE, "labels": LABELS[:9]}, "do not fit an image"),
        ({"command": "split", "image": IMAGE, "labels": LABELS - 1}, "between 0 and"),
        ({"command": "split", "image": IMAGE, "labels": LABELS * 0.5}, "whole numbers"),
        ({"command": "measure", "image": IMAGE}, "needs labels or rois"),
        ({"command": "measure", "image": IMAGE, "rois": np.arange(9, dtype=np.uint8)}, "ROI set"),
        ({"command": "rois_to_labels", "rois": np.zeros(4, np.uint8)}, "needs shape or image"),
        ({"command": "rois_to_labels", "rois": np.zeros(4, np.uint8), "shape": [4]}, "shape"),
        ({"command": "size_distribution", "params": {"tables": []}}, "there are no tables"),
        (
            {"command": "size_distribution", "params": {"tables": [{"columns": []}]}},
            "the table has no ECD column",
        ),
        ({"command": "size_distribution", "params": {"paths": ["/none.csv"]}}, "cannot read /none.csv"),
        ({"command": "models", "params": {"x": 1}}, "known are none"),
    ],
)
def test_wrong_requests_are_told(request_, message):
    response = service.run(request_)
    assert response["status"] == "error"
    assert message in response["error"]
    assert "\n" not in response["error"]
    assert response["count"] == 0


def test_what_nobody_expected_is_an_error_too(monkeypatch, caplog):
    monkeypatch.setattr("nanoseg_fiji.resources.list_models", lambda: 1 / 0)
    response = service.run({"command": "models"})
    assert response["status"] == "error"
    assert "ZeroDivisionError" in response["error"]
    assert "Traceback" in caplog.text  # whoever looks for the reason finds it in the log
