"""Pixel sizes that microscopes write, in files made like theirs: private tags, text beside the image."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from nanoseg_fiji.calibration.find import find_scale
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import calibration_of
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.types import Calibration

GRAY = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
FEI = (
    "[User]\r\nDate=01/02/2024\r\n[{section}]\r\nPixelWidth={x}\r\nPixelHeight={y}\r\n"
    "[Image]\r\nResolutionX={w}\r\n"
)
ZEISS = (
    "1.5e-09\r\nAP_MAG\r\nMag =  50.00 K X\r\nDP_IMAGE_STORE\r\nStore resolution = {w} * 60\r\n"
    "AP_PIXEL_SIZE\r\nPixel Size = 9 nm\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = {size}\r\n"
)


def write(path, tag, text, pixels=GRAY, **more):
    """Write a TIFF with a microscope's tag, in the way microscopes write it: 72 dots an inch, or fewer."""
    data = text.encode("cp1252") + b"\0"
    tifffile.imwrite(path, pixels, metadata=None, extratags=[(tag, 2, len(data), data, True)], **more)
    return path


@pytest.mark.parametrize("tag", [34680, 34682])
@pytest.mark.parametrize("section", ["EScan", "Scan", "IScan"])
def test_fei(tmp_path, tag, section):
    path = write(tmp_path / "a.tif", tag, FEI.format(section=section, x="1.25e-09", y="1.25e-09", w=80))
    assert calibration_of(read_image(path)) == Calibration(1.25, 1.25, "nm")
    found = find_scale(read_image(path), path)
    assert found.calibration == Calibration(1.25, 1.25, "nm") and not found.messages
    assert found.origin == ("FEI SFEG tag" if tag == 34680 else "FEI/Thermo tag")


@pytest.mark.parametrize(
    ("size", "expected"),
    [("12.5 nm", (12.5, "nm")), ("558.2 pm", (0.5582, "nm")), ("1.117 µm", (1.117, "µm"))],
)
def test_zeiss_size_of_the_stored_image(tmp_path, size, expected):
    path = write(tmp_path / "a.tif", 34118, ZEISS.format(w=80, size=size))
    assert calibration_of(read_image(path)) == Calibration(expected[0], expected[0], expected[1])


def test_a_tag_of_an_image_of_another_width_does_not_count(tmp_path):
    fei = write(tmp_path / "f.tif", 34682, FEI.format(section="Scan", x="1e-09", y="1e-09", w=160))
    zeiss = write(tmp_path / "z.tif", 34118, ZEISS.format(w=1024, size="12.5 nm"))
    assert not calibration_of(read_image(fei)).calibrated
    assert not calibration_of(read_image(zeiss)).calibrated


@pytest.mark.parametrize("size", ["0", "-1e-9", "nan", "a lot", "3"])
def test_a_tag_that_is_no_size_does_not_count(tmp_path, size):
    path = write(tmp_path / "f.tif", 34682, FEI.format(section="Scan", x=size, y=size, w=80))
    assert not calibration_of(read_image(path)).calibrated


def test_pixels_that_are_not_square_are_told(tmp_path):
    path = write(tmp_path / "a.tif", 34682, FEI.format(section="EScan", x="2e-09", y="3e-09", w=80))
    found = find_scale(read_image(path), path)
    assert found.calibration == Calibration(2, 3, "nm")
    assert "not square (2 x 3 nm)" in found.messages[0]


@pytest.mark.parametrize(
    "more",
    [{"byteorder": ">"}, {"compression": "zlib"}, {"bigtiff": True}, {"tile": (16, 16)},
     {"pixels": np.stack([GRAY] * 3), "photometric": "minisblack"}],
    ids=str,
)  # fmt: skip
def test_any_kind_of_tiff(tmp_path, more):
    pixels = more.get("pixels", GRAY)
    path = write(tmp_path / "a.tif", 34118, ZEISS.format(w=80, size="2 nm"), **more)
    image = read_image(path)
    np.testing.assert_array_equal(image, pixels)
    assert calibration_of(image) == Calibration(2, 2, "nm")


def test_a_users_own_scale_counts_more(tmp_path):
    data = ZEISS.format(w=80, size="2 nm").encode() + b"\0"
    tifffile.imwrite(
        tmp_path / "a.tif", GRAY, imagej=True, resolution=(2, 2), metadata={"unit": "nm"},
        extratags=[(34118, 2, len(data), data, True)],
    )  # fmt: skip
    image = read_image(tmp_path / "a.tif")
    assert calibration_of(image) == Calibration(0.5, 0.5, "nm")
    assert find_scale(image, tmp_path / "a.tif").origin == "ImageJ's scale"


def test_inch_is_no_scale(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GRAY, resolution=(300, 300), resolutionunit="INCH", metadata=None)
    with pytest.raises(InputError, match=r"no pixel size in the metadata .*for printing and was ignored"):
        find_scale(read_image(path), path, "metadata")
    tifffile.imwrite(path, GRAY, resolution=(118, 118), resolutionunit="CENTIMETER", metadata=None)
    with pytest.raises(InputError, match="for printing"):
        find_scale(read_image(path), path, "metadata")
    tifffile.imwrite(
        path, GRAY, resolution=(5_000_000, 5_000_000), resolutionunit="CENTIMETER", metadata=None
    )
    assert find_scale(read_image(path), path).calibration.unit == "cm"  # 2 nm: no printer's


def test_a_resized_image_does_not_take_its_files_scale(tmp_path):
    path = write(tmp_path / "a.tif", 34118, ZEISS.format(w=80, size="2 nm"))
    with pytest.raises(InputError, match=r"40 x 30 pixels, its file 80 x 60: was it resized"):
        find_scale(read_image(path)[::2, ::2], path, "metadata")


HITACHI = (
    "[SemImageFile]\r\nImageName=a.bmp\r\nDataSize={w}x60\r\nPixelSize=4.960938\r\nMagnification=20000\r\n"
)
JEOL = "$SEM_DATA_VERSION 1\r\n$CM_FULL_SIZE {w} 60\r\n$$SM_MICRON_BAR 40\r\n$$SM_MICRON_MARKER 100nm\r\n"


@pytest.mark.parametrize("suffix", ["bmp", "tif"])
@pytest.mark.parametrize(("text", "size"), [(HITACHI, 4.960938), (JEOL, 2.5)], ids=["hitachi", "jeol"])
def test_text_beside_the_image(tmp_path, text, size, suffix):
    from PIL import Image

    path = tmp_path / f"a.{suffix}"
    Image.fromarray(GRAY).save(path, dpi=(96, 96))
    (tmp_path / "a.txt").write_bytes(text.format(w=80).encode("utf-16"))
    assert calibration_of(read_image(path)) == Calibration(size, size, "nm")
    assert find_scale(read_image(path), path).origin == "a.txt"
    (tmp_path / "a.txt").write_text(text.format(w=160))
    assert calibration_of(read_image(path)).unit in ("pixel", "inch")
    (tmp_path / "a.txt").write_text("notes of the day: PixelSize = unknown")
    assert calibration_of(read_image(path)).unit in ("pixel", "inch")


def test_sources(tmp_path):
    from PIL import Image

    Image.fromarray(GRAY).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    with pytest.raises(InputError, match="source=guess is not one of auto, metadata, bar"):
        find_scale(image, source="guess")
    with pytest.raises(InputError, match=r"no pixel size in the metadata of a.png \(its file has none\)"):
        find_scale(image, tmp_path / "a.png", "metadata")
    with pytest.raises(InputError, match=r"\(it has no file\)"):
        find_scale(image, source="metadata")
    with pytest.raises(InputError, match=r"no scale found in a\.png"):
        find_scale(image, tmp_path / "a.png")


def test_command_line(tmp_path, capsys):
    from nanoseg_fiji.cli import main

    path = write(tmp_path / "a.tif", 34118, ZEISS.format(w=80, size="2 nm"))
    assert main(["scale", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 2 nm per pixel, from Zeiss tag\n"
    assert main(["scale", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pixel_width"] == 2
    tifffile.imwrite(tmp_path / "b.tif", GRAY[:, :60])
    assert main(["scale", str(tmp_path / "b.tif"), "--source", "metadata"]) == 1
    assert "no pixel size in the metadata of b.tif" in capsys.readouterr().err
