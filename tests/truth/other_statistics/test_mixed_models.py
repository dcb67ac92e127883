"""Mixed models and the analysis of covariance equal what nlme, lme4 and lm of R print (see README.md)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import (
    Covariance,
    contrasts,
    fit_ancova,
    fit_mixed_models,
    fit_repeated_measures,
    treatment_differences,
)

FILE = json.loads((Path(__file__).parent / "mixed_models.json").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in FILE["cases"]}
VISITS = [1, 3, 6, 12]
STRUCTURES = {
    "US": Covariance.UNSTRUCTURED,
    "CS": Covariance.COMPOUND_SYMMETRY,
    "AR1": Covariance.FIRST_ORDER_AUTOREGRESSIVE,
}


def trial():
    """Return change (patient, visit), arms and baseline."""
    change, arm, baseline = np.full((40, 4), np.nan), np.zeros(40), np.zeros(40)
    for subject, group, start, visit, value in FILE["rows"]:
        change[subject - 1, VISITS.index(visit)] = value
        arm[subject - 1], baseline[subject - 1] = group, start
    return change, arm, baseline


def close(ours, case, name):
    theirs = case["expected"][name]
    np.testing.assert_allclose(np.ravel(ours), np.ravel(theirs), rtol=0, atol=case["abs_tol"], err_msg=name)


@pytest.mark.parametrize("word", STRUCTURES)
def test_repeated_measures_equal_nlme(word):
    case = CASES[f"nlme-mmrm-{word}"]
    measures = fit_repeated_measures(*trial(), structure=STRUCTURES[word])
    found = treatment_differences(measures)
    close(found.estimate, case, "difference")
    close(found.standard_error, case, "se")
    close(measures.fits.residual_covariance, case, "residual_covariance_rowmajor")
    # gls stops up to 1e-8 below the maximum
    assert -measures.fits.deviance[0] / 2 == pytest.approx(case["expected"]["REML_logLik"], abs=5e-7)


def test_the_analysis_of_covariance_of_the_last_visit_equals_lm():
    case = CASES["R-ancova"]
    change, arm, baseline = trial()
    found = fit_ancova(change[:, 3], arm, baseline)
    assert case["expected"]["n"] == np.isfinite(change[:, 3]).sum()
    close(found.estimate, case, "arm_effect")
    close(found.standard_error, case, "se")
    close(found.statistic, case, "t")
    close(found.degrees_of_freedom, case, "df")
    close(found.p_value, case, "p")
    close([found.low, found.high], case, "ci")


def test_a_random_intercept_equals_lme4():
    case = CASES["lme4-ri"]
    change, arm, baseline = trial()
    later = np.eye(4)[:, 1:]
    patient, visit = np.ones((40, 1)), np.ones(4)
    columns = [patient * visit, baseline[:, None] * visit, arm[:, None] * visit]
    columns += [patient * later[:, k] for k in range(3)] + [arm[:, None] * later[:, k] for k in range(3)]
    fits = fit_mixed_models(change, np.stack(columns, axis=-1), structure=Covariance.COMPOUND_SYMMETRY)
    found = contrasts(fits, np.eye(9))
    close(found.estimate, case, "fixed")
    close(found.standard_error, case, "se")
    variance, covariance = fits.parameters[0]
    close(covariance, case, "var_subject")
    close(variance - covariance, case, "sigma2")
    assert fits.deviance[0] == pytest.approx(case["expected"]["REMLcrit"], abs=1e-6)
