"""DM3, DM4, EMD, SER and MRC, in files written byte by byte as their formats are published."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest

from nanoseg_fiji.calibration.find import find_scale
from nanoseg_fiji.errors import InputError
from nanoseg_fiji.image_arrays import calibration_of
from nanoseg_fiji.image_files import find_images, read_image
from nanoseg_fiji.types import Calibration

PIXELS = np.random.default_rng(1).integers(0, 4000, (30, 40)).astype(np.uint16)
SIZE = Calibration(0.25, 0.25, "nm")


def write_mrc(path, angstroms=2.5, pixels=PIXELS):
    """MRC2014: 1024 bytes of header, mode 6 is uint16, the cell in Angstrom."""
    depth = 1 if pixels.ndim == 2 else len(pixels)
    rows, columns = pixels.shape[-2:]
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, columns, rows, depth, 6, 0, 0, 0, columns, rows, depth)
    struct.pack_into("<6f", header, 40, columns * angstroms, rows * angstroms, depth * angstroms, 90, 90, 90)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:216] = b"MAP \x44\x44\0\0"
    path.write_bytes(bytes(header) + pixels.astype("<u2").tobytes())


def write_ser(path, metres=0.25e-9):
    """TIA series of one image: header, one array of offsets, the image, its time tag."""
    rows, columns = PIXELS.shape
    image = struct.pack("<ddiddi", 0.0, metres, 0, 0.0, metres, 0) + struct.pack("<hii", 2, columns, rows)
    image += PIXELS.astype("<u2").tobytes()
    dimension = struct.pack("<iddi", 1, 0.0, 1.0, 0) + struct.pack("<i", 6) + b"Number" + struct.pack("<i", 0)
    head = struct.pack("<hhh", 0x4949, 0x0197, 0x0210) + struct.pack("<iiii", 0x4122, 0x4152, 1, 1)
    array = len(head) + 8 + len(dimension)
    head += struct.pack("<ii", array, 1) + dimension
    first = array + 8
    path.write_bytes(
        head + struct.pack("<ii", first, first + len(image)) + image + struct.pack("<hhi", 0x4152, 0, 0)
    )


def write_emd(path, unit="nm", size=0.25):
    """EMD of Berkeley, by RosettaSciIO's own writer."""
    from rsciio.emd import file_writer

    axes = [
        {"name": name, "units": unit, "scale": size, "offset": 0.0, "size": count, "navigate": False}
        for name, count in zip("yx", PIXELS.shape, strict=True)
    ]
    signal = {
        "data": PIXELS,
        "axes": axes,
        "metadata": {"General": {"title": "image"}, "Signal": {}},
        "original_metadata": {},
    }
    file_writer(str(path), signal)


class Dm:
    """A DigitalMicrograph file: a tree of tags, big-endian but for the numbers."""

    def __init__(self, version):
        self.size = ">I" if version == 3 else ">Q"
        self.version = version

    def number(self, value):
        return struct.pack(self.size, value)

    def tag(self, name, kind, body):
        text = name.encode()
        head = bytes([kind]) + struct.pack(">H", len(text)) + text
        return head + (self.number(len(body)) if self.version == 4 else b"") + body

    def group(self, name, *entries):
        return self.tag(name, 20, self.tree(*entries))

    def tree(self, *entries):
        return b"\0\0" + self.number(len(entries)) + b"".join(entries)

    def data(self, name, types, payload):
        info = self.number(len(types)) + b"".join(self.number(t) for t in types)
        return self.tag(name, 21, b"%%%%" + info + payload)

    def long(self, name, value):
        return self.data(name, [5], struct.pack("<I", value))

    def float(self, name, value):
        return self.data(name, [6], struct.pack("<f", value))

    def text(self, name, value):
        return self.data(name, [20, 4, len(value)], value.encode("utf-16-le"))

    def file(self):
        def axis(unit):
            return self.group(
                "", self.float("Origin", 0.0), self.float("Scale", 0.25), self.text("Units", unit)
            )

        calibrations = self.group(
            "Calibrations",
            self.group("Brightness", self.float("Origin", 0), self.float("Scale", 1), self.text("Units", "")),
            self.group("Dimension", axis("nm"), axis("nm")),
        )
        image = self.group(
            "ImageData",
            calibrations,
            self.data("Data", [20, 4, PIXELS.size], PIXELS.astype("<u2").tobytes()),
            self.long("DataType", 10),
            self.group("Dimensions", self.long("", PIXELS.shape[1]), self.long("", PIXELS.shape[0])),
            self.long("PixelDepth", 2),
        )
        one = self.group("", image, self.group("ImageTags"), self.text("Name", "image"))
        images = self.group("ImageList", one)
        body = self.tree(images) + b"\0" * 8
        return struct.pack(">I", self.version) + self.number(len(body)) + struct.pack(">I", 1) + body


def write_dm(path):
    path.write_bytes(Dm(int(path.suffix[-1])).file())


WRITERS = {".mrc": write_mrc, ".ser": write_ser, ".emd": write_emd, ".dm3": write_dm, ".dm4": write_dm}


@pytest.mark.parametrize("suffix", WRITERS)
def test_pixels_and_their_size(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path)
    image = read_image(path)
    assert image.dims == ("row", "col") and image.dtype == np.uint16
    # a series counts its rows from the bottom
    np.testing.assert_array_equal(image[::-1] if suffix == ".ser" else image, PIXELS)
    found = calibration_of(image)
    assert (found.pixel_width, found.pixel_height) == pytest.approx((0.25, 0.25), rel=1e-6)
    assert found.unit == "nm"
    assert find_scale(image, path).origin == f"{suffix[1:].upper()} file"


def test_a_stack(tmp_path):
    stack = np.stack([PIXELS, PIXELS + 1, PIXELS + 2])
    write_mrc(tmp_path / "a.mrc", pixels=stack)
    assert dict(read_image(tmp_path / "a.mrc").sizes) == {"pln": 3, "row": 30, "col": 40}


def test_no_size_is_no_size(tmp_path):
    write_mrc(tmp_path / "a.mrc", angstroms=0)
    write_emd(tmp_path / "a.emd", unit="1/nm")
    assert not calibration_of(read_image(tmp_path / "a.mrc")).calibrated
    assert not calibration_of(read_image(tmp_path / "a.emd")).calibrated


@pytest.mark.parametrize("suffix", WRITERS)
def test_damaged_files(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(
        InputError, match=r"a\.\w+ (is damaged or of an unknown kind|holds no image)"
    ) as caught:
        read_image(path)
    assert "\n" not in str(caught.value)


def test_the_extra_is_named(tmp_path, monkeypatch):
    write_mrc(tmp_path / "a.mrc")
    monkeypatch.setitem(sys.modules, "rsciio.mrc", None)
    with pytest.raises(InputError, match=r"needs RosettaSciIO: pip install 'nanoseg-fiji\[em\]'"):
        read_image(tmp_path / "a.mrc")


def test_a_folder_takes_them(tmp_path):
    for suffix in WRITERS:
        (tmp_path / f"a{suffix}").touch()
    assert len(find_images([tmp_path])) == len(WRITERS)
