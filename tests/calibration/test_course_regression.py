"""The regression finds what was planted, says how sure it is, and is the same each time."""

import builtins
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest
from tests.calibration.planted import Truth, planted_terms

from sciatrial.calibration.course_regression import SPREAD_SCALE, SPREADS, course_draws, sample_spreads
from sciatrial.foundation import CalibrationError

TERMS = planted_terms(40, seed=3)
TEST = TERMS.of_studies([f"study{number}" for number in range(10)])
FEW = planted_terms(6, seed=3)


@pytest.fixture(scope="module")
def drawn():
    return course_draws(TERMS, ~TEST, TEST, n_draws=2000, seed=1)


def test_without_data_spreads_are_those_of_the_prior():
    spreads = sample_spreads(lambda _: 0.0, np.random.default_rng(1))
    assert spreads.shape[1] == len(SPREADS)
    assert kstest(spreads.ravel() / SPREAD_SCALE, "halfnorm").pvalue > 0.001


def test_a_sharp_likelihood_is_found():
    spreads = sample_spreads(lambda now: float(-0.5 * (((now**2 - 9) / 0.5) ** 2).sum()), np.random.default_rng(1))
    assert spreads.mean(axis=0) == pytest.approx(np.full(len(SPREADS), 3.0), abs=0.1)


def test_planted_spreads_are_found(drawn):
    found = dict(zip(SPREADS, drawn.spreads.mean(axis=0), strict=True))
    truth = Truth()
    assert np.hypot(found["study, early"], found["study, late"]) == pytest.approx(truth.study, abs=2.5)
    assert found["study and score"] == pytest.approx(truth.of_score, abs=2.5)
    assert found["arm"] == pytest.approx(truth.arm, abs=1.0)
    assert found["residual"] == pytest.approx(truth.residual, abs=1.0)


def test_new_studies_are_covered_and_contrasts_far_more_narrowly(drawn):
    observed = TERMS.rows["observed"][TEST].to_numpy()
    low, high = np.quantile(drawn.published, [0.05, 0.95], axis=0)
    assert 0.75 <= np.mean((low <= observed) & (observed <= high)) <= 1.0
    treated = (TERMS.rows["intervention"][TEST] == "surgery").to_numpy()
    contrast = drawn.published[:, treated] - drawn.published[:, ~treated]
    assert contrast.std(axis=0).mean() < 0.7 * drawn.published.std(axis=0).mean()
    baseline = TERMS.rows["baseline"][TEST].to_numpy()[treated]
    assert contrast.mean(axis=0) == pytest.approx(Truth().surgery * baseline / 50, abs=2.5)


def test_what_a_study_left_out_printed_is_not_read(drawn):
    rows = TERMS.rows.assign(observed=TERMS.rows["observed"].where(~TEST, 99.0))
    again = course_draws(replace(TERMS, rows=rows), ~TEST, TEST, n_draws=2000, seed=1)
    assert np.array_equal(again.published, drawn.published)


def test_terms_of_a_known_study_are_predicted_more_sharply(drawn):
    late = (TERMS.rows["month"] == 6.0).to_numpy() & TEST
    known = course_draws(TERMS, ~late, late, n_draws=2000, seed=1)
    unknown = drawn.published[:, late[TEST]]
    assert known.published.std(axis=0).mean() < 0.6 * unknown.std(axis=0).mean()


def test_few_draws_can_be_asked_for_and_the_seed_names_them():
    test = FEW.of_studies(["study0"])
    one, again, other = (course_draws(FEW, ~test, test, n_draws=7, seed=seed).published for seed in (1, 1, 2))
    assert one.shape == (7, test.sum())
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    ordinary = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "threadpoolctl":
            raise ImportError
        return ordinary(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CalibrationError, match="bayes"):
        course_draws(FEW, FEW.of_studies(["study1"]), FEW.of_studies(["study0"]), n_draws=5, seed=1)
