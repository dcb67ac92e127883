from dataclasses import replace

import numpy as np

from sciatrial.report.look_tables import looks_wide, one_trial_looks, size_wide


def test_a_look_has_one_row_with_its_shares(operating):
    table = looks_wide(operating)
    assert len(table) == 3 * 2
    first = table.iloc[0]
    assert (first["scenario"], first["look"], first["information"]) == ("prior draws", "1", "50 %")
    # of five estimates −7, −6, −5, −4, −3 the lowest stops at the first look, and the next two are shown at the second
    assert first["stops for efficacy"].startswith("20.0 ±")
    assert table.iloc[1]["shown so far"].startswith("60.0 ±")
    assert first["bound"] == "2.96"


def test_columns_that_say_nothing_are_left_out(operating):
    assert not {"futility bound", "stops for futility"} & set(looks_wide(operating).columns)


def test_a_one_sided_design_has_no_column_of_harm(operating):
    one_sided = replace(operating, alpha=operating.alpha_of_a_side)
    assert "stops for harm" not in looks_wide(one_sided).columns
    assert "stops for harm" in looks_wide(operating).columns


def test_expected_size_is_a_mean_over_trials(operating):
    row = size_wide(operating).iloc[0]
    assert row["expected patients"].startswith("38.0 ±")
    assert row["expected months"].startswith("18.4 ±")
    assert row["coverage, adjusted"].endswith("%")


def test_the_looks_of_one_trial_are_told(result):
    table = one_trial_looks(result)
    assert table["look"].tolist() == ["1"]
    assert table["what it says"].tolist() == ["efficacy"]
    assert table["futility bound"].tolist() == ["–"]


def test_a_look_without_a_month_has_a_dash(operating):
    stopping = operating.stopping.assign(
        value=np.where(operating.stopping["quantity"] == "month", np.nan, operating.stopping["value"])
    )
    assert set(looks_wide(replace(operating, stopping=stopping))["month"]) == {"–"}
