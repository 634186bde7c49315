"""What is made of a whole set: one table of all particles, one of the images, and the size distribution."""

from __future__ import annotations

import csv
import os
import tempfile
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

__all__ = ["IMAGES", "SET_FILES", "TABLE", "image_table", "write_sizes", "write_table"]

TABLE = "nanoseg_table.csv"
"""All particles, a row each."""
IMAGES = "nanoseg_images.csv"
"""All images, a row each."""
_STEM = "nanoseg"
SET_FILES = (TABLE, IMAGES, f"{_STEM}_sizes.csv")
"""Files of the whole set that tell by being there that somebody has written them."""
_STATISTICS = ("mean", "SD", "CI95_low", "CI95_high", "median", "D10", "D90")


def particle_files(entry: Mapping[str, Any], root: Path) -> Path:
    """Particle table of an image, by its line of the manifest."""
    names: Iterable[str] = entry["files"]
    return root / next(name for name in names if name.endswith("_particles.csv"))


def write_table(entries: Sequence[Mapping[str, Any]], root: Path, scratch: Path) -> Path:
    """Write one table of all particles, row by row from the images' own tables.

    Its first columns are ``Image``, ``Unit`` (of lengths; areas are in its square) and ``Label``; the others
    are those of the images' tables, without units, because images may differ in them. What an image's table
    lacks (``Ch``, ``Frame``) is empty.

    Parameters
    ----------
    entries : sequence of mapping
        Lines of the manifest of the images that are done.
    root : Path
        Output folder.
    scratch : Path
        Where it is written before it is put in place.

    Raises
    ------
    OSError
        It cannot be written, or a table has vanished.
    """
    from nanoseg_fiji.particles.table import split_unit

    columns: dict[str, None] = {}
    for entry in entries:
        with particle_files(entry, root).open(encoding="utf-8", newline="") as file:
            columns |= dict.fromkeys(split_unit(name)[0] for name in next(csv.reader(file)))
    names = ["Image", "Unit", *(columns or {"Label": None})]
    fresh = scratch / TABLE
    with fresh.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
        writer.writeheader()
        for entry in entries:
            same = {"Image": entry["image"], "Unit": entry["summary"]["unit"]}
            with particle_files(entry, root).open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                inside = [split_unit(name)[0] for name in next(rows)]
                writer.writerows({**same, **dict(zip(inside, row, strict=True))} for row in rows)
    os.replace(fresh, root / TABLE)
    return root / TABLE


def image_table(entries: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Give a row an image: how it ended, the counts and the sizes in the image's own unit.

    Parameters
    ----------
    entries : sequence of mapping
        Lines of the manifest.

    Returns
    -------
    DataFrame
        Index ``Image``; ``Status`` (``done`` or ``failed``), ``Particles``, ``Counted``, ``Edge``,
        ``TooSmall``, ``Unit``, ``Diameter`` (found or given), statistics of ``ECD`` and ``MinFeret`` as in
        `nanoseg_fiji.particles.summary.summarise`, and ``Notes``: warnings, messages or the error.
    """
    import pandas as pd

    rows = []
    for entry in entries:
        summary = entry.get("summary", {})
        row = {
            "Status": entry["status"],
            "Particles": entry.get("count", 0),
            "Counted": summary.get("counted", 0),
            "Edge": summary.get("edge", 0),
            "TooSmall": summary.get("too_small", 0),
            "Unit": summary.get("unit", ""),
            "Diameter": entry.get("diameter"),
        }
        for size in ("ECD", "MinFeret"):
            row |= {f"{size}_{name}": summary.get(f"{size}_{name}") for name in _STATISTICS}
        notes = [entry["error"]] if "error" in entry else [*summary["warnings"], *entry["messages"]]
        rows.append(row | {"Notes": "; ".join(notes)})
    index = pd.Index([entry["image"] for entry in entries], dtype=object, name="Image")
    table = pd.DataFrame(rows, index=index)
    numbers = [c for c in table.columns if c == "Diameter" or c.startswith(("ECD_", "MinFeret_"))]
    return table.astype(dict.fromkeys(numbers, float))


def write_images(table: pd.DataFrame, root: Path, scratch: Path) -> Path:
    """Write what `image_table` gives, whole or not at all."""
    from nanoseg_fiji.particles.table import write_csv

    write_csv(table, scratch / IMAGES)
    os.replace(scratch / IMAGES, root / IMAGES)
    return root / IMAGES


def write_sizes(
    entries: Sequence[Mapping[str, Any]], root: Path, scratch: Path, provenance: Mapping[str, Any]
) -> tuple[list[Path], str, list[str]]:
    """Describe the sizes of the whole set, with intervals bootstrapped by image, as tables, JSON and figure.

    Images whose unit has no known ratio to that of most are left out, and it is said.

    Returns
    -------
    files : list of Path
        What was written; none where no particle counts.
    text : str
        The figures, for a log.
    messages : list of str
        What the user should know.
    """
    from nanoseg_fiji.particles.size_output import report_text, write_report
    from nanoseg_fiji.particles.size_report import describe_sizes
    from nanoseg_fiji.particles.size_tables import join_sizes, sizes_of
    from nanoseg_fiji.particles.table import read_csv

    parts: dict[str, list[pd.DataFrame]] = {}
    for entry in entries:
        if entry["count"]:
            unit = entry["summary"]["unit"]
            table = read_csv(particle_files(entry, root))
            parts.setdefault(unit, []).append(sizes_of(table, name=entry["image"], unit=unit))
    ordered = sorted(parts.values(), key=len, reverse=True)
    messages: list[str] = []
    joined: list[pd.DataFrame] = []
    for same in ordered:
        try:
            join_sizes([*joined[:1], same[0]])
        except InputError as error:
            messages.append(f"{len(same)} images are not in the size distribution: {error}")
        else:
            joined += same
    try:
        report = describe_sizes(join_sizes(joined), compare="none", independent="image")
    except InputError as error:
        return [], "", [*messages, f"there is no size distribution: {error}"]
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        fresh = write_report(report, folder, _STEM, provenance=provenance)
        files = [root / path.name for path in fresh]
        for path, place in zip(fresh, files, strict=True):
            os.replace(path, place)
    return files, report_text(report), [*messages, *report.messages]
