from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import Assumptions, arm_estimates, read_evidence
from sciatrial.foundation import Condition, Outcome
from sciatrial.synthesis.control_search import ControlSearch, control_arms, pooled_control, study_changes

SEARCH = ControlSearch(
    outcome=Outcome.LEG_PAIN, month=3, window_months=1, intervention="saline", route="intradiscal",
    conditions=(Condition.DISC_HERNIATION, Condition.LUMBAR_RADICULAR_PAIN),
)  # fmt: skip


@pytest.fixture(scope="module")
def evidence():
    return read_evidence()


@pytest.fixture(scope="module")
def found(evidence):
    def search(assumptions=None, **changes):
        return control_arms(evidence, arm_estimates(evidence, assumptions), replace(SEARCH, **changes))

    return search


def reasons(arms):
    return {(row["study_id"], row["arm_id"]): row["why_not"] for row in arms.to_dict("records")}


def test_a_like_arm_is_used_and_every_other_says_why_not(found):
    arms = found()
    told = reasons(arms)
    assert [key for key, why in told.items() if not why] == [("chiba2018", "placebo")]
    assert told["kim2024_discovery", "sham"] == "route none, not intradiscal"
    assert "nearest visit is month 0.92" in told["tu2024", "sham_acupuncture"]
    assert told["korea_ldh2021", "non_surgery"].startswith("receives usual care, not placebo procedure")
    assert "not randomised" in told["korea_ldh2021", "non_surgery"]
    assert told["mathieson2017", "placebo"].endswith("a mean without its baseline")
    assert arms["estimate"].iloc[0] == -34.3
    assert "chiba2018" in arms["study_id"].iloc[0]


def test_named_studies_are_taken_though_they_differ_and_that_is_told(found):
    arms = found(route="epidural_transforaminal", named=("chiba2018", "kim2024_discovery"))
    used = arms[arms["why_not"] == ""].set_index("study_id")
    assert list(used.index) == ["chiba2018", "kim2024_discovery"]
    assert used.loc["chiba2018", "differs"] == "route intradiscal, not epidural transforaminal"
    assert reasons(arms)["tu2024", "sham_acupuncture"].startswith("not named by the study")


def test_other_patients_and_other_visits_are_left_out(found):
    assert (
        "patients with disc herniation"
        in reasons(found(conditions=(Condition.SPINAL_STENOSIS,)))["chiba2018", "placebo"]
    )
    wide = reasons(found(route=None, window_months=2.2))
    assert wide["tu2024", "sham_acupuncture"] == ""
    assert "nearest visit is month 3" in reasons(found(month=6))["chiba2018", "placebo"]


def test_a_mean_with_its_baseline_is_a_change_whose_error_hangs_on_the_correlation(found):
    """Usual care of a cohort: means with baselines, not randomised, so that it is told and not used."""
    how = {"intervention": "usual_care", "route": "none"}
    usual, loose = (
        found(assumptions, **how).set_index("study_id").loc["korea_ldh2021"]
        for assumptions in (None, Assumptions(correlation_before_after=0.3))
    )
    assert usual["why_not"] == "design controlled nonrandomised, not randomised"
    assert "less its own baseline" in usual["value_rule"]
    assert loose["se"] > usual["se"]


def test_arms_of_one_study_are_joined_by_their_precision(found):
    arms = found(named=("chiba2018",))
    first = arms.iloc[[0]]
    other = first.assign(arm_id="b", estimate=-20.0, se=first["se"] / 2, n=40.0, sd=10.0)
    joined = study_changes(pd.concat([first, other])).iloc[0]
    assert joined["estimate"] == pytest.approx((-34.3 + 4 * -20) / 5)
    assert joined["se"] == pytest.approx(float(first["se"].iloc[0]) / np.sqrt(5))
    assert joined["n"] == 121


def test_a_wide_spread_between_trials_makes_one_study_say_little(found):
    changes = study_changes(found())
    narrow, wide = (pooled_control(changes, scale) for scale in (0.01, 40))
    assert narrow.new_high - narrow.new_low == pytest.approx(2 * 1.96 * changes["se"].iloc[0], rel=0.01)
    assert wide.new_high - wide.new_low > 90
