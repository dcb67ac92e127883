"""Reference-based imputation and Rubin's rules equal what R's algebra and mice say (see README.md)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import ReferenceRule, pooled_imputations
from sciatrial.statistics.reference_based import completed

TOLD = json.loads((Path(__file__).parent / "imputation.json").read_text(encoding="utf-8"))
N = 20_000


@pytest.mark.parametrize("case", TOLD["cases"], ids=lambda case: f"{case['rule']}-{case['known']}")
def test_missing_visits_are_drawn_from_the_distribution_of_the_rule(case):
    y = np.array([case["y"]], dtype=float)
    own, reference = (np.broadcast_to(TOLD[name], (N, 1, 4)) for name in ("own", "reference"))
    covariance = np.broadcast_to(TOLD["covariance"], (N, 4, 4))
    rng = np.random.default_rng(5)
    drawn = completed(y, own, reference, covariance, ReferenceRule(case["rule"]), rng)[:, 0, case["known"] :]
    expected = np.atleast_2d(case["covariance"])
    error = np.sqrt(np.diag(expected) / N)
    assert (np.abs(drawn.mean(axis=0) - case["mean"]) < 4 * error).all()
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert (np.abs(np.atleast_2d(np.cov(drawn.T)) - expected) < 4 * scale * np.sqrt(2 / N)).all()


def test_rubins_rules_equal_those_of_mice():
    told = TOLD["rubin"]
    estimates, errors = [told["estimates"]], [np.sqrt(told["variances"])]
    found = pooled_imputations(estimates, errors, degrees_of_freedom=told["complete"])
    assert found.estimate[0] == pytest.approx(told["qbar"], abs=1e-12)
    assert found.standard_error[0] ** 2 == pytest.approx(told["t"], abs=1e-12)
    assert found.degrees_of_freedom[0] == pytest.approx(told["df"], abs=1e-8)
    assert pooled_imputations(estimates, errors).degrees_of_freedom[0] == pytest.approx(told["df_large"], abs=1e-8)
