"""The commands between labels, ROIs and tables: measurements and size distributions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nanoseg_fiji import service


def test_labels_to_rois_and_back(ask, scene):
    own = np.where(scene.labels == 3, 700, scene.labels)
    there = ask("labels_to_rois", image=scene.image(), labels=own, start=10)
    assert there["count"] == 4
    back = ask("rois_to_labels", image=scene.image(), rois=there["rois"])
    np.testing.assert_array_equal(back["labels"], own)
    by_shape = ask("rois_to_labels", rois=there["rois"], shape=[1, *scene.labels.shape])
    np.testing.assert_array_equal(by_shape["labels"], own[None])


def test_measure_labels_and_rois_alike(ask, scene, column):
    rois = ask("labels_to_rois", image=scene.image(), labels=scene.labels, start=30)["rois"]
    by_labels = ask("measure", image=scene.image(), labels=scene.labels)
    by_rois = ask("measure", image=scene.image(), rois=rois)
    assert by_rois["table"]["labels"] == [f"spheres 1.tif:0001-{i:05d}" for i in range(31, 35)]
    for one, other in zip(by_labels["table"]["columns"], by_rois["table"]["columns"], strict=True):
        np.testing.assert_array_equal(one["values"], other["values"])
    assert by_labels["count"] == 4
    assert by_labels["summary"]["counted"] == 4
    expected = [scene.pixels[scene.labels == i].mean() for i in range(1, 5)]
    np.testing.assert_allclose(column(by_rois, "Mean"), expected)


def test_measure_says_where_rois_overlap(ask, scene, tmp_path):
    one = np.where(scene.labels == 1, 1, 0)
    two = ask("labels_to_rois", labels=np.stack([one, one]))["rois"]  # the same place, on two slices
    response = ask("measure", image=scene.image(), rois=two, output=str(tmp_path))
    assert response["count"] == 1
    assert any("more than one ROI" in m for m in response["messages"])
    assert any("1 ROIs have no pixels" in m for m in response["messages"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["spheres 1_particles.csv", "spheres 1_run.json"]
    assert len(pd.read_csv(tmp_path / "spheres 1_particles.csv")) == 1


def test_size_distribution(ask, tmp_path):
    diameters = np.exp(np.random.default_rng(0).normal(np.log(20), np.log(1.3), 4000))
    tables = [{"columns": [{"name": "ECD (nm)", "values": diameters}], "labels": []}]
    response = ask("size_distribution", params={"tables": tables, "name": "a.tif"}, output=str(tmp_path))
    summary = response["summary"]
    assert summary["geometric_mean"] == pytest.approx(20, rel=0.03)
    assert summary["GSD"] == pytest.approx(1.3, rel=0.03)
    assert (summary["unit"], response["count"]) == ("nm", 4000)
    assert "D50" in response["summary_text"]
    assert {c["name"]: c["unit"] for c in response["table"]["columns"]}["D90"] == "nm"
    (curve,) = response["curves"]
    assert (curve["density"] * np.diff(curve["edges"])).sum() == pytest.approx(1)
    assert {Path(path).name for path in response["files"]} == {p.name for p in tmp_path.iterdir()}
    again = service.run(
        {
            "command": "size_distribution",
            "params": {"tables": tables, "name": "a.tif"},
            "output": str(tmp_path),
        }
    )
    assert again["status"] == "error" and "already and was kept" in again["error"]
