"""Predictions of a new study hold its trial's luck, its sampling error, and the part that is no mechanism."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t
from tests.calibration.small import prior_of_small, small_calibration

from sciatrial.calibration.predictive import predict_numbers, responders, unlikeness

N = 60


@pytest.fixture(scope="module")
def sample():
    return prior_of_small(N)


def test_a_prediction_is_wider_than_its_mean(sample):
    problem = small_calibration().problem
    place = np.flatnonzero((problem.terms.rows["study_id"] == "gadjradj2022").to_numpy())
    made = predict_numbers(problem, sample, place, seed=1)
    assert made.drawn.shape == (N, len(place))
    assert (made.drawn.std(axis=0) > made.mean.std(axis=0) * 0.8).all()


def test_shares_are_counted_patients(sample):
    problem = small_calibration().problem
    place = np.flatnonzero(problem.is_share)
    made = predict_numbers(problem, sample, place, seed=1)
    n = problem.terms.rows["n"].to_numpy()[place].round()
    counted = made.drawn * n / 100
    assert np.allclose(counted, counted.round())
    assert (made.drawn >= 0).all()
    assert (made.drawn <= 100).all()


def test_the_luck_of_responders_is_inside_the_t_as_in_the_likelihood():
    rng = np.random.default_rng(1)
    chance, patients = np.full(100_000, 0.4), np.full(100_000, 50)
    counted = rng.binomial(50, chance)
    assert responders(chance, counted, patients, np.ones(100_000)) == pytest.approx(2 * counted)
    wider = unlikeness(rng, 5.0, (100_000,))
    drawn = responders(chance, counted, patients, wider)
    assert drawn * 0.5 == pytest.approx(np.round(drawn * 0.5))
    assert drawn.mean() == pytest.approx(40, abs=0.2)
    assert drawn.std() == pytest.approx(np.sqrt(5 / 3) * (2 * counted).std(), rel=0.05)


def test_nothing_is_printed_beyond_the_end_of_its_scale(sample):
    problem = small_calibration().problem
    rows = problem.terms.rows
    place = np.flatnonzero((rows["kind"] == "change") & rows["baseline"].notna())
    wild = replace(sample, spreads=np.full_like(sample.spreads, 60.0))
    made = predict_numbers(problem, wild, place, seed=1)
    baseline = rows["baseline"].to_numpy()[place]
    assert (made.drawn >= -baseline - 1e-9).all()
    assert (made.drawn <= 100 - baseline + 1e-9).all()
    assert (made.drawn == -baseline).any()


def test_a_study_may_be_unlike_all_others():
    rng = np.random.default_rng(1)
    assert (unlikeness(rng, np.inf, (5,)) == 1).all()
    drawn = rng.standard_normal(200_000) * unlikeness(rng, 5.0, (200_000,))
    assert np.quantile(drawn, [0.05, 0.95, 0.995]) == pytest.approx(t.ppf([0.05, 0.95, 0.995], 5), rel=0.03)


def test_arms_of_a_trial_share_its_luck(sample):
    problem = small_calibration().problem
    rows = problem.terms.rows
    mine = rows[(rows["study_id"] == "korea_ldh2021") & (rows["score"] == "leg_pain") & (rows["kind"] == "change")]
    place = mine.index[mine["month"] == mine["month"].max()].to_numpy()[:2]
    made = predict_numbers(problem, sample, place, seed=1)
    apart = made.drawn - made.mean
    assert np.corrcoef(apart.T)[0, 1] > 0.4


def test_the_share_that_is_no_mechanism_is_told(sample):
    problem = small_calibration().problem
    place = np.arange(len(problem.observed))
    made = predict_numbers(problem, sample, place, seed=1)
    assert np.abs(made.discrepancy[:, : len(problem.terms)]).max() > 1
    assert np.allclose(made.discrepancy[:, len(problem.terms) :], 0)  # facts have none


def test_the_same_seed_gives_the_same_draws(sample):
    problem = small_calibration().problem
    place = np.arange(5)
    one, two = (predict_numbers(problem, sample, place, seed=4).drawn for _ in range(2))
    assert np.array_equal(one, two)
