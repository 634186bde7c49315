"""Label images, and how other programs write them."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from nanoseg_fiji.image_files import write_labels
from nanoseg_fiji.particles.contours import trace
from nanoseg_fiji.particles.rois import encode_rois

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def outlines(labels: np.ndarray) -> list[tuple[list[np.ndarray], bool]]:
    """Closed polygons of each label, and whether there are holes among them."""
    traced = trace(labels)
    points = np.stack([traced.x, traced.y], axis=-1)
    loops = np.split(points, traced.vertices[1:-1])
    groups = zip(traced.loops[:-1], traced.loops[1:], strict=True)
    return [(loops[a:b], bool(traced.hole[a:b].any())) for a, b in groups]


def run_lengths(mask: np.ndarray) -> list[int]:
    """COCO's run lengths: down the columns, background first."""
    flat = np.append(mask.T.ravel(), ~mask.T.ravel()[-1])
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    return ([0] if flat[0] else []) + np.diff(ends, prepend=0).tolist()


def _coco(path: Path, labels: np.ndarray, image: str) -> None:
    items = []
    for index, (loops, holes) in enumerate(outlines(labels)):
        mask = labels == np.unique(labels[labels > 0])[index]
        drawn: Any = [loop.ravel().tolist() for loop in loops]
        if holes:
            drawn = {"size": list(labels.shape), "counts": run_lengths(mask)}
        items.append({"id": index, "image_id": 7, "category_id": 1, "iscrowd": 0, "segmentation": drawn})
    images = [{"id": 7, "file_name": image, "height": labels.shape[0], "width": labels.shape[1]}]
    path.write_text(json.dumps({"images": images, "annotations": items, "categories": []}))


def _labelme(path: Path, labels: np.ndarray, image: str) -> None:
    shapes: list[dict[str, Any]] = []
    for index, (loops, holes) in enumerate(outlines(labels)):
        common = {"label": "particle", "group_id": index, "flags": {}}
        if holes:
            mask = labels == np.unique(labels[labels > 0])[index]
            rows, cols = np.nonzero(mask)
            box = mask[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1]
            buffer = io.BytesIO()
            Image.fromarray(box.astype(np.uint8) * 255).convert("1").save(buffer, "PNG")
            corners = [[int(cols.min()), int(rows.min())], [int(cols.max()), int(rows.max())]]
            text = base64.b64encode(buffer.getvalue()).decode()
            shapes.append({**common, "shape_type": "mask", "points": corners, "mask": text})
        else:
            shapes += [{**common, "shape_type": "polygon", "points": loop.tolist()} for loop in loops]
    height, width = labels.shape
    content = {"shapes": shapes, "imagePath": f"..\\images\\{image}", "imageHeight": height}
    path.write_text(json.dumps({"version": "5.4.1", "imageWidth": width, "imageData": None, **content}))


def _regions(labels: np.ndarray) -> list[dict[str, Any]]:
    """VIA's polygons: it knows neither holes nor particles of several parts."""
    found = [loops[0] for loops, _ in outlines(labels)]
    return [
        {"name": "polygon", "all_points_x": loop[:, 0].tolist(), "all_points_y": loop[:, 1].tolist()}
        for loop in found
    ]


def _via(path: Path, labels: np.ndarray, image: str) -> None:
    regions = [{"shape_attributes": r, "region_attributes": {}} for r in _regions(labels)]
    entry = {"filename": image, "size": 1234, "regions": regions, "file_attributes": {}}
    path.write_text(json.dumps({"_via_settings": {}, "_via_img_metadata": {f"{image}1234": entry}}))


def _via_csv(path: Path, labels: np.ndarray, image: str) -> None:
    header = ["filename", "file_size", "file_attributes", "region_count", "region_id"]
    regions = _regions(labels)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "region_shape_attributes", "region_attributes"])
        for index, region in enumerate(regions):
            writer.writerow([image, 1234, "{}", len(regions), index, json.dumps(region), "{}"])


def _rois(path: Path, labels: np.ndarray, image: str) -> None:
    encode_rois(labels).write(path)


def _image(path: Path, labels: np.ndarray, image: str) -> None:
    write_labels(path, labels)


WRITERS = {
    "image": (".tif", _image),
    "ROIs": (".zip", _rois),
    "COCO": (".json", _coco),
    "labelme": (".json", _labelme),
    "VIA": (".json", _via),
    "VIA CSV": (".csv", _via_csv),
}


@pytest.fixture(params=list(WRITERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Name of a format that can hold outlines."""
    return request.param


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write labels as a program would: ``export(kind, labels, image name)`` gives the file."""

    def write(kind: str, labels: np.ndarray, image: str = "a.png") -> Path:
        suffix, writer = WRITERS[kind]
        path = tmp_path / f"a{suffix}"
        writer(path, labels, image)
        return path

    return write


@pytest.fixture
def labels() -> np.ndarray:
    """Touching disks, one cut by the edge, a ring, a particle of two parts, a pixel."""
    rows, cols = np.indices((70, 90))
    found = np.zeros((70, 90), np.int32)
    found[(rows - 20) ** 2 + (cols - 20) ** 2 <= 150] = 1
    found[((rows - 20) ** 2 + (cols - 42) ** 2 <= 150) & (found == 0)] = 2
    found[(rows - 55) ** 2 + (cols - 2) ** 2 <= 90] = 3
    distance = (rows - 50) ** 2 + (cols - 40) ** 2
    found[(distance <= 120) & (distance > 20)] = 4
    found[30:36, 70:80] = found[45:48, 70:74] = 5
    found[60, 85] = 6
    return found
