"""Summaries."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

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
