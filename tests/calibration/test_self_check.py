from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from tests.calibration.planted import real_terms

from sciatrial.calibration.self_check import (
    N_DRAWS,
    Fault,
    JointTest,
    joint_log_likelihood,
    joint_test,
    observe,
    reduced_problem,
    sbc_ranks,
    simulate_data,
)

LEVEL = 0.01
N_REPLICATES = {Fault.NONE: 200, Fault.SMALL_ERROR: 50, Fault.INCLUSION: 25, Fault.DEAF: 20}
FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
QUANTITIES = 35


@pytest.fixture(scope="module")
def problem():
    return reduced_problem(real_terms())


@pytest.fixture(scope="module")
def ranks(problem):
    return sbc_ranks(problem, N_REPLICATES, seed=20261127, workers=2)


def uniform_ranks(seed):
    return pd.DataFrame(np.random.default_rng(seed).integers(N_DRAWS + 1, size=(200, QUANTITIES)))


@pytest.fixture(scope="module")
def point(problem):
    return simulate_data(problem, np.random.default_rng(1))


@pytest.fixture(scope="module")
def printed(problem, point):
    """What the same trials would print, again and again."""
    return np.stack([observe(problem, point, np.random.default_rng(seed)) for seed in range(1500)])


def test_the_small_problem_has_studies_parameters_and_effects_that_may_be_absent(problem):
    assert problem.terms.rows["study_id"].nunique() >= 5
    assert len(problem.space.keys) >= 6
    assert len(problem.space.groups) >= 1


def test_the_truth_lies_anywhere_among_the_draws(ranks):
    assert ranks[Fault.NONE].shape == (200, QUANTITIES)
    assert joint_test(ranks[Fault.NONE]).p_value > LEVEL


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_sampler_fails(ranks, fault):
    assert joint_test(ranks[fault]).p_value < LEVEL


def test_too_small_a_sampling_error_shows_in_what_numbers_differ_by(ranks):
    assert joint_test(ranks[Fault.SMALL_ERROR]).table()["quantity"][0].startswith("spread")


def test_a_wrong_prior_probability_shows_in_an_indicator(ranks):
    assert joint_test(ranks[Fault.INCLUSION]).table()["quantity"][0].endswith(" present")


def test_a_sampler_that_hears_no_data_shows_in_the_log_likelihood(ranks):
    assert joint_test(ranks[Fault.DEAF]).table()["quantity"][0] == "log likelihood"


def test_ranks_are_places_among_the_draws(ranks):
    values = ranks[Fault.NONE].to_numpy()
    assert values.min() == 0
    assert values.max() == N_DRAWS


def test_uniform_ranks_fail_at_most_as_often_as_the_level_says():
    p_values = np.array([joint_test(uniform_ranks(seed)).p_value for seed in range(40)])
    assert (p_values < 0.1).mean() < 0.25
    assert (p_values < LEVEL).mean() < 0.1


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_draws_that_are_too_narrow_or_too_wide_in_one_quantity_fail(factor):
    rng = np.random.default_rng(3)
    truth, drawn = rng.standard_normal(200), factor * rng.standard_normal((200, N_DRAWS))
    test = joint_test(uniform_ranks(4).assign(wrong=(drawn < truth[:, None]).sum(axis=1)))
    assert test.p_value < LEVEL
    assert test.table()["quantity"][0] == "wrong"


def test_the_log_likelihood_is_that_of_one_large_normal_distribution_where_no_study_is_unlike(problem):
    problem = replace(problem, scales=replace(problem.scales, freedom=1e7))
    point = simulate_data(problem, np.random.default_rng(1))
    printed = np.stack([observe(problem, point, np.random.default_rng(seed)) for seed in range(1500)])
    expected = multivariate_normal(printed.mean(axis=0), np.cov(printed.T)).logpdf(point.observed)
    parts = (point.z, point.present, point.discrepancy, point.spreads, point.shift_sds)
    found = joint_log_likelihood(problem, point.observed, *(values[None] for values in parts))
    assert found[0] == pytest.approx(expected, abs=1.5)


def test_studies_are_independent_given_the_parameters(problem, printed):
    study = problem.terms.rows["group"].to_numpy()
    apart = study[:, None] != study[None, :]
    assert np.abs(np.corrcoef(printed.T)[apart]).max() < 0.13


def test_an_absent_effect_moves_nothing(problem, point):
    absent = replace(point, present=np.zeros_like(point.present))
    moved = replace(absent, z=point.z + 3 * (problem.space.gate >= 0))
    seen = [observe(problem, one, np.random.default_rng(2)) for one in (absent, moved)]
    assert np.array_equal(*seen)


def test_the_ranks_of_every_quantity_and_replicate_are_kept_with_the_joint_p(tmp_path):
    ranks = uniform_ranks(5).rename(columns=lambda number: f"quantity {number}")
    test = joint_test(ranks)
    kept = JointTest.load(test.save(tmp_path / "self_check"))
    assert kept.p_value == test.p_value
    assert kept.n_draws == N_DRAWS
    assert len(pd.read_csv(tmp_path / "self_check" / "ranks.csv")) == ranks.size
    assert kept.ranks.pivot(index="replicate", columns="quantity", values="rank")[ranks.columns].equals(
        ranks.rename_axis("replicate").rename_axis("quantity", axis=1)
    )
    # whoever has the table can test it again
    again = joint_test(kept.ranks.pivot(index="replicate", columns="quantity", values="rank"), n_draws=kept.n_draws)
    assert again.p_value == test.p_value


def test_the_test_says_which_quantity_is_least_uniform():
    assert "least uniform" in repr(joint_test(uniform_ranks(5)))
