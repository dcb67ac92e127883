"""Worked cases of other programs whose inputs may be shipped; the others run with `make peers`."""

import json
from pathlib import Path

import numpy as np

from sciatrial.synthesis import Test, pool_effects

CASES = {case["id"]: case for case in json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))}


def test_a_dose_response_regression_equals_metafor():
    case = CASES["metafor-doseresp"]
    y, error, dose = (np.array([row[key] for row in case["inputs"]["rows"]]) for key in ("y", "se", "dose"))
    found = pool_effects(y, error**2, moderators=np.log(dose), test=Test.HARTUNG_KNAPP)
    ours = {
        "estimate": found.coefficients, "se": found.standard_errors, "statistic": found.statistics, "df": found.df,
        "p_value": found.p_values, "ci_lower": found.low, "ci_upper": found.high, "tau2": found.tau2,
        "se_tau2": found.tau2_se, "I2": found.i2, "H2": found.h2, "Q": found.q, "Q_p": found.q_p, "QM": found.qm,
        "QM_df": [found.qm_df, found.df], "QM_p": found.qm_p, "R2": found.r2, "logLik": found.log_likelihood,
        "AIC": found.aic,
    }  # fmt: skip
    assert set(ours) == set(case["expected"])
    for name, value in ours.items():
        np.testing.assert_allclose(value, case["expected"][name], rtol=0, atol=case["abs_tol"], err_msg=name)
