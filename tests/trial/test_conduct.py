from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.clinic import SCORES
from sciatrial.foundation import DAYS_PER_MONTH, Score, uniforms
from sciatrial.parameters import draw_parameters
from sciatrial.trial import allocate, strata_of
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.conduct import Luck, conduct, prepared_jobs, score_column
from sciatrial.trial.conducted import days_late, first_randomised
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

LEG_PAIN = SCORES.index(Score.LEG_PAIN)
FOUR_ARMS = {"a": CELLS, "b": CELLS, "c": SALINE, "d": SHAM}


@given(seed=st.integers(0, 2**63 - 1), n_blocks=st.integers(1, 8))
def test_allocation_is_exact_at_the_end_of_every_block(seed, n_blocks):
    design = small_design(arms=FOUR_ARMS, n_total=80, allocation={"a": 2, "b": 2, "c": 3, "d": 3})
    blocks = allocate(design, 10 * n_blocks, seed).reshape(n_blocks, 10)
    for block in blocks:
        assert np.bincount(block, minlength=4).tolist() == [2, 2, 3, 3]


def test_allocation_of_a_place_does_not_depend_on_how_many_follow():
    design = small_design()
    np.testing.assert_array_equal(allocate(design, 17, 4), allocate(design, 400, 4)[:17])


def test_allocation_depends_on_the_seed():
    design = small_design()
    assert (allocate(design, 100, 4) != allocate(design, 100, 5)).any()


def test_every_place_of_a_block_meets_every_arm_alike():
    design = small_design(allocation={"cells": 1, "saline": 2})
    places = allocate(design, 3 * 3000, 4).reshape(3000, 3)
    # four standard errors of a share of 1/3 among 3000 blocks
    assert (places == 0).mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=4 * np.sqrt(2 / 9 / 3000))


def test_the_order_of_treatment_within_blocks_is_not_the_same_in_all_blocks():
    places = allocate(small_design(), 200, 4).reshape(100, 2)
    assert len(np.unique(places, axis=0)) == 2


def test_everybody_is_conducted_in_the_arm_that_was_drawn(rescued_trial, with_rescue):
    np.testing.assert_array_equal(rescued_trial.assigned, allocate(with_rescue, 240, 9))
    for index, arm in enumerate(with_rescue.arms):
        mine = rescued_trial.assigned == index
        np.testing.assert_array_equal(rescued_trial.scores[mine], rescued_trial.potential[arm].scores[mine])


def test_a_trial_in_the_assigned_arm_only_equals_the_one_in_every_arm(model, with_rescue, patients, rescued_trial):
    alone = conduct(model, with_rescue, [patients], [9])[0]
    for name in ("assigned", "scores", "rescued", "is_solved", "is_observed"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(rescued_trial, name))
    assert not alone.potential


def test_two_trials_conducted_together_are_the_two_conducted_alone(model, patients):
    design = small_design()
    first, second = patients.only(slice(12)), patients.only(slice(20))
    together = conduct(model, design, [first, second], [1, 2])
    for group, seed, trial in zip((first, second), (1, 2), together, strict=True):
        alone = conduct(model, design, [group], [seed])[0]
        np.testing.assert_array_equal(trial.scores, alone.scores)
        np.testing.assert_array_equal(trial.assigned, alone.assigned)


def test_no_trial_conducted_is_no_result(model):
    assert conduct(model, small_design(), [], []) == []


def test_the_threads_change_nothing(model, patients):
    one, two = (conduct(model, small_design(), [patients.only(slice(24))], [1], threads=n)[0] for n in (1, 2))
    np.testing.assert_array_equal(one.scores, two.scores)


def test_a_larger_trial_starts_with_the_same_patients(model, patients):
    few, many = (conduct(model, small_design(), [patients.only(slice(n))], [1])[0] for n in (20, 60))
    np.testing.assert_array_equal(few.scores, many.scores[:20])
    np.testing.assert_array_equal(few.is_observed, many.is_observed[:20])


def test_patients_are_not_changed_by_their_trial(model, patients):
    before = patients.fingerprint()
    conduct(model, small_design(), [patients], [1], every_arm=True)
    assert patients.fingerprint() == before


def test_baseline_is_what_was_measured_at_entry(rescued_trial, patients):
    entry = patients.covariates[[str(score) for score in SCORES]].to_numpy()
    np.testing.assert_array_equal(rescued_trial.scores[:, 0, :], entry)
    for arm in rescued_trial.potential.values():
        np.testing.assert_array_equal(arm.scores[:, 0, :], entry)


@pytest.mark.parametrize("protocol", [SHAM, CELLS], ids=["sham", "cells"])
def test_two_identical_arms_have_identical_potential_outcomes(model, patients, rescue, protocol):
    design = small_design(arms={"one": protocol, "other": protocol}, rescue=rescue, dropout_per_year=0.3)
    trial = conduct(model, design, [patients.only(slice(40))], [1], every_arm=True)[0]
    one, other = trial.potential["one"], trial.potential["other"]
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.rescued, other.rescued)


def test_the_arms_beside_it_do_not_touch_an_arm(model, patients):
    two = small_design(arms={"saline": SALINE, "cells": CELLS})
    three = small_design(arms={"sham": SHAM, "cells": CELLS, "saline": SALINE})
    here, there = (
        conduct(model, design, [patients.only(slice(24))], [1], every_arm=True)[0] for design in (two, three)
    )
    for arm in two.arms:
        np.testing.assert_array_equal(here.potential[arm].scores, there.potential[arm].scores)


def test_a_patients_measurement_error_is_the_same_in_every_arm(model, patients):
    # with sd 0 for every error the difference between arms is the true one; errors must not move it
    in_points = {k: 0.0 if k.endswith("in_steps_fraction") else v for k, v in patients.draw_values.items()}
    noisy = replace(patients.only(slice(60)), draw_values=in_points)
    exact = replace(noisy, draw_values={k: 0.0 if k.endswith("measurement_sd") else v for k, v in in_points.items()})
    design = small_design()
    seen, true = (conduct(model, design, [group], [1], every_arm=True)[0].potential for group in (noisy, exact))
    errors = {arm: seen[arm].scores - true[arm].scores for arm in design.arms}
    inner = np.ones_like(errors["cells"], dtype=bool)
    for arm in design.arms:
        for scores in (seen[arm].scores, true[arm].scores):
            inner &= (scores > 0.0) & (scores < 100)
    inner[:, 0, :] = False
    for score in (Score.QUALITY_OF_LIFE, Score.DISABILITY, Score.ROLAND_MORRIS):
        inner[:, :, SCORES.index(score)] = False
    assert inner.sum() > 200
    assert np.abs(errors["cells"][inner]).mean() > 1
    # four answers rounded to whole points lie in each difference of differences
    np.testing.assert_allclose(errors["cells"][inner], errors["saline"][inner], atol=2.0)


def test_errors_of_different_visits_and_scores_are_unrelated(model, patients):
    exact = replace(
        patients, draw_values={k: 0.0 if k.endswith("measurement_sd") else v for k, v in patients.draw_values.items()}
    )
    design = small_design()
    noisy, true = (
        conduct(model, design, [group], [1], every_arm=True)[0].potential["cells"] for group in (patients, exact)
    )
    error = (noisy.scores - true.scores)[:, 1:, :]
    inner = ((noisy.scores > 0) & (noisy.scores < 100))[:, 1:, :]

    def correlation(a, b):
        both = inner[(slice(None), *a)] & inner[(slice(None), *b)]
        return np.corrcoef(error[(slice(None), *a)][both], error[(slice(None), *b)][both])[0, 1], both.sum()

    disability = SCORES.index(Score.DISABILITY)
    for a, b in (((0, LEG_PAIN), (1, LEG_PAIN)), ((0, LEG_PAIN), (0, disability))):
        r, n = correlation(a, b)
        assert n > 60
        assert abs(r) < 4 / np.sqrt(n)  # four standard errors of no correlation


def test_zero_dropout_keeps_everybody(model, patients):
    assert conduct(model, small_design(), [patients.only(slice(24))], [1])[0].is_observed.all()


def stayed(model, patients, share, *, months=(6, 12, 24), n=4000):
    """Return who is observed in a trial of n patients; one patient stands for all, as nobody is compared."""
    rows = np.zeros(n, dtype=int)
    crowd = replace(patients.only(rows), numbers=np.arange(n))
    design = small_design(
        visits_months=months, endpoint={"outcome": "leg_pain", "month": months[-1]}, dropout_per_year=share, n_total=n
    )
    return conduct(model, design, [crowd], [3])[0]


@pytest.fixture(scope="module")
def crowd(model, patients):
    return stayed(model, patients, 0.3)


@pytest.mark.parametrize(("occasion", "years"), [(1, 0.5), (2, 1.0), (3, 2.0)])
def test_the_stated_share_is_lost_per_year(crowd, occasion, years):
    lost = 1 - crowd.is_observed[:, occasion].mean()
    expected = 1 - 0.7**years
    assert lost == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 4000))


def test_the_time_of_dropout_is_exponential(crowd):
    # a patient stays a time t with probability 0.7 ** t, so whoever drew less than that is still there
    luck = uniforms(3, "dropout", np.arange(4000))
    np.testing.assert_array_equal(crowd.is_observed[:, 1:], luck[:, None] <= 0.7 ** np.array([0.5, 1.0, 2.0]))


def test_nobody_comes_back_after_dropping_out(crowd):
    assert (np.diff(crowd.is_observed.astype(int), axis=1) <= 0).all()
    assert crowd.is_observed[:, 0].all()


def test_dropout_is_unrelated_to_the_arm(crowd):
    lost = [1 - crowd.is_observed[crowd.assigned == index, 2].mean() for index in (0, 1)]
    assert abs(lost[0] - lost[1]) < 4 * np.sqrt(2 * 0.3 * 0.7 / 2000)


def test_rescue_is_given_only_above_the_threshold_and_from_its_month(rescued_trial, with_rescue):
    months = np.array([0, *with_rescue.visits_months])
    for arm in rescued_trial.potential.values():
        pain = arm.scores[:, :, LEG_PAIN]
        assert (pain[arm.rescued] > with_rescue.rescue.above).all()
        assert not arm.rescued[:, months < with_rescue.rescue.from_month].any()
        assert arm.rescued.any()


def test_rescue_is_given_to_everybody_above_the_threshold_the_first_time(rescued_trial, with_rescue):
    offered = np.array([0, *with_rescue.visits_months]) >= with_rescue.rescue.from_month
    for arm in rescued_trial.potential.values():
        above = (arm.scores[:, :, LEG_PAIN] > with_rescue.rescue.above) & offered
        first = above & (np.cumsum(above, axis=1) == 1)
        np.testing.assert_array_equal(arm.rescued, first)


def test_rescue_changes_nothing_up_to_the_visit_at_which_it_is_given(model, with_rescue, patients, rescued_trial):
    without = conduct(model, with_rescue.model_copy(update={"rescue": None}), [patients], [9], every_arm=True)[0]
    for name, arm in rescued_trial.potential.items():
        before = np.cumsum(arm.rescued, axis=1) - arm.rescued == 0
        np.testing.assert_allclose(arm.scores[before], without.potential[name].scores[before], atol=0.05)
        after = ~before
        # the course of 20 weeks still runs at the next visit, three months later
        assert (arm.scores[after] - without.potential[name].scores[after])[:, LEG_PAIN].mean() < -1


def test_nobody_is_rescued_after_leaving(rescued_trial):
    own = np.where(
        (rescued_trial.assigned == 0)[:, None],
        rescued_trial.potential["cells"].rescued,
        rescued_trial.potential["saline"].rescued,
    )
    assert (own & ~rescued_trial.is_observed).any()
    np.testing.assert_array_equal(rescued_trial.rescued, own & rescued_trial.is_observed)


def test_a_trial_without_rescue_rescues_nobody(model, patients):
    assert not conduct(model, small_design(), [patients.only(slice(24))], [1])[0].rescued.any()


def test_the_place_of_a_score_is_its_place_in_the_clinics_list():
    assert [SCORES[score_column(score)] for score in Score] == list(Score)


SITES = {"per_month": 8, "arrivals": "poisson", "sites": {"number": 3, "rate_shape": 2.0}}


@pytest.fixture(scope="module")
def by_site():
    return small_design(
        n_total=240, accrual=SITES, dropout_per_year=0.3, randomisation={"strata": ["site", "sex", "leg_pain>=60"]},
        missing_visits={"probability": 0.2, "mechanism": "at_random", "odds_ratio_per_10_points": 1.5},
        dropout_hazard={"ratio_per_10_points": 1.3}, rescue={"score": "leg_pain", "above": 50, "from_month": 1},
    )  # fmt: skip


@pytest.fixture(scope="module")
def trial_by_site(model, by_site, patients):
    return conduct(model, by_site, [patients], [9])[0]


def test_strata_are_those_of_the_patients_and_of_the_sites_where_they_came(trial_by_site, by_site, patients):
    arrivals = arrivals_of(by_site.accrual, 240, 9)
    np.testing.assert_array_equal(trial_by_site.arrivals.months, arrivals.months)
    np.testing.assert_array_equal(trial_by_site.arrivals.sites, arrivals.sites)
    levels = strata_of(by_site, patients, arrivals.sites)
    np.testing.assert_array_equal(levels[:, 1], patients.covariates["is_female"].to_numpy(int))
    np.testing.assert_array_equal(trial_by_site.assigned, allocate(by_site, 240, 9, levels))
    for stratum in np.unique(levels, axis=0):
        arms = trial_by_site.assigned[(levels == stratum).all(axis=1)]
        assert abs(int((arms == 0).sum()) - int((arms == 1).sum())) <= 1


def test_a_trial_by_site_is_the_same_beside_another_and_for_fewer_patients(model, by_site, patients, trial_by_site):
    beside = conduct(model, by_site, [patients.only(slice(30)), patients], [4, 9])[1]
    fewer = conduct(model, by_site, [patients.only(slice(50))], [9])[0]
    for name in ("assigned", "scores", "rescued", "is_observed", "has_stayed"):
        np.testing.assert_array_equal(getattr(beside, name), getattr(trial_by_site, name))
        np.testing.assert_array_equal(getattr(fewer, name), getattr(trial_by_site, name)[:50])


def test_who_misses_a_visit_comes_back_and_gets_tablets_all_the_same(trial_by_site):
    missed = trial_by_site.has_stayed & ~trial_by_site.is_observed
    assert (missed[:, 1] & trial_by_site.is_observed[:, 2]).any()
    assert (missed & trial_by_site.rescued).any()
    assert not (~trial_by_site.has_stayed & trial_by_site.rescued).any()


def test_the_first_randomised_of_a_trial_keep_their_arrivals(trial_by_site):
    first = first_randomised(trial_by_site, 20)
    assert len(first.arrivals.months) == len(first.arrivals.sites) == len(first.has_stayed) == 20


def test_arms_and_arrivals_are_not_moved_by_missed_visits(model, by_site, patients, trial_by_site):
    plain = by_site.model_copy(update={"missing_visits": None, "dropout_hazard": None})
    without = conduct(model, plain, [patients], [9])[0]
    np.testing.assert_array_equal(without.assigned, trial_by_site.assigned)
    np.testing.assert_array_equal(without.scores, trial_by_site.scores)


def test_a_visit_takes_place_within_its_window_on_the_same_day_in_every_arm(model, patients):
    design = small_design(n_total=240, visit_window_days=10)
    late = days_late(design, patients)
    assert not late[:, 0].any()
    assert (np.abs(late[:, 1:]) < 10).all()
    # uniform: mean 0, standard deviation 10/√3, 240 patients at 3 visits
    assert abs(late[:, 1:].mean()) < 4 * 10 / np.sqrt(3 * 720)
    assert late[:, 1:].std() == pytest.approx(10 / np.sqrt(3), rel=0.1)
    some = patients.only(slice(30))
    trial = conduct(model, design, [some], [1], every_arm=True)[0]
    np.testing.assert_array_equal(trial.days_late, late[:30])


def test_scores_are_those_of_the_day_of_the_visit(model, patients):
    # all patients at one shift: the trial whose visits are planned that much later, without errors of measurement
    exact = {k: 0.0 if k.endswith(("measurement_sd", "fluctuation_sd", "in_steps_fraction")) else v
             for k, v in patients.draw_values.items()}  # fmt: skip
    some = replace(patients.only(slice(40)), draw_values=exact)
    design = small_design(n_total=40, visit_window_days=10)
    late = days_late(design, some)
    moved = conduct(model, design, [some], [1], every_arm=True)[0].potential["cells"].scores
    for row in range(3):
        months = tuple(m + late[row, o] / DAYS_PER_MONTH for o, m in enumerate(design.visits_months, start=1))
        planned = small_design(n_total=40, visits_months=months, endpoint={"outcome": "leg_pain", "month": months[-1]})
        alone = conduct(model, planned, [some], [1], every_arm=True)[0].potential["cells"].scores
        # both are rounded to whole points
        np.testing.assert_allclose(moved[row, :, LEG_PAIN], alone[row, :, LEG_PAIN], atol=1)


@pytest.mark.parametrize(
    ("days", "months", "room"), [(16, (1, 2, 6), "15.22"), (31, (1, 6), "30.44"), (16, (1, 5, 6), "15.22")]
)
def test_visits_of_one_patient_may_not_meet(days, months, room):
    with pytest.raises(
        ValueError, match=f"visit_window_days: {days} days let visits of one patient meet; below {room}"
    ):
        small_design(visits_months=months, visit_window_days=days)


def test_worlds_share_luck_unless_told_otherwise(model, patients):
    design = small_design(arms={"saline": SALINE, "again": SALINE})
    some = patients.only(slice(60))
    shared, independent = (conduct(model, design, [some], [9], every_arm=True, luck=luck)[0].potential for luck in Luck)
    np.testing.assert_array_equal(shared["saline"].scores, shared["again"].scores)
    np.testing.assert_array_equal(independent["saline"].scores[:, 0], independent["again"].scores[:, 0])
    apart = independent["saline"].scores[:, -1, 0] - independent["again"].scores[:, -1, 0]
    assert np.mean(apart != 0) > 0.7  # some answer in steps of 10
    # the same patients all the same
    assert np.corrcoef(independent["saline"].scores[:, -1, 0], independent["again"].scores[:, -1, 0])[0, 1] > 0.3


def test_worlds_with_luck_of_their_own_share_no_flare_no_product_and_no_day(model, prior, patients):
    design = small_design(arms={"cells": CELLS, "again": CELLS}, visit_window_days=10)
    # at the reference values no procedure sets off a flare
    some = replace(patients, draw_values=draw_parameters(prior, n_draws=1, seed=1).one(0).values)
    jobs = {luck: prepared_jobs(model, design, some, 9, assigned=None, luck=luck) for luck in Luck}

    def given(job, state):
        mine = (job.events.state == model.state_names.index(state)) & (job.events.day == 0)
        return np.bincount(job.events.patient[mine], job.events.amount[mine], len(some))

    one, other = jobs[Luck.SHARED]
    assert given(one, "exacerbation").any()
    np.testing.assert_array_equal(given(one, "exacerbation"), given(other, "exacerbation"))
    np.testing.assert_array_equal(one.parameters, other.parameters)  # potency scales what cells do
    np.testing.assert_array_equal(one.days_late, other.days_late)
    one, other = jobs[Luck.INDEPENDENT]
    assert (given(one, "exacerbation") != given(other, "exacerbation")).any()
    assert (one.parameters != other.parameters).any()
    assert (one.days_late != other.days_late).any()
