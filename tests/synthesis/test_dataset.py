"""Folders of simulated micrographs: what training reads, and that nothing is lost."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nanoseg_fiji.cli import main
from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.image_arrays import calibration_of
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.synthesis import dataset, simulate
from nanoseg_fiji.synthesis.dataset import MANIFEST, write_dataset


def write(folder, count=2, seed=1, **choices):
    return write_dataset(folder, count, seed, size=(96, 96), diameters=(8, 24), **choices)


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_training_reads_the_folder(tmp_path):
    from nanoseg_fiji.training.config import DataConfig
    from nanoseg_fiji.training.datasets import find_pairs, load_pairs

    folder = write(tmp_path / "set", count=3)
    pairs = find_pairs(DataConfig(str(folder)), 0.0, 1)
    assert len(pairs) == 3
    for pair, loaded in zip(pairs, load_pairs(pairs), strict=True):
        image = read_image(pair.image)
        assert calibration_of(image).unit == "nm"
        assert loaded.labels.shape == image.shape == (96, 96)
        assert loaded.labels.max() >= 1


def test_the_manifest_tells_particles_and_settings(tmp_path):
    folder = write(tmp_path / "set", modalities=["sem"], shapes=["cube"])
    told = json.loads((folder / MANIFEST).read_text())
    assert told["seed"] == 1 and len(told["images"]) == 2
    for name, entry in told["images"].items():
        assert name.startswith("sem-") and entry["particles"]["shape"] == "cube"
        assert read_image(folder / "labels" / name).to_numpy().max() == entry["count"]
        assert "tem" not in entry and entry["sem"]["dose"] > 0
        assert calibration_of(read_image(folder / "images" / name)).pixel_width == pytest.approx(
            entry["pixel_size"], rel=1e-6
        )


def test_image_depends_on_seed_and_number_alone(tmp_path):
    few, more = write(tmp_path / "few", 2), write(tmp_path / "more", 3)
    few, more = content(few), content(more)
    assert set(few) < set(more)
    assert all(more[name] == data for name, data in few.items() if name != MANIFEST)
    assert content(write(tmp_path / "other", 2, seed=2)) != few


def test_nothing_is_overwritten_unasked_and_nothing_foreign_ever(tmp_path):
    folder = write(tmp_path / "set")
    before = content(folder)
    with pytest.raises(OutputError, match="is not empty and was kept"):
        write(folder, seed=2)
    assert content(folder) == before
    write(folder, seed=2, overwrite=True)
    assert content(folder) != before
    (folder / "images" / "mine.tif").write_bytes(b"mine")
    before = content(folder)
    with pytest.raises(OutputError, match=r"of another origin, such as images/mine.tif"):
        write(folder, seed=3, overwrite=True)
    assert content(folder) == before
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.tif").write_bytes(b"a")
    with pytest.raises(OutputError, match="holds no simulated images"):
        write(tmp_path / "real", overwrite=True)


def test_a_failure_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    folder = write(tmp_path / "set")
    before = content(folder)

    def full(path, *_):
        if path.name.endswith("0002.tif"):
            raise OSError(28, "No space left on device")
        path.write_bytes(b"")

    monkeypatch.setattr(dataset, "write_tiff", full)
    for target in (folder, tmp_path / "fresh"):
        with pytest.raises(OutputError, match="No space left"):
            write(target, seed=5, overwrite=True)
    assert content(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_counts_that_make_no_sense_are_refused(tmp_path):
    with pytest.raises(InputError, match="count=0 must be at least 1"):
        write(tmp_path / "set", count=0)
    assert not list(tmp_path.iterdir())


def test_command_line(tmp_path, capsys):
    words = ["synth", str(tmp_path / "set"), "-n", "2", "--size", "64", "--modality", "tem"]
    words += ["--min-diameter", "8", "--max-diameter", "16", "--plain"]
    assert main(words) == 0
    assert "wrote 2 micrographs" in capsys.readouterr().out
    assert len(list((tmp_path / "set" / "images").iterdir())) == 2
    assert main(words) == 1
    assert "is not empty and was kept" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    assert main([*words, "--overwrite", "--shape", "blob"]) == 1
    assert "shape blob is unknown; known are sphere" in capsys.readouterr().err


def test_a_micrograph_can_be_made_again_from_the_manifest(tmp_path):
    from nanoseg_fiji.synthesis.dataset import config_from

    folder = write(tmp_path / "set")
    for name, entry in json.loads((folder / MANIFEST).read_text())["images"].items():
        again = simulate(config_from(entry), entry["seed"])
        np.testing.assert_array_equal(again.image, read_image(folder / "images" / name).to_numpy())
        np.testing.assert_array_equal(again.labels, read_image(folder / "labels" / name).to_numpy())
