"""Counts from allocation to analysis add up, and say why somebody is missing."""

import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.trial import run_trial
from sciatrial.trial.analysed import ended_trial
from sciatrial.trial.flow import participant_flow
from sciatrial.trial.patient_harms import NEVER_DUE, OWN_CELLS_FAILED, days_treated
from tests.trial.conftest import CELLS, SALINE, completed_of, small_design

OWN = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="autologous", dose_million_cells=20, route="perineural",
    weeks_until_treatment=4,
)  # fmt: skip


def flow_of(design, trial, seed=9):
    ended = ended_trial(design, completed_of(design, trial))
    return participant_flow(design, ended.trial, ended.analysed, *days_treated(design, ended.trial, seed))


@pytest.mark.parametrize("strategy", ["treatment_policy", "composite", "principal_stratum"])
def test_everybody_allocated_is_analysed_or_has_a_reason(strategy, rescue, rescued_trial):
    design = small_design(n_total=240, rescue=rescue, dropout_per_year=0.4, estimand={"rescue": strategy})
    flow = flow_of(design, rescued_trial)
    assert sum(own["allocated"] for own in flow.values()) == 240
    for own in flow.values():
        assert own["analysed"] + sum(own["not_analysed"].values()) == own["allocated"]
        assert own["received"] + sum(own["not_received"].values()) == own["allocated"]


def test_reasons_are_those_of_the_estimand(rescue, rescued_trial):
    words = {"n_total": 240, "rescue": rescue, "dropout_per_year": 0.4}
    flow = flow_of(small_design(**words, estimand={"rescue": "principal_stratum"}), rescued_trial)
    assert set(flow["cells"]["not_analysed"]) == {"left before the endpoint", "took rescue before"}
    flow = flow_of(small_design(**words), rescued_trial)
    assert set(flow["cells"]["not_analysed"]) == {"left before the endpoint"}
    assert flow["cells"]["not_analysed"]["left before the endpoint"] == flow["cells"]["left_before_endpoint"]


def test_counts_are_those_of_the_result(model, patients):
    design = small_design(
        n_total=60, dropout_per_year=0.4, missing_visits={"probability": 0.2}, visits_months=(1, 6, 9)
    )
    result = run_trial(model, design, patients, seed=4)
    n = result.contrasts.iloc[0]
    for arm, role in (("cells", "n_arm"), ("saline", "n_control")):
        own = result.conduct["flow"][arm]
        assert own["with_endpoint"] == n[role] == result.conduct["observed_at_endpoint"][arm]
        assert own["allocated"] == own["with_endpoint"] + own["left_before_endpoint"] + own["missed_endpoint"]
        assert own["left_before_endpoint"] + own["left_later"] == result.conduct["dropped_out"][arm]


def test_cells_that_could_not_be_made_are_not_received(model, patients):
    design = small_design(n_total=240, arms={"own": OWN, "saline": SALINE})
    result = run_trial(model, design, patients, seed=4)
    own = result.conduct["flow"]["own"]
    assert 0 < own["not_received"][OWN_CELLS_FAILED] < own["allocated"]
    assert result.conduct["flow"]["saline"]["not_received"] == {}


def test_treatment_that_is_due_after_the_last_visit_is_not_received(rescued_trial):
    late = SALINE.model_copy(update={"weeks_until_treatment": 52})
    design = small_design(n_total=240, arms={"cells": OWN, "late": late})
    days, why = days_treated(design, rescued_trial, 9)
    assert np.isnan(days[rescued_trial.assigned == 1]).all()
    assert why["late"] == NEVER_DUE


@pytest.mark.parametrize("analysis", ["ancova", "mmrm"])
def test_visits_that_a_stop_for_harm_forestalled_are_neither_missed_nor_left(analysis, model, patients):
    stop = {"event": "harm", "arm": "cells", "acceptable": 0.05, "every": 5, "true_share": 0.3}
    design = small_design(
        n_total=240, dropout_per_year=0.3, accrual={"per_month": 12}, safety={"stopping": stop}, analysis=analysis
    )
    result = run_trial(model, design, patients, seed=4)
    assert result.contrasts.iloc[0]["decision"] == "stopped_for_harm"
    flow, counts = result.conduct["flow"], result.conduct
    assert sum(own["stopped_before_endpoint"] for own in flow.values()) > 10
    for arm, own in flow.items():
        # nobody misses a visit here, and who was lost was lost before the trial stopped
        assert own["missed_endpoint"] == 0
        assert own["left_before_endpoint"] + own["left_later"] == counts["dropped_out"][arm]
        there = own["with_endpoint"] + own["left_before_endpoint"] + own["stopped_before_endpoint"]
        assert own["allocated"] == there
        assert own["analysed"] + sum(own["not_analysed"].values()) == own["allocated"]
        told = {reason for reason in own["not_analysed"] if reason.startswith("the trial stopped")}
        assert told
        assert not any(reason.startswith("missed") for reason in own["not_analysed"])


def test_a_treatment_that_a_stop_for_harm_forestalled_is_not_received(model, patients):
    stop = {"event": "harm", "arm": "cells", "acceptable": 0.05, "every": 5, "true_share": 0.3}
    late = SALINE.model_copy(update={"weeks_until_treatment": 8})
    changes = {"accrual": {"per_month": 12}, "safety": {"stopping": stop}}
    flow = run_trial(model, small_design(n_total=240, **changes), patients, seed=4).conduct["flow"]
    assert all(own["not_received"] == {} for own in flow.values())
    design = small_design(n_total=240, arms={"cells": CELLS, "saline": late}, **changes)
    flow = run_trial(model, design, patients, seed=4).conduct["flow"]
    assert flow["cells"]["not_received"] == {}
    # some 6 saline patients a month arrive in the last 8 weeks
    assert 6 <= flow["saline"]["not_received"]["the trial stopped before it"] <= 20
    assert sum(flow["saline"]["not_received"].values()) + flow["saline"]["received"] == flow["saline"]["allocated"]


def test_an_operation_is_named_as_what_left_somebody_out(model, patients):
    surgery = {"score": "leg_pain", "above": 40, "intervention": "surgery", "weeks_until_surgery": 2, "from_month": 1}
    design = small_design(n_total=60, rescue=surgery, estimand={"rescue": "principal_stratum"})
    flow = run_trial(model, design, patients, seed=4).conduct["flow"]
    assert set(flow["cells"]["not_analysed"]) == {"crossed over to surgery before"}
