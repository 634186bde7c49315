"""The update site offers what ``nanoseg-fiji install`` copies, in the form that Fiji's updater reads."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import xml.etree.ElementTree as ET

import pytest

from nanoseg_fiji import resources, update_site
from nanoseg_fiji.errors import OutputError
from nanoseg_fiji.install import install
from nanoseg_fiji.update_site import main, make_update_site


def index(site):
    return ET.fromstring(gzip.decompress((site / "db.xml.gz").read_bytes()))


def fetched(site):
    """What a Fiji gets from the site: each file of the index, at its address, with its sum checked."""
    got = {}
    for entry in index(site).iter("plugin"):
        version = entry.find("version")
        if version is None:
            continue
        name = entry.attrib["filename"]
        assert len(version.attrib["timestamp"]) == 14 and version.attrib["timestamp"].isdigit()
        data = (site / f"{name}-{version.attrib['timestamp']}").read_bytes()
        assert len(data) == int(version.attrib["filesize"])
        # as the updater computes it: SHA-1 of the path, then of the file
        assert hashlib.sha1(name.encode() + data).hexdigest() == version.attrib["checksum"]
        got[name] = data
    return got


def test_site_offers_what_install_copies(tmp_path, capsys):
    main(str(tmp_path / "site"))
    assert "copy the folder to a web server" in capsys.readouterr().out
    fiji = tmp_path / "Fiji"
    (fiji / "jars").mkdir(parents=True)
    (fiji / "jars" / "ij-1.54p.jar").touch()
    install(fiji)
    files = {p.relative_to(fiji).as_posix(): p.read_bytes() for p in fiji.rglob("*") if p.is_file()}
    del files["jars/ij-1.54p.jar"], files["nanoseg/installed.json"]
    assert fetched(tmp_path / "site") == files
    page = (tmp_path / "site" / "README.md").read_text()
    assert "- *Segment Particles...*\n" in page and "NanoSeg Set Up..." in page


def test_update_keeps_what_has_not_changed_and_remembers_the_rest(tmp_path, monkeypatch):
    scripts = tmp_path / "scripts"
    shutil.copytree(resources.scripts_dir(), scripts)
    monkeypatch.setattr("nanoseg_fiji.install.scripts_dir", lambda: scripts)
    site = tmp_path / "site"
    make_update_site(site)
    first, before = fetched(site), (site / "db.xml.gz").read_bytes()
    make_update_site(site)
    assert (site / "db.xml.gz").read_bytes() == before

    changed, gone = "nanoseg/lib/NanoSeg.groovy", "scripts/Plugins/NanoSeg/Merge_ROIs.groovy"
    (scripts / "lib" / "NanoSeg.groovy").write_text("// new")
    (scripts / "Plugins" / "NanoSeg" / "Merge_ROIs.groovy").unlink()

    class Later(update_site.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2100, 1, 2, 3, 4, 5, tzinfo=tz)

    monkeypatch.setattr(update_site, "datetime", Later)
    assert gone not in make_update_site(site)
    now = fetched(site)
    assert now.pop(changed) == b"// new"
    assert now == {name: data for name, data in first.items() if name not in (changed, gone)}
    entries = {entry.attrib["filename"]: entry for entry in index(site)}
    for name in (changed, gone):
        (earlier,) = entries[name].findall("previous-version")
        assert earlier.attrib["checksum"] == hashlib.sha1(name.encode() + first[name]).hexdigest()
        assert earlier.attrib["timestamp-obsolete"] == "21000102030405"
    assert entries[changed].find("version").attrib["timestamp"] == "21000102030405"
    assert sum(entry.find("previous-version") is not None for entry in entries.values()) == 2


def test_damaged_index_is_left_alone(tmp_path):
    (tmp_path / "db.xml.gz").write_bytes(b"no gzip")
    with pytest.raises(OutputError, match="is damaged"):
        make_update_site(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["db.xml.gz"]
