import numpy as np
import pytest
from scipy.stats import brunnermunzel, norm

from sciatrial.foundation import TrialError
from sciatrial.statistics import crossed_win_statistics, win_statistics


def trials(n_trials=6, n_patients=50, effect=0.5, seed=4):
    rng = np.random.default_rng(seed)
    arms = np.arange(n_patients) % 2
    shape = (n_trials, n_patients)
    first = (rng.random(shape) < 0.7 + 0.1 * effect * arms).astype(float)
    second = np.round(rng.normal(effect * arms, 1, shape) * 2) / 2
    return np.stack([first, second], axis=-1), arms


def test_one_outcome_with_ties_is_brunner_and_munzels_test():
    outcomes, arms = trials()
    found = win_statistics(outcomes[..., 1:], arms).net_benefit
    for trial in range(6):
        groups = (outcomes[trial, arms == code, 1] for code in (1, 0))
        expected = brunnermunzel(*groups, distribution="normal")
        assert found.statistic[trial, 0] == pytest.approx(-expected.statistic, rel=1e-12)
        assert found.p_value[trial, 0] == pytest.approx(expected.pvalue, rel=1e-9)


def test_a_later_outcome_decides_only_pairs_that_tie_before():
    outcomes = np.array([[1.0, 0.0], [0.0, 9.0], [0.0, 5.0], [0.0, 7.0]])
    found = win_statistics(outcomes, [1, 1, 0, 0], margins=[0.0, 2.0])
    # patient 1 wins twice at once; patient 2 wins one pair later and ties with the other, within the margin
    np.testing.assert_array_equal(found.wins[0, 0], [0.5, 0.25])
    np.testing.assert_array_equal(found.losses[0, 0], [0.0, 0.0])
    assert found.net_benefit.estimate[0, 0] == 0.75
    assert found.log_win_odds.estimate[0, 0] == pytest.approx(np.log(0.875 / 0.125))
    assert np.isnan(found.log_win_ratio.estimate[0, 0])
    assert found.log_win_ratio.reasons == ("arm 1: no pair is won, or none is lost",)
    assert found.log_win_odds.reasons == ("",)


def test_missing_outcomes_tie_and_patients_without_any_take_no_part():
    outcomes, arms = trials(n_trials=2)
    gone = np.arange(50) < 6
    alone = win_statistics(outcomes[:, ~gone], arms[~gone])
    emptied = outcomes.copy()
    emptied[:, gone] = np.nan
    np.testing.assert_allclose(win_statistics(emptied, arms).log_win_ratio.estimate, alone.log_win_ratio.estimate)
    np.testing.assert_allclose(
        win_statistics(emptied, arms).log_win_ratio.standard_error, alone.log_win_ratio.standard_error
    )
    outcomes[..., 0] = np.nan
    np.testing.assert_array_equal(
        win_statistics(outcomes, arms).net_benefit.estimate,
        win_statistics(outcomes[..., 1:], arms).net_benefit.estimate,
    )


def test_arms_may_differ_by_trial_and_be_more_than_two():
    outcomes, _ = trials(n_trials=3)
    rng = np.random.default_rng(1)
    arms = rng.integers(0, 3, (3, 50))
    found = win_statistics(outcomes, arms)
    for trial in range(3):
        for arm in (1, 2):
            own = np.isin(arms[trial], (0, arm))
            expected = win_statistics(outcomes[trial, own], (arms[trial, own] > 0).astype(int))
            for name in ("log_win_ratio", "log_win_odds", "net_benefit"):
                ours, theirs = getattr(found, name), getattr(expected, name)
                assert ours.estimate[trial, arm - 1] == pytest.approx(theirs.estimate[0, 0])
                assert ours.standard_error[trial, arm - 1] == pytest.approx(theirs.standard_error[0, 0])


def test_intervals_cover_the_truth_and_errors_are_the_spread():
    rng = np.random.default_rng(12)
    arms = np.arange(80) % 2
    outcomes = rng.normal(0.5 * arms, 1, (3000, 80))[..., None]
    truth = norm.cdf(0.5 / np.sqrt(2))
    found = win_statistics(outcomes, arms)
    for estimates, value in (
        (found.log_win_ratio, np.log(truth / (1 - truth))),
        (found.log_win_odds, np.log(truth / (1 - truth))),
        (found.net_benefit, 2 * truth - 1),
    ):
        assert ((estimates.low < value) & (estimates.high > value)).mean() == pytest.approx(0.95, abs=0.016)
        assert estimates.standard_error.mean() == pytest.approx(estimates.estimate.std(), rel=0.05)


def test_an_arm_of_one_patient_is_a_reason():
    outcomes, _ = trials(n_trials=2, n_patients=6)
    arms = np.array([[0, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 1]])
    found = win_statistics(outcomes, arms)
    assert found.net_benefit.reasons == ("arm 1: fewer than two patients here or in the control", "")
    assert np.isnan(found.net_benefit.estimate[0, 0])


def test_what_cannot_be_compared_is_refused_by_name():
    outcomes, arms = trials()
    with pytest.raises(TrialError, match=r"level(.|\n)*arms(.|\n)*margins"):
        win_statistics(outcomes, arms[:4], margins=[1.0], level=0)
    with pytest.raises(TrialError, match="outcomes"):
        win_statistics(outcomes[..., 0].ravel(), arms)


def test_crossed_worlds_are_all_pairs_of_different_patients():
    generator = np.random.default_rng(2)
    first, second = generator.normal(0.3, 1, (50, 2)).round(1), generator.normal(0, 1, (50, 2)).round(1)
    found = crossed_win_statistics(first, second, margins=[0.5, 0.0])
    won = lost = 0
    for i, j in np.ndindex(50, 50):
        gaps = first[i] - second[j]
        told = np.sign(gaps[0]) if abs(gaps[0]) > 0.5 else np.sign(gaps[1])
        won, lost = won + (i != j and told > 0), lost + (i != j and told < 0)
    assert found.wins.sum() == pytest.approx(won / (50 * 49))
    assert found.losses.sum() == pytest.approx(lost / (50 * 49))


@pytest.mark.parametrize("likeness", [0.0, 0.9])
def test_the_error_of_crossed_worlds_is_their_spread(likeness):
    generator = np.random.default_rng(5)
    values, errors = [], []
    for _ in range(300):
        common = generator.normal(size=(100, 1))
        worlds = [np.sqrt(likeness) * common + np.sqrt(1 - likeness) * generator.normal(size=(100, 1)) for _ in "ab"]
        found = crossed_win_statistics(worlds[0] + 0.3, worlds[1]).log_win_odds
        values.append(found.estimate.item())
        errors.append(found.standard_error.item())
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_who_is_unknown_in_one_world_takes_no_part_in_crossed_ones():
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=(40, 1)), generator.normal(size=(40, 1))
    gone = first.copy()
    gone[:5] = np.nan
    found = crossed_win_statistics(gone, second)
    assert (
        found.net_benefit.estimate.item() == crossed_win_statistics(first[5:], second[5:]).net_benefit.estimate.item()
    )
    with pytest.raises(TrialError, match="dims patient, outcome"):
        crossed_win_statistics(first, second[1:])
