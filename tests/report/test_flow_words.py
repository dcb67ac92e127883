"""Who was where, in words and as a table."""

from dataclasses import replace

import pandas as pd
import pytest

from sciatrial.foundation import StudyError
from sciatrial.report.flow_words import flow_of, flow_wide
from tests.report.conftest import STUDY


def test_the_words_hold_every_count(result):
    told = flow_of(result, STUDY).in_words().replace("\N{NO-BREAK SPACE}", " ")
    assert told.startswith(
        "Assessed for eligibility (n = 60). Excluded (n = 20): back pain outside 40 to 100 (n = 10). "
        "Randomised (n = 40)."
    )
    assert "Arm saline: Allocated to saline (n = 20): received it (n = 20)." in told
    assert "not received: own cells could not be made (n = 1)" in told
    assert "not analysed (n = 1), left before the endpoint (n = 1)." in told


def test_the_table_has_a_row_for_each_arm(result):
    table = flow_wide(result, STUDY).set_index("arm")
    assert list(table.index) == ["saline", "cells"]
    assert (table["allocated"] - table["analysed"]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("decision", "n_total", "told"),
    [
        ("futility", 60, "60 planned; look 1: stopped for futility"),
        ("efficacy", 60, "60 planned; look 1: a benefit was shown"),
        ("ended", 60, "60 planned; look 1: ended"),
        ("stopped_for_harm", 60, "60 planned; the boundary for harm was reached"),
        ("ended", 30, "30 planned; the size was estimated anew"),
    ],
)
def test_a_trial_that_stopped_says_so(decision, n_total, told, result):
    stopped = replace(result, contrasts=result.contrasts.assign(decision=decision, look=1))
    study = {**STUDY, "trial": {**STUDY["trial"], "n_total": n_total}}
    assert flow_of(stopped, study).randomised[1] == told


def test_what_was_not_seen_since_the_trial_stopped_is_told_apart(result):
    stopped = {arm: own | {"stopped_before_endpoint": 4} for arm, own in result.conduct["flow"].items()}
    ended = replace(result, conduct=result.conduct | {"flow": stopped})
    told = flow_of(ended, STUDY).in_words().replace("\N{NO-BREAK SPACE}", " ")
    assert "the trial stopped before that visit (n = 4)" in told
    assert flow_wide(ended, STUDY)["trial stopped before the endpoint"].tolist() == [4, 4]
    assert "trial stopped before the endpoint" not in flow_wide(result, STUDY)
    assert "the trial stopped" not in flow_of(result, STUDY).in_words()


def test_an_operation_is_not_called_rescue(result):
    rescue = STUDY["trial"]["rescue"] | {"intervention": "surgery", "weeks_until_surgery": 2}
    study = {**STUDY, "trial": {**STUDY["trial"], "rescue": rescue}}
    told = flow_of(result, study).in_words()
    assert "crossed over to surgery before it" in told
    assert "rescue" not in told
    assert {"surgery before the endpoint", "surgery at any time"} <= set(flow_wide(result, study))
    assert "took rescue before it" in flow_of(result, STUDY).in_words()


def test_an_arm_that_closed_at_a_look_says_so(result):
    one = result.contrasts.assign(decision="dropped", look=1, arm="saline")
    other = result.contrasts.assign(decision="efficacy", look=2, arm="cells")
    ended = replace(result, contrasts=pd.concat([one, other]))
    study = {**STUDY, "trial": {**STUDY["trial"], "multi_arm": {"most": [1]}}}
    flow = flow_of(ended, study)
    assert flow.arms["saline"][0][-1] == "closed at look 1: others were selected"
    assert not any("closed" in line for line in flow.arms["cells"][0])
    # where each comparison only stops for itself, its arms go on
    assert "closed" not in flow_of(ended, STUDY).in_words()


def test_the_size_is_known_also_where_arms_are_planned(result):
    plan = {name: value for name, value in STUDY["trial"].items() if name != "n_total"}
    stopped = replace(result, contrasts=result.contrasts.assign(decision="ended", look=1))
    study = {**STUDY, "trial": {**plan, "n_per_arm": 30}}
    assert flow_of(stopped, study).randomised[1].startswith("60 planned")


def test_a_trial_of_a_version_that_did_not_count_it_is_told(result):
    counts = {name: value for name, value in result.conduct.items() if name != "flow"}
    with pytest.raises(StudyError, match="run the study again"):
        flow_of(replace(result, conduct=counts), STUDY)
