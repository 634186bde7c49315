"""Sizes from many tables: reading, units, groups, intervals by image, comparison, warnings, files."""

from __future__ import annotations

import json
import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nanoseg_fiji.errors import InputError, OutputError
from nanoseg_fiji.particles.bootstrap import bootstrap
from nanoseg_fiji.particles.comparison import difference_of_medians, distance
from nanoseg_fiji.particles.size_output import FILES, curves, report_table, report_text, write_report
from nanoseg_fiji.particles.size_report import describe_sizes
from nanoseg_fiji.particles.size_tables import join_sizes, load_sizes, sizes_of
from nanoseg_fiji.particles.table import read_csv, write_csv

if TYPE_CHECKING:
    from pathlib import Path


def table_of(seed: int = 0, count: int = 50, image: str = "a.tif", factor: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    labels = pd.Index([f"{image}:0001-{i:05d}" for i in range(count)], name="Label", dtype=object)
    table = pd.DataFrame(
        {"ECD": factor * rng.lognormal(3, 0.25, count), "Slice": 1, "Weight": 1.1}, index=labels
    )
    table.attrs = {"units": {"ECD": "nm"}}
    return table


@pytest.mark.parametrize("decimal_comma", [False, True])
def test_csv_is_read_as_it_was_written(tmp_path: Path, decimal_comma: bool) -> None:
    table = table_of()
    table["Note"] = "a, b; c"
    table.loc[table.index[3], "ECD"] = math.nan
    write_csv(table, tmp_path / "t.csv", decimal_comma=decimal_comma)
    first, second = (tmp_path / "t.csv").read_text().splitlines()[:2]
    assert first == (
        "Label;ECD (nm);Slice;Weight;Note" if decimal_comma else "Label,ECD (nm),Slice,Weight,Note"
    )
    assert (";1,1;" in second) == decimal_comma
    read = read_csv(tmp_path / "t.csv")
    np.testing.assert_allclose(read["ECD"], table["ECD"], rtol=1e-5)
    assert list(read.index) == list(table.index) and set(read["Note"]) == {"a, b; c"}
    assert read.attrs["units"] == {"ECD": "nm", "Slice": "", "Weight": "", "Note": ""}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (" ,Label,Area,ECD (µm)\n1,a:1,3,0.5\n2,a:2,4,0.25\n", "utf-8-sig"),
        ("Label\tECD (µm)\na:1\t0,5\na:2\t0,25\n", "latin-1"),
        ("ECD (µm)\n0.5\n0.25\n", "utf-8"),
    ],
)
def test_tables_of_imagej_and_of_spreadsheets(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding=encoding)
    sizes = load_sizes([path])
    assert list(sizes["size"]) == [0.5, 0.25] and sizes.attrs["unit"] == "µm"
    assert set(sizes["image"]) == ({"a"} if "a:1" in text else {""})
    assert any("does not say which particles touch the edge" in note for note in sizes.attrs["notes"])


def test_units_are_those_of_the_first_table() -> None:
    nm, um = table_of(1), table_of(1, factor=1e-3)
    um.attrs = {"units": {"ECD": "μm"}}
    joined = join_sizes([sizes_of(nm), sizes_of(um)])
    half = len(nm)
    np.testing.assert_allclose(joined["size"][:half], joined["size"][half:], rtol=1e-12)
    um.attrs = {"units": {"ECD": "pixel"}}
    with pytest.raises(InputError, match="sizes in pixel and in nm cannot be compared"):
        join_sizes([sizes_of(nm), sizes_of(um)])


def test_a_column_names_the_unit() -> None:
    table = pd.DataFrame({"Image": ["a", "b"], "Unit": "nm", "ECD": [1.0, 2.0]}, index=["a:1", "b:1"])
    assert sizes_of(table).attrs["unit"] == "nm" and list(sizes_of(table)["image"]) == ["a", "b"]
    with pytest.raises(InputError, match="rows in nm and in µm in one table"):
        sizes_of(table.assign(Unit=["nm", "µm"]))


def test_what_is_no_size_is_left_out_and_said() -> None:
    table = table_of()
    table["Edge"] = 0
    table.iloc[0, table.columns.get_loc("Edge")] = 1
    table.iloc[1:3, table.columns.get_loc("ECD")] = [math.nan, 0.0]
    found = sizes_of(table.drop(columns="Weight"))
    assert len(found) == len(table) - 2 and (found["weight"] == 0).sum() == 1
    assert any("2 rows without a size" in note for note in found.attrs["notes"])
    areas = sizes_of(pd.DataFrame({"Area (nm^2)": [math.pi]}, index=["a:1"]))
    assert areas["size"][0] == pytest.approx(2) and areas.attrs["unit"] == "nm"
    with pytest.raises(InputError, match="the x has no MinFeret column"):
        sizes_of(table, name="x", size="MinFeret")


def test_a_folder_is_a_group_and_an_image_in_two_tables_counts_once(tmp_path: Path) -> None:
    for folder, seed in (("control", 0), ("treated", 5)):
        for i in range(3):
            path = tmp_path / folder / f"sub{i}" / "x_particles.csv"
            path.parent.mkdir(parents=True)
            write_csv(table_of(seed + i, image=f"{i}.tif"), path)
    both = pd.concat([read_csv(tmp_path / "control" / f"sub{i}" / "x_particles.csv") for i in range(2)])
    both.attrs = {"units": {"ECD": "nm"}}
    write_csv(both, tmp_path / "control" / "all_particles.csv")
    sizes = load_sizes([tmp_path / "control", tmp_path / "treated"])
    assert sizes.groupby("table").size().to_dict() == {"control": 150, "treated": 150}
    assert any("in two tables of control" in note for note in sizes.attrs["notes"])
    report = describe_sizes(sizes)
    assert [(g.name, g.images) for g in report.rows] == [("control", 3), ("treated", 3), ("all", 6)]
    by_image = describe_sizes(sizes, compare="image")
    assert "control: 0.tif" in [group.name for group in by_image.groups] and len(by_image.groups) == 6
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"has no tables \(\*_particles.csv\)"):
        load_sizes([tmp_path / "empty"])


def test_a_column_names_the_groups() -> None:
    table = table_of(count=40).assign(Condition=["x", "y"] * 20)
    report = describe_sizes(join_sizes([sizes_of(table)]))
    assert [group.name for group in report.groups] == ["x", "y"]
    assert report.groups[0].distribution.count == 20


def test_the_standard_error_is_that_of_image_means() -> None:
    """For the mean of equally many particles an image, clusters drawn have the error of a mean of means."""
    rng = np.random.default_rng(0)
    level = rng.normal(100, 10, 12)
    x = (level[:, None] + rng.normal(0, 1, (12, 30))).ravel()
    units = np.repeat(np.arange(12), 30)
    found = bootstrap(x, np.ones(360), units, "number")
    means = x.reshape(12, 30).mean(axis=1)
    assert found.errors["mean"] == pytest.approx(stats.sem(means), rel=0.15)
    low, high = stats.t.interval(0.95, 11, means.mean(), stats.sem(means))
    assert (found.low["mean"], found.high["mean"]) == pytest.approx((low, high), rel=0.02)
    particles = bootstrap(x, np.ones(360), np.arange(360), "number")
    assert particles.errors["mean"] == pytest.approx(stats.sem(x), rel=0.15)
    assert found.errors["mean"] > 3 * particles.errors["mean"]


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for i in range(150):
        x = np.exp(rng.normal(0, 0.1, 4).repeat(25) + rng.normal(0, 0.3, 100))
        found = bootstrap(x, np.ones(100), np.arange(4).repeat(25), "number", seed=i)
        hits += found.low["D50"] <= 1 <= found.high["D50"]
    assert 0.88 < hits / 150 <= 1


def test_slices_of_a_stack_are_one_image() -> None:
    table = table_of(count=90)
    table["Slice"] = np.arange(90) % 3 + 1
    sizes = join_sizes([sizes_of(table)])
    (series,) = describe_sizes(sizes).groups
    assert math.isnan(series.intervals.low["D50"])
    assert any("its slices are not independent: there are no intervals" in text for text in series.warnings)
    assert describe_sizes(sizes, independent="slice").total.intervals.units == 3
    assert describe_sizes(sizes, independent="particle").total.intervals.units == 90
    (one,) = describe_sizes(join_sizes([sizes_of(table_of())])).groups
    assert one.intervals.units == 50
    assert any("one image: the intervals take its particles for independent" in text for text in one.warnings)


def test_distance_is_scipys_and_deals_every_way() -> None:
    rng = np.random.default_rng(2)
    x = np.round(rng.normal(20, 3, 70), 1)  # with ties
    units = np.repeat(np.arange(7), 10)
    second = np.array([False] * 3 + [True] * 4)
    found, p = distance(x, np.ones(70), units, second)
    in_second = second[units]
    assert found == pytest.approx(stats.ks_2samp(x[~in_second], x[in_second]).statistic, abs=1e-12)
    ways = [np.isin(units, way) for way in combinations(range(7), 4)]
    every = [stats.ks_2samp(x[~way], x[way]).statistic for way in ways]
    assert p == pytest.approx(np.mean(np.array(every) >= found - 1e-9), abs=1e-12)
    assert math.isnan(distance(x, np.ones(70), units, np.arange(7) == 0)[1])


def test_distance_of_many_units_draws_ways() -> None:
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(20, 3, 60), rng.normal(20, 3, 60)])
    _, p = distance(x, np.ones(120), np.arange(120), np.arange(120) >= 60)
    assert p == pytest.approx(stats.ks_2samp(x[:60], x[60:]).pvalue, abs=0.06)


def test_difference_of_medians_is_welchs() -> None:
    rng = np.random.default_rng(4)
    samples = [rng.normal(20, 1, 400), rng.normal(22, 3, 300)]
    spreads = [bootstrap(x, np.ones(len(x)), np.arange(len(x)), "number") for x in samples]
    medians = (float(np.median(samples[0])), float(np.median(samples[1])))
    found = difference_of_medians(medians, (spreads[0], spreads[1]))
    # the median of n normal values has the variance pi sd^2 / (2 n)
    error = math.sqrt(math.pi / 2 * (1 / 400 + 9 / 300))
    assert found.value == pytest.approx(medians[1] - medians[0])
    assert found.high - found.low == pytest.approx(2 * 1.97 * error, rel=0.25)


def test_two_conditions_that_differ_and_two_that_do_not(tmp_path: Path) -> None:
    for name, seed, factor in (("a", 0, 1.0), ("b", 10, 1.3), ("c", 20, 1.0)):
        for i in range(5):
            path = tmp_path / name / f"{i}_particles.csv"
            path.parent.mkdir(exist_ok=True)
            write_csv(table_of(seed + i, 80, f"{i}.tif", factor), path)
    differ = describe_sizes(load_sizes([tmp_path / "a", tmp_path / "b"])).comparison
    assert differ["D50_difference_low"] > 2 and differ["KS_p_value"] == pytest.approx(2 / 252)
    same = describe_sizes(load_sizes([tmp_path / "a", tmp_path / "c"])).comparison
    assert same["D50_difference_low"] < 0 < same["D50_difference_high"] and same["KS_p_value"] > 0.05
    assert describe_sizes(load_sizes([tmp_path / "a"])).comparison == {}


def test_warnings_tell_what_would_do() -> None:
    sizes = join_sizes([sizes_of(table_of(count=60))])
    (group,) = describe_sizes(sizes, basis="volume", precision=2).groups
    few, alone = group.warnings
    assert (
        "60 particles are too few to be within 2 % (95 %)" in few
        and "by ISO 13322-1" in few
        and "D90 about" in few
    )
    assert "one image" in alone
    broad = table_of(count=60)
    broad["ECD"] **= 3  # a GSD of 2.1
    (group,) = describe_sizes(join_sizes([sizes_of(broad)]), basis="volume").groups
    assert any("of 60 particles hold half of the volume" in text for text in group.warnings)
    report = describe_sizes(sizes, basis="volume")
    assert any(text.startswith("volume is that of spheres") for text in report.messages)
    many = join_sizes([sizes_of(table_of(count=4000))])
    assert not any("too few" in text for text in describe_sizes(many).messages)


@pytest.mark.parametrize(
    ("choice", "match"),
    [
        ({"basis": "mass"}, "unknown basis 'mass'"),
        ({"compare": "sample"}, "unknown choice 'sample': known are auto, image"),
        ({"independent": "x"}, "unknown choice 'x': known are image, slice"),
        ({"precision": 0}, "precision=0 must lie between"),
    ],
)
def test_choices_that_are_none(choice: dict, match: str) -> None:
    with pytest.raises(InputError, match=match):
        describe_sizes(join_sizes([sizes_of(table_of())]), **choice)


def test_files_hold_what_the_report_says(tmp_path: Path) -> None:
    parts = [sizes_of(table_of(i, image=f"{i}.tif")) for i in range(12)]
    report = describe_sizes(join_sizes(parts), basis="area")
    paths = write_report(report, tmp_path, "x", decimal_comma=True, provenance={"package": "here"})
    assert [path.name for path in paths] == [f"x_{name}" for name in FILES]
    table = report_table(report)
    read = read_csv(paths[0]).set_index("Group")
    np.testing.assert_allclose(read["D90_high"], table["D90_high"], rtol=1e-5)
    assert list(read.index) == [*(f"{i}.tif" for i in range(12)), "all"]
    assert [curve["name"] for curve in curves(report)] == ["all"]  # twelve are too many for a plot
    histogram = read_csv(paths[2])
    np.testing.assert_allclose(histogram.groupby("Group")["share"].sum(), 1, rtol=1e-4)
    assert histogram.attrs["units"]["q2"] == "1/nm"
    cumulative = read_csv(paths[1])
    assert cumulative.groupby("Group")["Q2"].apply(lambda level: level.is_monotonic_increasing).all()
    assert paths[3].read_bytes()[:4] == b"\x89PNG" and b"<svg" in paths[4].read_bytes()[:600]
    content = json.loads(paths[5].read_text())
    assert content["groups"][-1]["Count"] == 600 and content["provenance"] == {"package": "here"}
    assert "all: 600 particles in 12 images" in report_text(report)
    with pytest.raises(OutputError, match="already and was kept"):
        write_report(report, tmp_path, "x")
