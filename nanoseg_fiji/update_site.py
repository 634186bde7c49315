"""Lay out a Fiji update site of the commands: ``python -m nanoseg_fiji.update_site FOLDER``.

An update site is a folder on any web server: ``db.xml.gz``, which lists the files, and each file under its
path with its time stamp added. Fiji's own uploader does not look into the folder ``nanoseg``, so the site is
made here. A folder that holds an earlier state of the site is brought up to date: it must stay known what
earlier files looked like, else Fiji takes them for files that the user has changed, and leaves them alone.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

from nanoseg_fiji.errors import NanosegError, OutputError
from nanoseg_fiji.files import replacing
from nanoseg_fiji.install import files_to_install

__all__ = ["make_update_site"]

INDEX = "db.xml.gz"
_PAGE = """# NanoSeg

Segment nanoparticles in electron micrographs: every particle an ROI in the ROI Manager and a calibrated row
in the results table. Version {version}.

1. *Help > Update...*, then *Manage Update Sites*, *Add Unlisted Site*: name *NanoSeg*, URL the address of
   this folder.
2. *Apply and Close*, *Apply Changes*, and restart Fiji.
3. *Plugins > NanoSeg > NanoSeg Set Up...* once: it makes the Python environment that does the work, in Fiji's
   folder `nanoseg/environment` (some minutes, 2 to 8 GB).

Fiji needs Appose, which a current one has. To remove everything: *NanoSeg Set Up...* with *remove*, then
untick the site.

The commands:

{commands}
"""


def make_update_site(folder: str | Path) -> list[str]:
    """Write an update site, or bring one up to date: files, index, and a ``README.md`` that describes it.

    Parameters
    ----------
    folder : str or Path
        Where to write; to be copied to a web server as it is.

    Returns
    -------
    list of str
        Paths in a Fiji of the files that the site now offers.

    Raises
    ------
    OutputError
        The folder cannot be written to, or its index is damaged.
    ImageJError
        The commands are not there.
    """
    from nanoseg_fiji import __version__

    site = Path(folder)
    known = _read(site / INDEX)
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    offered = {name: source.read_bytes() for name, source in files_to_install().items()}
    index = ET.Element("pluginRecords")
    for name in sorted(known.keys() | offered.keys()):
        data = offered.get(name)
        entry = _entry(name, data, known.get(name), stamp)
        index.append(entry)
        version = entry.find("version")
        if data is None or version is None:
            continue
        target = site / f"{name}-{version.attrib['timestamp']}"
        if not target.is_file():
            with replacing(target) as scratch:
                scratch.write_bytes(data)
    commands = sorted(
        Path(name).stem.replace("_", " ") for name in offered if name.startswith("scripts/Plugins/")
    )
    page = _PAGE.format(version=__version__, commands="\n".join(f"- *{name}*" for name in commands))
    with replacing(site / "README.md") as scratch:
        scratch.write_text(page, encoding="utf-8")
    # last: what it names is there
    with replacing(site / INDEX) as scratch:
        scratch.write_bytes(
            gzip.compress(ET.tostring(index, encoding="utf-8", xml_declaration=True), mtime=0)
        )
    return sorted(offered)


def _entry(name: str, data: bytes | None, known: ET.Element | None, stamp: str) -> ET.Element:
    """Make the index entry of a file: its version, none where it is no longer offered, and earlier ones."""
    entry = ET.Element("plugin", filename=name)
    before = known.find("version") if known is not None else None
    earlier = known.findall("previous-version") if known is not None else []
    checksum = (
        "" if data is None else hashlib.sha1(name.encode("ascii") + data, usedforsecurity=False).hexdigest()
    )
    if before is not None and before.attrib["checksum"] != checksum:
        past = {key: before.attrib[key] for key in ("timestamp", "checksum")}
        earlier.append(ET.Element("previous-version", {**past, "timestamp-obsolete": stamp}))
        before = None
    if data is not None:
        now = before.attrib["timestamp"] if before is not None else stamp
        entry.append(ET.Element("version", checksum=checksum, timestamp=now, filesize=str(len(data))))
    entry.extend(earlier)
    return entry


def _read(path: Path) -> dict[str, ET.Element]:
    """Read the entries of an index by file name; none where there is no index yet."""
    try:
        root = ET.fromstring(gzip.decompress(path.read_bytes()))  # noqa: S314
        return {entry.attrib["filename"]: entry for entry in root.iter("plugin")}
    except FileNotFoundError:
        return {}
    except (OSError, EOFError, ET.ParseError, KeyError) as error:
        raise OutputError(
            f"{path} is damaged ({error}): choose another folder, or fetch the site again"
        ) from error


def main(folder: str) -> None:
    """Make the site and say what it offers.

    Parameters
    ----------
    folder : str
        Where to write.
    """
    try:
        names = make_update_site(folder)
    except NanosegError as error:
        sys.exit(str(error))
    print(f"{len(names)} files in {folder}: copy the folder to a web server as it is")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m nanoseg_fiji.update_site FOLDER")
    main(sys.argv[1])
