"""``nanoseg-fiji install``: what it changes in a Fiji, and what it leaves alone."""

from __future__ import annotations

import json
import sys

import pytest

from nanoseg_fiji.cli import main
from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.install import RECORD, install, status, uninstall
from nanoseg_fiji.resources import scripts_dir


@pytest.fixture
def folder(tmp_path):
    """A folder that looks like a Fiji, with a file of somebody else's among the commands."""
    folder = tmp_path / "Fiji für mich.app"
    (folder / "jars").mkdir(parents=True)
    for name in ("ij-1.54p.jar", "appose-0.9.0.jar"):
        (folder / "jars" / name).touch()
    (folder / "scripts" / "Plugins" / "NanoSeg").mkdir(parents=True)
    (folder / "scripts" / "Plugins" / "NanoSeg" / "My_Own.ijm").write_text("mine")
    return folder


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_install_adds_the_scripts_and_a_record(folder):
    before = files(folder)
    found = install(folder)
    assert found.problems == () and found.version
    assert str(found.python) == sys.executable
    after = files(folder)
    assert before.items() <= after.items()
    added = {name: data for name, data in after.items() if name not in before}
    record = json.loads(added.pop(RECORD.as_posix()))
    assert record["python"] == sys.executable and record["files"] == sorted(added)
    scripts = scripts_dir()
    # pip compiles the Jython script of an installed wheel, which puts a folder beside it
    commands = {k: v for k, v in files(scripts / "Plugins/NanoSeg").items() if "__pycache__" not in k}
    expected = {f"scripts/Plugins/NanoSeg/{name}": data for name, data in commands.items()}
    expected |= {f"nanoseg/lib/{name}": data for name, data in files(scripts / "lib").items()}
    assert added == expected and "nanoseg/lib/NanoSegWorker.groovy" in added


def test_install_again_mends_and_removes_what_is_obsolete(folder):
    install(folder)
    first = files(folder)
    record = json.loads(first[RECORD.as_posix()])
    old = folder / "scripts" / "Plugins" / "NanoSeg" / "Old_One.groovy"
    old.write_text("old")
    record["files"].append(old.relative_to(folder).as_posix())
    (folder / RECORD).write_text(json.dumps(record))
    (folder / "nanoseg" / "lib" / "NanoSeg.groovy").unlink()
    assert "NanoSeg.groovy is missing" in status(folder).problems[0]
    install(folder)
    assert files(folder) == first


def test_uninstall_leaves_what_was_there(folder):
    before = files(folder)
    install(folder)
    assert uninstall(folder) > 5
    assert files(folder) == before
    assert not (folder / "nanoseg").exists()
    assert uninstall(folder) == 0


def test_damaged_record_removes_nothing(folder):
    install(folder)
    record = json.loads((folder / RECORD).read_text())
    record["files"].append("jars/ij-1.54p.jar")
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(ImageJError, match="damaged"):
        uninstall(folder)
    (folder / RECORD).write_text("{")
    with pytest.raises(ImageJError, match="delete it and install again"):
        install(folder)
    assert (folder / "jars" / "ij-1.54p.jar").is_file()


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(ImageJError, match="is not a Fiji"):
        install(tmp_path)
    with pytest.raises(ImageJError, match="there is no folder"):
        install(tmp_path / "missing")
    assert not any(tmp_path.iterdir())


def test_command_line(folder, capsys):
    assert main(["status", str(folder)]) == 1
    assert "nothing is installed" in capsys.readouterr().out
    assert main(["install", str(folder)]) == 0
    assert "ready" in capsys.readouterr().out
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(record | {"version": "0.0.1"}))
    assert main(["status", str(folder)]) == 1
    assert "the commands are of version 0.0.1" in capsys.readouterr().out
    (folder / RECORD).write_text(json.dumps(record | {"python": str(folder / "python")}))
    assert main(["status", str(folder)]) == 1
    assert "there is no Python" in capsys.readouterr().out
    assert main(["uninstall", str(folder)]) == 0
    assert "removed" in capsys.readouterr().out
