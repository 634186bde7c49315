"""Which format a file has, by its content, and what it says about an image."""

from __future__ import annotations

import csv
import json
import math
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.annotations.coco import parse_coco
from nanoseg_fiji.annotations.drawing import Annotation, Drawing, Particle, check_inside, paint
from nanoseg_fiji.annotations.label_images import read_label_image
from nanoseg_fiji.annotations.labelme import parse_labelme
from nanoseg_fiji.annotations.via import parse_via, via_rows
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.roi_masks import rois_to_labels
from nanoseg_fiji.particles.roi_reader import decode_rois

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SHARED", "kind_of", "match_name", "names_in", "read_annotation"]

SHARED = ("COCO", "VIA")
"""Formats of which one file speaks of many images."""
_DRAWN = (*SHARED, "labelme", "boxes")
_BOX_COLUMNS = ("x0", "y0", "x1", "y1")


def kind_of(path: Path) -> str:
    """Tell the format of a file by its content.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    str
        ``ROIs`` (ImageJ's zip or .roi), ``COCO``, ``VIA``, ``labelme``, ``boxes``, ``image`` (perhaps: any
        other content that is no text), or empty where it holds no annotations.

    Raises
    ------
    InputError
        The file cannot be read, or is JSON that cannot be parsed.
    """
    return _load(*_version(path))[0]


def names_in(path: Path) -> list[str]:
    """List the images that a COCO, VIA or labelme file speaks of.

    Raises
    ------
    InputError
        The file cannot be used.
    """
    return list(_drawings(path))


def read_annotation(
    path: Path,
    shape: tuple[int, int] | None,
    *,
    name: str = "",
    gray: NDArray[np.float32] | None = None,
) -> Annotation:
    """Read the particles of one image, whatever the format.

    Outlines hold the pixels whose centre they hold, as in ImageJ. Where particles overlap, the first in the
    file keeps the pixel.

    Parameters
    ----------
    path : Path
        Label image, mask, ImageJ ROI set, COCO, VIA or labelme JSON, VIA CSV, or boxes as CSV with the
        columns ``id, x0, y0, x1, y1`` (along pixel edges, in pixels).
    shape : (int, int) or None
        Rows and columns of the image; a label image can do without.
    name : str
        File name of the image, by which COCO and VIA files know it.
    gray : ndarray of float32, (row, col), optional
        The image: boxes need it (`nanoseg_fiji.annotations.weak`).

    Returns
    -------
    Annotation
        Label image, and where it is certain.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, says nothing about the image, or belongs to an image
        of another size.
    """
    kind = kind_of(path)
    if not kind:
        raise InputError(
            f"{path} holds no labels: it takes label images, ImageJ ROI sets, {', '.join(_DRAWN)}"
        )
    if kind == "image":
        labels = read_label_image(path)
        if shape is not None and labels.shape != shape:
            raise InputError(f"{path} is {labels.shape}, its image {shape}")
        return Annotation(labels)
    if shape is None:
        raise InputError(f"{path} says nothing about the size of its image: give the image with it")
    try:
        if kind == "ROIs":
            return _from_rois(path, shape)
        drawings = _drawings(path)
        found = match_name(name, list(drawings)) if kind in SHARED else next(iter(drawings))
        if found is None:
            raise InputError(f"says nothing about {name}: annotate it or take it away")
        return paint(drawings[found], shape, gray)
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{path} {error}") from error


def match_name(name: str, known: list[str]) -> str | None:
    """Find an image among the names in a file: by its whole name, else by its last part if that is unique."""
    if name in known:
        return name
    last = PurePosixPath(name).name
    alike = [other for other in known if PurePosixPath(other.replace("\\", "/")).name == last]
    return alike[0] if len(alike) == 1 else None


def _from_rois(path: Path, shape: tuple[int, int]) -> Annotation:
    rois = decode_rois(path)
    boxes = {roi.name: [roi.shape.box] for roi in rois if roi.shape}
    check_inside({name: [(x, y, x + w, y + h)] for name, [(x, y, w, h)] in boxes.items()}, shape)
    found = rois_to_labels(rois, shape)
    return Annotation(found.labels, notes=found.messages)


def _drawings(path: Path) -> dict[str, Drawing]:
    return _parse(*_version(path))


def _version(path: Path) -> tuple[Path, int, int]:
    """Path, time and size: what tells a file that is read already from a newer one."""
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return path, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _load(path: Path, mtime: int, size: int) -> tuple[str, Any]:
    """Format of a file, and its content where that is text."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if head == b"Iout" or head[:2] == b"PK":
                return "ROIs", None
            file.seek(0)
            start = file.read(512).decode("utf-8-sig", "replace").lstrip()
        if start[:1] in ("{", "["):
            content = json.loads(path.read_text(encoding="utf-8-sig"))
            return _kind_of_json(content), content
        header = [column.strip().strip('"') for column in start.lstrip("#").split("\n")[0].split(",")]
        if set(_BOX_COLUMNS) <= set(header):
            return "boxes", path.read_text(encoding="utf-8-sig")
        if "region_shape_attributes" in header:
            return "VIA", via_rows(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, csv.Error, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}): export it again") from error
    return ("image" if "�" in start or "\0" in start or not start else ""), None


def _kind_of_json(content: Any) -> str:
    if not isinstance(content, dict):
        return ""
    if isinstance(content.get("images"), list) and isinstance(content.get("annotations"), list):
        return "COCO"
    if isinstance(content.get("shapes"), list):
        return "labelme"
    entries = content.get("_via_img_metadata", content)
    if isinstance(entries, dict) and entries:
        if all(isinstance(e, dict) and {"filename", "regions"} <= set(e) for e in entries.values()):
            return "VIA"
    return ""


@lru_cache(maxsize=4)
def _parse(path: Path, mtime: int, size: int) -> dict[str, Drawing]:
    kind, content = _load(path, mtime, size)
    parse: Any = {"COCO": parse_coco, "VIA": parse_via, "labelme": parse_labelme, "boxes": _parse_boxes}[kind]
    try:
        found: dict[str, Drawing] = parse(content)
    except KeyError as error:
        raise InputError(f"{path} is no whole {kind} file: {error} is missing") from error
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise InputError(f"{path} cannot be used: {error}") from error
    return found


def _parse_boxes(text: str) -> dict[str, Drawing]:
    """Boxes of one image: ``id, x0, y0, x1, y1``."""
    particles, bad = [], []
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    for row in rows:
        try:
            x0, y0, x1, y1 = (float(row[column]) for column in _BOX_COLUMNS)
            if not (x0 <= x1 and y0 <= y1 and all(map(math.isfinite, (x0, y0, x1, y1)))):
                raise ValueError
            particles.append(Particle(box=(x0, y0, x1, y1)))
        except (ValueError, TypeError):
            bad.append(str(rows.line_num))
    if bad:
        raise ValueError(f"line {', '.join(bad)} is no box x0 <= x1, y0 <= y1")
    return {"": Drawing(tuple(particles))}
