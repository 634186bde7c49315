"""Size distributions by number, area and volume: figures, fit, and the particles that they need."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import integrate, stats

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.particles.distribution import size_distribution
from nanoseg_fiji.particles.moments import BASES, figures, mean_diameter
from nanoseg_fiji.particles.needed import iso_particles_needed, particles_needed, relative_variance


def sample(seed: int = 0, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.lognormal(3, 0.3, count), rng.uniform(1, 1.6, count)


@pytest.mark.parametrize("basis", BASES)
def test_figures_are_those_of_repeated_particles(basis: str) -> None:
    """A particle of weight k by number is k particles; by area or volume, of that many parts each."""
    x = np.array([1.0, 2.0, 2.0, 3.0, 5.0])
    weights = np.array([4.0, 1.0, 2.0, 3.0, 1.0])
    many = np.repeat(x, weights.astype(int))
    found = figures(x, weights, basis)
    power = BASES[basis]
    assert found["mean"] == pytest.approx(np.average(many, weights=many**power), rel=1e-12)
    assert found["Sauter"] == pytest.approx((many**3).sum() / (many**2).sum(), rel=1e-12)
    assert found["D43"] == pytest.approx((many**4).sum() / (many**3).sum(), rel=1e-12)
    assert found["geometric_mean"] == pytest.approx(stats.gmean(many), rel=1e-12)
    # D-values by hand: the level of a diameter is what is below it and half of what is at it
    amounts = weights * x**power
    level = [(amounts[:i].sum() + amounts[i] / 2) / amounts.sum() for i in range(5)]
    assert found["D50"] == pytest.approx(np.interp(0.5, level, x), rel=1e-12)
    assert found["span"] == pytest.approx((found["D90"] - found["D10"]) / found["D50"])


def test_equal_weights_give_numpys_and_scipys_figures() -> None:
    x, _ = sample()
    found = size_distribution(x).figures
    d10, d50, d90 = np.quantile(x, (0.1, 0.5, 0.9), method="hazen")
    assert (found["D10"], found["D50"], found["D90"]) == pytest.approx((d10, d50, d90), rel=1e-9)
    assert found["mean"] == pytest.approx(x.mean(), rel=1e-9)
    assert found["GSD"] == pytest.approx(stats.gstd(x), rel=1e-9)
    assert mean_diameter(x, np.ones(len(x)), 3, 0) == pytest.approx(np.cbrt((x**3).mean()), rel=1e-9)


@pytest.mark.parametrize("basis", BASES)
def test_fitted_curves_are_scipys_weighted_by_a_power(basis: str) -> None:
    fit = size_distribution(*sample()).fit
    number = stats.lognorm(s=fit.sigma, scale=fit.median)
    power = BASES[basis]
    moment = math.exp(power * math.log(fit.median) + power**2 * fit.sigma**2 / 2)
    at = np.array([8.0, 15.0, 20.0, 31.0])
    np.testing.assert_allclose(fit.density(at, basis), at**power * number.pdf(at) / moment, rtol=1e-9)
    below = [integrate.quad(fit.density, 1e-3, x, args=(basis,), epsabs=1e-12)[0] for x in at]
    np.testing.assert_allclose(fit.cumulative(at, basis), below, rtol=1e-7)
    assert fit.cumulative(fit.median_of(basis), basis) == pytest.approx(0.5, abs=1e-12)


def test_the_statistic_is_scipys() -> None:
    x, _ = sample(5, 40)
    logs = np.log(x)
    expected = stats.kstest(logs, "norm", args=(logs.mean(), logs.std(ddof=1))).statistic
    assert size_distribution(x).fit.ks_statistic == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [10, 60, 400])
def test_p_values_are_uniform_where_the_distribution_is_log_normal(count: int) -> None:
    """Kolmogorov's own tables would give hardly any below 0.3, because the fit was made to the data."""
    rng = np.random.default_rng(4)
    p = [
        size_distribution(rng.lognormal(3, 0.3, count), rng.uniform(1, 1.5, count)).fit.p_value
        for _ in range(200)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_two_populations_are_not_log_normal() -> None:
    rng = np.random.default_rng(3)
    found = size_distribution(np.concatenate([rng.normal(10, 0.5, 150), rng.normal(30, 1, 150)]))
    assert found.fit.p_value < 0.005 and found.fit.ks_statistic > 0.2


@pytest.mark.parametrize("basis", BASES)
def test_histogram_and_curve_are_of_the_basis(basis: str) -> None:
    x, weights = sample(1, 3000)
    found = size_distribution(x, weights, basis)
    assert found.shares.sum() == pytest.approx(1)
    largest = found.edges[-2]
    amounts = weights * x ** BASES[basis]
    assert found.shares[-1] == pytest.approx(amounts[x >= largest].sum() / amounts.sum())
    centres = (found.edges[:-1] + found.edges[1:]) / 2
    assert np.abs(found.density - found.fitted_density(centres)).max() < 0.2 * found.density.max()
    curve_x, level = found.curve()
    assert len(curve_x) == 1000 and (np.diff(level) > 0).all()
    assert np.interp(0.9, level, curve_x) == pytest.approx(found.figures["D90"], rel=2e-3)


def test_weight_nought_leaves_out_and_the_rest_counts_by_weight() -> None:
    found = size_distribution([10.0, 20.0, 40.0, 0.0], [1.0, 2.0, 1.0, 0.0])
    assert found.count == 3 and found.figures["D50"] == 20
    assert found.fit.median == pytest.approx(20)
    plain = found.as_dict()
    assert json.loads(json.dumps(plain)) == plain and plain["GSD"] == found.fit.gsd


@pytest.mark.parametrize("ecd", [[], [5.0], [5.0, 5.0, 5.0]])
def test_too_few_for_a_fit(ecd: list[float]) -> None:
    found = size_distribution(ecd)
    assert found.count == len(ecd) and math.isnan(found.fit.p_value)
    assert found.shares.sum() == pytest.approx(min(len(ecd), 1))
    assert math.isnan(found.figures["D50"]) if not ecd else found.figures["D50"] == 5


@pytest.mark.parametrize(
    ("ecd", "weights", "basis", "match"),
    [
        ([1.0, 0.0], None, "number", "above 0"),
        ([1.0, math.nan], None, "number", "above 0"),
        ([1.0, 2.0], [1.0], "number", "1 weights for 2"),
        ([1.0], [-1.0], "number", "not negative"),
        ([1.0], [math.nan], "number", "finite"),
        ([1.0], None, "mass", "unknown basis 'mass': known are number, area, volume"),
    ],
)
def test_what_is_no_distribution(
    ecd: list[float], weights: list[float] | None, basis: str, match: str
) -> None:
    with pytest.raises(InputError, match=match):
        size_distribution(ecd, weights, basis)


@pytest.mark.parametrize(
    ("figure", "basis"),
    [(name, basis) for name in ("D10", "D50", "D90", "mean") for basis in BASES] + [("Sauter", "number")],
)
def test_variances_are_those_of_the_influence_function(figure: str, basis: str) -> None:
    """Integrated numerically from the definition, where the module has closed forms."""
    gsd = 1.35
    law = stats.lognorm(s=math.log(gsd))
    r = 2 if figure == "Sauter" else BASES[basis]
    top = law.ppf(1 - 1e-13) * 3

    def expect(function, *breaks):
        return integrate.quad(
            lambda x: function(x) * law.pdf(x), 1e-6, top, points=[1.0, 2.0, *breaks], epsabs=1e-14, limit=500
        )[0]

    mass = expect(lambda x: x**r)
    if figure in ("mean", "Sauter"):
        upper = expect(lambda x: x ** (r + 1))
        expected = expect(lambda x: (x ** (r + 1) / upper - x**r / mass) ** 2)
    else:
        p = {"D10": 0.1, "D50": 0.5, "D90": 0.9}[figure]
        at = law.ppf(p) * math.exp(r * math.log(gsd) ** 2)
        density = at**r * law.pdf(at) / mass
        expected = expect(lambda x: (x**r * ((x <= at) - p)) ** 2, at) / (mass * at * density) ** 2
    assert relative_variance(figure, basis, gsd) == pytest.approx(expected, rel=1e-8)


def test_the_number_needed_keeps_what_it_promises() -> None:
    rng = np.random.default_rng(0)
    for figure, basis in (("D90", "number"), ("D50", "volume")):
        count = particles_needed(figure, basis, 1.3, 0.05)
        found = [
            figures(rng.lognormal(0, math.log(1.3), count), np.ones(count), basis)[figure] for _ in range(400)
        ]
        law = size_distribution(rng.lognormal(0, math.log(1.3), 200_000), basis=basis)
        within = np.mean(np.abs(np.array(found) / law.figures[figure] - 1) <= 0.05)
        assert 0.915 < within < 0.985


@pytest.mark.parametrize(
    ("basis", "gsd", "count"),
    [("volume", 1.1, 585), ("area", 1.1, 389), ("area", 1.2, 1808), ("number", 1.2, 52)],
)
def test_iso_asks_for(basis: str, gsd: float, count: int) -> None:
    """5 % with 95 % probability, as in the standard's table; by number, the variance of the mean alone."""
    assert iso_particles_needed(basis, gsd) == count
    if basis == "number":
        assert count == particles_needed("mean", "number", gsd)
