from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtr, stdtrit

from sciatrial.clinic import SCORES
from sciatrial.foundation import Score
from sciatrial.statistics import (
    SmallSample,
    constrained_differences,
    fit_ancova,
    fit_constrained_measures,
    fit_repeated_measures,
    treatment_differences,
)
from sciatrial.trial.analysis import arm_summaries, effects_seen, responses
from sciatrial.trial.estimand import known_visits
from sciatrial.trial.monitoring import monitor
from tests.trial.conftest import CELLS, SALINE, SHAM, invented_trial, one_visit, scored, small_design

THREE = {"cells": CELLS, "saline": SALINE, "sham": SHAM}


def invented(seed, n=30, n_arms=3):
    """Return arms, baselines and endpoint values of an invented trial."""
    generator = np.random.default_rng(seed)
    assigned = generator.permutation(np.arange(n) % n_arms)
    baseline = generator.normal(60, 10, n)
    return assigned, baseline, 20 + 0.5 * baseline - 4 * assigned + generator.normal(0, 6, n)


def contrasts(design, trial):
    """Return one row a comparison of a trial with one look."""
    return monitor(design, [trial])[0].contrasts


def by_normal_equations(assigned, baseline, endpoint, arm, control):
    """Return estimate, standard error and degrees of freedom from X'X b = X'y with an intercept and dummies."""
    others = [index for index in np.unique(assigned) if index != control]
    columns = [np.ones(len(endpoint)), *((assigned == index).astype(float) for index in others), baseline]
    x, change = np.stack(columns, axis=1), endpoint - baseline
    coefficients = np.linalg.solve(x.T @ x, x.T @ change)
    residuals = change - x @ coefficients
    freedom = len(change) - x.shape[1]
    place = 1 + others.index(arm)
    variance = residuals @ residuals / freedom * np.linalg.inv(x.T @ x)[place, place]
    return coefficients[place], np.sqrt(variance), freedom


@given(seed=st.integers(0, 10_000), n_arms=st.integers(2, 4))
def test_the_estimate_equals_the_normal_equations(seed, n_arms):
    assigned, baseline, endpoint = invented(seed, n_arms=n_arms)
    design = one_visit(arms={str(index): SHAM for index in range(n_arms)}, n_total=30)
    for _, row in contrasts(design, scored(assigned, baseline, endpoint)).iterrows():
        expected = by_normal_equations(assigned, baseline, endpoint, int(row["arm"]), int(row["control"]))
        np.testing.assert_allclose(row[["estimate", "standard_error", "degrees_of_freedom"]].astype(float), expected)


def test_interval_and_p_value_come_from_students_distribution():
    row = contrasts(one_visit(alpha=0.1), scored(*invented(3, n_arms=2))).iloc[0]
    half = stdtrit(row["degrees_of_freedom"], 0.95) * row["standard_error"]
    assert row["ci_low"] == pytest.approx(row["estimate"] - half)
    assert row["ci_high"] == pytest.approx(row["estimate"] + half)
    t = abs(row["estimate"] / row["standard_error"])
    assert row["p_value"] == pytest.approx(2 * stdtr(row["degrees_of_freedom"], -t))


def test_an_estimate_is_arm_minus_control():
    # cells fall by 30 and saline by 10, whatever the baseline
    assigned = np.tile([0, 1], 6)
    wobble = np.repeat([1.0, -1.0, 0.0], 4)
    baseline = np.repeat([50.0, 60.0, 70.0, 55.0, 65.0, 75.0], 2)
    endpoint = baseline - np.where(assigned == 0, 30, 10) + wobble
    row = contrasts(one_visit(), scored(assigned, baseline, endpoint)).iloc[0]
    assert row["comparison"] == "cells vs saline"
    assert row["estimate"] == pytest.approx(-20)


def test_equal_baselines_give_students_t_test():
    # cells fell by 1, 2, 3 and saline by 3, 4, 5: difference 2, pooled variance 1, standard error sqrt(2/3)
    trial = scored([0, 0, 0, 1, 1, 1], [50] * 6, [49, 48, 47, 47, 46, 45])
    row = contrasts(one_visit(), trial).iloc[0]
    assert row["estimate"] == pytest.approx(2)
    assert row["standard_error"] == pytest.approx(np.sqrt(2 / 3))
    assert row["degrees_of_freedom"] == pytest.approx(4)


def test_the_estimates_are_those_of_the_statistics_room():
    assigned, baseline, endpoint = invented(4)
    rows = contrasts(one_visit(arms=THREE, n_total=30), scored(assigned, baseline, endpoint)).set_index("comparison")
    room = fit_ancova(endpoint - baseline, assigned, baseline)  # saline and sham against cells
    assert rows.loc["cells vs saline", "estimate"] == pytest.approx(-room.estimate[0, 0])
    assert rows.loc["cells vs sham", "p_value"] == pytest.approx(room.p_value[0, 1])


def test_trials_analysed_together_are_as_trials_analysed_alone():
    design = one_visit(arms=THREE, n_total=30)
    trials = [scored(*invented(seed)) for seed in range(4)]
    # one has lost an arm, one has no spread of the baseline: they are fitted apart from the others
    trials[1] = replace(trials[1], is_observed=trials[1].is_observed & (trials[1].assigned != 2)[:, None])
    trials[2].scores[:, 0] = 50.0
    together = effects_seen(design, trials, [trial.is_observed for trial in trials])
    for place, trial in enumerate(trials):
        alone = effects_seen(design, [trial], [trial.is_observed])
        np.testing.assert_allclose(together.estimate[place], alone.estimate[0])
        np.testing.assert_allclose(together.z[place], alone.z[0])


def mixed(**changes):
    words = {"arms": THREE, "n_total": 90, "visits_months": (1, 3, 6, 12), "analysis": "mmrm", "dropout_per_year": 0.4}
    return small_design(**words | changes)


@pytest.mark.parametrize("small_sample", list(SmallSample))
def test_the_mixed_model_is_that_of_the_statistics_room(small_sample):
    design = mixed(small_sample=small_sample)
    trials = [invented_trial(design, seed, effect=-6.0) for seed in range(3)]
    found = effects_seen(design, trials, [trial.is_observed for trial in trials])
    for place, trial in enumerate(trials):
        change = trial.scores[:, 1:4, 0] - trial.scores[:, :1, 0]  # up to the endpoint at month 6
        change = np.where(trial.is_observed[:, 1:4], change, np.nan)
        room = treatment_differences(
            fit_repeated_measures(change, trial.assigned, trial.scores[:, 0, 0], small_sample=small_sample)
        )
        assert found.estimate[place, 0] == pytest.approx(-room.estimate[0, 0, -1])  # cells against saline
        assert found.standard_error[place, 1] == pytest.approx(room.standard_error[0, 1, -1])
        assert found.degrees_of_freedom[place, 0] == pytest.approx(room.degrees_of_freedom[0, 0, -1])
        assert np.sign(found.z[place, 0]) == -np.sign(found.estimate[place, 0])


def test_the_constrained_analysis_is_that_of_the_statistics_room():
    design = mixed(analysis="clda")
    trials = [invented_trial(design, seed, effect=-6.0) for seed in range(3)]
    found = effects_seen(design, trials, [trial.is_observed for trial in trials])
    for place, trial in enumerate(trials):
        values = np.where(trial.is_observed[:, :4], trial.scores[:, :4, 0], np.nan)
        room = constrained_differences(fit_constrained_measures(values, trial.assigned), 3)
        assert found.estimate[place, 0] == pytest.approx(-room.estimate[0, 0, -1])  # cells against saline
        assert found.standard_error[place, 1] == pytest.approx(room.standard_error[0, 1, -1])
        assert found.degrees_of_freedom[place, 0] == pytest.approx(room.degrees_of_freedom[0, 0, -1])


def test_while_on_treatment_what_comes_after_rescue_moves_nothing_and_who_leaves_then_is_there():
    rescue = {"score": "leg_pain", "above": 50}
    design = mixed(rescue=rescue, estimand={"rescue": "while_on_treatment"}, analysis="ancova")
    trial = invented_trial(mixed(), 2, effect=-6.0)
    trial.rescued[:, 2] = (trial.scores[:, 2, 0] > 50) & trial.is_observed[:, 2]
    gone = trial.rescued[:, 2] & ~trial.is_observed[:, 3]
    assert gone.any()
    moved = replace(trial, scores=trial.scores.copy())
    moved.scores[trial.rescued[:, 2], 3] -= 25.0
    seen = known_visits(design.estimand, trial.is_observed, trial.rescued)
    pair = [effects_seen(design, [item], [seen]) for item in (trial, moved)]
    assert pair[0].estimate[0, 0] == pair[1].estimate[0, 0]
    among = (trial.assigned == 0) & (trial.is_observed[:, 3] | gone)
    assert pair[0].n_arm[0, 0] == among.sum()


def test_the_mixed_model_uses_those_who_left_before_the_endpoint():
    design = mixed()
    trial = invented_trial(design, 1, effect=-6.0)
    left = trial.is_observed[:, 1] & ~trial.is_observed[:, 3]
    assert left.any()
    moved = replace(trial, scores=trial.scores.copy())
    moved.scores[left, 1] += 20.0
    plain, changed = (effects_seen(design, [item], [item.is_observed]).estimate[0, 0] for item in (trial, moved))
    assert plain != pytest.approx(changed, abs=0.01)
    ancova = mixed(analysis="ancova")
    plain, changed = (effects_seen(ancova, [item], [item.is_observed]).estimate[0, 0] for item in (trial, moved))
    assert plain == pytest.approx(changed)


def test_a_mixed_model_whose_first_visits_nobody_attends_says_so():
    design = mixed(dropout_per_year=0.0)
    trial = invented_trial(design, 1)
    trial.is_observed[:, 2] = False
    row = monitor(design, [trial])[0].contrasts.iloc[0]
    assert_empty(row, "nobody was seen at month 3")


def test_scores_after_rescue_do_not_move_a_hypothetical_estimate():
    rescue = {"score": "leg_pain", "above": 50}
    trial = invented_trial(mixed(), 2, effect=-6.0)
    trial.rescued[:, 2] = trial.scores[:, 2, 0] > 50  # at month 3
    moved = replace(trial, scores=trial.scores.copy())
    moved.scores[trial.rescued[:, 2], 3] -= 25.0
    for strategy, moves in (("treatment_policy", True), ("hypothetical", False), ("composite", False)):
        design = mixed(rescue=rescue, estimand={"rescue": strategy})
        pair = [effects_seen(design, [item], [item.is_observed]).estimate[0, 0] for item in (trial, moved)]
        assert (abs(pair[0] - pair[1]) > 1e-9) == moves


def test_a_mixed_model_without_scores_after_rescue_finds_what_there_would_have_been():
    # rescue follows the measured score and takes 15 points off what comes later: missing at random by design
    rescue = {"score": "leg_pain", "above": 60}
    design = mixed(
        arms={"cells": CELLS, "saline": SALINE}, n_total=120, rescue=rescue, dropout_per_year=0.0,
        estimand={"rescue": "hypothetical"},
    )  # fmt: skip
    trials = []
    for seed in range(60):
        trial = invented_trial(design, seed, effect=-8.0)
        trial.rescued[:, 2] = trial.scores[:, 2, 0] > 60
        trial.scores[trial.rescued[:, 2], 3:] -= 15.0
        trials.append(trial)
    seen = [trial.is_observed for trial in trials]
    hypothetical = effects_seen(design, trials, seen).estimate[:, 0]
    policy = effects_seen(mixed(arms=design.arms, n_total=120, rescue=rescue), trials, seen).estimate[:, 0]
    assert hypothetical.mean() == pytest.approx(-8.0, abs=4 * hypothetical.std() / np.sqrt(60))
    assert policy.mean() > -8.0 + 1.0  # rescue helps those who fare worse, more of them without cells


def test_those_without_an_endpoint_value_are_left_out():
    assigned, baseline, endpoint = invented(5, n_arms=2)
    seen = np.arange(30) % 5 > 0
    with_gaps = contrasts(one_visit(), scored(assigned, baseline, endpoint, observed=seen))
    complete = contrasts(one_visit(), scored(assigned[seen], baseline[seen], endpoint[seen]))
    pd.testing.assert_frame_equal(with_gaps.drop(columns="n_randomised"), complete.drop(columns="n_randomised"))
    assert with_gaps.loc[0, "n_arm"] + with_gaps.loc[0, "n_control"] == 24


def test_a_value_that_is_not_a_number_is_left_out():
    assigned, baseline, endpoint = invented(5, n_arms=2)
    endpoint[7] = np.nan
    row = contrasts(one_visit(), scored(assigned, baseline, endpoint)).iloc[0]
    assert row["degrees_of_freedom"] == pytest.approx(29 - 3)


def assert_empty(row, reason):
    assert reason in row["why_not"]
    assert np.isnan(row[["estimate", "standard_error", "ci_low", "ci_high", "p_value"]].astype(float)).all()


def test_zero_variance_gives_a_reason_instead_of_an_estimate():
    row = contrasts(one_visit(), scored([0, 0, 0, 1, 1, 1], [50, 55, 60] * 2, [30, 35, 40] * 2)).iloc[0]
    assert_empty(row, "does not vary")


def test_everybody_at_the_floor_gives_a_reason_instead_of_an_estimate():
    row = contrasts(one_visit(), scored([0, 0, 0, 1, 1, 1], [50, 55, 61, 48, 60, 52], [0] * 6)).iloc[0]
    assert_empty(row, "does not vary")


def test_too_few_patients_give_a_reason_instead_of_an_estimate():
    row = contrasts(one_visit(), scored([0, 1, 1], [50, 60, 70], [40, 30, 20])).iloc[0]
    assert_empty(row, "fewer than two patients")


def test_an_arm_that_cannot_be_told_from_the_baseline_gives_a_reason():
    row = contrasts(one_visit(), scored([0, 0, 0, 1, 1, 1], [100] * 3 + [90] * 3, [30, 35, 41, 20, 35, 44])).iloc[0]
    assert_empty(row, "the fixed effects cannot be told apart")


def test_everybody_lost_gives_a_reason_instead_of_an_estimate():
    trial = scored([0, 0, 1, 1], [50, 60, 55, 65], [40, 45, 50, 52], observed=[False] * 4)
    row = contrasts(one_visit(), trial).iloc[0]
    assert_empty(row, "fewer than two patients")
    assert row["n_arm"] == row["n_control"] == 0


def test_an_arm_that_lost_everybody_leaves_the_other_comparison_as_it_is():
    assigned, baseline, endpoint = invented(6)
    design = one_visit(arms=THREE, n_total=30)
    left = assigned != 2
    rows = contrasts(design, scored(assigned, baseline, endpoint, observed=left)).set_index("comparison")
    assert_empty(rows.loc["cells vs sham"], "fewer than two patients")
    kept = rows.loc["cells vs saline", ["estimate", "standard_error", "degrees_of_freedom"]].astype(float)
    expected = by_normal_equations(assigned[left], baseline[left], endpoint[left], 0, 1)
    np.testing.assert_allclose(kept, expected)  # as if there had never been a third arm


def test_the_analysis_is_unbiased_for_the_true_effect_over_all_allocations():
    # seven patients can be dealt 3 to 4 in 35 ways; the mean difference in change over all is the true effect exactly,
    # and the adjusted one stays within its small-sample bias
    generator = np.random.default_rng(2)
    baseline = generator.normal(60, 10, 7)
    saline = baseline - 10 + generator.normal(0, 5, 7)
    cells = saline - generator.uniform(5, 15, 7)
    estimates = []
    for chosen in range(128):
        assigned = np.array([0 if chosen >> place & 1 else 1 for place in range(7)])
        if (assigned == 0).sum() == 3:
            endpoint = np.where(assigned == 0, cells, saline)
            estimates.append(contrasts(one_visit(), scored(assigned, baseline, endpoint)).loc[0, "estimate"])
    truth = (cells - saline).mean()
    assert len(estimates) == 35
    assert np.mean(estimates) == pytest.approx(truth, abs=np.std(estimates) / 4)


def summaries():
    """Return the summaries of leg pain at month 6: cells 80→40, 60→15 and one lost; saline 50→40, 70→70."""
    trial = scored([0, 0, 0, 1, 1], [80, 60, 99, 50, 70], [40, 15, 0, 40, 70], observed=[True, True, False, True, True])
    frame = arm_summaries(one_visit(), trial)
    return frame[(frame["score"] == "leg_pain")].set_index(["arm", "month"])


@pytest.mark.parametrize(
    ("arm", "column", "expected"),
    [
        ("cells", "n", 2),
        ("cells", "mean", 27.5),
        ("cells", "sd", 25 / np.sqrt(2)),
        ("cells", "mean_change", -42.5),
        ("cells", "sd_change", 5 / np.sqrt(2)),
        ("cells", "percent_change", -100 * 42.5 / 70),
        ("cells", "responders_30pct", 100),
        ("cells", "responders_50pct", 100),
        ("cells", "at_most_20", 50),
        ("saline", "mean_change", -5),
        ("saline", "percent_change", -100 * 5 / 60),
        ("saline", "responders_30pct", 0),
    ],
)
def test_a_summary_equals_the_sum_done_by_hand(arm, column, expected):
    assert summaries().loc[(arm, 6.0), column] == pytest.approx(expected)


def test_the_baseline_row_counts_everybody_randomised():
    row = summaries().loc[("cells", 0.0)]
    assert row["n"] == 3
    assert row["mean_change"] == 0
    assert row["responders_30pct"] == 0


def test_somebody_without_pain_at_baseline_is_no_responder():
    frame = arm_summaries(one_visit(), scored([0, 0, 1, 1], [0, 80, 50, 70], [0, 20, 40, 70]))
    row = frame[(frame["score"] == "leg_pain") & (frame["arm"] == "cells") & (frame["month"] == 6)].iloc[0]
    assert row["responders_50pct"] == 50


def test_an_arm_that_nobody_was_seen_in_has_empty_means():
    trial = scored([0, 0, 1, 1], [50, 60, 55, 65], [40, 45, 50, 52], observed=[False, False, True, True])
    frame = arm_summaries(one_visit(), trial)
    row = frame[(frame["score"] == "leg_pain") & (frame["arm"] == "cells") & (frame["month"] == 6)].iloc[0]
    assert row["n"] == 0
    assert np.isnan(row[["mean", "sd", "mean_change", "responders_50pct"]].astype(float)).all()


def test_quality_of_life_has_no_percent_and_no_responders():
    frame = arm_summaries(one_visit(), scored([0, 0, 1, 1], [0.5] * 4, [0.7, 0.8, 0.6, 0.5]))
    rows = frame[frame["score"] == str(Score.QUALITY_OF_LIFE)]
    assert rows[["percent_change", "responders_30pct", "responders_50pct", "at_most_20"]].isna().all(axis=None)
    assert rows["mean"].notna().all()


def test_there_is_one_summary_for_each_arm_score_and_visit(rescued_trial, with_rescue):
    frame = arm_summaries(with_rescue, rescued_trial)
    assert len(frame) == 2 * len(SCORES) * 4
    assert not frame.duplicated(["arm", "score", "month"]).any()


def response(assigned, pain, disability, rescued=None, observed=None):
    """Return shares of responders from pain and disability (before, after) of each patient."""
    trial = scored(assigned, [0] * len(assigned), [0] * len(assigned), observed=observed)
    scores = trial.scores.copy()
    scores[:, :, SCORES.index(Score.LEG_PAIN)] = pain
    scores[:, :, SCORES.index(Score.DISABILITY)] = disability
    flags = np.zeros((len(assigned), 2), dtype=bool)
    if rescued is not None:
        flags[:, 0] = rescued
    table = responses(one_visit(), replace(trial, scores=scores, rescued=flags))
    return table.set_index(["rule", "arm"])["percent"]


def test_shares_of_responders_follow_each_rule_of_the_tables():
    got = response([0, 0, 1, 1], [(80, 40), (80, 50), (60, 18), (0, 0)], [(50, 20), (50, 30), (40, 30), (10, 10)])
    assert got["responder_50pct_pain", "cells"] == 50
    assert got["responder_30pct_pain", "cells"] == 100
    assert got["vas20_or_less", "saline"] == 100
    assert got["responder_50pct_pain", "saline"] == 50  # somebody without pain cannot respond
    assert got["responder_50pct_pain_and_odi", "cells"] == 50
    assert got["composite_50pct_pain_15pt_odi_no_intervention", "saline"] == 0  # ten points are not fifteen


def test_who_took_rescue_before_the_visit_is_no_responder_where_the_rule_says_so():
    got = response([0, 0], [(80, 10), (80, 10)], [(50, 10), (50, 10)], rescued=[True, False])
    assert got["composite_50pct_pain_15pt_odi_no_intervention", "cells"] == 50
    assert got["responder_50pct_pain_and_odi", "cells"] == 100


def test_only_those_observed_are_counted():
    got = response([0, 0, 1], [(80, 10), (80, 80), (80, 10)], [(50, 10)] * 3, observed=[True, False, False])
    assert got["responder_50pct_pain", "cells"] == 100
    assert np.isnan(got["responder_50pct_pain", "saline"])


def test_a_rule_that_needs_a_score_that_is_not_simulated_is_left_out():
    assert "responder_50pct_sf36" not in response([0], [(80, 10)], [(50, 10)]).index.get_level_values("rule")


def test_a_level_that_nobody_has_and_a_factor_that_repeats_another_take_nothing_from_the_analysis():
    design = one_visit(n_total=40, adjust_for=["sex", "age_years>=40", "age_years>=50"])
    generator = np.random.default_rng(3)
    women = np.tile([True, True, False, False], 10)
    # nobody is 50, and exactly the women are 40: sex alone can have a slope
    people = pd.DataFrame({"is_female": women, "age_years": np.where(women, 45.0, 30.0)})
    baseline = generator.uniform(40, 80, 40)
    trial = scored(np.arange(40) % 2, baseline, baseline - 10 * women + generator.normal(0, 5, 40),
                   patients=SimpleNamespace(covariates=people))  # fmt: skip
    both = effects_seen(design, [trial], [trial.is_observed])
    sex = effects_seen(one_visit(n_total=40, adjust_for=["sex"]), [trial], [trial.is_observed])
    plain = effects_seen(one_visit(n_total=40), [trial], [trial.is_observed])
    assert both.estimate == pytest.approx(sex.estimate)
    assert both.degrees_of_freedom[0, 0] == pytest.approx(40 - 4)
    assert both.standard_error[0, 0] < plain.standard_error[0, 0]


def test_trials_that_can_adjust_for_different_columns_are_analysed_together():
    design = one_visit(n_total=40, adjust_for=["sex"])
    generator = np.random.default_rng(3)
    trials = [
        scored(np.arange(40) % 2, generator.uniform(40, 80, 40), generator.uniform(30, 70, 40),
               patients=SimpleNamespace(covariates=pd.DataFrame({"is_female": women})))
        for women in (np.tile([True, True, False, False], 10), np.ones(40, dtype=bool))
    ]  # fmt: skip
    together = effects_seen(design, trials, [trial.is_observed for trial in trials])
    assert together.degrees_of_freedom[:, 0] == pytest.approx([36, 37])
    for place, trial in enumerate(trials):
        alone = effects_seen(design, [trial], [trial.is_observed])
        assert together.estimate[place] == pytest.approx(alone.estimate[0])
