# ruff: noqa: E501 - macros read best on one line
"""What ImageJ and Fiji need of a script's header, and what users need of it."""

from __future__ import annotations

import re

import pytest

from nanoseg_fiji.resources import scripts_dir
from nanoseg_fiji.training.defaults import MINUTES, STEPS

FOLDER = scripts_dir() / "Plugins" / "NanoSeg"
SCRIPTS = sorted(path for path in FOLDER.iterdir() if path.is_file())
INPUT = re.compile(r"#@ (\w+) \((.*)\) (\w+)")
LENGTHS = {"diameter", "min_ecd", "max_ecd", "tolerance", "crop_bottom"}


def inputs(path):
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#@")]
    matches = [INPUT.fullmatch(line) for line in lines]
    assert all(matches), lines
    return {m[3]: (m[1], m[2]) for m in matches}


def keys(path):
    return {name: attributes for name, (kind, attributes) in inputs(path).items() if kind != "ImagePlus"}


def test_the_commands_are_there():
    assert {path.name for path in SCRIPTS} == {
        "Add_Drawn_Particle.groovy",
        "Batch_Folder....groovy",
        "Evaluate_Against_ROIs....groovy",
        "Filter_Particles....groovy",
        "Fine-tune_Model....groovy",
        "Labels_to_ROI_Manager.groovy",
        "Measure_Particles....groovy",
        "Merge_ROIs.groovy",
        "NanoSeg_Add_to_Training_Set....groovy",
        "NanoSeg_Help.groovy",
        "NanoSeg_Models....groovy",
        "NanoSeg_Report....groovy",
        "NanoSeg_Set_Up....groovy",
        "NanoSeg_Undo.groovy",
        "Particle_Size_Distribution....py",
        "ROI_Manager_to_Labels.groovy",
        "Segment_Particles....groovy",
        "Set_Scale_from_Metadata_or_Scale_Bar....groovy",
        "Split_ROI_with_Line.groovy",
        "Split_Touching_Particles....groovy",
    }


def test_segment_has_the_documented_keys():
    documented = (
        "model diameter pixel split tolerance min_ecd max_ecd min_score crop_bottom exclude_edges stack channel "
        "slices frames clear manager overlay label_image results summary colour output device decimal_comma overwrite preview"
    )
    assert list(keys(FOLDER / "Segment_Particles....groovy")) == documented.split()


def test_fine_tuning_starts_with_the_defaults_of_training():
    attributes = keys(FOLDER / "Fine-tune_Model....groovy")
    assert re.search(r"\bvalue=([\d.]+)", attributes["steps"])[1] == str(STEPS)
    assert float(re.search(r"\bvalue=([\d.]+)", attributes["minutes"])[1]) == MINUTES


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
class TestHeader:
    def test_no_name_ends_another(self, path):
        # Macro.getValue finds diameter= inside min_diameter=, for the image's own name too
        names = list(inputs(path))
        assert not [(a, b) for a in names for b in names if a != b and a.endswith(b)]
        assert all(re.fullmatch("[a-z][a-z_]*", name) for name in names)

    def test_nothing_is_remembered(self, path):
        assert [name for name, attributes in keys(path).items() if "persist=false" not in attributes] == []

    def test_labels_begin_with_the_key_and_all_is_described(self, path):
        for name, attributes in keys(path).items():
            label = re.search(r'label="([^"]*)"', attributes)[1]
            assert re.match(rf"{name}\b", label), label
            assert len(label) <= 60, label
            assert re.search(r'description="[^"]{20,}"', attributes), name
            if name in LENGTHS:
                assert re.search(r"\((unit|px)\b", label), label

    def test_every_value_has_a_default(self, path):
        assert [name for name, attributes in keys(path).items() if "value=" not in attributes] == []

    def test_a_dialog_is_announced_by_dots(self, path):
        assert ("..." in path.name) == bool(keys(path))

    def test_jython_is_declared(self, path):
        if path.suffix == ".py":
            assert path.read_text(encoding="utf-8").startswith("#!jython\n")
