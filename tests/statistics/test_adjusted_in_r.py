"""Analyses with covariates and strata beside R: the numbers are what ``Rscript tests/statistics/adjusted_in_r.R`` says.

R 4.2.2 with metafor (``rma.mh``), ``mantelhaen.test``, ``glm`` and sandwich, MASS (``polr``) and nlme (``gls``).
"""

import numpy as np
import pytest

from sciatrial.statistics import (
    RiskInterval,
    constrained_differences,
    count_responders,
    fit_constrained_measures,
    fit_proportional_odds,
    fit_responders,
    mantel_haenszel_test,
    marginal_risks,
    odds_ratios,
    ordinal_odds_ratios,
    risk_differences,
)
from sciatrial.trial.pairwise import _marginal_odds_ratio

NUMBER = np.arange(120)
ARM, SEX, SITE, AGE = NUMBER % 2, NUMBER // 2 % 2, NUMBER * 7 % 3, 30 + NUMBER * 29 % 37
BASELINE = 45 + NUMBER * 53 % 41
COVARIATES = np.stack([BASELINE, SEX, AGE], axis=1).astype(float)


def wave(k):
    return (NUMBER * 7919 + k * 104729) % 101 / 101 - 0.5


SCORE = 0.5 * BASELINE + 6 * SEX + 0.2 * AGE - 7 * ARM + 40 * wave(1)
RESPONSE = (SCORE < 33).astype(float)
CATEGORY = 3.0 - (SCORE > 24) - (SCORE > 33) - (SCORE > 42)


def only(estimates):
    return [float(estimates.estimate.item()), float(estimates.standard_error.item())]


def test_the_difference_within_strata_its_error_and_its_test_are_metafors_and_rs():
    counts = count_responders(RESPONSE, ARM, SEX * 3 + SITE)
    assert only(risk_differences(counts)) == pytest.approx([0.15, 0.08207381501], rel=1e-8)
    found = mantel_haenszel_test(counts)
    assert [found.statistic.item(), found.p_value.item()] == pytest.approx([3.147239264, 0.07605553927], rel=1e-8)


def test_thin_strata_some_of_which_lack_an_arm_give_what_metafor_gives_of_the_others():
    counts = count_responders(RESPONSE, ARM, (NUMBER**3 + NUMBER) % 61)
    both = (counts.patients[0] > 0).all(axis=1)
    assert (both.sum(), counts.patients[0][~both].sum()) == THIN[2:]
    found = risk_differences(counts, interval=RiskInterval.SATO)
    assert only(found) == pytest.approx(THIN[:2], rel=1e-8)
    assert (found.high - found.low).item() / 2 == pytest.approx(1.959963985 * THIN[1], rel=1e-8)


THIN = (0.1582491582, 0.08327993921, 40, 1)


def test_the_conditional_odds_ratio_is_that_of_glm():
    found = odds_ratios(fit_responders(RESPONSE, ARM, COVARIATES))
    assert only(found) == pytest.approx([0.8380597569, 0.4381510307], rel=1e-5)


def test_standardised_shares_and_odds_are_those_of_stacked_equations_in_r():
    risks = marginal_risks(fit_responders(RESPONSE, ARM, COVARIATES))
    assert only(risks.differences) == pytest.approx([0.152334474, 0.0778296534], rel=1e-5)
    assert only(_marginal_odds_ratio(risks, 0.95)) == pytest.approx([0.725566768, 0.3795591347], rel=1e-5)


def test_the_common_odds_ratio_is_that_of_polr():
    found = ordinal_odds_ratios(fit_proportional_odds(CATEGORY, ARM, COVARIATES))
    assert only(found) == pytest.approx([1.034397384, 0.363903527], rel=1e-4)


def test_differences_of_the_constrained_analysis_are_those_of_gls():
    visit = np.array([1, 2])
    later = -8 * visit - 5 * ARM[:, None] * visit + (4 * SEX + 0.1 * AGE)[:, None]
    waves = np.stack([wave(3), wave(4)], axis=1)
    values = np.concatenate([BASELINE[:, None], BASELINE[:, None] + later + 25 * waves], axis=1)
    values[NUMBER % 5 == 3, 2] = np.nan
    fits = fit_constrained_measures(values, ARM, COVARIATES[:, 1:])
    found = constrained_differences(fits, 2, n_covariates=2)
    np.testing.assert_allclose(found.estimate[0, 0], [-5.226775222, -10.44772867], rtol=1e-5)
    np.testing.assert_allclose(found.standard_error[0, 0], [1.336976259, 1.42852467], rtol=1e-4)
