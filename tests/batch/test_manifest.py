"""The manifest: what it keeps, what it refuses, and what a kill may do to it."""

from __future__ import annotations

import json
import os
import threading

import pytest

from nanoseg_fiji.batch.inputs import Item
from nanoseg_fiji.batch.manifest import file_sha256, open_manifest
from nanoseg_fiji.errors import InputError, OutputError

HEADER = {
    "model_sha256": "a" * 64,
    "parameters": {"diameter": 3.0, "split": True},
    "input": "/in",
    "recursive": True,
    "pattern": "",
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "manifest.jsonl"


def done(item, root):
    stat = item.path.stat()
    facts = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": file_sha256(item.path)}
    return {
        "image": item.name,
        "status": "done",
        "stem": item.stem,
        **facts,
        "files": {p.relative_to(root).as_posix(): p.stat().st_size for p in item.targets},
    }


@pytest.fixture
def item(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"pixels")
    item = Item("a.tif", tmp_path / "a.tif", tmp_path / "out", "a")
    item.folder.mkdir()
    for target in item.targets:
        target.write_text("result")
    return item


def test_what_is_cut_off_at_the_end_never_counted(path):
    manifest = open_manifest(path, HEADER, False)
    manifest.add({"image": "a", "status": "started", "files": {"a_run.json": 3}})
    manifest.add({"image": "b", "status": "failed", "error": "it is empty"})
    whole = path.read_bytes()
    for cut in (1, 10, 30):
        path.write_bytes(whole[:-cut])
        again = open_manifest(path, HEADER, False)
        assert list(again.entries) == ["a"] and again.own_files() == {"a_run.json"}
        again.add({"image": "c", "status": "failed", "error": "no"})
        assert [json.loads(line)["image"] for line in path.read_text().splitlines()[1:]] == ["a", "c"]


def test_done_only_while_input_and_files_are_as_they_were(path, item, tmp_path):
    manifest = open_manifest(path, HEADER, False)
    assert not manifest.is_done(item)
    manifest.add(done(item, tmp_path))
    assert manifest.is_done(item)
    os.utime(item.path, ns=(1, 1))
    assert manifest.is_done(item), "a copy of the same content is the same image"
    item.path.write_bytes(b"others")
    assert not manifest.is_done(item)
    item.path.write_bytes(b"pixels")
    item.targets[1].write_text("cut")
    assert not manifest.is_done(item)
    item.targets[1].unlink()
    assert not manifest.is_done(item)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"parameters": {"diameter": 4.0, "split": True}},
            "made with diameter=3.0, not diameter=4.0: give the",
        ),
        ({"model_sha256": "b" * 64}, "of another model"),
        ({"input": "/other"}, "made with input /in, not /other"),
        ({"pattern": "*.tif"}, "allow overwriting to begin anew"),
    ],
)
def test_bound_to_what_it_was_begun_with(path, change, said):
    open_manifest(path, HEADER, False).add({"image": "a", "status": "failed", "error": ""})
    before = path.read_bytes()
    with pytest.raises(InputError, match=said):
        open_manifest(path, HEADER | change, False)
    assert path.read_bytes() == before
    assert open_manifest(path, HEADER | change, True).entries == {}


@pytest.mark.parametrize("text", ["", "{}\n", '{"nanoseg_manifest": 1}x\n', "[1]\n"])
def test_damaged(path, text):
    path.write_text(text)
    with pytest.raises(InputError, match="damaged in line 1"):
        open_manifest(path, HEADER, False)


def test_threads_do_not_mix_their_lines(path):
    manifest = open_manifest(path, HEADER, False)
    threads = [
        threading.Thread(
            target=lambda k=k: [manifest.add({"image": f"{k}-{i}", "x": "y" * 500}) for i in range(50)]
        )
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert open_manifest(path, HEADER, False).entries.keys() == {
        f"{k}-{i}" for k in range(4) for i in range(50)
    }


def test_folder_that_is_gone(path):
    manifest = open_manifest(path, HEADER, False)
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputError, match="then run the same again"):
        manifest.add({"image": "a"})
