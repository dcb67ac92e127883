from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from sciatrial.statistics import count_responders, mantel_haenszel_test, risk_differences
from sciatrial.trial import run_trial
from sciatrial.trial.adjusted import strata_by
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.pairwise import alone_in_strata, known_values
from sciatrial.trial.worlds import outcomes_by_world, population_value
from tests.trial.conftest import in_both, invented_trial, one_visit, scored
from tests.trial.test_pairwise import responder_design


def with_people(trial, seed=0):
    generator = np.random.default_rng(seed)
    n = len(trial.assigned)
    people = pd.DataFrame({"is_female": generator.uniform(size=n) < 0.4, "age_years": generator.normal(45, 10, n)})
    people["leg_pain"] = trial.scores[:, 0, 0]
    return replace(trial, covariates=people)


def analysed(design, trial):
    found = effects_seen(design, [trial], [known_endpoints(design, trial)])
    return {name: getattr(found, name)[0, 0] for name in ("estimate", "standard_error", "low", "z", "why_not")}


def test_shares_are_compared_within_the_crossed_words():
    design = responder_design(adjust_for=["sex", "age_years>=45"], dropout_per_year=0.2)
    trial = with_people(invented_trial(design, 3, effect=-8.0))
    strata = strata_by(design, trial)
    assert sorted(set(strata)) == [0, 1, 2, 3]
    response = known_values(design, trial, known_endpoints(design, trial))[:, 0]
    counts = count_responders(response, 1 - trial.assigned, strata)
    expected, found = risk_differences(counts), analysed(design, trial)
    assert found["estimate"] == pytest.approx(expected.estimate.item())
    assert found["standard_error"] == pytest.approx(expected.standard_error.item())
    assert found["low"] == pytest.approx(expected.low.item())
    assert found["z"] ** 2 == pytest.approx(mantel_haenszel_test(counts).statistic.item())


def test_strata_that_are_all_one_change_no_estimate():
    design = responder_design(adjust_for=["age_years>=45"])
    trial = with_people(invented_trial(design, 4))
    trial = replace(trial, covariates=trial.people.assign(age_years=30.0))
    plain = analysed(design.model_copy(update={"adjust_for": ()}), trial)
    assert analysed(design, trial)["estimate"] == pytest.approx(plain["estimate"])
    assert analysed(design, trial)["z"] == pytest.approx(plain["z"])


def test_who_has_nobody_of_the_other_arm_in_the_stratum_is_counted():
    design = one_visit(**{name: getattr(responder_design(), name) for name in ("endpoint", "estimand", "analysis")},
                       adjust_for=["sex"], n_total=6)  # fmt: skip
    trial = scored([0, 0, 1, 1, 0, 0], [60] * 6, [20, 60, 20, 60, 20, 20])
    trial = replace(trial, covariates=pd.DataFrame({"is_female": [False] * 4 + [True] * 2}))
    seen = known_endpoints(design, trial)
    assert alone_in_strata(design, trial, seen) == {"cells vs saline": 2}
    assert alone_in_strata(design.model_copy(update={"adjust_for": ()}), trial, seen) == {}
    assert analysed(design, trial)["estimate"] == pytest.approx(0.0)


def test_odds_ratios_are_those_of_a_regression_with_the_covariates():
    design = responder_design(summary="odds_ratio", adjust_for=["sex", "age_years"], n_total=200)
    trial = with_people(invented_trial(design, 5, effect=-6.0))
    response = known_values(design, trial, known_endpoints(design, trial))[:, 0]
    people = trial.people
    columns = np.stack([np.ones(200), trial.assigned == 0, trial.scores[:, 0, 0], people["is_female"],
                        people["age_years"]], axis=1).astype(float)  # fmt: skip
    expected = sm.Logit(response, columns).fit(disp=0)
    found = analysed(design, trial)
    assert found["estimate"] == pytest.approx(expected.params[1], rel=1e-6)
    assert found["standard_error"] == pytest.approx(expected.bse[1], rel=1e-4)


def test_a_level_that_nobody_seen_has_is_left_out_of_the_regression():
    design = responder_design(summary="odds_ratio", adjust_for=["sex", "age_years>=45"], n_total=120)
    trial = with_people(invented_trial(design, 6))
    trial = replace(trial, covariates=trial.people.assign(is_female=False))
    other = design.model_copy(update={"adjust_for": ("age_years>=45",)})
    assert analysed(design, trial)["why_not"] == ""
    assert analysed(design, trial)["estimate"] == pytest.approx(analysed(other, trial)["estimate"])


@pytest.mark.parametrize("words", [("sex",), ("sex", "age_years")])
def test_trials_together_are_as_each_alone(words):
    design = responder_design(summary="marginal_odds_ratio", adjust_for=words, n_total=60)
    trials = [with_people(invented_trial(design, seed), seed) for seed in range(3)]
    trials[1] = replace(trials[1], covariates=trials[1].people.assign(is_female=True))
    seen = [known_endpoints(design, trial) for trial in trials]
    together = effects_seen(design, trials, seen)
    for place, trial in enumerate(trials):
        assert together.estimate[place, 0] == pytest.approx(analysed(design, trial)["estimate"], rel=1e-7)


def test_the_constrained_analysis_takes_covariates():
    from tests.trial.conftest import small_design

    design = small_design(n_total=200, analysis="clda", adjust_for=["sex", "age_years"])
    trial = with_people(invented_trial(design, 8, effect=-6.0))
    plain = analysed(design.model_copy(update={"adjust_for": ()}), trial)
    moved = trial.scores + 15 * trial.people["is_female"].to_numpy(dtype=float)[:, None, None] * [[[0], [1], [1], [1]]]
    prognostic = replace(trial, scores=moved)
    found = analysed(design, prognostic)
    assert found["standard_error"] == pytest.approx(plain["standard_error"], rel=0.05)
    unadjusted = analysed(design.model_copy(update={"adjust_for": ()}), prognostic)
    assert found["standard_error"] < 0.9 * unadjusted["standard_error"]


def conditional_truth(adjust_for, *, odds=3.0):
    """Return the truth of an odds ratio where sex sets the log odds far apart and the arm's is the same in both."""
    generator = np.random.default_rng(1)
    n = 40_000
    female = np.arange(n) % 2
    luck, high = generator.logistic(size=n), np.log(odds)
    design = one_visit(**{name: getattr(responder_design(summary="odds_ratio"), name)
                          for name in ("endpoint", "estimand", "analysis")}, adjust_for=adjust_for)  # fmt: skip
    trial = scored(np.arange(n) % 2, generator.uniform(50, 70, n), np.full(n, 60.0))
    values = [np.where(luck < 4 * female - 2 + effect, 10.0, 90.0) for effect in (high, 0.0)]
    trial = replace(in_both(trial, *values), covariates=pd.DataFrame({"is_female": female == 1}))
    return population_value(design, outcomes_by_world(design, trial)[:, 0])


def test_the_true_odds_ratio_is_conditional_on_what_the_analysis_adjusts_for():
    given, error = conditional_truth(["sex"])
    assert given == pytest.approx(np.log(3.0), abs=4 * error)
    without, _ = conditional_truth([])
    assert without < given - 0.3  # odds ratios do not collapse


def test_a_site_has_no_part_in_the_truth():
    generator = np.random.default_rng(1)
    design = one_visit(**{name: getattr(responder_design(summary="odds_ratio"), name)
                          for name in ("endpoint", "estimand", "analysis")}, adjust_for=["site"],
                       accrual={"per_month": 4, "arrivals": "poisson", "sites": {"number": 3}})  # fmt: skip
    trial = scored([0, 1] * 100, generator.uniform(50, 70, 200), np.full(200, 60.0))
    outcomes = outcomes_by_world(design, in_both(trial, generator.uniform(20, 70, 200), generator.uniform(20, 70, 200)))
    assert outcomes.shape[-1] == 2


def test_a_whole_trial_is_analysed_within_strata(model, patients):
    design = responder_design(adjust_for=["sex"], n_total=60)
    result = run_trial(model, design, patients, seed=4)
    assert np.isfinite(result.contrasts["estimate"]).all()
    assert set(result.conduct["alone_in_strata"]) == {"cells vs saline"}
