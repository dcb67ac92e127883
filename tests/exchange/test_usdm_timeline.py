"""The schedule of activities: every visit and every dose at its time."""

from itertools import pairwise

import pytest

from sciatrial.exchange.usdm_interventions import add_interventions
from sciatrial.exchange.usdm_pieces import Pieces
from sciatrial.exchange.usdm_timeline import add_schedule
from sciatrial.study import read_study

DESIGN = read_study("studies/epidural_cells_radicular.toml").design


def schedule_of(**changes):
    design, made = DESIGN.model_copy(update=changes), Pieces()
    return add_schedule(made, design, add_interventions(made, design))


def test_every_visit_is_an_encounter_at_its_month():
    schedule = schedule_of()
    timings = {timing["name"]: timing for timing in schedule.timeline["timings"]}
    assert [timings[f"TIME_MONTH_{month}"]["value"] for month in (1, 3, 6, 12)] == ["P1M", "P3M", "P6M", "P12M"]
    assert timings["TIME_RANDOMISATION"]["type"]["decode"] == "Fixed Reference Timing Type"
    assert timings["TIME_SCREENING"]["type"]["decode"] == "Before Timing Type"
    # a study file plans no time between entry and randomisation
    assert (timings["TIME_SCREENING"]["value"], timings["TIME_RANDOMISATION"]["value"]) == ("P0D", "P0D")
    assert [encounter["name"] for encounter in schedule.encounters][:3] == ["SCREENING", "RANDOMISATION", "MONTH_1"]


def test_a_month_that_is_not_whole_is_told_in_days():
    timings = schedule_of(visits_months=(0.5, 6)).timeline["timings"]
    assert "P15D" in {timing["value"] for timing in timings}


def test_windows_are_told_in_full_or_not_at_all():
    names = ("windowLower", "windowUpper", "windowLabel")
    for timing in schedule_of(visit_window_days=7.0).timeline["timings"]:
        expected = ("P7D", "P7D", "± 7 days") if "MONTH" in timing["name"] else (None, None, None)
        assert tuple(timing[name] for name in names) == expected
    assert all(timing["windowLower"] is None for timing in schedule_of().timeline["timings"])


def test_later_doses_have_a_day_of_their_own_and_visits_between_belong_to_treatment():
    twice = DESIGN.arms["cells"].model_copy(update={"n_doses": 2, "weeks_between_doses": 8})
    schedule = schedule_of(arms={**DESIGN.arms, "cells": twice})
    epochs = {epoch["id"]: epoch["name"] for epoch in schedule.epochs}
    where = {instance["name"]: epochs[instance["epochId"]] for instance in schedule.timeline["instances"]}
    assert where["AT_TREATMENT_DAY_56"] == where["AT_MONTH_1"] == "TREATMENT"
    assert where["AT_MONTH_3"] == "FOLLOW_UP"


@pytest.mark.parametrize(("weeks", "is_there"), [(0, True), (4, False)])
def test_treatment_is_given_at_randomisation_where_the_design_says_so(weeks, is_there):
    arms = {name: item.model_copy(update={"weeks_until_treatment": weeks}) for name, item in DESIGN.arms.items()}
    schedule = schedule_of(arms=arms)
    treatment = next(item["id"] for item in schedule.activities if item["name"] == "TREATMENT")
    randomised = next(item for item in schedule.timeline["instances"] if item["name"] == "AT_RANDOMISATION")
    assert (treatment in randomised["activityIds"]) is is_there


def test_the_timeline_is_a_chain_that_ends():
    instances = schedule_of().timeline["instances"]
    for before, after in pairwise(instances):
        assert before["defaultConditionId"] == after["id"]
    assert instances[-1]["timelineExitId"] == schedule_of().timeline["exits"][0]["id"]
