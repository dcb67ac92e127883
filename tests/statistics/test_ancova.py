import numpy as np
import pytest
import statsmodels.api as sm

from sciatrial.foundation import TrialError
from sciatrial.statistics import fit_ancova
from tests.statistics.trials import trials


def test_it_is_ordinary_least_squares_with_exact_degrees_of_freedom():
    change, _, baseline = trials(n_trials=4, n_patients=31)
    arms = np.arange(31) % 3
    found = fit_ancova(change[..., 3], arms, baseline)
    for trial in range(4):
        y = change[trial, :, 3]
        seen = np.isfinite(y)
        design = np.column_stack([np.ones(31), arms == 1, arms == 2, baseline[trial]])[seen]
        expected = sm.OLS(y[seen], design).fit()
        np.testing.assert_allclose(found.degrees_of_freedom[trial], expected.df_resid, rtol=1e-7)
        np.testing.assert_allclose(found.estimate[trial], expected.params[1:3], rtol=1e-9)
        np.testing.assert_allclose(found.standard_error[trial], expected.bse[1:3], rtol=1e-9)
        np.testing.assert_allclose(found.p_value[trial], expected.pvalues[1:3], rtol=1e-7)
        ends = expected.conf_int(0.05)[1:3]
        np.testing.assert_allclose(np.stack([found.low[trial], found.high[trial]], axis=1), ends, rtol=1e-7)


def test_one_trial_needs_no_dim_of_trials():
    change, arms, baseline = trials(n_trials=1)
    one = fit_ancova(change[0, :, 3], arms, baseline[0])
    many = fit_ancova(change[..., 3], arms, baseline)
    np.testing.assert_array_equal(one.estimate, many.estimate)
    assert one.reasons == ("",)


def test_a_trial_that_cannot_be_analysed_says_why():
    change, arms, baseline = trials(n_trials=3)
    final = change[..., 3]
    final[0, arms == 1] = np.nan
    final[1] = 2.0
    found = fit_ancova(final, arms, baseline)
    assert "cannot be told apart" in found.reasons[0]
    assert "does not vary" in found.reasons[1]
    assert np.isnan(found.estimate[:2]).all()
    assert np.isfinite(found.estimate[2]).all()


def test_several_visits_are_refused():
    change, arms, baseline = trials()
    with pytest.raises(TrialError, match="choose one visit"):
        fit_ancova(change, arms, baseline)
