import numpy as np
import pytest

from sciatrial.foundation import TrialError, derived_seed
from sciatrial.trial.resampling import allocations, draw_trials, refuse_pool, refuse_pooling
from tests.trial.conftest import CELLS, SALINE, small_design
from tests.trial.pools import invented_pool

STRONGER = CELLS.model_copy(update={"dose_million_cells": 200.0})
NAMES = ("patients", "assigned", "is_observed", "rescued")


@pytest.fixture(scope="module")
def design():
    return small_design(n_total=40, dropout_per_year=0.3, rescue={"score": "leg_pain", "above": 50})


@pytest.fixture(scope="module")
def pool(design):
    return invented_pool(design, rescued_share=0.3, unsolved_share=0.05)


def test_a_trial_is_the_same_in_whatever_batch_it_is_drawn(design, pool):
    design = changed(design, randomisation={"strata": BY_AGE}, missing_visits={"probability": 0.1})
    all_at_once = draw_trials(design, pool, 0, 130)
    for first, count in ((0, 7), (49, 3), (101, 29)):
        some = draw_trials(design, pool, first, count)
        for name in NAMES:
            np.testing.assert_array_equal(getattr(some, name), getattr(all_at_once, name)[first : first + count])


def test_nobody_is_in_a_trial_twice_or_in_two_trials_of_one_pass(design, pool):
    drawn = draw_trials(design, pool, 0, 100)
    for a_pass in (drawn.patients[:50], drawn.patients[50:]):
        assert len(np.unique(a_pass)) == a_pass.size == len(pool)
    assert (drawn.patients[:50] != drawn.patients[50:]).mean() > 0.99


def test_a_smaller_trial_is_the_beginning_of_the_larger(design, pool):
    smaller = design.model_copy(update={"n_total": 25})
    for name in NAMES:
        whole, part = (getattr(draw_trials(item, pool, 3, 9), name) for item in (design, smaller))
        np.testing.assert_array_equal(part, whole[:, :25])


def test_arms_are_balanced_after_each_block_of_a_stratum():
    design = small_design(n_total=90, allocation={"cells": 2, "saline": 1})
    strata = np.random.default_rng(4).integers(0, 3, (50, 90))
    assigned = allocations(design, strata, 0, 7, window=90)
    for trial in range(50):
        for stratum in range(3):
            mine = assigned[trial, strata[trial] == stratum]
            blocks = mine[: len(mine) // 3 * 3].reshape(-1, 3)
            assert (np.sort(blocks, axis=1) == [0, 0, 1]).all()


def test_every_order_of_a_block_is_as_likely():
    design = small_design(n_total=8)
    assigned = allocations(design, np.zeros((20_000, 8), dtype=np.int64), 0, 7, window=8)
    assert abs(assigned[:, ::2].mean() - 0.5) < 4 * 0.5 / np.sqrt(80_000)


def test_as_many_stay_and_come_as_the_design_says(design, pool):
    plain = draw_trials(design, pool, 0, 2_000)
    solved = pool.is_solved[plain.assigned, plain.patients]
    for occasion, month in enumerate(design.visits_months, start=1):
        share = plain.is_observed[..., occasion][solved].mean()
        assert share == pytest.approx(design.share_staying(month), abs=0.006)
    missing = draw_trials(changed(design, missing_visits={"probability": 0.2}), pool, 0, 2_000)
    share = missing.is_observed[..., 1][solved].mean()
    assert share == pytest.approx(0.8 * design.share_staying(1), abs=0.008)
    assert missing.is_observed[..., 0].all()


def test_rescue_is_that_of_the_arm_and_of_a_visit_that_took_place(design, pool):
    drawn = draw_trials(design, pool, 0, 30)
    expected = pool.rescued[drawn.assigned, drawn.patients] & drawn.is_observed
    np.testing.assert_array_equal(drawn.rescued, expected)
    assert drawn.rescued.any()


def test_a_mean_over_trials_is_the_pools(design, pool):
    drawn = draw_trials(design, pool, 0, 50)
    assert pool.baseline[drawn.patients].mean() == pytest.approx(pool.baseline.mean())


@pytest.mark.parametrize(
    ("changes", "made", "trials", "told"),
    [
        ({"n_total": 41}, {}, 1, "n_total: 41 patients a trial"),
        ({"visits_months": (1, 6)}, {}, 1, r"visits_months: \(1, 6\)"),
        ({"endpoint": {"outcome": "back_pain", "month": 6}}, {}, 1, "endpoint.outcome: back_pain"),
        ({"endpoint": {"outcome": "leg_pain", "month": 3}}, {}, 1, "endpoint.month: 3"),
        ({"arms": {"cells": STRONGER, "saline": SALINE}}, {}, 1, "arms.cells.dose_million_cells: 200"),
        ({"arms": {"saline": SALINE, "cells": CELLS}}, {}, 1, r"arms: \(saline, cells\)"),
        ({"rescue": {"score": "leg_pain", "above": 90}}, {}, 1, "rescue.above: 90"),
        ({"rescue": None}, {}, 1, "rescue: none"),
        ({"estimand": {"rescue": "composite"}}, {}, 1, "estimand.rescue: composite"),
        ({"comparisons": [{"arm": "saline", "control": "cells"}]}, {}, 1, r"comparisons: \(saline vs cells\)"),
        ({}, {"n": 1999}, 50, "pool: 1999 patients, each in some 2 of 50 trials"),
    ],
)
def test_a_pool_that_does_not_fit_is_named(design, changes, made, trials, told):
    pool = invented_pool(design, **made)
    with pytest.raises(TrialError, match=told):
        refuse_pool(changed(design, **changes), pool, trials)


def test_a_pool_serves_whatever_is_drawn_with_the_trials(design, pool):
    losses = {"dropout_per_year": 0.1, "missing_visits": {"probability": 0.2}, "randomisation": {"method": "simple"}}
    refuse_pool(changed(design, n_total=20, analysis="mmrm", accrual={"per_month": 5}, **losses), pool, 100)


def test_a_small_pool_serves_as_long_as_no_patient_is_in_two_trials(design):
    refuse_pool(design, invented_pool(design, n=400), 10)


BY_AGE = ["age_years>=50"]


def changed(design, **words):
    return small_design(**{"n_total": 40, "dropout_per_year": 0.3, "rescue": design.rescue, **words})


@pytest.mark.parametrize(
    "how",
    [
        {"strata": BY_AGE},
        {"strata": BY_AGE, "block_multiples": [1, 2]},
        {"method": "minimisation", "strata": BY_AGE},
        {"method": "simple"},
    ],
    ids=["strata", "random blocks", "minimisation", "simple"],
)
def test_trials_are_randomised_as_their_design_says_whatever_the_batch_and_the_size(design, pool, how):
    mine = changed(design, randomisation=how)
    whole = draw_trials(mine, pool, 0, 60)
    np.testing.assert_array_equal(draw_trials(mine, pool, 17, 5).assigned, whole.assigned[17:22])
    smaller = mine.model_copy(update={"n_total": 25})
    np.testing.assert_array_equal(draw_trials(smaller, pool, 0, 60).assigned, whole.assigned[:, :25])
    assert whole.assigned.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(whole.assigned.size))
    is_old = pool.covariates["age_years"].to_numpy()[whole.patients] >= 50
    apart = np.abs(np.where(is_old, 2 * whole.assigned - 1, 0).sum(axis=1))  # between the arms, in one stratum
    most = {"simple": 40, "minimisation": 12, "permuted_blocks": 2 if "block_multiples" in how else 1}
    assert apart.max() <= most[str(mine.randomisation.method)]


def test_blocks_are_permuted_within_the_strata_of_the_design(design, pool):
    found = draw_trials(changed(design, randomisation={"strata": BY_AGE}), pool, 0, 20)
    strata = (pool.covariates["age_years"].to_numpy() >= 50).astype(int)[found.patients]
    by_hand = allocations(design, strata, 0, derived_seed(pool.seed, "trials"), window=pool.window)
    np.testing.assert_array_equal(found.assigned, by_hand)


def test_visits_missed_by_a_ratio_of_one_are_those_missed_completely_at_random(design, pool):
    plain = {"probability": 0.2}
    one = draw_trials(changed(design, missing_visits=plain), pool, 0, 50)
    other = draw_trials(changed(design, missing_visits=plain | {"arm_odds_ratio": {"cells": 1.0}}), pool, 0, 50)
    np.testing.assert_array_equal(one.is_observed, other.is_observed)
    np.testing.assert_array_equal(one.rescued, other.rescued)


def test_who_is_in_pain_misses_more_visits_and_leaves_sooner(design, pool):
    missing = {"probability": 0.2, "mechanism": "not_at_random", "odds_ratio_per_10_points": 2.0}
    hazard = {"ratio_per_10_points": 2.0}
    found = draw_trials(changed(design, missing_visits=missing, dropout_hazard=hazard), pool, 0, 400)
    plain = draw_trials(design, pool, 0, 400)
    pain = pool.scores[found.assigned, found.patients]
    lost = plain.is_observed & ~found.is_observed
    assert pain[..., 1][lost[..., 1]].mean() > pain[..., 1].mean() + 3
    # a look back after a missed visit: who stays may come again
    assert (~found.is_observed[..., 1] & found.is_observed[..., 2]).any()
    some = draw_trials(changed(design, missing_visits=missing, dropout_hazard=hazard), pool, 123, 7)
    np.testing.assert_array_equal(some.is_observed, found.is_observed[123:130])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"accrual": {"per_month": 5, "arrivals": "poisson"}}, "accrual.arrivals: are poisson"),
        ({"visit_window_days": 5}, "visit_window_days: is 5"),
        (
            {"endpoint": {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_50pct_pain",
                          "missing": "non_responder"},
             "analysis": "responders", "estimand": {"summary_measure": "risk_difference"}},
            "endpoint.measure: is response",
        ),
        (
            {"missing_visits": {"probability": 0.2, "mechanism": "at_random", "odds_ratio_per_10_points": 2,
                                "score": "disability"}},
            "missing_visits.score: is disability",
        ),
        ({"dropout_hazard": {"lack_of_effect_ratio": 2, "score": "disability"}}, "dropout_hazard.score: is disability"),
        (
            {"accrual": {"per_month": 5, "arrivals": "poisson", "sites": {"number": 3}}, "adjust_for": ["site"]},
            "adjust_for: name the site",
        ),
    ],
)  # fmt: skip
def test_what_only_trials_one_by_one_have_is_named(design, pool, words, told):
    with pytest.raises(TrialError, match=told):
        refuse_pool(changed(design, **words), pool, 1)
    with pytest.raises(TrialError, match=told):
        refuse_pooling(changed(design, **words))


def test_designs_that_find_a_dose_are_refused_by_name():
    asked = {"control": "saline", "relevant_effect": 5, "candidates": [{"shape": "linear"}]}
    more = CELLS.model_copy(update={"dose_million_cells": 50})
    design = small_design(arms={"cells": CELLS, "saline": SALINE, "more": more}, dose_finding=asked)
    with pytest.raises(TrialError, match="dose_finding: is planned"):
        refuse_pooling(design)
