import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.report import compare_with_published
from sciatrial.report.tables import (
    NOT_REPORTED,
    baseline_wide,
    harms_wide,
    imputed_wide,
    number,
    operating_wide,
    outcome_words,
    scenario_words,
    span,
    strata_wide,
)
from sciatrial.trial import expected_harms
from tests.report.conftest import operating_of, published_row, trials
from tests.trial.conftest import small_design


@pytest.fixture
def compared(operating, published):
    return compare_with_published(operating, published, {"cells": "msc"})


def row(compared, **where):
    for column, value in where.items():
        compared = compared.loc[compared[column] == value]
    assert len(compared) == 1
    return compared.iloc[0]


def test_the_interval_is_that_of_the_arm_over_simulated_trials(compared):
    here = row(compared, month=3.0, statistic="mean change", told="")
    changes = -np.arange(20.0) - 5
    assert here["simulated_median"] == np.median(changes)
    assert (here["low_90"], here["high_90"]) == pytest.approx(tuple(np.quantile(changes, [0.05, 0.95])))
    assert here["n_trials"] == 20
    assert here["is_inside_90"]


def test_a_published_value_outside_is_called_so(compared):
    here = row(compared, outcome="responder_30pct_pain")
    assert here["published"] == 95.0
    assert not here["is_inside_90"]
    assert here["statistic"] == "share of responders"


def test_a_response_of_several_conditions_is_compared_with_the_same_rule(compared):
    here = row(compared, outcome="composite_50pct_pain_15pt_odi_no_intervention")
    assert here["simulated_median"] == 19.0
    assert here["is_inside_90"]


def test_a_rule_of_response_is_told_in_words():
    words = outcome_words("composite_50pct_pain_15pt_odi_no_intervention")
    assert words == "Pain 50 % better, disability 15 points better, no further intervention"
    assert outcome_words("back_pain") == "Back pain"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"month": 6.0}, "no visit in that month"),
        ({"statistic": "median"}, "not simulated: median"),
        ({"outcome": "safety, vas_100"}, "another outcome"),
        ({"outcome": "responder, responder_50pct_sf36"}, "needs another score"),
    ],
)
def test_what_cannot_be_compared_says_why_and_gets_no_verdict(compared, where, told):
    here = row(compared.loc[np.isfinite(compared["published"])], **where)
    assert told in here["told"]
    assert here["is_inside_90"] is None
    assert np.isnan(here["simulated_median"])


def test_a_row_that_is_not_usable_says_why(compared):
    assert (compared["told"] == "not usable: no scale").sum() == 1


def test_arms_that_are_not_the_same_are_left_out(compared):
    assert set(compared["published_arm"]) == {"msc"}


def test_what_the_tables_do_not_say_is_not_reported(compared):
    missing = compared.loc[compared["told"] == NOT_REPORTED]
    assert missing["published"].isna().all()
    assert list(zip(missing["month"], missing["statistic"], strict=True)) == [(0.0, "mean"), (1.0, "mean change")]
    assert np.isfinite(missing["simulated_median"]).all()


def test_a_statistic_is_never_compared_with_another(operating):
    only_mean = pd.DataFrame([published_row(statistic="mean", value_0_100=40.0)])
    compared = compare_with_published(operating, only_mean, {"cells": "msc"})
    assert row(compared, figure_from="paper")["statistic"] == "mean"
    assert row(compared, month=3.0, statistic="mean change")["told"] == NOT_REPORTED


def test_only_trials_of_the_prior_are_used(operating):
    changed = operating.courses.assign(
        mean_change=operating.courses["mean_change"].where(operating.courses["scenario"] == "prior", 999.0)
    )
    other = operating_of(operating.trials, changed, operating.inside)
    published = pd.DataFrame([published_row()])
    assert compare_with_published(other, published, {"cells": "msc"})["high_90"].max() < 999


def test_nothing_published_is_an_empty_or_unreported_table(operating):
    assert len(compare_with_published(operating, pd.DataFrame(), {})) == 0
    assert (compare_with_published(operating, pd.DataFrame(), {"cells": "x"})["told"] == NOT_REPORTED).all()


def test_the_baseline_table_is_printed_by_arm(result):
    table = baseline_wide(result.baseline)
    assert table.columns.tolist() == ["characteristic", "all (n = 40)", "saline (n = 20)", "cells (n = 20)"]
    assert table.set_index("characteristic").loc["Age, years; mean (SD)", "all (n = 40)"] == "42.0 (9.5)"
    assert table.set_index("characteristic").loc["Female, %", "all (n = 40)"] == "45"
    assert table.set_index("characteristic").loc["Quality of life, EQ-5D index; mean (SD)", "all (n = 40)"] == "0.56"


@pytest.mark.parametrize(
    ("value", "text"), [(-1.26, "−1.3"), (-0.01, "0.0"), (0.0, "0.0"), (12.0, "12.0"), (np.nan, "–"), (np.inf, "–")]
)
def test_numbers_are_printed_with_a_true_minus_and_no_minus_zero(value, text):
    assert number(value) == text


def test_an_interval_without_end_says_so():
    assert span(-1.26, 2.0) == "−1.3 to 2.0"
    assert span(-np.inf, np.inf) == "−∞ to ∞"
    assert span(np.nan, 2.0) == "–"


def test_operating_characteristics_carry_their_monte_carlo_error(operating):
    table = operating_wide(operating.summary)
    first = table.iloc[0]
    assert first["scenario"] == "prior draws"
    assert first["success"] == "60 ± 11.0 %"
    assert first["truth"] == "−5.0 (−5.0 to −5.0)"


def test_a_scenario_without_trials_says_so(operating):
    rows = trials().assign(why_not="could not enrol: fewer than 1 in 100 candidates met the criteria", estimate=np.nan)
    table = operating_wide(operating_of(rows, operating.courses, operating.inside).summary)
    assert (table["success"] == "no trial").all()
    assert (table["not_enrolled"] == 20).all()


def test_every_scenario_has_words():
    assert scenario_words("no_cell_effect") == "no cell effect"


def test_patients_and_spread_are_those_of_the_published_row(operating):
    rows = pd.DataFrame([published_row(n=30.0, spread_sd_0_100=12.5)])
    here = row(compare_with_published(operating, rows, {"cells": "msc"}), figure_from="paper")
    assert (here["published_n"], here["published_sd"]) == (30.0, 12.5)


def test_a_harm_that_nobody_had_is_printed_as_a_bound_and_not_as_an_expectation():
    draw = reference_draw(read_prior()).one(0)
    table = harms_wide(expected_harms(small_design(), read_evidence(), draw, seed=1)).set_index("harm")
    tumour, minor = table.loc["tumour (cells)"], table.loc["minor complication (into the epidural space), any cause"]
    assert tumour["published"] == "0 of 38"
    assert tumour["expected"] == "none of 38; up to 14.6 %"
    assert (tumour["one trial"], tumour["chance of a case"]) == ("–", "–")
    assert "–" not in minor.iloc[0][["one trial", "chance of a case"]].tolist()
    assert table.loc["infection (at the root)"].iloc[0]["expected"] == "not estimable"


def test_the_truth_of_a_principal_stratum_stands_there_twice(operating):
    assert strata_wide(operating.summary) is None
    rows = trials().assign(
        stratum=0.5, stratum_independent_luck=0.4, truth_independent_luck=-3.0, truth_independent_luck_error=0.1
    )
    table = strata_wide(operating_of(rows, operating.courses, operating.inside).summary)
    assert table is not None
    first = table.iloc[0]
    assert first["in the stratum, shared luck"].startswith("50 ±")
    assert first["in the stratum, own luck"].startswith("40 ±")
    assert first["true effect, own luck"].startswith("−3.0")
    assert first["bias, own luck"] != first["bias, shared luck"]


def test_small_effects_keep_their_decimals(operating):
    rows = trials()
    rows[["estimate", "truth", "standard_error"]] /= 100
    table = operating_wide(operating_of(rows, operating.courses, operating.inside).summary, digits=3)
    assert len(table["standard_error"].iloc[0]) == len("0.020")


def test_a_finding_that_tips_over_is_told_with_its_points():
    rows = pd.DataFrame(
        {
            "comparison": "cells vs saline", "rule": ["jump_to_reference", "missing_at_random", "copy_reference"],
            "patients": 80, "imputed": 12, "estimate": -8.0, "standard_error": 2.0, "ci_low": -12.0, "ci_high": -4.0,
            "p_value": [0.0001, 0.2, 0.01], "tipping_delta": [7.26, 0.0, np.inf], "why_not": "",
        }
    )  # fmt: skip
    table = imputed_wide(rows)
    assert table["tips over at"].tolist() == ["7.3", "nothing is found", "no delta that was tried"]
    assert table["filled"].tolist()[0] == "12 of 80"
    assert table["p"].tolist() == ["< 0.001", "0.200", "0.010"]
