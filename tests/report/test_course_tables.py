from dataclasses import replace

import numpy as np

from sciatrial.report.course_tables import analyses_wide, course_section, factor_section, one_course, own_wide
from tests.report.course import with_course, with_margins


def one_trial(operating, result):
    mine = operating.allocation
    kept = mine.loc[(mine["scenario"] == "prior") & (mine["trial"] == 0)].drop(columns=["scenario", "trial"])
    return replace(result, allocation=kept)


def test_a_design_without_a_course_or_factors_has_no_section(operating, result):
    assert course_section(result, operating) is None
    assert factor_section(result, operating) is None


def test_each_arm_has_its_patients_and_its_months(operating, result):
    found = with_course(operating, closed=True)
    tables = course_section(one_trial(found, result), found)
    row = tables["sizes"].loc[lambda table: (table["arm"] == "high") & (table["scenario"] == "prior draws")].iloc[0]
    assert row["patients"].startswith("8.5 ±")
    assert row["opens, month"].startswith("5.0")
    assert tables["choices"]["it is chosen"].tolist()[1] == "no trial"


def test_analyses_with_and_without_periods_stand_beside_each_other(operating):
    table = analyses_wide(with_course(operating))
    null = table.loc[(table["scenario"] == "no cell effect") & (table["comparison"] == "low vs saline")]
    assert null["analysis"].tolist() == ["adjusted for period", "not adjusted for period"]
    assert [cell.split(" ")[0] for cell in null["shows a benefit"]] == ["25.0", "50.0"]


def test_the_course_of_one_trial_says_when_an_arm_is_closed(operating, result):
    table = one_course(one_trial(with_course(operating, closed=True), result))
    assert table["high"].tolist() == ["closed", "35 %, 7 patients; best 0.50"]
    assert table["from month"].tolist() == ["0.0", "5.0"]


def test_each_comparison_has_its_own_size_and_length(operating):
    assert own_wide(operating).iloc[0]["patients in its analysis"].startswith("38.0")


def test_margins_are_told_of_all_trials_and_of_one(operating, result):
    found = with_margins(operating)
    first = found.margins.loc[found.margins["trial"] == 0].assign(p_value=[0.0001, 0.04, np.nan])
    tables = factor_section(replace(result, margins=first), found)
    assert tables["margins"]["margin or interaction"].tolist() == ["cells", "nsaid", "cells × nsaid"]
    assert tables["margins"]["shown"].iloc[0].startswith("40.0")
    assert tables["one_trial"]["p (two-sided)"].tolist() == ["< 0.001", "0.040", "–"]
