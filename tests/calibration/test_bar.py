"""Scale bars in pictures made for the purpose: their ends to a fraction of a pixel, and what is none."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from nanoseg_fiji.calibration.bar import find_bars
from nanoseg_fiji.calibration.find import find_scale
from nanoseg_fiji.calibration.lengths import UNITS, Length
from nanoseg_fiji.calibration.lettering import load_reader
from nanoseg_fiji.calibration.reading import read_bar
from nanoseg_fiji.image_arrays import as_image

SHAPE = (300, 400)


def ground(low=60, high=110, seed=2):
    return Image.fromarray(np.random.default_rng(seed).integers(low, high, SHAPE).astype(np.uint8))


def font(size=22):
    from matplotlib import get_data_path

    return ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", size)


def figure(label="50 nm", box=(250, 270, 369, 276), at=(275, 238), ink=255, **more):
    """A picture with a bar over the columns `box[0]` to `box[2]`, 120 pixels, and a label."""
    picture = ground(**more)
    draw = ImageDraw.Draw(picture)
    draw.rectangle(box, fill=ink)
    draw.text(at, label, fill=ink, font=font())
    return picture


def found(picture):
    return read_bar(as_image(np.asarray(picture), "figure"))


def assert_bar(scale, left, right, label=None):
    assert (scale.bar.left, scale.bar.right) == pytest.approx((left, right), abs=0.51)
    if label is not None:
        assert str(scale.length) == label
        assert scale.calibration.pixel_width == pytest.approx(
            scale.length.number / scale.bar.length, rel=1e-9
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda: figure(),
        lambda: figure(ink=0, low=150, high=200),
        lambda: figure(at=(170, 262)),  # left of the bar
        lambda: figure(box=(20, 270, 139, 276), at=(150, 262)),  # right of it
        lambda: figure(at=(275, 273), box=(250, 260, 369, 266)),  # below
    ],
    ids=["above", "dark", "left", "right", "below"],
)
def test_plain_bars(make):
    scale = found(make())
    left = 20 if scale.bar.left < 100 else 250
    assert_bar(scale, left, left + 120, "50 nm")
    assert scale.confidence > 0.7 and scale.calibration.unit == "nm"


def test_a_bar_keeps_the_ratio_of_pixels_that_are_not_square():
    image = as_image(np.asarray(figure()), "figure")
    image.attrs |= {"pixel_width": 2.0, "pixel_height": 3.0, "unit": "mm"}
    scale = find_scale(image, source="bar")
    width = scale.calibration.pixel_width
    assert width == pytest.approx(50 / 120, rel=2e-3)
    assert scale.calibration.pixel_height == pytest.approx(1.5 * width)
    assert f"({width:.6g} x {1.5 * width:.6g} nm)" in scale.messages[-1] and str(scale).count(" x ") == 2
    longer = scale.with_length(Length(100, "nm"))
    assert longer.calibration.pixel_height == pytest.approx(3 * width)
    assert len(longer.messages) == 1


def test_ends_lie_between_pixels_where_a_figure_was_resized():
    """A bar of exactly 40.5 pixels, made at eight times the size."""
    large = np.full((SHAPE[0] * 8, SHAPE[1] * 8), 80, np.float32)
    large[270 * 8 : 276 * 8, 2002 : 2002 + 324] = 255
    small = large.reshape(SHAPE[0], 8, SHAPE[1], 8).mean(axis=(1, 3)).astype(np.uint8)
    bar = find_bars(small)[0]
    assert bar.length == pytest.approx(40.5, abs=0.3)
    assert bar.left == pytest.approx(2002 / 8, abs=0.3)


def test_ticks_at_the_ends():
    picture = figure(box=(250, 270, 369, 271))
    draw = ImageDraw.Draw(picture)
    draw.line([(250, 264), (250, 277)], fill=255)
    draw.line([(369, 264), (369, 277)], fill=255)
    assert_bar(found(picture), 250, 370, "50 nm")


def test_an_outlined_bar_in_a_box():
    picture = ground()
    draw = ImageDraw.Draw(picture)
    draw.rectangle([230, 225, 390, 290], fill=255)
    draw.rectangle([250, 270, 369, 276], fill=0)
    draw.text((275, 236), "50 nm", fill=0, font=font())
    assert_bar(found(picture), 250, 370, "50 nm")


def test_a_coloured_bar_on_a_grey_image():
    gray = np.asarray(ground())
    picture = Image.fromarray(np.dstack([gray] * 3))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([250, 270, 369, 276], fill=(230, 30, 30))
    draw.text((275, 238), "50 nm", fill=(230, 30, 30), font=font())
    assert_bar(found(picture), 250, 370, "50 nm")


def test_a_bar_broken_by_its_label_counts_as_a_whole():
    picture = ground(30, 60)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 250, 399, 299], fill=0)
    draw.text((200, 262), "50 nm", fill=255, font=font())
    for left in (110, 283):
        draw.rectangle([left, 274, left + 79, 276], fill=255)
    assert_bar(found(picture), 110, 363, "50 nm")


def test_a_piece_of_a_broken_bar_is_no_bar():
    """The other piece ends with the image: how long it is nobody knows."""
    picture = ground(30, 60)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 250, 399, 299], fill=0)
    draw.text((290, 262), "50 nm", fill=255, font=font())
    draw.rectangle([200, 274, 279, 276], fill=255)
    draw.rectangle([373, 274, 399, 276], fill=255)
    scale = found(picture)
    assert scale is None or scale.length is None


def test_eleven_ticks():
    picture = ground(30, 60)
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 250, 399, 299], fill=0)
    for i in range(11):
        draw.rectangle([180 + 20 * i, 254, 181 + 20 * i, 262], fill=255)
    draw.text((310, 268), "500 nm", fill=255, font=font(18))
    scale = found(picture)
    assert str(scale.length) == "500 nm" and scale.bar.length == pytest.approx(200, abs=0.1)


def test_bits_do_not_matter():
    picture = np.asarray(figure())
    for pixels in (picture.astype(np.uint16) * 256 + 7, picture.astype(np.float32) / 255 - 3):
        assert_bar(read_bar(as_image(pixels)), 250, 370, "50 nm")


def test_first_slice_of_a_stack():
    picture = np.asarray(figure())
    assert_bar(read_bar(as_image(np.stack([picture, picture * 0]))), 250, 370, "50 nm")


def ruler(picture):
    draw = ImageDraw.Draw(picture)
    for i in range(6):
        draw.rectangle([100 + 40 * i, 270, 119 + 40 * i, 276], fill=255)
        draw.rectangle([120 + 40 * i, 270, 139 + 40 * i, 276], fill=0)
    draw.text((100, 240), "100 nm", fill=255, font=font())
    return picture


def line_art(picture):
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 250, 399, 299], fill=0)
    draw.text((10, 262), "WD 9.8 mm  15.0 kV  x20,000", fill=255, font=font(16))
    draw.rectangle([0, 0, 399, 299], outline=255)
    return picture


def spheres(picture):
    row, col = np.ogrid[: SHAPE[0], : SHAPE[1]]
    pixels = np.asarray(picture).copy()
    for y, x, r in ((60, 90, 40), (200, 120, 55), (150, 300, 70)):
        pixels[(row - y) ** 2 + (col - x) ** 2 < r * r] = 240
    return ndimage.gaussian_filter(pixels, 1)


@pytest.mark.parametrize(
    "make",
    [ground, lambda: ground(0, 256), lambda: ruler(ground()), lambda: line_art(ground()),
     lambda: spheres(ground()), lambda: np.zeros(SHAPE, np.uint8), lambda: np.zeros((4, 5), np.uint8)],
    ids=["texture", "noise", "ruler", "strip", "spheres", "constant", "tiny"],
)  # fmt: skip
def test_no_bar_is_better_than_a_wrong_one(make):
    assert found(make()) is None


def test_two_bars_that_disagree_are_told():
    picture = figure()
    draw = ImageDraw.Draw(picture)
    draw.rectangle([20, 270, 79, 276], fill=255)
    draw.text((22, 238), "10 nm", fill=255, font=font())
    scale = found(picture)
    assert "another scale bar says otherwise" in scale.messages[0] and scale.confidence < 0.55


def test_a_bar_without_label_is_offered_without_a_scale():
    scale = found(figure(label=""))
    assert_bar(scale, 250, 370)
    assert scale.calibration is None and scale.length is None
    assert "give its length and unit" in scale.messages[0]
    given = scale.with_length(Length(0.3, "µm"))
    assert given.calibration.pixel_width == pytest.approx(2.5, rel=0.01) and given.calibration.unit == "nm"


def test_without_the_ocr_program_the_bar_is_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr_onnxruntime", None)
    load_reader.cache_clear()
    scale = found(figure())
    assert_bar(scale, 250, 370)
    assert scale.calibration is None and "nanoseg-fiji[ocr]" in scale.messages[0]


def test_simulated_micrographs():
    """Bars of simulated micrographs, whose pixel size is known: most are read, none wrongly."""
    from nanoseg_fiji.synthesis.config import AnnotationConfig
    from nanoseg_fiji.synthesis.draw import draw_config
    from nanoseg_fiji.synthesis.simulate import simulate

    read = 0
    for seed in range(6):
        config = draw_config(np.random.default_rng(seed), size=(320, 400))
        config = replace(config, annotations=AnnotationConfig(scale_bar=True, box=seed % 2 == 0))
        micrograph = simulate(config, seed)
        scale = read_bar(as_image(micrograph.image))
        if scale is None or scale.length is None:
            continue
        read += 1
        truth = micrograph.calibration.pixel_width * UNITS[micrograph.calibration.unit]
        # the simulation draws bars of whole pixels, from and to a column
        tolerance = 2 / scale.bar.length
        assert scale.length.metres / scale.bar.length == pytest.approx(truth, rel=tolerance), (
            f"{seed}: {scale}"
        )
    assert read >= 4
