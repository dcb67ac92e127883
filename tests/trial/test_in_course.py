from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciatrial.clinic import SCORES
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.in_course import allocation_rows, analysis_rows, planned_rows
from sciatrial.trial.monitoring import monitor
from tests.trial.conftest import CELLS, SALINE, small_design

OTHER_STATISTICS = Path(__file__).parents[1] / "truth" / "other_statistics"
ARMS = {"control": SALINE, **{f"arm_{n}": CELLS.model_copy(update={"dose_million_cells": n}) for n in (1, 2, 3)}}


def trial_of_r():
    """Return the trial that make_course.R invented, and its periods."""
    seen = pd.read_csv(OTHER_STATISTICS / "course.csv")
    n = len(seen)
    scores = np.repeat(seen["baseline"].to_numpy()[:, None, None], len(SCORES), axis=2).repeat(2, axis=1)
    scores[:, 1] += seen["change"].to_numpy()[:, None]
    trial = Conducted(
        patients=None, assigned=seen["arm"].to_numpy(), scores=scores, rescued=np.zeros((n, 2), dtype=bool),
        is_solved=np.ones(n, dtype=bool), is_observed=np.ones((n, 2), dtype=bool), potential={},
    )  # fmt: skip
    return trial, seen


def test_estimates_with_and_without_periods_are_those_of_lm():
    trial, seen = trial_of_r()
    expected = pd.read_csv(OTHER_STATISTICS / "course_expected.csv").set_index("what")
    design = small_design(
        arms=ARMS, n_total=96, visits_months=(6,),
        comparisons=[{"arm": f"arm_{n}", "control": "control"} for n in (1, 2, 3)],
    )  # fmt: skip
    (adjusted,) = analysis_rows(design, [trial], [seen["period"].to_numpy()], "adjusted")
    (plain,) = analysis_rows(design, [trial], None, "plain")
    for name in ("estimate", "standard_error"):
        found = [expected.loc[f"period_{n}", name] for n in (1, 2, 3)]
        assert adjusted[name].to_numpy() == pytest.approx(found, abs=1e-8)
        assert plain[name].iloc[0] == pytest.approx(expected.loc["plain_1", name], abs=1e-8)
    assert (adjusted["rejected"] == (adjusted["ci_high"] * adjusted["ci_low"] > 0)).all()


def test_the_planned_analysis_is_told_like_the_others():
    trial, seen = trial_of_r()
    design = small_design(
        arms=ARMS, n_total=96, visits_months=(6,), endpoint={"outcome": "leg_pain", "month": 6},
        comparisons=[{"arm": f"arm_{n}", "control": "control"} for n in (1, 2, 3)],
    )  # fmt: skip
    periods = [seen["period"].to_numpy()]
    for effect in (0.0, -60.0, 60.0):  # nothing is shown, a benefit is, a harm is
        scores = trial.scores.copy()
        scores[trial.assigned == 1, 1] += effect
        changed = replace(trial, scores=scores)
        (expected,) = analysis_rows(design, [changed], periods, "adjusted")
        found = planned_rows(monitor(design, [changed], periods)[0], "adjusted")
        pd.testing.assert_frame_equal(found, expected)
        assert (found["shown"].iloc[0], found["rejected"].iloc[0]) == (effect < 0, effect != 0)


def test_one_row_a_period_and_arm_counts_its_patients():
    design = small_design()
    assigned, periods = np.array([0, 1, 0, 0, 1]), np.array([0, 0, 0, 1, 1])
    rows = allocation_rows(
        design, assigned, periods, np.arange(5.0), [[0.5, 0.5], [0.7, 0.3]], [[np.nan] * 2, [0.8, 0.2]]
    )
    assert rows["patients"].tolist() == [2, 1, 1, 1]
    assert rows["month"].tolist() == [0, 0, 3, 3]
    assert rows["last_month"].tolist() == [2, 2, 4, 4]
    assert rows["share"].tolist() == [0.5, 0.5, 0.7, 0.3]
