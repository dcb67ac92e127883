import numpy as np
import pandas as pd
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import (
    Correlation,
    CorrelationKind,
    Course,
    CourseHeterogeneity,
    Reference,
    Sampler,
    Shape,
    TimeCourseModel,
    fit_time_course,
)

from .simulated import visits

KNOWN = Correlation(CorrelationKind.COMPOUND_SYMMETRY, 0.5)
SHAPE = Shape(Course.TWO_EXPONENTIALS)


def exact(frame, reference=Reference.FREE):
    model = TimeCourseModel(SHAPE, KNOWN, reference, CourseHeterogeneity.NONE)
    return fit_time_course(frame, reference="usual", model=model, sampler=Sampler(seed=7, n_draws=500))


@pytest.fixture(scope="module")
def fitted():
    model = TimeCourseModel(SHAPE, Correlation(CorrelationKind.COMPOUND_SYMMETRY, None))
    return fit_time_course(
        visits(repeats=3, spread=3.0),
        reference="usual",
        model=model,
        sampler=Sampler(seed=5, n_warmup=500, n_draws=800, target_accept=0.8, again=0),
    )


@pytest.fixture(scope="module")
def plain():
    return exact(visits())


def test_it_converges_and_says_what_it_assumed(fitted):
    assert fitted.table().startswith("Converged")
    assert "rho estimated" in fitted.table()
    assert "Priors:" in fitted.table()


def test_planted_courses_are_found(fitted):
    effect = fitted.effect([1.0, 12.0])
    truth = {
        "drug": -8 * (1 - np.exp(-np.array([1, 12]) / 0.7)),
        "cells": -12 * (1 - np.exp(-np.array([1, 12]) / 6)),
    }
    for name, expected in truth.items():
        values = effect.sel(treatment=name)
        assert np.abs(values.mean("draw") - expected).max() < 3 * values.std("draw").max()
        assert values.std("draw").max() < 2.5


def test_planted_correlation_and_spread_are_found(fitted):
    rho, spread = fitted.posterior["rho"], fitted.posterior["heterogeneity"]
    assert rho.quantile(0.005) < 0.5 < rho.quantile(0.995)
    assert spread.quantile(0.005) < 3.0 < spread.quantile(0.995)


def test_a_new_trial_is_less_certain_than_the_mean(fitted):
    months = [12.0]
    assert (fitted.new_trial(months, seed=1).std("draw") > fitted.effect(months).std("draw"))[1:].all()


def test_the_effect_of_the_reference_and_at_month_0_is_0(plain):
    assert float(np.abs(plain.effect([0.0, 6.0]).sel(treatment="usual")).max()) == 0
    assert float(np.abs(plain.effect([0.0])).max()) == 0


def test_shifting_all_arms_of_a_visit_changes_nothing(plain):
    frame = visits()
    moved = (frame["study"] == "study 01") & (frame["months"] == 2)
    shifted = exact(frame.assign(estimate=frame["estimate"] + 300.0 * moved))
    assert shifted.posterior["effect"].to_numpy() == pytest.approx(plain.posterior["effect"].to_numpy(), abs=1e-8)


def test_shifting_a_study_changes_nothing_with_reference_courses():
    frame = visits()
    shift = 1000.0 * (frame["study"] == "study 01")
    first, second = (exact(f, Reference.COURSE) for f in (frame, frame.assign(estimate=frame["estimate"] + shift)))
    assert second.posterior["effect"].to_numpy() == pytest.approx(first.posterior["effect"].to_numpy(), abs=1e-8)


def test_a_visit_twice_is_refused():
    frame = visits()
    with pytest.raises(EvidenceError, match="there twice"):
        exact(pd.concat([frame, frame.iloc[:1]]))


def test_what_was_observed_is_told(plain):
    row = plain.observed_months.set_index("treatment").loc["block"]
    assert (row["first"], row["studies"]) == (0, 2)
