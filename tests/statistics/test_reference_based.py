import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    ReferenceRule,
    analyse_imputations,
    fit_ancova,
    fit_repeated_measures,
    impute_visits,
    tipping_points,
    treatment_differences,
)

COVARIANCE = 9 * 0.6 ** np.abs(np.subtract.outer(range(3), range(3)))
EFFECTS = np.array([2.0, 4.0, 7.0])
CONTROL = np.array([1.0, 3.0, 4.0])


def trial(n_patients=160, share_lost=0.3, seed=2):
    """Change (patient, visit), arms, baseline; some patients of the treated arm leave after visit 1 or 2."""
    rng = np.random.default_rng(seed)
    arms = np.arange(n_patients) % 2
    baseline = rng.normal(60, 10, n_patients)
    error = rng.multivariate_normal(np.zeros(3), COVARIANCE, n_patients)
    change = CONTROL + EFFECTS * arms[:, None] - 0.2 * (baseline[:, None] - 60) + error
    lost = (rng.random(n_patients) < share_lost) & (arms == 1)
    change[lost, 2] = np.nan
    change[lost & (rng.random(n_patients) < 0.5), 1] = np.nan
    return change, arms, baseline


def expected_effect(rule):
    """The difference at the last visit when half of the lost leave after visit 1 and half after visit 2."""
    control, own = CONTROL, CONTROL + EFFECTS
    lost = []
    for last in (1, 2):
        mean = own.copy()
        if rule is ReferenceRule.JUMP_TO_REFERENCE:
            mean[last:] = control[last:]
        elif rule is ReferenceRule.COPY_REFERENCE:
            mean = control
        elif rule is ReferenceRule.COPY_INCREMENTS_IN_REFERENCE:
            mean[last:] = control[last:] + own[last - 1] - control[last - 1]
        elif rule is ReferenceRule.LAST_MEAN_CARRIED_FORWARD:
            mean[last:] = own[last - 1]
        slope = np.linalg.solve(COVARIANCE[:last, :last], COVARIANCE[:last, 2])
        lost.append(mean[2] + (own - mean)[:last] @ slope - control[2])
    return 0.7 * EFFECTS[2] + 0.3 * np.mean(lost)


@pytest.mark.parametrize("rule", list(ReferenceRule))
def test_the_effect_is_the_one_that_the_rule_means(rule):
    change, arms, baseline = trial(n_patients=6000)
    found = analyse_imputations(impute_visits(change, arms, baseline, rule=rule, seed=1, n_imputations=8))
    # the error of 6000 patients is some 0.1
    assert found.estimate[0, 0] == pytest.approx(expected_effect(rule), abs=0.3)


def test_missing_at_random_is_the_mixed_model_but_for_the_chance_of_imputations():
    change, arms, baseline = trial()
    measures = fit_repeated_measures(change, arms, baseline)
    expected = treatment_differences(measures)
    found = analyse_imputations(
        impute_visits(change, arms, baseline, rule=ReferenceRule.MISSING_AT_RANDOM, seed=4, n_imputations=200)
    )
    assert found.estimate[0, 0] == pytest.approx(expected.estimate[0, 0, 2], abs=0.1)
    assert found.standard_error[0, 0] == pytest.approx(expected.standard_error[0, 0, 2], rel=0.1)


def test_covariates_are_in_the_imputation_and_in_the_analysis():
    change, arms, baseline = trial()
    rng = np.random.default_rng(3)
    covariates = np.stack([rng.normal(size=len(arms)), rng.random(len(arms)) < 0.4], axis=1).astype(float)
    # they matter, and those of the treated arm who are badly off by them leave
    change = change + 6 * covariates[:, :1] + 4 * covariates[:, 1:]
    change[(arms == 1) & (covariates[:, 0] > 0.8), 1:] = np.nan
    expected = treatment_differences(fit_repeated_measures(change, arms, baseline, covariates))
    rule, number = ReferenceRule.MISSING_AT_RANDOM, {"seed": 4, "n_imputations": 200}
    found = analyse_imputations(impute_visits(change, arms, baseline, covariates, rule=rule, **number))
    assert found.estimate[0, 0] == pytest.approx(expected.estimate[0, 0, 2], abs=0.1)
    assert found.standard_error[0, 0] == pytest.approx(expected.standard_error[0, 0, 2], rel=0.1)
    assert found.degrees_of_freedom[0, 0] < len(arms) - 5
    without = analyse_imputations(impute_visits(change, arms, baseline, rule=rule, **number))
    assert abs(without.estimate[0, 0] - expected.estimate[0, 0, 2]) > 0.3


def test_where_nothing_is_missing_the_analysis_is_the_adjusted_one():
    change, arms, baseline = trial(share_lost=0.0)
    covariate = np.random.default_rng(3).normal(size=(len(arms), 1))
    made = impute_visits(change, arms, baseline, covariate, rule=ReferenceRule.COPY_REFERENCE, seed=1, n_imputations=2)
    expected = fit_ancova(change[:, 2], arms, baseline, covariate)
    assert analyse_imputations(made).estimate[0, 0] == pytest.approx(expected.estimate[0, 0], rel=1e-12)
    assert tipping_points(made, largest=-60.0)[0, 0] == -np.inf


def test_under_the_null_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(6)
    n_trials, n_patients = 400, 60
    arms, baseline = np.arange(n_patients) % 2, rng.normal(60, 10, (n_trials, n_patients))
    change = rng.multivariate_normal(CONTROL, COVARIANCE, baseline.shape) - 0.2 * (baseline[..., None] - 60)
    # those who do badly at the first visit leave more often: at random given what is seen
    leaves = rng.random(baseline.shape) < np.where(change[..., 0] < 1, 0.4, 0.1)
    change[leaves, 1:] = np.nan
    made = impute_visits(change, arms, baseline, rule=ReferenceRule.MISSING_AT_RANDOM, seed=2, n_imputations=10)
    found = analyse_imputations(made)
    assert found.reasons == ("",) * n_trials
    rejected = (found.p_value < 0.05).mean()
    assert rejected == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / n_trials))


def test_known_values_stay_and_gaps_before_the_last_visit_do_not_follow_the_rule():
    change, arms, baseline = trial()
    treated = np.flatnonzero((arms == 1) & np.isfinite(change).all(axis=1))
    change[treated[:10], 0] = np.nan
    made = impute_visits(change, arms, baseline, rule=ReferenceRule.JUMP_TO_REFERENCE, seed=1, n_imputations=40)
    seen = np.isfinite(change)
    assert (made.values[0][:, seen] == change[seen]).all()
    assert np.isfinite(made.values).all()
    assert not made.is_after_last[0, treated[:10]].any()
    shift = made.values[0][:, treated[:10], 0].mean() - made.values[0][:, arms == 1, 0].mean()
    assert abs(shift) < 2.0  # the control lies 2 below, and residuals of ten patients vary by 1


def test_equal_seeds_give_equal_imputations_and_trials_do_not_depend_on_their_neighbours():
    one, arms, baseline = trial()
    other, _, _ = trial(seed=9)
    both = np.stack([one, other])
    made = [
        impute_visits(item, arms, baseline, rule=ReferenceRule.COPY_REFERENCE, seed=3, n_imputations=3).values
        for item in (both, both, one)
    ]
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_allclose(made[0][0], made[2][0], rtol=1e-6)


def test_delta_moves_the_estimate_by_the_share_that_was_filled():
    change, arms, baseline = trial()
    made = impute_visits(change, arms, baseline, rule=ReferenceRule.MISSING_AT_RANDOM, seed=1, n_imputations=5)
    plain, moved = (analyse_imputations(made, delta=delta).estimate[0, 0] for delta in (0.0, [-10.0]))
    share = made.is_after_last[0, arms == 1, 2].mean()
    assert moved - plain == pytest.approx(-10 * share, abs=0.3)  # baseline is not exactly balanced


def test_the_tipping_point_is_where_significance_ends():
    change, arms, baseline = trial()
    made = impute_visits(change, arms, baseline, rule=ReferenceRule.MISSING_AT_RANDOM, seed=1, n_imputations=10)
    point = tipping_points(made, largest=-60.0)[0, 0]
    assert -60 < point < 0
    assert analyse_imputations(made, delta=point).p_value[0, 0] >= 0.05
    assert analyse_imputations(made, delta=point + 0.02).p_value[0, 0] < 0.05
    assert tipping_points(made, largest=-1.0)[0, 0] == -np.inf
    assert tipping_points(made, largest=-1.0, alpha=1e-30)[0, 0] == 0


def test_a_trial_that_cannot_be_fitted_says_why():
    change, arms, baseline = trial(n_patients=40)
    broken = change.copy()
    broken[:, 1] = 2.0
    made = impute_visits(
        np.stack([change, broken]), arms, baseline, rule=ReferenceRule.COPY_REFERENCE, seed=1, n_imputations=3
    )
    assert made.reasons[0] == ""
    assert "resamples have no fit" in made.reasons[1]
    found = analyse_imputations(made)
    assert np.isnan(found.estimate[1, 0])
    assert np.isfinite(found.estimate[0, 0])
    assert found.reasons == made.reasons
    assert np.isnan(tipping_points(made, largest=-1.0)[1, 0])


def test_what_cannot_be_imputed_is_refused_by_name():
    change, arms, baseline = trial(n_patients=40)
    baseline[3] = np.nan
    with pytest.raises(TrialError, match=r"arms(.|\n)*baseline(.|\n)*n_imputations"):
        impute_visits(change, arms[:5], baseline, rule=ReferenceRule.COPY_REFERENCE, seed=1, n_imputations=1)
    baseline[3] = 60
    with pytest.raises(TrialError, match="covariates: missing values"):
        impute_visits(change, arms, baseline, np.full((40, 1), np.nan), rule=ReferenceRule.COPY_REFERENCE, seed=1)
    made = impute_visits(change, arms, baseline, rule=ReferenceRule.COPY_REFERENCE, seed=1, n_imputations=2)
    with pytest.raises(TrialError, match=r"visit(.|\n)*delta"):
        analyse_imputations(made, visit=3, delta=[1.0, 2.0])
    with pytest.raises(TrialError, match=r"largest(.|\n)*tolerance(.|\n)*alpha"):
        tipping_points(made, largest=0.0, tolerance=0.0, alpha=5)
