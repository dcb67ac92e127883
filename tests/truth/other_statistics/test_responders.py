"""Responder analyses equal what R, metafor and sandwich print (`responders.json`, written by `make_responders.R`)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import (
    MarginalVariance,
    ResponderCounts,
    RiskInterval,
    count_responders,
    fit_responders,
    mantel_haenszel_test,
    marginal_risks,
    odds_ratios,
    risk_differences,
)

TOLD = json.loads((Path(__file__).parent / "responders.json").read_text(encoding="utf-8"))
ROWS = np.array([[row[name] for name in ("x0", "x1", "n0", "n1")] for row in TOLD["counts"]], float).reshape(4, 3, 4)
COUNTS = ResponderCounts(ROWS[..., :2], ROWS[..., 2:])
FIRST = ResponderCounts(COUNTS.responders[:, :1], COUNTS.patients[:, :1])


def expected(name):
    return np.array([row[name] for row in TOLD["expected"]])


@pytest.mark.parametrize(
    ("counts", "interval", "name", "tolerance"),
    [
        (COUNTS, RiskInterval.SATO, "sato", 1e-10),
        # the other program searches for restricted proportions: half of its digits
        (COUNTS, RiskInterval.MIETTINEN_NURMINEN, "stratified_score", 1e-8),
        (FIRST, RiskInterval.NEWCOMBE, "first_newcombe", 1e-10),
        (FIRST, RiskInterval.MIETTINEN_NURMINEN, "first_score", 1e-8),
    ],
)
def test_intervals_of_risk_differences(counts, interval, name, tolerance):
    found = risk_differences(counts, interval=interval)
    np.testing.assert_allclose(np.stack([found.low, found.high], axis=2)[:, 0], expected(name), atol=tolerance)


def test_the_stratified_difference_and_its_test():
    np.testing.assert_allclose(risk_differences(COUNTS).estimate[:, 0], expected("estimate"), rtol=1e-12)
    found, corrected = (mantel_haenszel_test(COUNTS, has_continuity_correction=has) for has in (False, True))
    np.testing.assert_allclose(found.statistic[:, 0], expected("cmh"), rtol=1e-12)
    np.testing.assert_allclose(found.p_value[:, 0], expected("cmh_p"), rtol=1e-10)
    np.testing.assert_allclose(corrected.statistic[:, 0], expected("cmh_corrected"), rtol=1e-12)


def test_the_stratified_newcombe_interval_is_the_externally_validated_one():
    # tern (Apache-2.0), tests/testthat/test-prop_diff.R: 0.2539 (0.0347 to 0.4454)
    data = TOLD["published"]
    found = risk_differences(count_responders(data["response"], data["arm"], data["stratum"]))
    printed = [found.estimate[0, 0], found.low[0, 0], found.high[0, 0]]
    np.testing.assert_allclose(printed, [0.2539, 0.0347, 0.4454], atol=5.1e-5)


@pytest.mark.parametrize("trial", range(3))
def test_logistic_regression_and_standardised_shares(trial):
    data, told = TOLD["patients"][trial], TOLD["regressions"][trial]
    models = fit_responders(data["response"], data["arm"], np.column_stack([data["baseline"], data["age"]]))
    np.testing.assert_allclose(models.fits.coefficients[0], told["coefficients"], rtol=1e-9)
    np.testing.assert_allclose(models.fits.deviance[0], told["deviance"], rtol=1e-11)
    ratios = odds_ratios(models)
    np.testing.assert_allclose(ratios.standard_error[0], told["errors"][1:3], rtol=1e-7)
    np.testing.assert_allclose(ratios.p_value[0], told["p_values"][1:3], rtol=1e-6)
    for variance in MarginalVariance:
        found = marginal_risks(models, variance=variance)
        np.testing.assert_allclose(found.risks.estimate[0], told["risks"], rtol=1e-10)
        np.testing.assert_allclose(found.differences.estimate[0], told["differences"], rtol=1e-9)
        # numerical derivatives there
        np.testing.assert_allclose(found.risks.standard_error[0], told[f"risk_errors_{variance}"], rtol=1e-7)
        np.testing.assert_allclose(
            found.differences.standard_error[0], told[f"difference_errors_{variance}"], rtol=1e-7
        )
