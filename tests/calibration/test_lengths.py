"""Labels of scale bars, as printed and as misread."""

from __future__ import annotations

import pytest

from nanoseg_fiji.calibration.lengths import in_metres, parse_length, plain_unit, readable
from nanoseg_fiji.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100 nm", "100 nm"),
        ("100nm²", "100 nm"),  # a speck beside it
        ("1 0 0 nm", "100 nm"),
        ("1 000 nm", "1000 nm"),
        ("1,000 nm", "1000 nm"),
        ("0.5 \u00b5m", "0.5 µm"),  # the micro sign
        ("0,5 \u03bcm", "0.5 µm"),  # the Greek letter
        ("2um", "2 µm"),
        ("5 \u212b", "5 Å"),  # the sign of the unit
        ("5 \u00c5", "5 Å"),
        ("3 mm", "3 mm"),
        ("Scale bar = 20 nm", "20 nm"),
        ("— 500 nm —", "500 nm"),
    ],
)
def test_what_is_plain_is_read_without_assumptions(text, expected):
    length = parse_length(text)
    assert str(length) == expected and length.assumed == ""


@pytest.mark.parametrize(
    ("text", "expected", "assumed"),
    [
        ("500 pm", "500 µm", "'pm' was taken for µm"),
        ("1OO nm", "100 nm", "'1OO' was taken for 100"),
        ("200nn", "200 nm", "'nn' was taken for nm"),
        ("5A", "5 Å", "'A' was taken for Å"),
    ],
)
def test_what_had_to_be_assumed_is_said(text, expected, assumed):
    length = parse_length(text)
    assert str(length) == expected and length.assumed == assumed


@pytest.mark.parametrize(
    "text",
    ["", "nm", "100", "122 mrad", "15.0kV", "WD 9.8mm", "x100k", "10.0kV 200 nm", "0 nm", "1.2.3 nm",
     "100 nm 5", "1 23 nm", "(a)", "50", "100 n"],
)  # fmt: skip
def test_what_is_no_plain_length_is_not_read(text):
    assert parse_length(text) is None


def test_units():
    assert [plain_unit(u) for u in ("micron", "um", "\u03bcm", "NM", "pm", "inch", "pixel", "1/nm", "")] == [
        "µm", "µm", "µm", "nm", "pm", None, None, None, None,
    ]  # fmt: skip
    assert in_metres(2, "um") == pytest.approx(2e-6)
    with pytest.raises(InputError, match="'inch' is no unit of length: use pm, Å, nm"):
        in_metres(1, "inch")
    assert readable(5e-10) == (0.5, "nm") and readable(1.25e-6) == (1.25, "µm")
