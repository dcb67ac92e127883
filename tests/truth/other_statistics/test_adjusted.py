"""Analyses that adjust for more than the baseline: a trial's own path against R's lm and nlme's gls."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.trial.conftest import small_design

from sciatrial.clinic import SCORES
from sciatrial.trial.accrual import Arrivals
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.conducted import Conducted

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "adjusted_expected.json").read_text(encoding="utf-8"))
ACCRUAL = {"per_month": 10, "arrivals": "poisson", "sites": {"number": 4}}
ADJUSTED = ("sex", "site", "age_years")


@pytest.fixture(scope="module")
def trial():
    people = pd.read_csv(HERE / "adjusted.csv")
    values = people[["baseline", "score.1", "score.3", "score.6"]].to_numpy(float)
    observed = np.isfinite(values)
    n = len(people)
    return Conducted(
        patients=SimpleNamespace(covariates=people),
        assigned=people["arm"].to_numpy(),
        scores=np.repeat(np.where(observed, values, 0.0)[:, :, None], len(SCORES), axis=2),
        rescued=np.zeros(values.shape, dtype=bool),
        is_solved=np.ones(n, dtype=bool),
        is_observed=observed,
        potential={},
        arrivals=Arrivals(np.zeros(n), people["site"].to_numpy()),
    )


def effects(trial, analysis, **changes):
    # the arm of the file is number 1, which the comparison puts first
    words = {"n_total": 120, "analysis": analysis, "accrual": ACCRUAL, "adjust_for": ADJUSTED} | changes
    comparison = [{"arm": "saline", "control": "cells"}]
    return effects_seen(small_design(comparisons=comparison, **words), [trial], [trial.is_observed])


def test_the_analysis_of_covariance_is_that_of_lm(trial):
    found, expected = effects(trial, "ancova"), EXPECTED["ancova"]
    for name in ("estimate", "standard_error", "degrees_of_freedom", "p_value"):
        assert getattr(found, name)[0, 0] == pytest.approx(expected[name], rel=1e-9)


def test_the_mixed_model_is_that_of_gls(trial):
    found, expected = effects(trial, "mmrm"), EXPECTED["mmrm"]
    # gls stops its climb a little short of the top
    assert found.estimate[0, 0] == pytest.approx(expected["estimate"], rel=1e-4)
    assert found.standard_error[0, 0] == pytest.approx(expected["standard_error"], rel=1e-4)


def test_adjustment_narrows_the_error_and_moves_the_estimate(trial):
    adjusted, plain = effects(trial, "ancova"), effects(trial, "ancova", adjust_for=())
    assert adjusted.standard_error[0, 0] < plain.standard_error[0, 0]
    assert adjusted.estimate[0, 0] != plain.estimate[0, 0]
