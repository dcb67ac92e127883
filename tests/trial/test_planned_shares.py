import numpy as np
import pytest

from sciatrial.statistics import ProportionComparison, proportion_power, proportion_sample_size
from sciatrial.trial import plan_in_words, planned_looks, planned_sizes, r_of_design
from sciatrial.trial.planned_shares import detectable_difference, possible_differences
from tests.trial.conftest import small_design

RESPONSE = {
    "outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_50pct_pain",
    "missing": "observed_only",
}  # fmt: skip


def shares(control_share=0.4, **changes):
    endpoint = {**RESPONSE, "control_share": control_share} | changes.pop("endpoint", {})
    words = {"n_total": 200, "endpoint": endpoint, "analysis": "responders",
             "estimand": {"summary_measure": "risk_difference"}}  # fmt: skip
    return small_design(**words | changes)


def test_sizes_and_powers_are_those_of_two_shares():
    design = shares()
    row = planned_sizes(design, (0.2,)).iloc[0]
    compared = ProportionComparison(0.4)
    assert row["power"] == pytest.approx(proportion_power(design.bounds(), compared, [0.6], 200).power[0])
    assert row["endpoints_needed"] == pytest.approx(proportion_sample_size(design.bounds(), compared, 0.6).n_max)


def test_a_fixed_design_needs_what_the_books_say():
    # 40 against 60 %, two-sided 5 %, 80 % power: 97 patients an arm
    assert planned_sizes(shares(), (0.2,)).iloc[0]["endpoints_needed"] / 2 == pytest.approx(97, abs=0.5)


def test_whoever_leaves_is_an_endpoint_where_he_counts_as_no_responder():
    needed = {
        word: planned_sizes(shares(dropout_per_year=0.36, endpoint={"missing": word}), (0.2,)).iloc[0]
        for word in ("observed_only", "non_responder")
    }
    assert needed["non_responder"]["patients_needed"] == pytest.approx(needed["non_responder"]["endpoints_needed"])
    assert needed["observed_only"]["patients_needed"] == pytest.approx(
        needed["observed_only"]["endpoints_needed"] / 0.8
    )


def test_differences_that_leave_nobody_are_left_out():
    assert possible_differences(shares(0.8), (0.1, 0.15, 0.2, 0.3)) == (0.1, 0.15)
    assert planned_sizes(shares(0.8))["effect"].tolist() == [0.1, 0.15]


def test_the_difference_that_can_be_found_has_the_planned_power():
    design = shares()
    difference = detectable_difference(design, 100, 100)
    power = proportion_power(design.bounds(), ProportionComparison(0.4), [0.4 + difference], 200).power[0]
    assert power == pytest.approx(0.8, abs=1e-4)
    assert "0.4 in the control (assumption)" in plan_in_words(design)
    assert f"cells vs saline {difference:.2f}" in plan_in_words(design)
    assert np.isnan(detectable_difference(shares(0.99), 100, 100))


def test_the_bound_is_a_difference_of_shares():
    # 1.96 standard errors of two shares that are pooled under the null
    found = planned_looks(shares())["effect_at_bound"].iloc[0]
    pooled = 0.4 + found / 2
    assert found == pytest.approx(1.959964 * np.sqrt(2 * pooled * (1 - pooled) / 100), abs=1e-6)


def test_the_r_code_is_of_rates():
    code = r_of_design(shares(), (0.1, 0.2))
    assert "rpact::getSampleSizeRates(design, pi1 = c(0.5, 0.6), pi2 = 0.4, allocationRatioPlanned = 1)" in code
    assert "maxNumberOfSubjects = 200" in code


def test_of_categories_no_formula_is_told():
    design = small_design(
        endpoint={"outcome": "leg_pain", "month": 6, "measure": "category", "categories": (10, 30)},
        analysis="proportional_odds", estimand={"summary_measure": "common_odds_ratio"},
    )  # fmt: skip
    assert len(planned_sizes(design)) == 0
    assert "simulate it" in plan_in_words(design)
    assert np.isnan(planned_looks(design)["effect_at_bound"].iloc[0])
    assert "getSampleSize" not in r_of_design(design)
