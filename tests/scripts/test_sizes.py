# ruff: noqa: E501 - macros read best on one line
"""*Particle Size Distribution...*, headless, from macros."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.particles.distribution import size_distribution
from nanoseg_fiji.particles.table import read_csv, write_csv

from .conftest import options, status
from .test_labels import discs, save

pytestmark = pytest.mark.jvm
FILES = ["sizes.csv", "size_curves.csv", "size_histogram.csv", "sizes.png", "sizes.svg", "sizes.json"]


def sizes(**keys):
    return f'run("Particle Size Distribution...", "{options(**keys)}");'


def table(seed, count=60, images=1):
    rng = np.random.default_rng(seed)
    labels = [f"im:{i % images}.tif:0001-{i:05d}" for i in range(count)]
    frame = {"ECD": rng.lognormal(3, 0.3, count), "Weight": rng.uniform(0.9, 1.5, count)}
    return pd.DataFrame({"Label": labels, **frame})


def test_of_the_results_table(host, run, tmp_path):
    rows = table(3, 200, images=4)
    rows.loc[:19, "Weight"] = 0
    host.show_table(rows)
    out = run(
        'newImage("m.tif", "8-bit ramp", 60, 50, 1); run("Set Scale...", "distance=2 known=1 unit=nm");',
        sizes(basis="volume", output=tmp_path / "größen"),
        'out = out + nImages + " " + getTitle + " " + getInfo("nanoseg.status") + getInfo("nanoseg.count");',
    )
    expected = size_distribution(rows["ECD"], rows["Weight"], "volume").as_dict()
    assert out == [f"1 m.tif ok{expected['count']}"]
    folder = tmp_path / "größen"
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"m_{name}" for name in FILES)
    found = read_csv(folder / "m_sizes.csv")
    assert found["Group"].tolist() == ["im:0.tif", "im:1.tif", "im:2.tif", "im:3.tif", "all"]
    for name in ("D10", "D50", "D90", "mean", "Sauter", "geometric_mean", "GSD", "KS", "p_value"):
        assert found[name].iloc[-1] == pytest.approx(expected[name], rel=1e-5), name
    assert found.attrs["units"]["D50"] == "nm"
    assert (found["Images"].tolist(), found["Edge"].sum()) == ([1, 1, 1, 1, 4], 40)
    assert (folder / "m_sizes.png").read_bytes()[:4] == b"\x89PNG"


def test_two_folders_compared_with_decimal_commas(run, tmp_path, capfd):
    for name, seed, factor in (("control", 0, 1.0), ("treated", 9, 1.5)):
        (tmp_path / name).mkdir()
        for i in range(4):
            rows = table(seed + i).set_index("Label")
            rows["ECD"] *= factor
            rows.attrs = {"units": {"ECD": "nm"}}
            write_csv(rows, tmp_path / name / f"{i}_particles.csv", decimal_comma=True)
    run(sizes(tables=f"{tmp_path}/control; {tmp_path}/treated", output=tmp_path / "out", decimal_comma=True))
    header, *rows = (tmp_path / "out" / "tables_sizes.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("Group;Images;Count;Edge;Basis;D10 (nm);")
    assert [row.split(";")[:3] for row in rows] == [
        ["control", "4", "240"],
        ["treated", "4", "240"],
        ["all", "8", "480"],
    ]
    assert "," in rows[0].split(";")[5] and "." not in rows[0]
    found = json.loads((tmp_path / "out" / "tables_sizes.json").read_text())["comparison"]
    assert found["D50_difference_low"] > 5 and found["KS_p_value"] == pytest.approx(2 / 70)
    assert "treated less control: D50 +" in capfd.readouterr().out


def test_of_rois(run, tmp_path):
    path = save(tmp_path / "mask.tif", discs().astype(np.uint8) * 255)
    out = run(
        f'setOption("BlackBackground", true); open("{path}"); run("Split Touching Particles...", "");',
        'run("Clear Results");' + sizes(source="ROI Manager"),
        'out = out + getInfo("nanoseg.status") + getInfo("nanoseg.count");',
    )
    # the edge keeps what touches it out of the count
    assert out[0].startswith("ok") and 3 <= int(out[0][2:]) <= 6


def test_of_imagejs_own_particle_analysis(host, run, tmp_path):
    path = save(tmp_path / "mask.tif", discs().astype(np.uint8) * 255)
    run(
        f'setOption("BlackBackground", true); open("{path}"); setThreshold(128, 255); run("Set Measurements...", "area redirect=None");',
        'run("Analyze Particles...", "display clear");' + sizes(output=tmp_path / "out"),
    )
    areas = host.results()["Area"]
    found = read_csv(tmp_path / "out" / "mask_sizes.csv")
    assert found["mean"].iloc[0] == pytest.approx(np.sqrt(4 * areas / np.pi).mean(), rel=1e-5)


def test_needs_sizes(host, run):
    with pytest.raises(ImageJError, match="the Results table has no ECD column"):
        run(sizes())
    assert status()["error"].startswith("the Results table")
    with pytest.raises(ImageJError, match="no image is open"):
        run(sizes(source="ROI Manager"))
    host.show_table(table(0))
    with pytest.raises(ImageJError, match="there are no particles to count"):
        host.show_table(table(0).assign(Weight=0.0))
        run(sizes())


def test_keeps_files(host, run, tmp_path):
    host.show_table(table(0))
    (tmp_path / "results_sizes.png").write_text("mine")
    with pytest.raises(ImageJError, match="already and was kept"):
        run(sizes(output=tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    run(sizes(output=tmp_path, overwrite=True))
    assert len(list(tmp_path.iterdir())) == len(FILES)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ImageJError, match=r"cannot write to .*: choose another folder"):
        run(sizes(output=file / "x"))
