from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.report.plan_tables import (
    beside_type_one_error,
    blinding_words,
    boundary_words,
    cost_wide,
    decisions_wide,
    harm_stopping_wide,
    of_broken_blinding,
    parts_wide,
    plan_assumptions,
    safety_wide,
    scenario_meanings,
    success_lines,
)
from tests.report.conftest import STUDY, courses, inside, operating_of, trials

COSTS = {"currency": "EUR", "per_patient_randomised": 1500, "fixed": 20000}
STOP = {"event": "serious event", "arm": "cells", "acceptable": 0.1, "every": 10}


def with_trial(**words):
    return {**STUDY, "trial": {**STUDY["trial"], **words}}


def with_scenarios(*scenarios, **words):
    return {**STUDY, "simulation": {**STUDY["simulation"], "scenarios": list(scenarios), **words}}


@pytest.fixture(scope="module")
def planned():
    """Of 20 trials a scenario 12 are shown; every fourth truth matters, every fourth is none; a trial costs 1000."""
    rows = trials()
    kinds = np.array(["matters", "between", "none", "between"])[rows["trial"] % 4]
    rows = rows.assign(true_effect=kinds, cost=1000.0 + rows["trial"])
    broken = rows[rows["scenario"] == "no_cell_effect"].assign(scenario="unblinded_null", true_effect="unknown")
    optimistic = rows[rows["scenario"] == "prior"].assign(scenario="optimistic")
    return operating_of(pd.concat([rows, broken, optimistic], ignore_index=True), courses(), inside())


def test_a_run_without_costs_and_important_change_has_no_such_rows(operating):
    assert decisions_wide(operating.summary).empty
    assert cost_wide(operating.summary, "EUR").empty
    assert scenario_meanings(operating) == []


def test_right_decisions_are_told_by_scenario_and_not_for_broken_blinding(planned):
    table = decisions_wide(planned.summary)
    assert table["scenario"].tolist() == ["prior draws", "reference values", "no cell effect", "optimistic"]
    assert table["benefit matters"].iloc[0].startswith("25 ±")


def test_broken_blinding_is_never_among_the_rows_of_type_one_error(planned):
    assert "unblinded_null" not in set(beside_type_one_error(planned.summary)["scenario"])
    assert set(of_broken_blinding(planned.summary)["scenario"]) == {"unblinded_null"}


def test_cost_has_its_currency_and_its_error(planned):
    table = cost_wide(planned.summary, "EUR")
    # a thousand and the numbers 0 to 19, whose spread is 5.9
    assert table["expected cost, EUR"].iloc[0] == "1,010 ± 1"
    assert len(table) == 5


def test_what_kinds_of_truth_contribute_is_told(planned):
    table = parts_wide(planned)
    assert table["true effect"].tolist() == ["matters to a patient", "no benefit", "a benefit that does not matter"]


def test_each_scenario_is_a_line_with_success_decision_and_cost(planned):
    lines = success_lines(planned, "EUR")
    assert len(lines) == 5
    assert lines[0].startswith("cells vs saline, prior draws: success 60 ±")
    assert "right decision" in lines[0]
    assert lines[0].endswith("EUR")
    (apart,) = [line for line in lines if "unblinded" in line]
    assert "no type I error" in apart


def test_further_scenarios_say_what_they_are(planned):
    ((name, told),) = scenario_meanings(planned)
    assert name == "optimistic"
    assert "an assumption" in told


def test_costs_optimism_and_blinding_are_listed_as_assumptions():
    study = with_scenarios("optimistic", "unblinded_null", unblinding={"learn": {"cells": 0.4}})
    study = {**study, "trial": {**study["trial"], "costs": COSTS}}
    told = plan_assumptions(study, {"neurotrophic_per_cell": 1.23})
    assert told[0] == "Cost: EUR 1,500 for each patient randomised."
    assert "Optimistic: neurotrophic per cell 1.23." in told
    assert "40 % of arm cells" in told[-1]
    assert plan_assumptions(STUDY, {"neurotrophic_per_cell": 1.23}) == []


def test_shares_of_cohorts_are_listed_as_an_assumption():
    study = {**STUDY, "population": {"cohorts": {"chronic_radicular": 0.6, "stenosis": 0.4}}}
    assert plan_assumptions(study, {}) == ["Those screened: 60 % chronic radicular, 40 % stenosis."]


def test_a_harvest_tells_everybody_of_own_cells():
    own = {**STUDY["arms"]["cells"], "donor": "autologous"}
    study = {**with_scenarios("unblinded_null"), "arms": {**STUDY["arms"], "cells": own}}
    assert "100 % of arm cells learn" in blinding_words(study)


def test_sizes_for_harms_are_told_as_shares_or_rates_a_year():
    row = {
        "arm": "cells", "event": "tumour", "rate": 0.01, "unit": "share", "rate_from": "study_file", "n_arm": 80.0,
        "to_see": 299, "to_exclude_with_one": 473, "to_exclude_with_two": 628, "randomised": 332, "seen": 0.55,
        "excluded_by_none": 0.0367, "to_see_1_year": np.nan, "to_see_2_years": np.nan, "to_see_5_years": np.nan,
    }  # fmt: skip
    rate = {
        **row,
        "unit": "per_patient_year",
        "to_see_1_year": 1500.0,
        "to_see_2_years": 800.0,
        "to_see_5_years": 400.0,
    }
    share, a_year = safety_wide(pd.DataFrame([row, rate])).to_dict("records")
    assert (share["rate"], a_year["rate"]) == ("1 %", "1 % a year")
    assert share["to exclude with 1, 2 seen"] == "473, 628"
    assert a_year["followed 1, 2, 5 years"] == "1500, 800, 400"
    assert share["excludes with none"] == "above 3.67 %"


def test_a_boundary_is_told_with_its_counts_and_what_it_does():
    study = with_trial(safety={"stopping": STOP})
    assert "3 of 10; 5 of 20 or more" in boundary_words(study, (5, 10, 20), (6, 3, 5))
    assert boundary_words(STUDY, (), ()) == ""
    stopping = pd.DataFrame({"share": [0.1], "stops": [0.041], "expected_patients": [58.0], "expected_events": [5.8]})
    assert harm_stopping_wide(stopping)["stops for harm"].tolist() == ["4.1 %"]


def test_trials_that_could_not_enrol_have_no_share(planned):
    empty = planned.summary.assign(n_trials=0, value=np.nan)
    assert decisions_wide(empty)["right decision"].tolist()[0] == "no trial"
    assert success_lines(replace(planned, summary=empty))[0].count("no trial") == 2
