"""Lengths as microscopes and authors write them: ``100 nm``, ``0,5 µm``, ``2um``, ``1 0 0 nm``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from nanoseg_fiji.errors import InputError

__all__ = ["UNITS", "Length", "in_metres", "parse_length", "plain_unit", "readable"]

UNITS = {"pm": 1e-12, "Å": 1e-10, "nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0}
"""Units of length by the name that is used here, and their size in metres."""
_ALIASES = {
    "a": "Å", "ångström": "Å", "angstrom": "Å", "nanometer": "nm", "nanometre": "nm", "um": "µm",
    "micron": "µm", "microns": "µm", "micrometer": "µm", "micrometre": "µm", "millimeter": "mm",
    "millimetre": "mm", "meter": "m", "metre": "m",
}  # fmt: skip
# what a burnt-in label says may be misread; "pm" is no length of a micrograph, but what "µm" looks like
_MISREAD = {"pm": "µm", "a": "Å", "nrn": "nm", "nn": "nm", "rnm": "nm", "um": "µm"}
_LABEL = re.compile(
    r"(?:scale|bar|[=:\s])*(?P<number>[\d.,OolI][\d.,OolI ]*?)\s*(?P<unit>Å|[nuµpmc]m|nrn|nn|rnm|A)\W*"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")


@dataclass(frozen=True)
class Length:
    """A number and its unit, and what had to be assumed to read them."""

    number: float
    """Greater than 0."""
    unit: str
    """A key of `UNITS`."""
    assumed: str = ""
    """What was assumed, to be shown to the user; empty where nothing was."""

    @property
    def metres(self) -> float:
        """The length in metres."""
        return self.number * UNITS[self.unit]

    def __str__(self) -> str:
        return f"{self.number:g} {self.unit}"


def plain_unit(text: str) -> str | None:
    """Name of a unit of length as used here, whatever its spelling; None for what is no unit of length.

    Both code points of the micro sign and of the Ångström count.
    """
    name = unicodedata.normalize("NFKC", text.strip()).replace("\u03bc", "µ")
    name = name if name in UNITS else name.lower()
    name = _ALIASES.get(name, name)
    return name if name in UNITS else None


def in_metres(number: float, unit: str) -> float:
    """Length in metres.

    Raises
    ------
    InputError
        The unit is none of length.
    """
    name = plain_unit(unit)
    if name is None:
        raise InputError(f"{unit!r} is no unit of length: use {', '.join(UNITS)}")
    return number * UNITS[name]


def readable(metres: float) -> tuple[float, str]:
    """Pixel size as (number, unit): in nm as usual for micrographs, in µm or mm where pixels are large."""
    unit = "nm" if metres < 0.5e-6 else "µm" if metres < 0.5e-3 else "mm"
    # 15 digits: what was 0.5 nm in a file must not become 0.49999999999999994
    return float(f"{metres / UNITS[unit]:.15g}"), unit


def parse_length(text: str) -> Length | None:
    """Read the label of a scale bar.

    Parameters
    ----------
    text : str
        What stands beside the bar, as printed or as a program has read it. Nothing but the length (and
        ``scale bar =``) may be there, so that a working distance or a voltage does not pass for one.

    Returns
    -------
    Length or None
        None where it is no plain length.
    """
    text = re.sub("[\u00b2\u00b3\u00b9\u00b0\u2070-\u2079'\"`|_~\\-\u2013\u2014]+", " ", text)  # specks
    text = unicodedata.normalize("NFKC", text).replace("\u03bc", "µ").strip()
    found = _LABEL.fullmatch(re.sub(r"(?i)\b(scale|bar)\b", lambda word: word[0].lower(), text))
    if found is None:
        return None
    number = _number(found["number"])
    if number is None:
        return None
    raw = found["unit"]
    unit = _MISREAD.get(raw.lower(), raw)
    assumed = "" if raw in (unit, "um") else f"{raw!r} was taken for {unit}"
    if re.search("[OolI]", found["number"]):
        assumed = "; ".join(filter(None, (assumed, f"{found['number'].strip()!r} was taken for {number:g}")))
    return Length(number, unit, assumed)


def _number(text: str) -> float | None:
    """Read a number with letters that look like digits, a decimal comma, and spaces between its digits."""
    text = text.translate(str.maketrans("OolI", "0011")).strip(" ,.")
    parts = text.split()
    spaced = all(len(part.strip(".,")) == 1 for part in parts)
    thousands = all(re.fullmatch(r"\d{3}", part) for part in parts[1:])
    if not parts or not (spaced or thousands):
        return None
    text = "".join(parts)
    if re.fullmatch(r"\d{1,3}(,000)+", text):  # a comma before three zeros is no decimal one
        text = text.replace(",", "")
    text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if number > 0 else None
