from dataclasses import replace

import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import MeanComparison, mean_power, mean_sample_size
from sciatrial.trial import Comparison, design_of_size, required_size, size_in_words
from tests.trial.conftest import small_design
from tests.trial.pools import invented_pool

SD = np.hypot(8, 8)  # of an invented patient's change given the baseline


@pytest.fixture(scope="module")
def design():
    return small_design(n_total=80, visits_months=(6,))


@pytest.fixture(scope="module")
def pool(design):
    return invented_pool(design, window=200, effects=(-6.0,), n=20_000)


@pytest.fixture(scope="module")
def search(design, pool):
    return required_size(design, [pool], target=0.8, smallest=40, trials_of_each=2_000)


def test_the_size_is_the_formulas(design, search):
    expected = mean_sample_size(design.bounds(), MeanComparison(sd=SD), 6.0).n_max
    assert search.low <= search.n_total <= search.high
    assert search.low - 4 <= expected <= search.high + 4
    assert search.n_total % 2 == 0


def test_the_curve_is_the_formulas(design, search):
    for row in search.curve.itertuples():
        power = mean_power(design.bounds(), MeanComparison(sd=SD), [6.0], float(row.n_total)).power[0]
        assert abs(row.success - power) < 4 * row.monte_carlo_se + 0.01
    assert (np.diff(search.curve["success"]) > -0.01).all()
    assert (search.curve["expected_patients"] == search.curve["n_total"]).all()


def test_the_smallest_size_that_reaches_it_is_told(search):
    reached = search.curve.loc[search.curve["success"] >= 0.8, "n_total"]
    assert search.n_total == reached.min()
    assert search.n_total - 2 in set(search.curve["n_total"])
    assert f"80% power of cells vs saline: {search.n_total} patients" in size_in_words(search)
    assert search.ceiling is None


def test_the_interval_narrows_with_more_trials(design, pool, search):
    few = required_size(design, [pool], target=0.8, smallest=40, trials_of_each=200)
    assert few.high - few.low > search.high - search.low


def test_a_target_that_no_size_reaches_is_said(design):
    pool = invented_pool(design, effects=(-1.0,))
    found = required_size(design, [pool], target=0.9, smallest=40, trials_of_each=200)
    assert (found.n_total, found.high) == (None, None)
    assert "is not reached" in size_in_words(found)


def test_assurance_has_a_ceiling_and_an_error_between_draws(design):
    effects = np.random.default_rng(3).normal(-3, 6, 40)
    pools = [
        replace(invented_pool(design, effects=(effect,), seed=i, n=800), place=i) for i, effect in enumerate(effects)
    ]
    found = required_size(design, pools, target=0.99, smallest=40, trials_of_each=10, not_enrolled=2)
    assert found.quantity == "assurance"
    assert found.ceiling == pytest.approx((effects < 0).mean())
    assert (found.curve["monte_carlo_se"] > 0.04).all()
    assert found.middle_benefit == pytest.approx(-np.median(effects))
    told = f"better than its control in {found.ceiling:.0%} of the draws, by however little: the middle draw has a true"
    assert f"{told} benefit of {found.middle_benefit:.1f}." in size_in_words(found)


def test_a_sequential_design_is_expected_to_need_fewer(design):
    looks = {"looks": {"information": (0.5,)}, "accrual": {"per_month": 3}}
    sequential = small_design(n_total=80, visits_months=(6,), **looks)
    pool = invented_pool(sequential, effects=(-12.0,))
    found = required_size(sequential, [pool], target=0.5, smallest=40, trials_of_each=100)
    assert (found.curve["expected_patients"] < found.curve["n_total"]).any()


def test_what_cannot_be_searched_is_named(design, pool):
    with pytest.raises(TrialError) as caught:
        required_size(design, [pool], target=1.2, smallest=200, trials_of_each=10, n_sizes=1)
    assert [problem.where for problem in caught.value.problems] == ["smallest", "target", "n_sizes"]
    with pytest.raises(TrialError, match="pools: there is none"):
        required_size(design, [], target=0.8, smallest=40, trials_of_each=10)
    other = Comparison(arm="saline", control="cells")
    with pytest.raises(TrialError, match="is not compared"):
        required_size(design, [pool], target=0.8, smallest=40, trials_of_each=10, comparison=other)


def test_a_size_that_the_design_cannot_have_is_named():
    looks = {"looks": {"information": (0.1, 0.5)}, "accrual": {"per_month": 10}}
    design = small_design(n_total=80, **looks)
    with pytest.raises(TrialError) as caught:
        design_of_size(design, 8)
    problem = caught.value.problems[0]
    assert problem.where == "smallest"
    assert problem.found.startswith("a trial of 8 patients cannot be: looks.information.0")
    possible = int(problem.expected.removesuffix(" patients or more"))
    assert problem.next_step == f"raise smallest (--smallest {possible})"
    assert design_of_size(design, possible).size == possible
    with pytest.raises(TrialError):
        design_of_size(design, possible - 1)


def test_a_size_that_is_too_large_is_the_largest(design):
    with pytest.raises(TrialError) as caught:
        design_of_size(design, 2_000_000)
    problem = caught.value.problems[0]
    assert (problem.where, problem.expected) == ("largest", "1000000 patients or fewer")
    assert problem.next_step == "lower largest (--largest 1000000)"


def test_a_design_of_another_size_is_otherwise_the_same(design):
    other = design_of_size(small_design(n_total=None, n_per_arm=40, visits_months=(6,)), 80)
    assert other == design


def test_an_interval_that_leaves_the_sizes_has_no_end_there(design, pool):
    found = required_size(design, [pool], target=0.3, smallest=50, trials_of_each=50)
    assert (found.n_total, found.low) == (50, None)
    assert "the smallest size, 50 patients, reaches it already" in size_in_words(found)
    assert "interval fewer than that to" in size_in_words(found)


def test_a_size_above_which_success_falls_again_is_undetermined(search):
    assert "undetermined" not in size_in_words(search)
    curve = search.curve.assign(success=search.curve["success"].where(search.curve["n_total"] < 200, 0.7))
    told = size_in_words(replace(search, curve=curve))
    assert told.endswith(
        "A larger size, 200, falls below it again: the size is undetermined at this precision; try more trials."
    )
    assert "try more draws or trials." in size_in_words(replace(search, curve=curve, n_draws=5))
