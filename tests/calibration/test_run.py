"""The whole path from tables to posterior."""

import numpy as np
import pytest
from tests.calibration.small import small_fit


@pytest.fixture(scope="module")
def fit():
    return small_fit()


def test_every_fit_answers_every_question(fit):
    assert set(fit.cells["fit"]) == {"reference", "single arms let in", "prior 0.16", "prior"}
    assert fit.cells.groupby("fit").size().nunique() == 1


def test_the_prior_holds_none_with_the_chance_that_its_indicators_give(fit):
    before = fit.cells.loc[fit.cells["fit"] == "prior", "no_cell_effect"].iloc[0]
    assert before == pytest.approx(0.5**4, abs=0.15)  # of few draws


def test_every_number_is_predicted_before_and_after(fit):
    n = len(fit.calibration.problem.observed)
    assert len(fit.predictive) == len(fit.prior_predictive) == n
    assert np.isfinite(fit.predictive["mean"]).all()


def test_the_prior_predictive_is_wider_than_the_posterior_one(fit):
    kind = fit.predictive["kind"] == "change"
    width = [(t["p95"] - t["p05"])[kind].median() for t in (fit.prior_predictive, fit.predictive)]
    assert width[0] > width[1]


def test_numbers_of_cells_that_stand_alone_are_marked(fit):
    marked = fit.predictive[fit.predictive["is_alone"].astype(bool)]
    assert set(marked["study_id"]) == {"orozco2011"}
