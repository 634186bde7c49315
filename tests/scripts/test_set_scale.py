# ruff: noqa: E501 - macros read best on one line
"""*Set Scale from Metadata or Scale Bar...* by what it does to the image's calibration, headless."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw, ImageFont

from nanoseg_fiji.errors import ImageJError

from .conftest import options, status

pytestmark = pytest.mark.jvm
SIZE = 'getVoxelSize(w, h, d, u); out = out + d2s(w, 9) + " " + d2s(h, 9) + " " + u + " " + getInfo("nanoseg.status");'
NAME = "Set Scale from Metadata or Scale Bar..."


def call(**keys):
    return f'run("{NAME}", "{options(**keys)}");'


def read(out):
    """Width, height, unit and status that `SIZE` printed."""
    width, height, unit, now = out[-1].split()
    return float(width), float(height), unit, now


def write_figure(path):
    """A noisy ground with a white bar of 120 pixels, ``50 nm`` over it."""
    from matplotlib import get_data_path

    picture = Image.fromarray(np.random.default_rng(2).integers(60, 110, (300, 400)).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([250, 270, 369, 276], fill=255)
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 24)
    draw.text((275, 236), "50 nm", fill=255, font=font)
    picture.save(path)
    return path


def write_oblong(path):
    """A TIFF with FEI's tag: pixels of 2 x 3 nm."""
    data = b"[EScan]\r\nPixelWidth=2e-09\r\nPixelHeight=3e-09\r\n\0"
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
    tifffile.imwrite(path, pixels, metadata=None, extratags=[(34682, 2, len(data), data, True)])
    return path


@pytest.fixture
def figure(tmp_path):
    return write_figure(tmp_path / "größe.png")


@pytest.fixture
def zeiss(tmp_path):
    """A TIFF with Zeiss's tag: 2.5 nm a pixel."""
    data = b"AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 2.5 nm\r\n\0"
    path = tmp_path / "z.tif"
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80), dtype=np.uint8)
    tifffile.imwrite(path, pixels, metadata=None, extratags=[(34118, 2, len(data), data, True)])
    return path


def test_metadata(run, zeiss):
    assert read(run(f'open("{zeiss}");', call(confirm=False), SIZE)) == (2.5, 2.5, "nm", "ok")


def test_scale_bar_is_read_and_nothing_else_changes(run, figure):
    out = run(
        f'open("{figure}"); makeRectangle(5, 6, 7, 8); Overlay.drawRect(1, 1, 5, 5); Overlay.show;',
        call(source="bar", confirm=False),
        'getSelectionBounds(x, y, a, b); out = out + x + " " + y + " " + a + " " + b + " " + Overlay.size + "\\n";',
        SIZE,
    )
    assert out[0] == "5 6 7 8 1"
    width, height, unit, now = read(out)
    assert (width, height) == (pytest.approx(50 / 120, rel=2e-3),) * 2 and (unit, now) == ("nm", "ok")


def test_a_length_that_is_given_counts(run, figure):
    out = run(f'open("{figure}");', call(length=0.2, unit="um", confirm=False), SIZE)
    assert read(out) == (pytest.approx(200 / 120, rel=2e-3), pytest.approx(200 / 120, rel=2e-3), "nm", "ok")


def test_pixels_that_are_not_square_stay_so_and_both_sizes_are_told(run, tmp_path, capfd):
    path = write_oblong(tmp_path / "fei.tif")
    out = run(f'open("{path}");', call(source="metadata", confirm=False), SIZE)
    assert read(out) == (2, 3, "nm", "ok")
    told = capfd.readouterr().out
    assert "the pixels are not square (2 x 3 nm)" in told
    assert 'scale of "fei.tif": 2.000000 x 3.000000 nm per pixel' in told


@pytest.mark.parametrize("keys", [{}, {"length": 100, "unit": "nm"}])
def test_a_bar_keeps_the_ratio_that_the_image_had(run, figure, keys, capfd):
    had = 'setVoxelSize(2, 3, 1, "mm");'
    out = run(f'open("{figure}");', had, call(source="bar", **keys, confirm=False), SIZE)
    width = keys.get("length", 50) / 120
    assert read(out) == (pytest.approx(width, rel=2e-3), pytest.approx(1.5 * width, rel=2e-3), "nm", "ok")
    width, height = read(out)[:2]
    told = capfd.readouterr().out
    assert f"the pixels are not square ({width:.6g} x {height:.6g} nm)" in told
    assert f"{width:.6f} x {height:.6f} nm per pixel" in told


@pytest.mark.parametrize("keys", [{}, {"confirm": True}, {"source": "bar"}])
def test_nothing_is_applied_without_confirm_false(run, zeiss, keys):
    with pytest.raises(ImageJError, match="nobody to confirm it, give confirm=false to set it"):
        run(f'open("{zeiss}");', call(**keys))
    assert status()["status"] == "error"
    from jpype import JClass

    assert JClass("ij.IJ").getImage().getCalibration().pixelWidth != 2.5


def test_a_bar_whose_label_is_not_read_sets_nothing(run, tmp_path):
    picture = Image.fromarray(np.random.default_rng(2).integers(60, 110, (300, 400)).astype(np.uint8))
    ImageDraw.Draw(picture).rectangle([250, 270, 369, 276], fill=255)
    picture.save(tmp_path / "a.png")
    with pytest.raises(
        ImageJError, match="the label of the scale bar could not be read, give length and unit"
    ):
        run(f'open("{tmp_path / "a.png"}");', call(confirm=False))


def test_what_is_not_there_is_told(run, figure):
    with pytest.raises(ImageJError, match=r"no pixel size in the metadata of größe\.png"):
        run(f'open("{figure}");', call(source="metadata", confirm=False))
    with pytest.raises(ImageJError, match="no scale found in flat:"):
        run('newImage("flat", "8-bit black", 90, 90, 1);', call(confirm=False))
    with pytest.raises(ImageJError, match="unit='parsec' is no unit of length"):
        run(f'open("{figure}");', call(length=3, unit="parsec", confirm=False))
    with pytest.raises(ImageJError, match="no image is open"):
        run(call(confirm=False))


def test_a_resized_image_keeps_off_its_files_scale(run, zeiss):
    with pytest.raises(ImageJError, match="was it resized"):
        run(f'open("{zeiss}"); run("Size...", "width=40 height=30");', call(source="metadata", confirm=False))


def test_a_global_scale_is_left_alone(host, run, zeiss):
    from jpype import JClass

    calibration = JClass("ij.measure.Calibration")()
    calibration.pixelWidth = 7.0
    calibration.setUnit("mm")
    image = JClass("ij.ImagePlus")()
    image.setGlobalCalibration(calibration)
    try:
        with pytest.raises(ImageJError, match="a global scale hides that of the image"):
            run(f'open("{zeiss}");', call(confirm=False))
    finally:
        image.setGlobalCalibration(None)
