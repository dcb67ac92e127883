from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.trial.aims import AIMS, EndpointMeasure, Strategy
from sciatrial.trial.analysis import Effects
from sciatrial.trial.many_looks import WORDS, monitor_drawn
from sciatrial.trial.monitoring import monitor
from sciatrial.trial.resampling import as_conducted, draw_trials
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design
from tests.trial.pools import invented_pool

ACCRUAL = {"per_month": 10, "ramp_up_months": 2}
LOOKS = {"information": (0.4, 0.7)}
THREE = {"arms": {"cells": CELLS, "saline": SALINE, "sham": SHAM}}
DECIDING = {"deciding": {"arm": "cells", "control": "sham"}}
RESCUE = {"score": "leg_pain", "above": 50}

DESIGNS = {
    "one look": {},
    "one-sided": {"sides": "one_sided"},
    "accrual without looks": {"accrual": ACCRUAL},
    "three arms": THREE,
    "unequal": {"allocation": {"cells": 2, "saline": 1}, "n_total": 90},
    "quality of life": {"endpoint": {"outcome": "quality_of_life", "month": 3}},
    "looks": {"looks": LOOKS, "accrual": ACCRUAL},
    "pocock": {"looks": {**LOOKS, "spending": {"kind": "pocock"}}, "accrual": ACCRUAL, "sides": "one_sided"},
    "beta spending": {
        "looks": {**LOOKS, "futility": {"kind": "hwang_shih_decani", "gamma": -2}},
        "accrual": ACCRUAL,
        "sides": "one_sided",
    },
    "binding": {
        "looks": {**LOOKS, "futility": {"kind": "hwang_shih_decani", "gamma": -2, "binding": "binding"}},
        "accrual": ACCRUAL,
        "sides": "one_sided",
    },
    "futility-only look": {
        "looks": {**LOOKS, "futility": {"kind": "fixed", "bounds_z": (0.0, 0.5)}, "futility_only": (1,)},
        "accrual": ACCRUAL,
        "sides": "one_sided",
    },
    "deciding": {**THREE, "looks": {**LOOKS, **DECIDING}, "accrual": ACCRUAL},
    "deciding, one-sided": {
        **THREE,
        "looks": {**LOOKS, **DECIDING, "futility": {"kind": "fixed", "bounds_z": (0.0, 0.5)}},
        "accrual": ACCRUAL,
        "sides": "one_sided",
    },
    "composite": {
        "looks": LOOKS,
        "accrual": ACCRUAL,
        "rescue": RESCUE,
        "estimand": {"rescue": "composite"},
    },
    "strata, adjusted, missed visits": {
        "looks": LOOKS, "accrual": ACCRUAL, "randomisation": {"strata": ["age_years>=50"]},
        "adjust_for": ["age_years>=50", "age_years"], "dropout_hazard": {"ratio_per_10_points": 1.3},
        "missing_visits": {"probability": 0.1, "mechanism": "at_random", "odds_ratio_per_10_points": 1.5},
    },
    "slow endpoint": {"looks": LOOKS, "accrual": {"per_month": 100}},
    "mmrm": {"looks": LOOKS, "accrual": ACCRUAL, "analysis": "mmrm"},
    "mmrm, hypothetical": {
        "looks": LOOKS, "accrual": ACCRUAL, "analysis": "mmrm", "rescue": RESCUE, "estimand": {"rescue": "hypothetical"}
    },
}  # fmt: skip


LOSSES = {"randomisation": {"strata": ["age_years>=45", "age_years>=55"]}, "missing_visits": {"probability": 0.1}}


def designed(words):
    return small_design(**{"n_total": 60, "dropout_per_year": 0.3, **words})


def same_as_one_by_one(design, pool, drawn):
    """Compare many trials at once with each trial alone."""
    found = monitor_drawn(design, pool, drawn)
    alone = monitor(design, [as_conducted(design, pool, drawn, trial) for trial in range(len(drawn))])
    for trial, one in enumerate(alone):
        rows = one.contrasts
        assert WORDS[found.decision[trial]].tolist() == rows["decision"].tolist()
        assert (found.place[trial] + 1).tolist() == rows["look"].tolist()
        assert found.n_randomised[trial] == one.n_randomised
        np.testing.assert_array_equal(found.months[trial], rows["months"].iloc[0])
        for name, column in _COLUMNS.items():
            mine = found.at_stop(getattr(found.looks, name))[trial]
            # the mixed model's degrees of freedom are a quotient of derivatives, exact to some 1e-9
            close = 1e-9 if name in ("estimate", "standard_error") else 1e-7
            np.testing.assert_allclose(mine, rows[column].to_numpy(float), rtol=close, atol=close, err_msg=column)
        for name in ("estimate", "standard_error", "z"):
            np.testing.assert_allclose(
                getattr(found.final, name)[trial], rows[f"final_{name}"].to_numpy(float), rtol=1e-8, atol=1e-8
            )
        assert found.at_stop(found.looks.why_not)[trial].tolist() == rows["why_not"].tolist()
        bound = found.at_stop(found.efficacy_z)[trial]
        mine = np.where(np.isfinite(bound), bound, np.nan)
        np.testing.assert_allclose(mine, rows["efficacy_z"].to_numpy(float), atol=1e-6)
        np.testing.assert_allclose(found.final_efficacy_z[trial], rows["final_efficacy_z"].to_numpy(float), atol=1e-6)
        overrun = (found.final.n_arm + found.final.n_control)[trial] - rows["n_arm"] - rows["n_control"]
        assert overrun.tolist() == rows["n_overrun"].tolist()
        _same_looks(design, found, trial, one.looks)


_COLUMNS = {
    "estimate": "estimate", "standard_error": "standard_error", "degrees_of_freedom": "degrees_of_freedom",
    "low": "ci_low", "high": "ci_high", "p_value": "p_value", "z": "z", "n_arm": "n_arm", "n_control": "n_control",
}  # fmt: skip


def _same_looks(design, found, trial, rows):
    for number, comparison in enumerate(design.compared()):
        mine = rows.loc[rows["comparison"] == comparison.name]
        tested = np.flatnonzero(found.is_tested[trial, :, number])
        tested = tested[tested <= found.place[trial, number]]
        assert (tested + 1).tolist() == mine["look"].tolist()
        np.testing.assert_array_equal(found.shares[trial, tested, number], mine["information"])
        np.testing.assert_array_equal(found.calendar.months[trial, tested], mine["month"])
        np.testing.assert_array_equal(found.calendar.n_recruited[trial, tested], mine["n_recruited"])
        low = found.lower_z[trial, tested, number]
        if design.sides == "one_sided":
            np.testing.assert_allclose(np.where(np.isfinite(low), low, np.nan), mine["futility_z"], atol=1e-6)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("effect", [0.0, -9.0])
def test_many_trials_at_once_are_what_each_is_alone(name, effect):
    design = designed({**LOSSES, **DESIGNS[name]})
    share = 0.3 if design.rescue is not None else 0.0
    pool = invented_pool(design, effects=(effect,), n=1200, rescued_share=share, unsolved_share=0.02)
    count = 4 if "mmrm" in name else 8
    same_as_one_by_one(design, pool, draw_trials(design, pool, 0, count))


AIMED = [
    (analysis, strategy)
    for analysis, aim in AIMS.items()
    if aim.endpoint is EndpointMeasure.CHANGE_FROM_BASELINE
    for strategy in aim.strategies
]


@pytest.mark.parametrize(("analysis", "strategy"), AIMED)
def test_every_strategy_and_analysis_that_a_pool_takes_is_what_each_trial_is_alone(analysis, strategy):
    words = {"looks": LOOKS, "accrual": ACCRUAL, "analysis": analysis, "estimand": {"rescue": strategy}}
    design = designed({**words, "rescue": RESCUE, "missing_visits": {"probability": 0.3}})
    pool = invented_pool(design, effects=(-9.0,), n=1200, unsolved_share=0.02)
    # at the first visit and at later ones, each patient once
    generator = np.random.default_rng(2)
    at = generator.integers(1, 4, pool.rescued.shape[:2])
    needs = generator.uniform(size=at.shape) < 0.5
    pool.rescued[:] = needs[..., None] & (at[..., None] == np.arange(pool.rescued.shape[2]))
    drawn = draw_trials(design, pool, 0, 4)
    assert (drawn.rescued & ~drawn.is_observed).any()
    same_as_one_by_one(design, pool, drawn)


def test_adjusted_further_the_last_score_before_rescue_is_the_same():
    words = {"rescue": RESCUE, "estimand": {"rescue": Strategy.WHILE_ON_TREATMENT}, "adjust_for": ["age_years"]}
    design = designed({"looks": LOOKS, "accrual": ACCRUAL, "missing_visits": {"probability": 0.3}, **words})
    pool = invented_pool(design, effects=(-9.0,), n=1200, rescued_share=0.4)
    same_as_one_by_one(design, pool, draw_trials(design, pool, 0, 4))


@settings(max_examples=12)
@given(
    first=st.integers(0, 500),
    size=st.integers(8, 80),
    effect=st.floats(-30, 30),
    missed=st.sampled_from([0.0, 0.2, 0.6]),
    looks=st.sampled_from([(0.5,), (0.3, 0.6), (0.4, 0.7, 0.9)]),
    name=st.sampled_from(["looks", "beta spending", "deciding", "composite"]),
)
def test_of_any_size_and_loss_they_are_the_same(first, size, effect, missed, looks, name):
    words = DESIGNS[name]
    words = {**words, "n_total": max(size, 40), "looks": {**words["looks"], "information": looks}}
    words |= {"missing_visits": {"probability": missed}}
    design = designed(words)
    pool = invented_pool(design, effects=(effect,), n=60 * design.size, rescued_share=0.2, unsolved_share=0.1)
    drawn = draw_trials(design, pool, first, 4)
    same_as_one_by_one(design, pool, drawn)


def test_a_trial_that_sees_hardly_anybody_says_why():
    design = designed({"n_total": 12, "looks": {}, "dropout_per_year": 0.0, "missing_visits": {"probability": 0.75}})
    pool = invented_pool(design, n=600)
    drawn = draw_trials(design, pool, 0, 20)
    found = monitor_drawn(design, pool, drawn)
    assert (found.looks.why_not != "").any()
    same_as_one_by_one(design, pool, drawn)


def test_patients_who_all_begin_alike_have_no_slope():
    design = designed({"n_total": 24})
    pool = invented_pool(design, n=1200)
    pool.scores[:, :, 0] = 60.0
    same_as_one_by_one(design, pool, draw_trials(design, pool, 0, 3))


def test_what_is_found_is_an_array_of_each_effect():
    design = designed({})
    pool = invented_pool(design)
    found = monitor_drawn(design, pool, draw_trials(design, pool, 0, 5))
    assert all(getattr(found.looks, item.name).shape == (5, 1, 1) for item in fields(Effects))
