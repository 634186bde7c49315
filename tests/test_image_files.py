"""Reading, finding and writing image files, by what comes back."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.image_arrays import calibration_of, positions_of, slices_of, to_gray
from nanoseg_fiji.image_files import find_images, read_image, write_labels
from nanoseg_fiji.types import Calibration

RNG = np.random.default_rng(3)
GRAY = RNG.integers(0, 256, (40, 50), dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_tiff_keeps_pixels_and_type(tmp_path, dtype):
    pixels = (GRAY.astype(dtype) * 3).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    image = read_image(tmp_path / "a.tif")
    assert image.dims == ("row", "col")
    assert image.dtype == dtype
    np.testing.assert_array_equal(image, pixels)
    assert image.attrs == {"name": "a.tif", "pixel_width": 1.0, "pixel_height": 1.0, "unit": "pixel"}


@pytest.mark.parametrize(
    ("unit", "read"),
    [("nm", "nm"), ("\\u00B5m", "µm"), ("micron", "µm"), ("um", "µm"), ("inch", "inch"), ("pixel", "pixel")],
)
def test_imagej_tiff_gives_pixel_size(tmp_path, unit, read):
    tifffile.imwrite(tmp_path / "a.tif", GRAY, imagej=True, resolution=(4, 2), metadata={"unit": unit})
    assert calibration_of(read_image(tmp_path / "a.tif")) == Calibration(0.25, 0.5, read)


@pytest.mark.parametrize(
    ("kind", "resolution", "expected"),
    [
        ("INCH", 300, Calibration(1 / 300, 1 / 300, "inch")),
        ("CENTIMETER", 100, Calibration(0.01, 0.01, "cm")),
        ("INCH", 72, Calibration()),  # what programs write that know nothing
        ("NONE", 5, Calibration()),
    ],
)
def test_plain_tiff_gives_what_its_tags_say(tmp_path, kind, resolution, expected):
    tifffile.imwrite(
        tmp_path / "a.tif", GRAY, resolution=(resolution, resolution), resolutionunit=kind, metadata=None
    )
    found = calibration_of(read_image(tmp_path / "a.tif"))
    assert found.unit == expected.unit
    assert found.pixel_width == pytest.approx(expected.pixel_width)


def test_ome_tiff_gives_pixel_size_and_axes(tmp_path):
    stack = np.stack([GRAY, GRAY + 1, GRAY + 2])
    metadata = {"axes": "ZYX", "PhysicalSizeX": 2.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 3.0}
    tifffile.imwrite(
        tmp_path / "a.ome.tif", stack, metadata={**metadata, "PhysicalSizeYUnit": "nm"}, ome=True
    )
    image = read_image(tmp_path / "a.ome.tif")
    assert image.dims == ("pln", "row", "col")
    assert calibration_of(image) == Calibration(2, 3, "nm")
    tifffile.imwrite(tmp_path / "b.ome.tif", stack, metadata=metadata, ome=True)
    with pytest.raises(InputError, match="different units"):
        read_image(tmp_path / "b.ome.tif")


def test_hyperstack_axes_come_in_imagej_order(tmp_path):
    pixels = np.arange(2 * 3 * 4 * 20 * 30, dtype=np.uint16).reshape(2, 3, 4, 20, 30)
    tifffile.imwrite(tmp_path / "a.tif", pixels, imagej=True, metadata={"axes": "TZCYX"})
    image = read_image(tmp_path / "a.tif")
    assert image.dims == ("t", "pln", "ch", "row", "col")
    np.testing.assert_array_equal(image, pixels)
    assert slices_of(image) == 24
    assert positions_of(image)[:5] == [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 1), (1, 2, 1)]


def test_plain_multipage_tiff_is_a_stack(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([GRAY] * 5), photometric="minisblack", metadata=None)
    assert dict(read_image(tmp_path / "a.tif").sizes) == {"pln": 5, "row": 40, "col": 50}


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_rgb_tiff(tmp_path, planar):
    rgb = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    stored = rgb if planar == "contig" else np.moveaxis(rgb, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar)
    image = read_image(tmp_path / "a.tif")
    assert image.dims == ("row", "col", "rgb")
    np.testing.assert_array_equal(image, rgb)


@pytest.mark.parametrize("suffix", ["png", "bmp", "jpg", "gif"])
def test_pictures_are_read(tmp_path, suffix):
    Image.fromarray(np.full((40, 50), 90, np.uint8)).save(tmp_path / f"a.{suffix}")
    gray = to_gray(read_image(tmp_path / f"a.{suffix}"))
    assert gray.shape == (40, 50)
    np.testing.assert_allclose(gray, 90, atol=1)


@pytest.mark.parametrize(
    ("pixels", "dims"),
    [
        (GRAY.astype(np.uint16) * 257, ("row", "col")),
        (np.dstack([GRAY, GRAY // 2, GRAY // 3]), ("row", "col", "rgb")),
        (GRAY > 100, ("row", "col")),
    ],
)
def test_png_of_other_kinds(tmp_path, pixels, dims):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.dims == dims
    np.testing.assert_array_equal(image, pixels * 255 if pixels.dtype == bool else pixels)
    assert image.dtype == (np.uint8 if pixels.dtype == bool else pixels.dtype)


def test_png_with_palette_or_opacity(tmp_path):
    rgba = np.dstack([GRAY, GRAY, GRAY, np.full_like(GRAY, 7)])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    np.testing.assert_array_equal(to_gray(read_image(tmp_path / "a.png")), GRAY)
    Image.fromarray(np.dstack([GRAY // 64 * 80] * 3)).quantize(4).save(tmp_path / "p.png")
    np.testing.assert_allclose(to_gray(read_image(tmp_path / "p.png")), GRAY // 64 * 80, atol=2)


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n", b"II*\0", b"II*\0\x08\0\0\0", b"hello, this is no image"]
)
def test_files_that_are_no_images(tmp_path, content):
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.tif (is|holds)") as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.tif", "lzw.tif", "tiles.tif", "a.png", "a.jpg"])
@pytest.mark.parametrize("part", [0.02, 0.4, 0.8, 0.97])
def test_truncated_files(tmp_path, name, part):
    pixels = RNG.integers(0, 256, (300, 320), dtype=np.uint8)
    if name.endswith("tif"):
        options = {"lzw.tif": {"compression": "lzw", "rowsperstrip": 16}, "tiles.tif": {"tile": (64, 64)}}
        tifffile.imwrite(tmp_path / name, pixels, **options.get(name, {}))
    else:
        Image.fromarray(pixels).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(len(content) * part)])
    with pytest.raises(InputError, match=r"again|that can be read"):
        read_image(tmp_path / name)


def test_complex_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((20, 20), np.complex64))
    with pytest.raises(InputError, match="complex64"):
        read_image(tmp_path / "a.tif")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match=r"no image file .*check the path"):
        read_image(tmp_path / "no.tif")
    with pytest.raises(InputError, match="no image file"):
        read_image(tmp_path)


def test_folder_gives_its_images_and_an_empty_one_an_error(tmp_path):
    results = ("a_overlay.png", "a_labels.tif", "a_run.json")
    for name in ("b.TIF", "a.png", "notes.txt", "._b.TIF", *results):
        (tmp_path / name).write_bytes(b"x")
    assert [p.name for p in find_images([tmp_path, tmp_path / "a.png"])] == ["a.png", "b.TIF"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no images in"):
        find_images([empty])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple),
    top=st.sampled_from([0, 1, 65535, 65536, 2**24]),
    width=st.floats(1e-6, 1e6),
    unit=st.sampled_from(["nm", "µm", "pixel", "Å"]),
)
def test_labels_come_back_with_their_calibration(tmp_path, shape, top, width, unit):
    labels = np.zeros((*shape, 5, 7), np.int32)
    labels[..., 2, 3] = top
    write_labels(tmp_path / "l.tif", labels, Calibration(width, 2 * width, unit))
    image = read_image(tmp_path / "l.tif")
    assert image.dtype == (np.uint16 if top < 65536 else np.float32)
    np.testing.assert_array_equal(image.to_numpy().reshape(labels.shape), labels)
    found = calibration_of(image)
    assert found.pixel_width == pytest.approx(width, rel=1e-6)
    assert found.pixel_height == pytest.approx(2 * width, rel=1e-6)
    assert found.unit == unit


def test_labels_of_pixels_in_metres(tmp_path):
    write_labels(tmp_path / "l.tif", np.eye(9, dtype=np.int32), Calibration(2e-10, 2e-10, "m"))
    found = calibration_of(read_image(tmp_path / "l.tif"))
    assert (found.pixel_width, found.unit) == (pytest.approx(0.2), "nm")


def test_labels_that_imagej_cannot_hold(tmp_path):
    for labels in (np.full((4, 4), 2**24 + 1), np.full((4, 4), -1)):
        with pytest.raises(InputError, match="renumber"):
            write_labels(tmp_path / "l.tif", labels)
    assert not list(tmp_path.iterdir())


def test_failed_write_keeps_the_older_file(tmp_path, monkeypatch):
    write_labels(tmp_path / "l.tif", np.eye(9, dtype=np.int32))
    before = (tmp_path / "l.tif").read_bytes()

    def full(path, *args, **kwargs):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", full)
    with pytest.raises(OutputError, match="No space left"):
        write_labels(tmp_path / "l.tif", np.ones((9, 9), np.int32))
    assert (tmp_path / "l.tif").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["l.tif"]
