"""Which arms are compared: like with like, and with the untreated where there is one."""

import pandas as pd
import pytest
from tests.calibration.planted import real_terms

from sciatrial.calibration.contrasts import (
    UNTREATED,
    contrast_pairs,
    controlled_cell_trials,
    uncontrolled_cells,
)


def rows_of(*arms, **words):
    usual = {"study_id": "one", "score": "leg_pain", "rule": "", "kind": "change", "month": 3.0, "se": 3.0}
    usual |= {"is_cells": False, "observed": -10.0}
    return pd.DataFrame([usual | words | arm for arm in arms])


def test_the_untreated_arm_is_the_control_wherever_it_stands():
    pairs = contrast_pairs(
        rows_of({"intervention": "surgery", "observed": -30.0}, {"intervention": "saline", "se": 4.0})
    )
    assert pairs.loc[0, ["treated", "control"]].tolist() == [0, 1]
    assert pairs.loc[0, "versus_control"]
    assert pairs.loc[0, "observed"] == -20.0
    assert pairs.loc[0, "se"] == 5.0


def test_without_an_untreated_arm_the_first_is_the_control_and_it_is_said():
    pairs = contrast_pairs(rows_of({"intervention": "surgery"}, {"intervention": "prp"}, {"intervention": "nsaid"}))
    assert pairs["control"].tolist() == [0, 0]
    assert pairs["intervention"].tolist() == ["prp", "nsaid"]
    assert not pairs["versus_control"].any()


def test_two_untreated_arms_are_compared_but_not_as_a_treatment():
    pairs = contrast_pairs(rows_of({"intervention": "saline"}, {"intervention": "usual_care"}))
    assert pairs["versus_control"].tolist() == [False]


@pytest.mark.parametrize(
    "change",
    [{"month": 6.0}, {"score": "disability"}, {"kind": "final"}, {"study_id": "two"}, {"rule": "vas20_or_less"}],
)
def test_numbers_that_differ_in_more_than_the_arm_are_not_compared(change):
    assert contrast_pairs(rows_of({"intervention": "surgery"}, {"intervention": "saline"} | change)).empty


@pytest.mark.parametrize("kind", ["sd", "median", "percent_change"])
def test_only_changes_finals_and_shares_are_compared(kind):
    assert contrast_pairs(rows_of({"intervention": "surgery"}, {"intervention": "saline"}, kind=kind)).empty


@pytest.mark.parametrize("kind", ["change", "median", "percent_change", "share", "sd"])
def test_cells_have_a_control_where_an_arm_without_cells_tells_the_same(kind):
    rows = rows_of({"is_cells": True}, {}, {"is_cells": True, "month": 6.0}, {"is_cells": True, "study_id": "two"},
                   kind=kind)  # fmt: skip
    assert uncontrolled_cells(rows).tolist() == [False, False, True, True]
    assert controlled_cell_trials(rows) == ["one"]
    assert controlled_cell_trials(rows[1:]) == []


def test_a_printed_difference_has_its_control_with_it():
    rows = rows_of({"is_cells": True, "kind": "difference"})
    assert not uncontrolled_cells(rows).any()
    assert controlled_cell_trials(rows) == ["one"]


def test_the_controlled_trials_of_cells_are_those_whose_contrasts_hold_cells_on_one_side():
    rows = real_terms().rows
    pairs = contrast_pairs(rows)
    cells = rows["is_cells"].to_numpy(dtype=bool)
    one_side = cells[pairs["treated"]] != cells[pairs["control"]]
    assert set(controlled_cell_trials(rows)) == set(pairs.loc[one_side, "study_id"])
    assert controlled_cell_trials(rows) == ["amirdelfan2021", "beall2021", "levi2025", "noriega2017"]


def test_every_pair_of_the_real_terms_is_of_one_study_and_visit():
    rows = real_terms().rows
    pairs = contrast_pairs(rows)
    treated, control = (rows.iloc[pairs[side]].reset_index(drop=True) for side in ("treated", "control"))
    assert len(pairs) > 40
    for column in ("study_id", "score", "rule", "kind", "month"):
        assert (treated[column] == control[column]).all()
    assert (treated["arm"] != control["arm"]).all()
    assert control["intervention"][pairs["versus_control"]].isin(UNTREATED).all()
    assert pairs["is_cells"].any()


def test_a_table_without_pairs_is_an_empty_table_with_the_same_columns():
    assert list(contrast_pairs(real_terms().rows[:0]).columns) == list(contrast_pairs(real_terms().rows).columns)
