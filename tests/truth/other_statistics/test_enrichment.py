"""A full population and a subgroup: rpact's closed tests and intervals of summaries, and its simulations of plans."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri
from tests.truth.other_statistics.enrichment_plans import EFFECTS, plan_designs

from sciatrial.statistics import (
    PopulationTest,
    Spending,
    SpendingKind,
    group_sequential_design,
    population_tests,
)
from sciatrial.trial import population_plan, r_of_populations
from sciatrial.trial.population_intervals import PopulationStages, population_interval

FOLDER = Path(__file__).parent
CASES = json.loads((FOLDER / "enrichment_tests.json").read_text(encoding="utf-8"))
PLANS = json.loads((FOLDER / "enrichment_plans.json").read_text(encoding="utf-8"))
CODE = json.loads((FOLDER / "enrichment_code.json").read_text(encoding="utf-8"))
DESIGN = group_sequential_design([0.5, 1.0], efficacy=Spending(SpendingKind.O_BRIEN_FLEMING_TYPE))
TESTS = {
    "SpiessensDebois": PopulationTest.SPIESSENS_DEBOIS, "Simes": PopulationTest.SIMES,
    "Bonferroni": PopulationTest.BONFERRONI, "Sidak": PopulationTest.SIDAK,
}  # fmt: skip
# make_enrichment_tests.R: patients of both arms, the subgroup and those outside it, by stage
SUBGROUP, OUTSIDE = np.array([14 + 16, 30 + 28]), np.array([22 + 21, 19 + 20])


def numbers(table):
    return np.array([[np.nan if value is None else value for value in row] for row in table], dtype=float)


def closed_test_of(case):
    """Return our closed test of rpact's p values: dims look, population with the full one first."""
    z = -ndtri(numbers(case["separate"])[::-1].T)
    rho = np.sqrt(SUBGROUP / (SUBGROUP + OUTSIDE))
    return population_tests(z[None], DESIGN, rho, test=TESTS[case["test"]])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['data']}-{case['test']}")
def test_stages_and_rejections_are_rpacts(case):
    found = closed_test_of(case)
    # rpact: both, its subgroup, the full population; ours: the full population, the subgroup, both
    for mine, its in ((2, 0), (1, 1), (0, 2)):
        expected = numbers(case["combined"])[its]
        np.testing.assert_allclose(found.combined_z[0, :, mine], expected, atol=1e-6)
    shown = np.array(case["rejected"], dtype=bool)[::-1]
    np.testing.assert_array_equal(found.rejected[0].T, shown)


WITH_INTERVAL = [case for case in CASES if "interval" in case]


@pytest.mark.parametrize("case", WITH_INTERVAL, ids=lambda case: case["test"])
def test_the_simultaneous_intervals_of_the_subgroup_are_rpacts(case):
    # rpact's normal approximation: the standard error is that of the estimated spreads, taken as known
    mean = np.array([8.1 - 2.2, 7.2 - 3.0])
    n = np.array([[14, 16], [30, 28]])
    sd = np.array([[9.8, 10.2], [10.5, 9.1]])
    pooled = np.sqrt(((n - 1) * sd**2).sum(axis=1) / (n.sum(axis=1) - 2))
    error = pooled * np.sqrt((1 / n).sum(axis=1))
    np.testing.assert_allclose(mean / error, numbers(case["statistics"])[0], atol=1e-6)
    nothing = np.full(2, np.nan)
    columns = [np.stack([nothing, values], axis=1) for values in (mean, error, np.full(2, np.inf), mean / error)]
    stages = PopulationStages(*columns, np.array([np.sqrt(30 / 73), np.nan]))
    for look in (0, 1):
        expected = [ends[look] for ends in case["interval"][0]]
        assert population_interval(DESIGN, stages, 1, look, TESTS[case["test"]]) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", plan_designs())
def test_populations_are_shown_as_often_as_rpact_shows_them(name):
    design, expected = plan_designs()[name], PLANS[name]
    n = expected["iterations"]
    for row, any_shown, full, part, endpoints in zip(
        population_plan(design, EFFECTS).to_dict("records"),
        expected["any_shown"], expected["full_shown"], expected["subgroup_shown"], expected["endpoints"], strict=True,
    ):  # fmt: skip
        for column, share in (("any_shown", any_shown), ("full_shown", full), ("subgroup_shown", part)):
            error = np.hypot(row[f"{column}_se"], np.sqrt(max(share * (1 - share), 1 / n) / n))
            assert abs(row[column] - share) < 3.5 * error
        # "all": rpact goes on after a look at which the selected population is shown and the other one is not
        if design.enrichment.stop == "first_shown" or not design.looks.information:
            assert abs(row["expected_endpoints"] - endpoints) < 0.01 * row["expected_endpoints"]
    assert r_of_populations(design, EFFECTS) == CODE[name]
