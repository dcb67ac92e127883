import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    ResponderCounts,
    RiskInterval,
    count_responders,
    mantel_haenszel_test,
    risk_differences,
)

# Newcombe 1998, table II, method 10: responders and patients of two arms, limits
NEWCOMBE_1998 = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]


def two_arms(first, first_n, second, second_n):
    return ResponderCounts(np.array([[[second, first]]]), np.array([[[second_n, first_n]]]))


def many_counts(n_trials=40, n_strata=1, seed=3):
    rng = np.random.default_rng(seed)
    patients = rng.integers(4, 60, (n_trials, n_strata, 2))
    return ResponderCounts(rng.binomial(patients, 0.45), patients)


@pytest.mark.parametrize(("counts", "limits"), NEWCOMBE_1998)
def test_newcombes_limits_are_the_published_ones(counts, limits):
    found = risk_differences(two_arms(*counts))
    np.testing.assert_allclose([found.low[0, 0], found.high[0, 0]], limits, atol=5.1e-5)


def test_newcombes_limits_equal_those_of_statsmodels():
    counts = many_counts()
    found = risk_differences(counts, level=0.9)
    for trial in range(40):
        (x0, x1), (n0, n1) = counts.responders[trial, 0], counts.patients[trial, 0]
        expected = confint_proportions_2indep(x1, n1, x0, n0, method="newcomb", compare="diff", alpha=0.1)
        np.testing.assert_allclose([found.low[trial, 0], found.high[trial, 0]], expected, atol=1e-12)


def test_the_test_of_association_equals_that_of_statsmodels():
    counts = many_counts(n_strata=4)
    for corrected in (False, True):
        found = mantel_haenszel_test(counts, has_continuity_correction=corrected)
        for trial in range(40):
            x, n = counts.responders[trial], counts.patients[trial]
            tables = [np.array([[x[s, 1], n[s, 1] - x[s, 1]], [x[s, 0], n[s, 0] - x[s, 0]]]) for s in range(4)]
            expected_count = sum(table[0].sum() * table[:, 0].sum() / table.sum() for table in tables)
            if corrected and abs(x[:, 1].sum() - expected_count) < 0.5:
                assert found.statistic[trial, 0] == 0  # statsmodels squares the negative rest
                continue
            expected = StratifiedTable(tables).test_null_odds(correction=corrected)
            np.testing.assert_allclose(found.statistic[trial, 0], expected.statistic, rtol=1e-10)
            np.testing.assert_allclose(found.p_value[trial, 0], expected.pvalue, rtol=1e-10)


@pytest.mark.parametrize("interval", list(RiskInterval))
def test_intervals_cover_the_truth_about_as_often_as_they_say(interval):
    rng = np.random.default_rng(8)
    patients = np.full((4000, 3, 2), 25)
    responders = rng.binomial(patients, np.array([0.3, 0.5]) + np.array([[-0.1], [0.0], [0.2]]))
    found = risk_differences(ResponderCounts(responders, patients), interval=interval)
    covers = ((found.low <= 0.2) & (found.high >= 0.2)).mean()
    assert covers == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("interval", list(RiskInterval))
def test_swapping_arms_turns_the_interval(interval):
    counts = many_counts(n_strata=3)
    swapped = ResponderCounts(counts.responders[..., ::-1], counts.patients[..., ::-1])
    there, back = (risk_differences(item, interval=interval) for item in (counts, swapped))
    np.testing.assert_allclose(there.low, -back.high, atol=1e-12)
    np.testing.assert_allclose(there.estimate, -back.estimate, atol=1e-14)


def test_yan_and_sus_interval_takes_strata_in_which_everybody_responds():
    patients = np.array([[[20, 20], [10, 12]]])
    found = risk_differences(ResponderCounts(np.array([[[0, 20], [0, 12]]]), patients))
    assert found.estimate[0, 0] == 1
    assert 0.7 < found.low[0, 0] < 1
    assert found.high[0, 0] == pytest.approx(1)


@pytest.mark.parametrize("interval", list(RiskInterval))
@pytest.mark.parametrize("sign", [1, -1])
def test_where_all_respond_in_one_arm_and_none_in_the_other_the_difference_is_exact(interval, sign):
    """Weights that sum to 1 but for rounding once made an error of 1e-9, a limit beyond 1 and one that is no number."""
    rng = np.random.default_rng(0)
    for n_strata in (2, 3, 5) * 40:
        patients = rng.integers(1, 40, (1, n_strata, 2))
        responds = [0, 1] if sign > 0 else [1, 0]
        found = risk_differences(ResponderCounts(patients * responds, patients), interval=interval)
        assert found.estimate[0, 0] == pytest.approx(sign, abs=1e-15)
        assert found.standard_error[0, 0] == 0
        assert -1 <= found.low[0, 0] <= found.estimate[0, 0] <= found.high[0, 0] <= 1


def test_limits_are_cut_at_the_ends_of_the_scale_and_errors_are_not():
    counts = ResponderCounts(np.array([[[0, 2], [1, 3]]]), np.array([[[3, 3], [3, 3]]]))
    found = risk_differences(counts, interval=RiskInterval.SATO)
    assert found.high[0, 0] == 1
    assert found.estimate[0, 0] + 1.96 * found.standard_error[0, 0] > 1


def test_patients_are_counted_by_stratum_and_arm_without_those_who_are_missing():
    response = np.array([[1, 0, np.nan, 1], [0, 0, 1, np.nan]])
    found = count_responders(response, [0, 1, 1, 1], [0, 0, 1, 1])
    np.testing.assert_array_equal(found.responders, [[[1, 0], [0, 1]], [[0, 0], [0, 1]]])
    np.testing.assert_array_equal(found.patients, [[[1, 1], [0, 1]], [[1, 1], [0, 1]]])


def test_an_arm_without_patients_is_a_reason_and_not_dropped():
    counts = ResponderCounts(np.array([[[3, 0, 4]], [[3, 2, 4]]]), np.array([[[9, 0, 9]], [[9, 9, 9]]]))
    found = risk_differences(counts)
    assert np.isnan(found.estimate[0, 0])
    assert np.isfinite(found.estimate[0, 1])
    assert found.reasons == ("arm 1: no stratum holds it and the control", "")
    assert mantel_haenszel_test(counts).reasons == found.reasons


def test_a_stratum_with_one_arm_only_says_nothing():
    counts = many_counts(n_strata=2)
    counts.patients[:, 1, 0] = counts.responders[:, 1, 0] = 0
    alone = ResponderCounts(counts.responders[:, :1], counts.patients[:, :1])
    np.testing.assert_allclose(
        risk_differences(counts, interval=RiskInterval.MIETTINEN_NURMINEN).low,
        risk_differences(alone, interval=RiskInterval.MIETTINEN_NURMINEN).low,
        atol=1e-12,
    )
    np.testing.assert_allclose(mantel_haenszel_test(counts).statistic, mantel_haenszel_test(alone).statistic)


def test_what_cannot_be_counted_is_refused_by_name():
    with pytest.raises(TrialError, match=r"response.*\n.*\n.*arms.*\n.*\n.*strata"):
        count_responders([0, 1, 2], [0, 1], [0, 0.5, 1])
    with pytest.raises(TrialError, match="a control"):
        count_responders([0, 1], [0, 0])
    with pytest.raises(TrialError, match="more responders than patients"):
        risk_differences(two_arms(5, 4, 1, 4))
    with pytest.raises(TrialError, match="trial, stratum, arm"):
        risk_differences(ResponderCounts(np.ones((2, 2)), np.ones((2, 2))))
    with pytest.raises(TrialError, match="level"):
        risk_differences(two_arms(1, 4, 1, 4), level=95)
