"""Rules between the columns of one row: each is broken once, and the sound row passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.evidence.row_rules import row_faults
from sciatrial.evidence.rows import ArmRow, FactRow, OutcomeRow, SafetyRow

CHANGE = {"statistic": "mean_change", "scale_min": "-10", "scale_max": "10", "value": "-3"}
SHARE = {"outcome": "responder", "instrument": "responder_50pct_pain", "scale_max": "100", "statistic": "percent",
         "value": "40", "spread_kind": "none", "spread_low": ""}  # fmt: skip
CELLS = {"study_id": "author2020", "arm_id": "cells", "role": "single", "intervention": "cell_therapy",
         "cell_type": "bm_msc", "donor": "", "culture_expanded": "", "dose_million_cells": "20", "drug_dose": "",
         "carrier": "", "route": "", "n_doses": "", "n_assigned": "", "mean_age_years": "", "percent_female": "",
         "symptom_duration_months": "", "notes": "", "dose_basis": "unspecified", "is_pooled": "no"}  # fmt: skip
FACT = {"topic": "cost", "name": "a_cost", "value": "5", "low": "4", "high": "6", "unit": "euro", "population": "all",
        "n": "", "citation": "Author 2020", "doi_or_pmid": "", "source_url": "", "where": "text", "notes": "",
        "figure_from": "paper"}  # fmt: skip


def _columns(table, row):
    return [fault.column for fault in row_faults(table, row)]


def test_a_sound_row_has_no_fault(outcome_row):
    assert row_faults("outcomes", outcome_row()) == []


@pytest.mark.parametrize("cells", [CHANGE, CHANGE | {"scale_min": "0"}, SHARE])
def test_a_sound_change_or_share_has_no_fault(outcome_row, cells):
    assert row_faults("outcomes", outcome_row(**cells)) == []


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ({"scale_max": "100"}, ["scale_max"]),
        ({"scale_min": ""}, ["scale_min"]),
        ({"value": "11"}, ["value"]),
        ({"value": "-1"}, ["value"]),
        (CHANGE | {"value": "-10.5"}, ["value"]),
        (SHARE | {"value": "101"}, ["value"]),
        (CHANGE | {"statistic": "percent_change", "scale_min": "-100", "scale_max": "100", "value": "-101"}, ["value"]),
        (SHARE | {"statistic": "count", "value": "21"}, ["value"]),
        (SHARE | {"statistic": "count", "value": "2.5"}, ["value"]),
        ({"spread_kind": "none"}, ["spread_low"]),
        ({"spread_low": ""}, ["spread_low"]),
        ({"spread_kind": "se", "spread_low": ""}, ["spread_low"]),
        ({"spread_high": "3"}, ["spread_high"]),
        ({"spread_kind": "ci95"}, ["spread_high"]),
        ({"spread_low": "-1"}, ["spread_low"]),
        ({"spread_low": "6"}, ["spread_low"]),
        ({"spread_kind": "ci95", "spread_low": "5", "spread_high": "3"}, ["spread_low"]),
        ({"spread_kind": "iqr", "spread_low": "5", "spread_high": "7"}, ["value"]),
        ({"instrument": "a_new_score", "scale_min": "10"}, ["scale_min"]),
    ],
)
def test_a_contradiction_is_told_of_in_its_column(outcome_row, cells, columns):
    assert _columns("outcomes", outcome_row(**cells)) == columns


def test_two_contradictions_of_one_row_are_both_told(outcome_row):
    assert _columns("outcomes", outcome_row(value="11", spread_low="")) == ["value", "spread_low"]


def test_the_message_says_what_to_do(outcome_row):
    fault = row_faults("outcomes", outcome_row(spread_low=""))[0]
    assert fault.found == "spread_kind is 'sd' but spread_low is empty"
    assert fault.next_step == "give the value, or set spread_kind to 'none'"


@given(st.lists(st.floats(0, 10), min_size=2, max_size=30))
def test_no_real_sample_has_an_impossible_spread(sound_outcome, scores):
    import numpy as np

    cells = {"value": repr(float(np.mean(scores))), "spread_low": repr(float(np.std(scores, ddof=1)) * (1 - 1e-9))}
    row = OutcomeRow.model_validate(sound_outcome | cells | {"n": str(len(scores))})
    assert row_faults("outcomes", row) == []


def test_more_events_than_patients_are_a_fault():
    cells = {"study_id": "author2020", "arm_id": "cells", "event": "discitis", "followup_months": "12",
             "n_with_event": "5", "n_at_risk": "4", "where": "text", "source_url": "",
             "figure_from": "paper"}  # fmt: skip
    assert _columns("safety", SafetyRow.model_validate(cells)) == ["n_with_event"]


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ({}, []),
        ({"cell_type": ""}, ["cell_type"]),
        ({"dose_basis": ""}, ["dose_basis"]),
        ({"intervention": "saline"}, ["cell_type", "dose_million_cells", "dose_basis"]),
    ],
)
def test_cell_columns_are_filled_for_cells_and_only_for_cells(cells, columns):
    assert _columns("arms", ArmRow.model_validate(CELLS | cells)) == columns


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ({}, []),
        ({"low": ""}, ["low"]),
        ({"low": "7"}, ["low"]),
        ({"value": "9"}, ["value"]),
        ({"value": "", "low": "", "high": ""}, ["value"]),
        ({"value": "", "low": "", "high": "", "unit": "qualitative"}, []),
    ],
)
def test_a_fact_has_a_number_inside_its_interval(cells, columns):
    assert _columns("facts", FactRow.model_validate(FACT | cells)) == columns
