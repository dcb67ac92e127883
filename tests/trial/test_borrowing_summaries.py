from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sciatrial.statistics import ArmErrors, information_size
from sciatrial.trial import Scenario, given_prior
from sciatrial.trial.borrowed import BORROWED, NOT_BORROWED, borrowed_rows
from sciatrial.trial.borrowing_summaries import borrowing_characteristics, drift_table, planned_errors, seen_errors
from tests.trial.borrowing_error import rates
from tests.trial.conftest import invented_trial, small_design
from tests.trial.test_borrowing import OWN

DESIGN = small_design(borrowing=OWN | {"prior": [{"weight": 1, "mean": -4, "sd": 3}]}, n_total=40, sides="one_sided")
PRIOR = given_prior(DESIGN.borrowing)


@pytest.fixture(scope="module")
def operating():
    """Invented trials of which the first could not be analysed, as operating characteristics hold them."""
    frames = []
    for number in range(6):
        trial = invented_trial(DESIGN, number, effect=-6)
        if number == 0:
            trial.is_observed[:, 1:] = False
        frames.append(borrowed_rows(DESIGN, trial, PRIOR).assign(trial=number, scenario="prior", truth=-6.0))
    return SimpleNamespace(borrowed=pd.concat(frames, ignore_index=True), drawn=Scenario.PRIOR)


def test_characteristics_are_those_of_the_rows(operating):
    found = borrowing_characteristics(operating).set_index(["analysis", "quantity"])["value"]
    rows = operating.borrowed
    mine = rows[(rows["analysis"] == BORROWED) & (rows["why_not"] == "")]
    assert found[BORROWED, "bias"] == pytest.approx(mine["estimate"].mean() + 6)
    root = np.sqrt(((mine["estimate"] + 6) ** 2).mean())
    assert found[BORROWED, "root_mean_square_error"] == pytest.approx(root)
    assert found[BORROWED, "drift"] == pytest.approx(mine["control_mean"].mean() + 4)
    assert found[BORROWED, "not_analysed"] == pytest.approx(1 / 6)
    assert found[BORROWED, "success"] == pytest.approx(mine["shown"].sum() / 6)
    assert (NOT_BORROWED, "drift") not in found.index


def test_trials_are_compared_with_themselves(operating):
    rows = operating.borrowed.assign(shown=operating.borrowed["analysis"] == BORROWED)
    found = borrowing_characteristics(SimpleNamespace(borrowed=rows)).set_index(["analysis", "quantity"])
    assert found.loc[(BORROWED, "more_success"), "value"] == 1
    same = borrowing_characteristics(SimpleNamespace(borrowed=rows.assign(shown=True)))
    same = same.set_index(["analysis", "quantity"]).loc[(BORROWED, "more_success")]
    assert same["value"] == 0
    assert same["monte_carlo_se"] > 0


def test_nothing_borrowed_has_no_characteristics():
    assert borrowing_characteristics(SimpleNamespace(borrowed=pd.DataFrame())).empty


def test_errors_come_from_the_trials_or_from_the_plan(operating):
    found = seen_errors(operating, "cells vs saline")
    rows = operating.borrowed
    mine = rows[(rows["analysis"] == NOT_BORROWED) & (rows["why_not"] == "")]
    assert found.of_difference == pytest.approx((mine["standard_error"] ** 2).mean())
    assert planned_errors(DESIGN, PRIOR) == ArmErrors(20.0, 20.0)
    nobody = SimpleNamespace(borrowed=rows[rows["why_not"] != ""], drawn=Scenario.PRIOR)
    assert seen_errors(nobody, "cells vs saline") is None


def test_the_drift_that_raises_the_error_is_a_control_that_does_better():
    """Leg pain: a control below the prior's mean does better than it says, and is taken for worse than it is."""
    table = drift_table(DESIGN, PRIOR, planned_errors(DESIGN, PRIOR))
    top = table.loc[table["type_one_error"].idxmax()]
    assert top["drift"] < 0
    assert top["type_one_error"] > 0.03
    assert table["type_one_error"].min() < 0.025
    assert table["type_one_error_without"].unique() == pytest.approx([0.025])
    assert table["power_without"].unique() == pytest.approx([0.8])
    assert table["quadrature_error"].max() < 1e-9
    at_prior = table.loc[table["drift"].abs().idxmin()]
    assert at_prior["power"] > 0.82
    matters = drift_table(DESIGN.model_copy(update={"minimal_important_change": 7.0}), PRIOR, ArmErrors(4.0, 4.0))
    assert (matters["effect"] == 7).all()


def test_a_vague_part_alone_leaves_errors_as_they_are():
    vague = replace(PRIOR, robust_weight=1.0, robust_sd=1e4)
    table = drift_table(DESIGN, vague, planned_errors(DESIGN, vague))
    assert table["type_one_error"].to_numpy() == pytest.approx(np.full(len(table), 0.025), abs=1e-4)
    assert information_size(vague.mixture, vague.patient_sd) < 1e-5


def test_errors_of_invented_trials_are_those_of_the_quadrature():
    """A few trials; `python -m tests.trial.borrowing_error` prints thousands."""
    found = rates(100, -6.0)
    assert found["quadrature"] > 0.05
    assert found["borrowed"] == pytest.approx(found["quadrature"], abs=4 * found["borrowed_error"])
    assert found["without"] == pytest.approx(0.025, abs=4 * found["without_error"])
