"""Closed tests of several arms against what rpact and mvtnorm print (see README.md)."""

import json
from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr, stdtr

from sciatrial.statistics import (
    IntersectionTest,
    Selection,
    Spending,
    SpendingKind,
    closed_tests,
    dunnett_critical_value,
    dunnett_p_value,
    group_sequential_design,
    selected_arms,
)

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "multi_arm_cases.json").read_text(encoding="utf-8"))
}
DESIGN = group_sequential_design([0.5, 1.0], efficacy=Spending(SpendingKind.O_BRIEN_FLEMING_TYPE))
DUNNETT = json.loads((Path(__file__).parent / "dunnett.json").read_text(encoding="utf-8"))["cases"]
# rpact lists the intersections 111, 110, 101, 011, 100, 010, 001; ours count up with arm 1 as the lowest digit
ORDER = [0b111, 0b011, 0b101, 0b110, 0b001, 0b010, 0b100]


def stages(data):
    """Statistics, allocation ratios (look, arm) and degrees of freedom; the variance is that of all arms of a stage."""
    n, means, sds = (
        np.array([data[f"{name}{arm}"] for arm in range(1, 5)], float).T for name in ("n", "means", "stDevs")
    )
    freedom = np.nansum(n - 1, axis=1)
    pooled = np.nansum((n - 1) * sds**2, axis=1) / freedom
    error = np.sqrt(pooled[:, None] * (1 / n[:, :3] + 1 / n[:, 3:]))
    ratios = np.where(np.isnan(n[:, :3]), 1.0, n[:, :3] / n[:, 3:])
    return (means[:, 3:] - means[:, :3]) / error, ratios, freedom


@pytest.mark.parametrize("name", ["Dunnett", "Simes", "Sidak"])
def test_a_dropped_arm_and_its_closed_test_equal_rpacts(name):
    case = CASES[f"rpact-ma-{name}"]
    expected = {key: np.array(value, dtype=float) for key, value in case["expected"].items() if "indices" not in key}
    statistics, ratios, freedom = stages(case["inputs"]["data"])
    separate = stdtr(freedom[:, None], -statistics)
    np.testing.assert_allclose(separate, expected["separate_p_values_arm_x_stage_colmajor"].reshape(2, 3), atol=1e-10)
    found = closed_tests(
        statistics[None], DESIGN, ratios, test=IntersectionTest(name.lower()), degrees_of_freedom=freedom
    )
    places = np.array(ORDER) - 1
    # rpact's Dunnett comes from mvtnorm's Monte-Carlo quadrature: the case's own tolerance
    tolerance = case["abs_tol"] if name == "Dunnett" else 1e-9
    np.testing.assert_allclose(
        ndtr(-found.stage_z[0][:, places]),
        expected["adjusted_stage_p_values_colmajor"].reshape(2, 7),
        atol=tolerance,
    )
    np.testing.assert_allclose(
        found.combined_z[0][:, places],
        expected["overall_adjusted_test_statistics_colmajor"].reshape(2, 7),
        atol=10 * tolerance,
    )
    np.testing.assert_array_equal(found.rejected[0], expected["rejected_arm_x_stage_colmajor"].reshape(2, 3))


def test_power_of_a_simulated_design_equals_rpacts_within_monte_carlo_error():
    case = CASES["rpact-sim-MAMS"]
    rng = np.random.default_rng(3)
    n_trials = 60_000
    for effects, rate in zip(case["inputs"]["effects"], case["expected"]["reject_at_least_one"], strict=True):
        shift = np.array([0.0, *effects]) * np.sqrt(30) / case["inputs"]["sd"]
        means = shift + rng.normal(size=(n_trials, 2, 4))
        statistics = (means[..., 1:] - means[..., :1]) / np.sqrt(2)
        statistics[:, 1][~selected_arms(statistics[:, 0], Selection(most=1))] = np.nan
        shown = closed_tests(statistics, DESIGN, [1, 1, 1]).rejected[:, 1].any(axis=1).mean()
        error = np.sqrt(rate * (1 - rate) * (1 / n_trials + 1 / 20_000))
        assert shown == pytest.approx(rate, abs=3 * error)


@pytest.mark.parametrize("case", DUNNETT, ids=lambda case: f"{len(case['ratios'])}-{case['df']}-{case['largest']}")
def test_dunnetts_p_values_equal_mvtnorms(case):
    found = dunnett_p_value(case["largest"], case["ratios"], degrees_of_freedom=case["df"] or inf)
    assert found == pytest.approx(case["p"], abs=2e-8 + 3 * case["error"])


def test_dunnetts_critical_values_equal_mvtnorms():
    case = CASES["mvtnorm-dunnett-4"]
    alpha, arms = case["inputs"]["alpha"], [1.0] * case["inputs"]["arms"]
    assert dunnett_critical_value(alpha, arms) == pytest.approx(case["expected"]["normal"], abs=1e-5)
    # printed with a Monte-Carlo error of 0.001
    found = dunnett_critical_value(alpha, arms, degrees_of_freedom=60)
    assert found == pytest.approx(case["expected"]["t_df60"], abs=case["abs_tol"])
