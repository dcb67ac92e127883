"""Borrowed controls against R: integrate, uniroot and metafor, each from its definition (make_borrowing.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import (
    ArmErrors,
    NormalMixture,
    borrowed_difference,
    fewer_components,
    information_size,
    success_by_drift,
)
from sciatrial.synthesis import SmallPoolPrior, pool_small

FOUND = json.loads((Path(__file__).parent / "borrowing.json").read_text(encoding="utf-8"))


def mixture(case):
    parts = (np.atleast_1d(case[name]).tolist() for name in ("weight", "mean", "sd"))
    weights, means, sds = parts
    return NormalMixture(tuple(weight / sum(weights) for weight in weights), tuple(means), tuple(sds))


def errors(case):
    return ArmErrors(**case["errors"])


@pytest.mark.parametrize("case", FOUND["trials"], ids=lambda case: f"{len(case['y'])} trials")
def test_the_predictive_of_a_new_trial_is_that_of_metafor(case):
    pooled = pool_small(case["y"], np.square(case["se"]), prior=SmallPoolPrior(tau_scale=case["scale"]))
    exact = NormalMixture(*pooled.of_new_trial())
    assert exact.mean == pytest.approx(case["mean"], rel=1e-5)
    assert exact.sd == pytest.approx(case["sd"], rel=1e-4)
    assert exact.below(np.array(case["at"])) == pytest.approx(np.array(case["below"]), abs=1e-5)
    few = fewer_components(exact).mixture
    assert few.below(np.array(case["at"])) == pytest.approx(np.array(case["below"]), abs=0.006)


@pytest.mark.parametrize("case", FOUND["sizes"], ids=lambda case: f"{np.size(case['weight'])} parts")
def test_the_size_of_a_prior_is_its_expected_curvature(case):
    assert information_size(mixture(case), case["patient_sd"]) == pytest.approx(case["size"], rel=1e-6)


def test_posteriors_are_prior_times_likelihood():
    assert len(FOUND["posteriors"]) == 32
    for case in FOUND["posteriors"]:
        benefit, control = borrowed_difference(mixture(case), *case["estimate"], errors(case))
        assert benefit.mean == pytest.approx(case["posterior_mean"], abs=1e-5)
        assert benefit.sd == pytest.approx(case["posterior_sd"], rel=1e-5)
        assert control.mean == pytest.approx(case["control"], abs=1e-5)
        assert 1 - benefit.below(0.0) == pytest.approx(case["above"], abs=1e-6)


def test_errors_by_drift_are_those_of_single_critical_values():
    assert len(FOUND["drifts"]) == 12
    for case in FOUND["drifts"]:
        found = success_by_drift(mixture(case), errors(case), case["drift"], effect=case["effect"])[0]
        assert found == pytest.approx(case["success"], abs=2e-5)
