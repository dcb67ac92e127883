from dataclasses import replace

import numpy as np
import pytest

from sciatrial.statistics import PopulationTest, Spending, SpendingKind, group_sequential_design
from sciatrial.trial.population_intervals import PopulationStages, population_interval

DESIGN = group_sequential_design([0.5, 1.0], efficacy=Spending(SpendingKind.O_BRIEN_FLEMING_TYPE))


def stages(benefit, error=2.0, rho=(0.6, 0.6)):
    benefit = np.array(benefit, dtype=float)
    errors, freedom = np.full(benefit.shape, error), np.full(benefit.shape, np.inf)
    return PopulationStages(benefit, errors, freedom, benefit / errors, np.array(rho))


def test_the_end_of_an_interval_is_where_the_single_step_meets_the_bound():
    alone = stages([[3.0, np.nan], [3.0, np.nan]], rho=(np.nan, np.nan))
    low, high = population_interval(DESIGN, alone, 0, 1, PopulationTest.SPIESSENS_DEBOIS)
    reach = DESIGN.efficacy_z[1] * 2.0 / np.sqrt(2)
    assert (low, high) == pytest.approx((3 - reach, 3 + reach), abs=1e-5)


def test_two_populations_need_a_wider_interval_the_less_they_share():
    widths = []
    for rho in (0.9, 0.1):
        low, high = population_interval(
            DESIGN, stages([[3, 4], [3, 4]], rho=(rho, rho)), 1, 1, PopulationTest.SPIESSENS_DEBOIS
        )
        widths.append(high - low)
    bonferroni = population_interval(DESIGN, stages([[3, 4], [3, 4]]), 1, 1, PopulationTest.BONFERRONI)
    assert widths[0] < widths[1] < bonferroni[1] - bonferroni[0] + 1e-9


def test_a_stage_that_could_not_be_analysed_leaves_no_interval():
    found = population_interval(DESIGN, stages([[3, np.nan], [3, 4]]), 1, 1, PopulationTest.SIDAK)
    assert np.isnan(found).all()


def test_intervals_cover_both_effects_at_once():
    generator, covered = np.random.default_rng(2), []
    for _ in range(150):
        inside, outside = generator.normal(size=(2, 2))
        z = np.stack([0.6 * inside + 0.8 * outside, inside], axis=1)
        ends = [
            population_interval(DESIGN, stages(z, 1.0), place, 1, PopulationTest.SPIESSENS_DEBOIS) for place in (0, 1)
        ]
        covered.append(all(low <= 0 <= high for low, high in ends))
    assert np.mean(covered) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 150)


@pytest.mark.parametrize(("freedom", "is_finite"), [(1.0, True), (0.1, False)])
def test_an_early_bound_and_few_degrees_of_freedom_leave_a_wide_interval_or_an_infinite_one(freedom, is_finite):
    few = replace(stages([[3, 4], [3, 4]]), degrees_of_freedom=np.full((2, 2), freedom))
    low, high = population_interval(DESIGN, few, 1, 0, PopulationTest.SPIESSENS_DEBOIS)
    assert low < 4 - 100 * 2.0
    assert high > 4 + 100 * 2.0
    assert np.isfinite([low, high]).tolist() == [is_finite] * 2
