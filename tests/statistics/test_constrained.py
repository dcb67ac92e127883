import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    constrained_differences,
    fit_constrained_measures,
    fit_repeated_measures,
    treatment_differences,
)


def trial(seed=1, n=80, visits=3, effect=-8.0):
    generator = np.random.default_rng(seed)
    arms = np.arange(n) % 2
    values = 60 + generator.normal(0, 9, (n, 1)) + generator.normal(0, 6, (n, visits + 1))
    values[:, 1:] += effect * arms[:, None]
    return values, arms


def test_an_estimate_is_arm_minus_control_at_each_visit():
    found = constrained_differences(fit_constrained_measures(*trial(n=4000)), 2)
    assert found.estimate.shape == (1, 1, 3)
    assert found.estimate[0, 0] == pytest.approx([-8.0] * 3, abs=4 * found.standard_error.max())


def test_where_nothing_is_missing_the_estimate_is_that_of_the_adjustment_for_baseline():
    # with complete data both are the difference adjusted by the slope on the baseline, whose weight differs by 1 / n
    values, arms = trial(n=400)
    ours = constrained_differences(fit_constrained_measures(values, arms), 2)
    other = treatment_differences(fit_repeated_measures(values[:, 1:] - values[:, :1], arms, values[:, 0]))
    np.testing.assert_allclose(ours.estimate, other.estimate, atol=0.02)
    np.testing.assert_allclose(ours.standard_error, other.standard_error, rtol=0.01)


def test_somebody_of_whom_the_baseline_alone_is_known_takes_part():
    values, arms = trial()
    values[:10, 1:] = np.nan
    plain = fit_constrained_measures(values, arms)
    moved = values.copy()
    moved[:10, 0] += 15
    assert fit_constrained_measures(moved, arms).coefficients[0, 0] != pytest.approx(plain.coefficients[0, 0])


def test_many_trials_are_as_each_alone():
    values = np.stack([trial(seed)[0] for seed in range(3)])
    together = fit_constrained_measures(values, trial()[1])
    for place in range(3):
        alone = fit_constrained_measures(values[place], trial()[1])
        np.testing.assert_allclose(together.coefficients[place], alone.coefficients[0], rtol=1e-8)


@pytest.mark.parametrize(
    ("values", "arms", "told"),
    [
        (np.ones((6, 1)), np.arange(6) % 2, "the baseline and a visit or more"),
        (np.ones((6, 2)), np.arange(5) % 2, "one for each patient"),
        (np.ones((6, 2)), np.zeros(6), "0 for the control"),
    ],
)
def test_what_cannot_be_used_is_named(values, arms, told):
    with pytest.raises(TrialError, match=told):
        fit_constrained_measures(values, arms)
