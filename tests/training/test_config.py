from __future__ import annotations

import dataclasses

import imageio.v3 as iio
import numpy as np
import pytest

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.training.config import DataConfig, changed_fields, load_config, plain
from nanoseg_fiji.training.datasets import find_pairs, load_pairs
from nanoseg_fiji.training.splits import groups_of, is_validation


def write(tmp_path, text):
    path = tmp_path / "c.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "no valid TOML"),
        ('name = "a"\nstepz = 3', "unknown key stepz; known are"),
        ('name = "a"\n[crops]\nside = 3', "unknown key side"),
        ('name = "a"\nsteps = "many"', "steps = 'many' is no int"),
        ('name = "a"', "missing"),
        ('name = "a"\ndata = []\nsteps = 0\n[architecture]', r"c\.toml: steps = 0 must be above 0"),
        ('name = "a"\ndata = []\nkeep = "first"\n[architecture]', "keep = 'first' is unknown"),
        ('name = "a"\n[[data]]\nfolder = "nowhere"', "nowhere is not there"),
        ('name = "a"\n[[data]]\nfolder = "$NANOSEG_NO_SUCH_VARIABLE/x"', "not set"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        load_config(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*none\.toml"):
        load_config(tmp_path / "none.toml")


def test_folders_are_relative_to_the_file(config, disk_set):
    assert config.data[0].folder == str(disk_set)
    assert config.crops.sides == (32, 48)


def test_lonely_files_are_all_listed(disk_set):
    (disk_set / "images" / "1.png").unlink()
    (disk_set / "labels" / "3.png").unlink()
    with pytest.raises(InputError, match=r"labels for image 3: .*; no image in .* for labels 1"):
        find_pairs(DataConfig(str(disk_set)), 0.2, 1)


def test_bad_pairs_are_all_listed(disk_set):
    iio.imwrite(disk_set / "labels" / "0.png", np.zeros((3, 4), np.uint16))
    (disk_set / "images" / "2.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"2 pair\(s\) cannot be used: .*0\.png is \(3, 4\).*2\.png"):
        load_pairs(find_pairs(DataConfig(str(disk_set)), 0.2, 1))


def test_a_mask_becomes_its_components(disk_set):
    mask = np.zeros((64, 80), np.uint8)
    mask[3:9, 3:9] = mask[30:40, 30:50] = 255
    iio.imwrite(disk_set / "labels" / "0.png", mask)
    pair = load_pairs(find_pairs(DataConfig(str(disk_set)), 0.2, 1)[:1])[0]
    assert pair.area.tolist() == [0, 36, 200]


def test_no_group_is_on_both_sides(data_dir):
    folder = data_dir / "emps-train"
    pairs = find_pairs(DataConfig(str(folder), groups="sources.csv"), 0.2, 2)
    parts = {part: {p.group for p in pairs if p.validation is part} for part in (True, False)}
    assert not parts[True] & parts[False]
    assert sum(p.validation for p in pairs) >= 60


def test_a_group_keeps_its_part_whatever_else_is_there():
    groups = [f"paper {n}" for n in range(400)]
    chosen = [g for g in groups if is_validation(g, 0.2, 1)]
    assert 50 < len(chosen) < 110
    assert chosen == [g for g in groups if is_validation(g, 0.2, 1)]
    assert chosen != [g for g in groups if is_validation(g, 0.2, 2)]


def test_groups_by_name_and_by_missing_table(tmp_path):
    assert groups_of(["B03-1.png", "B03-2.png"], "prefix", tmp_path) == dict.fromkeys(
        ["B03-1.png", "B03-2.png"], "B03"
    )
    assert list(groups_of(["Pt2.png", "Pt31.tif", "Pt_silica4.png"], "series", tmp_path).values()) == [
        "Pt",
        "Pt",
        "Pt_silica",
    ]
    with pytest.raises(InputError, match="cannot read sources"):
        groups_of(["a.png"], "sources.csv", tmp_path)
    (tmp_path / "sources.csv").write_text("image,doi\nb.png,1\n")
    with pytest.raises(InputError, match=r"no group for a\.png"):
        groups_of(["a.png"], "sources.csv", tmp_path)


def test_a_field_that_an_older_version_did_not_know_has_its_default(config):
    stored = plain(config)
    del stored["seed"], stored["loss"], stored["data"][0]["licence"], stored["crops"]["odd_diameter"]
    assert changed_fields(config, stored) == []
    other = dataclasses.replace(
        config, seed=4, crops=dataclasses.replace(config.crops, pixels=1), data=(*config.data, *config.data)
    )
    assert changed_fields(other, stored) == ["data", "seed", "crops.pixels"]
