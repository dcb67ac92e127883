"""Exact limits, sizes and stopping for harm equal those of R (`rare_harms.json`, written by `make_rare_harms.R`)."""

import json
from pathlib import Path

import pytest

from sciatrial.statistics import (
    HarmBoundary,
    beta_binomial_boundary,
    harm_stopping,
    patients_to_see,
    upper_limit_of_rate,
    upper_limit_of_share,
)

TOLD = json.loads((Path(__file__).parent / "rare_harms.json").read_text(encoding="utf-8"))


def test_exact_limits_equal_those_of_binom_test_and_poisson_test():
    for told in TOLD["limits"]:
        k, n = told["k"], told["n"]
        assert upper_limit_of_share(k, n) == pytest.approx(told["one_sided"], rel=1e-9)
        assert upper_limit_of_share(k, n, confidence=0.975) == pytest.approx(told["two_sided"], rel=1e-9)
        assert upper_limit_of_rate(k, n) == pytest.approx(told["rate"], rel=1e-9)


def test_sizes_equal_a_search_over_binom_test():
    for told in TOLD["sizes"]:
        found = patients_to_see(told["p"], least_events=told["k"] + 1, confidence=told["conf"])
        assert found == told["n"], told


def test_boundaries_stop_as_often_as_a_walk_patient_by_patient():
    for told in TOLD["stopping"]:
        boundary = HarmBoundary(tuple(told["looks"]), tuple(told["fewest"]), 0.1)
        found = harm_stopping(boundary, [told["p"]])
        assert found.stops[0] == pytest.approx(told["stops"], abs=1e-12)
        assert found.expected_patients[0] == pytest.approx(told["patients"], rel=1e-12)


def test_the_posterior_rule_stops_where_pbeta_exceeds_the_threshold():
    for told in TOLD["posterior"]:
        for threshold, stops in ((told["beyond"] - 1e-9, True), (told["beyond"] + 1e-9, False)):
            rule = beta_binomial_boundary([told["n"]], told["acceptable"], threshold=threshold, prior=(0.5, 0.5))
            assert (told["k"] >= rule.fewest_events[0]) is stops
