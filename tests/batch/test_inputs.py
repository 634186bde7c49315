"""What counts as an image of a folder, and where its results go."""

from __future__ import annotations

import pytest

from nanoseg_fiji.batch.inputs import MANIFEST, find_inputs
from nanoseg_fiji.errors import InputError


@pytest.fixture
def tree(tmp_path):
    names = ["b.tif", "A.PNG", "x.tif", "x.png", "sub/b.tif", "sub/deep/c_SE.tif", ".h.tif", ".git/g.tif"]
    names += ["sub/readme.txt", "b_labels.tif", "b_run.json", "my_labels.tif"]
    names += ["old run/a_overlay.png", f"old run/{MANIFEST}", "out/b_overlay.png"]
    for name in names:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "in"


def test_images_are_found_and_mirrored(tree):
    found = find_inputs(tree, tree / "out")
    names = ["A.PNG", "b.tif", "my_labels.tif", "sub/b.tif", "sub/deep/c_SE.tif", "x.png", "x.tif"]
    assert [item.name for item in found.items] == names
    places = [(item.folder / item.stem).relative_to(tree / "out").as_posix() for item in found.items]
    assert places == ["A", "b", "my_labels", "sub/b", "sub/deep/c_SE", "x_png", "x_tif"]
    assert found.messages == ("left out: 1 that are no images",)
    assert all(item.path.is_file() for item in found.items)


def test_not_recursive_and_patterns(tree, tmp_path):
    out = tmp_path / "out"
    assert [i.name for i in find_inputs(tree, out, recursive=False, pattern="*.TIF").items] == [
        "b.tif",
        "my_labels.tif",
        "x.tif",
    ]
    found = find_inputs(tree, out, pattern="*_se.*")
    assert [item.name for item in found.items] == ["sub/deep/c_SE.tif"]
    assert any("do not match '*_se.*'" in text for text in found.messages)
    assert [i.name for i in find_inputs(tree, out, pattern="sub/*").items] == [
        "sub/b.tif",
        "sub/deep/c_SE.tif",
    ]


def test_a_stem_that_is_taken_stays(tree, tmp_path):
    items = find_inputs(tree, tmp_path / "out", stems={"x.tif": "x"}).items
    assert {item.name: item.stem for item in items if "x" in item.name} == {"x.png": "x_png", "x.tif": "x"}


@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        ("in", "in", "is or holds the input folder"),
        ("in", ".", "is or holds the input folder"),
        ("in/none", "out", "no folder"),
        ("in/.git/empty", "out", "no images in"),
    ],
)
def test_refusals(tree, tmp_path, source, output, said):
    (tree / ".git" / "empty").mkdir()
    with pytest.raises(InputError, match=said):
        find_inputs(tmp_path / source, tmp_path / output)


def test_no_image_matches(tree, tmp_path):
    with pytest.raises(InputError, match=r"no images that match 'z\*'"):
        find_inputs(tree, tmp_path / "out", pattern="z*")
