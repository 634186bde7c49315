"""The preview: a crop, segmented as the whole image would be, with the outlines in their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nanoseg_fiji import read_image, service
from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels
from nanoseg_fiji.service.preview import crop_window

SILICA = read_image(Path(__file__).parents[1] / "examples" / "silica.tif")
SIZE = SILICA.attrs["pixel_width"]


def ask(command: str, pixels: np.ndarray = SILICA.values, **more: Any) -> dict[str, Any]:
    image = {"pixels": pixels, "name": "silica", "pixel_width": SIZE, "pixel_height": SIZE, "unit": "nm"}
    return service.run({"command": command, "image": image, **more})


def painted(response: dict[str, Any]) -> np.ndarray:
    return rois_to_labels(decode_rois(response["rois"].tobytes()), SILICA.shape).labels > 0


def test_the_crop_shows_what_the_whole_image_gives():
    whole = ask("segment", params={"min_score": 0.8})
    crop = ask("preview", params={"min_score": 0.8})
    assert crop["status"] == "ok", crop["error"]
    assert crop["diameter"] == pytest.approx(whole["provenance"]["diameters"][0], rel=1e-6)
    x, y, width, height = crop["box"]
    model_side = 512 * crop["diameter"] / SIZE / 30
    assert max(width, height) <= model_side + 1 and abs(x + width / 2 - SILICA.shape[1] / 2) <= 1
    # particles that the crop cuts differ: compare those well within it
    margin = round(2 * crop["diameter"] / SIZE)
    inner = (slice(y + margin, y + height - margin), slice(x + margin, x + width - margin))
    expected, shown = painted(whole)[inner], painted(crop)[inner]
    assert (expected & shown).sum() / (expected | shown).sum() > 0.95 and expected.any()
    outside = painted(crop)
    outside[y : y + height, x : x + width] = False
    assert not outside.any()


def test_a_selection_is_where_the_crop_lies_and_what_it_is_limited_to():
    selection = np.zeros(SILICA.shape, np.uint8)
    selection[40:240, 300:520] = 1
    response = ask("preview", selection=selection, params={"diameter": 400.0})
    assert response["box"] == [300, 40, 220, 200]
    assert response["count"] and not painted(response)[selection == 0].any()


def test_one_value_changed_is_quicker_than_the_first_look():
    first = ask("preview", params={"tolerance": 2.5}, pixels=SILICA.values[:600, :900])
    again = ask("preview", params={"tolerance": 2.0}, pixels=SILICA.values[:600, :900])
    assert first["diameter"] == again["diameter"]
    assert again["seconds"] < first["seconds"]


def test_a_newer_request_stops_it():
    monitor = {"asked": 0}

    def cancel() -> bool:
        monitor["asked"] += 1
        return monitor["asked"] > 1

    pixels = 255 - SILICA.values
    image = {"pixels": pixels, "name": "negative"}
    assert service.run({"command": "preview", "image": image}, cancel=cancel)["status"] == "cancelled"


def test_nothing_to_see():
    response = ask("preview", pixels=np.full((64, 64), 7, np.uint8))
    assert (response["status"], response["count"]) == ("ok", 0)
    assert any("constant" in message for message in response["messages"])


@pytest.mark.parametrize(
    ("shape", "box", "side", "expected"),
    [
        ((100, 200), None, 50, (25, 75, 75, 125)),
        ((100, 200), None, 150, (0, 100, 25, 175)),
        ((100, 200), (90, 100, 0, 20), 50, (90, 100, 0, 20)),
        ((100, 200), (0, 100, 100, 200), 60, (20, 80, 120, 180)),
    ],
)
def test_where_the_crop_lies(shape, box, side, expected):
    inside = None
    if box:
        inside = np.zeros(shape, bool)
        inside[box[0] : box[1], box[2] : box[3]] = True
    down, right = crop_window(shape, inside, side)
    assert (down.start, down.stop, right.start, right.stop) == expected
