"""Summaries and size distributions."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.distribution import size_distribution
from nanoseg_fiji.particles.measure import measure
from nanoseg_fiji.particles.summary import format_summary, summarise
from nanoseg_fiji.particles.weighted import effective_size, mean_and_deviation, quantiles
from nanoseg_fiji.types import Calibration

NM = Calibration(0.5, 0.5, "nm")


def table_of(
    ecd: np.ndarray, weight: np.ndarray | None = None, calibration: Calibration = NM
) -> pd.DataFrame:
    weight = np.ones(len(ecd)) if weight is None else weight
    table = pd.DataFrame(
        {"ECD": ecd, "MinFeret": 0.9 * ecd, "Edge": (weight == 0).astype(int), "Weight": weight}
    )
    table.attrs = {"calibration": calibration, "image": "a.tif"}
    return table


def test_equal_weights_give_the_usual_statistics() -> None:
    ecd = np.random.default_rng(0).normal(20, 3, 150)
    found = summarise(table_of(ecd))
    assert (found["counted"], found["edge"], found["unit"], found["image"]) == (150, 0, "nm", "a.tif")
    assert found["ECD_mean"] == pytest.approx(ecd.mean())
    assert found["ECD_SD"] == pytest.approx(ecd.std(ddof=1))
    assert found["ECD_median"] == pytest.approx(np.median(ecd))
    low, high = stats.t.interval(0.95, 149, ecd.mean(), stats.sem(ecd))
    assert (found["ECD_CI95_low"], found["ECD_CI95_high"]) == pytest.approx((low, high))
    d10, d90 = np.quantile(ecd, (0.1, 0.9), method="hazen")
    assert (found["ECD_D10"], found["ECD_D90"]) == pytest.approx((d10, d90))
    assert found["MinFeret_mean"] == pytest.approx(0.9 * ecd.mean())
    assert found["warnings"] == []


def test_weights_count_as_repetitions_and_the_edge_not_at_all() -> None:
    ecd = np.array([10.0, 20.0, 30.0, 999.0])
    found = summarise(table_of(ecd, np.array([2.0, 1.0, 1.0, 0.0])), too_small=4)
    assert (found["counted"], found["edge"], found["too_small"]) == (3, 1, 4)
    assert found["ECD_mean"] == pytest.approx(np.mean([10, 10, 20, 30]))
    plain = summarise(table_of(ecd, np.array([2.0, 1.0, 1.0, 0.0])), weighted=False)
    assert plain["ECD_mean"] == pytest.approx(20) and plain["ECD_SD"] == pytest.approx(10)
    assert effective_size(np.array([2.0, 1.0, 1.0])) == pytest.approx(16 / 6)


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        found = summarise(table_of(rng.normal(20, 3, 30), rng.uniform(1, 2, 30)))
        hits += found["ECD_CI95_low"] <= 20 <= found["ECD_CI95_high"]
    assert 0.92 < hits / 400 < 0.98


@pytest.mark.parametrize(
    ("calibration", "match"),
    [
        (Calibration(), "pixel size is missing"),
        (Calibration(1 / 72, 1 / 72, "inch"), "in inch"),
        (Calibration(0.5, 0.6, "nm"), "not square"),
    ],
)
def test_warnings_about_the_pixel_size(calibration: Calibration, match: str) -> None:
    found = summarise(table_of(np.full(120, 1e4), calibration=calibration))
    assert len(found["warnings"]) == 1 and match in found["warnings"][0]


def test_warnings_about_the_particles() -> None:
    few, small = summarise(table_of(np.array([4.9, 5.1, 8.0])))["warnings"]
    assert "only 3 particles" in few and "1 of 3 particles are under 10 px" in small


def test_no_particles_at_all() -> None:
    table = measure(np.zeros((5, 5), dtype=int), np.zeros((5, 5)), NM, image_name="b.tif")
    found = summarise(table)
    assert found["counted"] == 0 and math.isnan(found["ECD_mean"]) and math.isnan(found["ECD_D10"])
    assert format_summary(found).splitlines() == [
        "b.tif: 0 particles counted, 0 at the edge, 0 too small",
        "Warning: no particle was counted: there are no statistics",
    ]


def test_one_particle_has_a_mean_but_no_spread() -> None:
    found = summarise(table_of(np.array([20.0])))
    assert found["ECD_mean"] == found["ECD_D10"] == 20 and math.isnan(found["ECD_SD"])
    assert "ECD: mean 20, median 20, D10 20, D90 20 nm" in format_summary(found)


def test_the_text_says_what_the_numbers_say() -> None:
    ecd = np.linspace(10, 30, 201)
    text = format_summary(summarise(table_of(ecd), too_small=2))
    d10, d90 = (f"{value:.4g}" for value in np.quantile(ecd, (0.1, 0.9), method="hazen"))
    assert text.splitlines() == [
        "a.tif: 201 particles counted, 0 at the edge, 2 too small",
        f"ECD: mean 20 (95 % 19.19 to 20.81), SD 5.817, median 20, D10 {d10}, D90 {d90} nm",
        text.splitlines()[2],
    ]
    assert text.splitlines()[2].startswith("MinFeret: mean 18 ")


def test_quantiles_of_weighted_values() -> None:
    values, weights = np.array([3.0, 1.0, 2.0, 50.0]), np.array([1.0, 1.0, 2.0, 0.0])
    assert quantiles(values, weights, (0.0, 0.5, 1.0)) == [1.0, 2.0, 3.0]
    assert np.isnan(quantiles(values, weights * 0, (0.5,))).all()
    assert np.isnan(mean_and_deviation(values, weights * 0)).all()


def test_log_normal_sizes_are_recognised() -> None:
    ecd = np.random.default_rng(2).lognormal(math.log(20), math.log(1.4), 3000)
    found = size_distribution(ecd)
    assert found.geometric_mean == pytest.approx(20, rel=0.02) and found.gsd == pytest.approx(1.4, rel=0.02)
    assert found.p_value > 0.05
    assert (found.d10, found.d50, found.d90) == pytest.approx(
        tuple(np.quantile(ecd, (0.1, 0.5, 0.9), method="hazen"))
    )
    centres = (found.edges[:-1] + found.edges[1:]) / 2
    assert found.shares.sum() == pytest.approx(1)
    assert np.abs(found.density - found.fitted_density(centres)).max() < 0.15 * found.density.max()


def test_two_populations_are_not_log_normal() -> None:
    rng = np.random.default_rng(3)
    found = size_distribution(np.concatenate([rng.normal(10, 0.5, 150), rng.normal(30, 1, 150)]))
    assert found.p_value < 0.005 and found.ks_statistic > 0.2


def test_p_values_are_uniform_where_the_distribution_is_log_normal() -> None:
    """Kolmogorov's own tables would give hardly any below 0.3, because the fit was made to the data."""
    rng = np.random.default_rng(4)
    p = [size_distribution(rng.lognormal(3, 0.3, 60), rng.uniform(1, 1.5, 60)).p_value for _ in range(120)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_the_statistic_is_the_usual_one() -> None:
    ecd = np.random.default_rng(5).lognormal(3, 0.3, 40)
    logs = np.log(ecd)
    expected = stats.kstest(logs, "norm", args=(logs.mean(), logs.std(ddof=1))).statistic
    assert size_distribution(ecd).ks_statistic == pytest.approx(expected)
    assert size_distribution(np.repeat(ecd, 2)).ks_statistic == pytest.approx(
        size_distribution(ecd, np.full(40, 2.0)).ks_statistic, rel=0.05
    )


def test_weight_nought_leaves_out_and_the_rest_counts_by_weight() -> None:
    found = size_distribution([10.0, 20.0, 40.0, 0.0], [1.0, 2.0, 1.0, 0.0])
    assert found.count == 3 and found.d50 == 20
    assert found.geometric_mean == pytest.approx(20)
    plain = found.as_dict()
    assert json.loads(json.dumps(plain)) == plain and plain["GSD"] == found.gsd


@pytest.mark.parametrize("ecd", [[], [5.0], [5.0, 5.0, 5.0]])
def test_too_few_for_a_fit(ecd: list[float]) -> None:
    found = size_distribution(ecd)
    assert found.count == len(ecd) and math.isnan(found.p_value)
    assert found.shares.sum() == pytest.approx(min(len(ecd), 1))
    assert math.isnan(found.d50) if not ecd else found.d50 == 5


@pytest.mark.parametrize(
    ("ecd", "weights", "match"),
    [
        ([1.0, 0.0], None, "above 0"),
        ([1.0, math.nan], None, "above 0"),
        ([1.0, 2.0], [1.0], "1 weights for 2"),
        ([1.0], [-1.0], "not negative"),
        ([1.0], [math.nan], "finite"),
    ],
)
def test_what_is_no_distribution(ecd: list[float], weights: list[float] | None, match: str) -> None:
    with pytest.raises(InputError, match=match):
        size_distribution(ecd, weights)
