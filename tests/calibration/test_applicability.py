"""A domain is tested where enough unseen studies say so, and of cells only beside a control."""

import numpy as np
import pytest
from tests.calibration.credible import made_validation, terms_with

from sciatrial.calibration.applicability import Comparison, Kind, applicability, cell_contrasts, coverage_words
from sciatrial.calibration.scores import FEWEST_STUDIES

DISC = "cells, intradiscal, on back pain in discogenic pain"
ROOT = "cells, epidural transforaminal, on leg pain in herniation"


def verdicts(n_cell_trials=FEWEST_STUDIES, validation=None):
    return applicability(terms_with(n_cell_trials), validation).set_index("domain")["verdict"]


def test_enough_trials_that_were_predicted_well_make_a_domain_tested():
    assert verdicts(5, made_validation())[DISC] == "tested"


def test_fewer_than_five_trials_of_cells_with_a_control_leave_it_untested():
    assert verdicts(4, made_validation())[DISC] == "untested"


def test_trials_that_nobody_predicted_unseen_leave_it_untested():
    assert verdicts(5, made_validation(n_cells=4))[DISC] == "untested"


def test_without_a_validation_nothing_is_tested():
    found = verdicts(5)
    assert set(found) == {"untested", "not applicable"}


@pytest.mark.parametrize("wrong", [{"coverage": (0.7, 0.6, 0.8)}, {"apart": 2.0}])
def test_intervals_that_do_not_hold_or_a_simpler_model_that_is_better_are_misses(wrong):
    table = applicability(terms_with(5), made_validation(**wrong)).set_index("domain")
    assert table.loc[DISC, "verdict"] == "tested, and misses"
    assert ("too narrow" in table.loc[DISC, "why"]) or ("worse than pooled mean" in table.loc[DISC, "why"])


def test_cells_on_leg_pain_without_a_control_are_not_applicable():
    found = verdicts(5, made_validation())
    assert found[ROOT] == "not applicable"
    assert found["cells, on leg pain"] == "not applicable"
    assert found["cells, route intravenous"] == "not applicable"


def test_cells_without_a_control_are_counted_but_do_not_count():
    row = applicability(terms_with(2)).set_index("domain").loc["cells, in discogenic pain"]
    assert row["n_studies"] == row["n_counted"] + 1  # one trial of a single arm among the ten


def test_every_cause_has_a_row_and_what_is_beyond_the_data_is_said():
    table = applicability(terms_with(5), made_validation())
    assert (table["kind"] == Kind.COURSE).sum() == 5
    beyond = table[table["kind"] == Kind.EXTRAPOLATION]
    assert set(beyond["verdict"]) == {"not applicable"}
    assert beyond["domain"].str.contains("doses outside 6 to 18 million").any()


def test_contrasts_of_cells_know_route_type_and_dose():
    found = cell_contrasts(terms_with(2))
    assert set(found["study_id"]) == {"trial 0", "trial 1"}
    assert set(found["cell_type"]) == {"mpc"}
    assert set(found["dose_million_cells"]) == {6.0, 18.0}


def compared(difference, low, high):
    return Comparison("time course", difference, low, high, 10.0)


def test_worse_is_beyond_chance_or_by_a_twentieth():
    assert compared(0.2, 0.1, 0.3).is_worse
    assert compared(0.6, -1.0, 2.2).is_worse
    assert not compared(0.4, -1.0, 1.8).is_worse
    assert compared(-0.2, -0.3, -0.1).is_better
    assert "worse on average (by chance, perhaps)" in compared(0.6, -1.0, 2.2).in_words()
    assert "not told apart" in compared(np.float64(0.1), -1.0, 1.8).in_words()


def test_coverage_is_right_when_its_interval_holds_ninety_percent():
    assert coverage_words(made_validation(), "all", "arms")[0]
    holds, told = coverage_words(made_validation(coverage=(1.0, 0.99, 1.0)), "all", "arms")
    assert not holds
    assert "too wide" in told
