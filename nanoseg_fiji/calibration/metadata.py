"""Pixel size that a microscope has written: private tags of a TIFF, or a text file beside the image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.calibration.lengths import in_metres, parse_length, plain_unit, readable
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffFile, TiffPage

__all__ = ["sidecar_scale", "tiff_scale"]

_FEI_TAGS = {34680: "FEI SFEG tag", 34682: "FEI/Thermo tag"}
_ZEISS_TAG = 34118
_MOST_BYTES = 1 << 20


def tiff_scale(tiff: TiffFile) -> tuple[Calibration, str] | None:
    """Pixel size in the microscope's own tags: FEI/Thermo (34680, 34682) and Zeiss (34118).

    A tag that was written for an image of another width (a resized copy) does not count.

    Returns
    -------
    tuple of (Calibration, str) or None
        Pixel size and where it stands; None where no such tag has one.
    """
    page = tiff.pages.first
    for code, name in _FEI_TAGS.items():
        values = page.tags.valueof(code)
        found = _fei(values, page.imagewidth) if isinstance(values, dict) else None
        if found is not None:
            return found, name
    found = _zeiss(page)
    return None if found is None else (found, "Zeiss tag")


def _calibration(width: Any, height: Any) -> Calibration | None:
    """Calibration of a pixel's width and height in metres; None where they are no lengths of a pixel."""
    if not all(isinstance(size, int | float) and 1e-13 < size < 1e-2 for size in (width, height)):
        return None
    across, unit = readable(width)
    down = across if height == width else float(f"{height / width * across:.15g}")
    return Calibration(across, down, unit)


def _fei(values: dict[str, Any], width: int) -> Calibration | None:
    if values.get("Image", {}).get("ResolutionX", width) != width:
        return None
    for section in ("EScan", "Scan", "IScan"):  # electron beam, its older name, ion beam
        part = values.get(section)
        if isinstance(part, dict) and "PixelWidth" in part:
            return _calibration(part["PixelWidth"], part.get("PixelHeight", part["PixelWidth"]))
    return None


def _zeiss(page: TiffPage) -> Calibration | None:
    values = page.tags.valueof(_ZEISS_TAG)
    if not isinstance(values, dict):
        return None
    stored = re.match(r"\s*(\d+)\s*\*", str(values.get("dp_image_store", ("", ""))[1]))
    if stored and int(stored[1]) != page.imagewidth:
        return None
    # "Image Pixel Size" is of the stored image, "Pixel Size" of the scan
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        entry = values.get(key, ())
        if len(entry) == 3 and plain_unit(str(entry[2])) and isinstance(entry[1], int | float):
            size = in_metres(float(entry[1]), str(entry[2]))
            return _calibration(size, size)
    return None


def sidecar_scale(path: Path, width: int) -> tuple[Calibration, str] | None:
    """Pixel size in the text file that Hitachi's and JEOL's SEMs write beside an image, of the same name.

    Hitachi writes ``PixelSize=`` in nm and ``DataSize=``, JEOL the bar as ``$$SM_MICRON_BAR`` in pixels and
    ``$$SM_MICRON_MARKER``, its length.

    Parameters
    ----------
    path : Path
        The image.
    width : int
        Its width in pixels; a file that says another one does not count.

    Returns
    -------
    tuple of (Calibration, str) or None
        Pixel size and where it stands; None where there is no such file.
    """
    beside = next((p for s in (".txt", ".TXT") if (p := path.with_suffix(s)).is_file()), None)
    if beside is None or beside.stat().st_size > _MOST_BYTES:
        return None
    data = beside.read_bytes()
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1", "replace")
    fields = dict(re.findall(r"^\s*(\$*\w+)[ \t]*[= \t][ \t]*(.*?)\s*$", text, re.MULTILINE))
    metres = _hitachi(fields, width) or _jeol(fields, width)
    found = None if metres is None else _calibration(metres, metres)
    return None if found is None else (found, beside.name)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+(\.\d*)?([eE][-+]?\d+)?", text) else None


def _hitachi(fields: dict[str, str], width: int) -> float | None:
    size = _number(fields.get("PixelSize", ""))
    stored = re.match(r"\d+", fields.get("DataSize", ""))
    return None if size is None or (stored and int(stored[0]) != width) else size * 1e-9


def _jeol(fields: dict[str, str], width: int) -> float | None:
    pixels = _number(fields.get("$$SM_MICRON_BAR", ""))
    length = parse_length(fields.get("$$SM_MICRON_MARKER", ""))
    stored = re.match(r"\d+", fields.get("$CM_FULL_SIZE", ""))
    if not pixels or length is None or (stored and int(stored[0]) != width):
        return None
    return length.metres / pixels
