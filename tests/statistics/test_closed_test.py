import numpy as np
import pytest
from scipy.special import ndtr

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    IntersectionTest,
    Selection,
    Sides,
    Spending,
    SpendingKind,
    closed_tests,
    dunnett_p_value,
    group_sequential_design,
    intersection_z,
    intersections_of,
    selected_arms,
)

DESIGN = group_sequential_design([0.5, 1.0], efficacy=Spending(SpendingKind.O_BRIEN_FLEMING_TYPE))


def statistics(n_trials, n_arms=3, shift=0.0, seed=1, looks=2):
    means = np.random.default_rng(seed).normal(size=(n_trials, looks, n_arms + 1))
    means[..., 1:] += shift
    return (means[..., 1:] - means[..., :1]) / np.sqrt(2)


def by_hand(z, test, ratios):
    """Each intersection's p value, one at a time; NaN arms are not there."""
    found = []
    for own in intersections_of(len(z)):
        here = own & np.isfinite(z)
        p = np.sort(ndtr(-z[here]))
        n = len(p)
        if not n:
            found.append(np.nan)
        elif test is IntersectionTest.DUNNETT:
            found.append(float(dunnett_p_value(z[here].max(), np.array(ratios)[here])))
        elif test is IntersectionTest.BONFERRONI:
            found.append(min(n * p[0], 1))
        elif test is IntersectionTest.SIDAK:
            found.append(1 - (1 - p[0]) ** n)
        else:
            found.append(min(n * p / np.arange(1, n + 1)))
    return np.array(found)


@pytest.mark.parametrize("test", list(IntersectionTest))
def test_intersections_are_those_of_one_trial_by_hand(test):
    z = statistics(30, n_arms=4)[:, 0]
    z[::3, 1] = np.nan
    z[1::5, [0, 3]] = np.nan
    ratios = [1.0, 0.5, 1.0, 2.0]
    found = intersection_z(z, ratios, test=test)
    for trial in range(30):
        np.testing.assert_allclose(ndtr(-found[trial]), by_hand(z[trial], test, ratios), atol=1e-8)


def test_an_arm_is_shown_when_every_intersection_that_holds_it_is():
    z = statistics(400, shift=1.6)
    z[::2, 1, 1] = np.nan
    found = closed_tests(z, DESIGN, [1, 1, 1])
    holds = found.intersections
    for trial in range(400):
        first = found.stage_z[trial, 0] >= DESIGN.efficacy_z[0]
        second = (found.stage_z[trial, 0] + found.stage_z[trial, 1]) / np.sqrt(2) >= DESIGN.efficacy_z[1]
        for arm in range(3):
            assert found.rejected[trial, 0, arm] == first[holds[:, arm]].all()
            assert found.rejected[trial, 1, arm] == (first | second)[holds[:, arm]].all()


def test_a_dropped_arm_is_not_shown_later_and_helps_no_other():
    z = np.array([[[2.0, 1.0], [3.0, np.nan]]])
    found = closed_tests(z, DESIGN, [1, 1])
    assert found.rejected[0, 1].tolist() == [True, False]
    assert np.isnan(found.combined_z[0, 1, 1])
    # in the second stage the intersection of both rests on the first arm alone
    assert found.stage_z[0, 1, 2] == pytest.approx(3.0)


@pytest.mark.parametrize("test", list(IntersectionTest))
@pytest.mark.parametrize("selection", [Selection(most=1), Selection(above_z=0.3), Selection(within_z=0.5)])
def test_familywise_error_is_kept_whatever_goes_on(test, selection):
    n_trials = 30_000
    z = statistics(n_trials, seed=5)
    z[:, 1][~selected_arms(z[:, 0], selection)] = np.nan
    rate = closed_tests(z, DESIGN, [1, 1, 1], test=test).rejected[:, 1].any(axis=1).mean()
    assert rate < 0.025 + 3 * np.sqrt(0.025 * 0.975 / n_trials)
    assert rate > 0.008


def test_familywise_error_is_kept_where_some_arms_work():
    n_trials = 30_000
    z = statistics(n_trials, shift=np.array([0.0, 4.0, 0.0]), seed=6)
    z[:, 1][~selected_arms(z[:, 0], Selection(most=2))] = np.nan
    rejected = closed_tests(z, DESIGN, [1, 1, 1]).rejected[:, 1]
    assert rejected[:, [0, 2]].any(axis=1).mean() < 0.025 + 3 * np.sqrt(0.025 * 0.975 / n_trials)
    assert rejected[:, 1].mean() > 0.7


def test_dunnett_without_selection_uses_the_whole_alpha():
    n_trials = 100_000
    fixed = group_sequential_design([1.0])
    rate = closed_tests(statistics(n_trials, looks=1, seed=7), fixed, [1, 1, 1]).rejected[:, 0].any(axis=1).mean()
    assert rate == pytest.approx(0.025, abs=3 * np.sqrt(0.025 * 0.975 / n_trials))


def test_one_arm_is_the_inverse_normal_design():
    z = statistics(50, n_arms=1, shift=1.5)
    found = closed_tests(z, DESIGN, [1.0])
    np.testing.assert_allclose(found.combined_z[:, 1, 0], z[:, :, 0].sum(axis=1) / np.sqrt(2), rtol=1e-12)


def test_a_hopeless_first_stage_does_not_weigh_without_bounds():
    z = np.array([[[-40.0, -40.0], [1.0, 1.0]]])
    for test in IntersectionTest:
        assert np.isfinite(closed_tests(z, DESIGN, [1, 1], test=test).combined_z).all()


def test_arms_are_selected_by_every_condition():
    z = np.array([[1.0, 2.0, np.nan, 1.9], [-1.0, -2.0, -3.0, -0.5]])
    assert selected_arms(z, Selection(most=1)).tolist() == [[False, True, False, False], [False, False, False, True]]
    assert selected_arms(z, Selection(above_z=0.0)).tolist() == [[True, True, False, True], [False] * 4]
    assert selected_arms(z, Selection(within_z=0.5))[0].tolist() == [False, True, False, True]
    assert selected_arms(z, Selection(most=2, within_z=0.05))[0].tolist() == [False, True, False, False]
    assert selected_arms([np.nan, np.nan], Selection()).tolist() == [False, False]


def test_ratios_may_differ_by_stage():
    z = statistics(20)
    found = closed_tests(z, DESIGN, [[1, 1, 1], [2, 2, 2]])
    np.testing.assert_allclose(found.stage_z[:, 1], intersection_z(z[:, 1], [2, 2, 2]), rtol=1e-12)


def test_what_cannot_be_tested_is_refused_by_name():
    z = statistics(3)
    with pytest.raises(TrialError, match=r"with 2 looks"):
        closed_tests(z[:, :1], DESIGN, [1, 1, 1])
    two = group_sequential_design([0.5, 1.0], sides=Sides.TWO)
    with pytest.raises(TrialError, match=r"two-sided(.|\n)*one for each of 2 looks"):
        closed_tests(z, two, [1, 1, 1], degrees_of_freedom=[3])
    with pytest.raises(TrialError, match="one for each of 3 arms"):
        closed_tests(z, DESIGN, [1, 1])
    with pytest.raises(TrialError, match="above 0"):
        intersection_z(z[:, 0], [1, 0, 1])
    with pytest.raises(TrialError, match="1 to 8"):
        intersections_of(9)
    with pytest.raises(TrialError, match=r"most(.|\n)*within_z"):
        selected_arms(z, Selection(most=0, within_z=-1))
