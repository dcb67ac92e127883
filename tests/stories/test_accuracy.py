"""The engine at its default tolerance against itself at 1e-11, on everybody: every cause, every treatment, the prior.

The tight solution agrees with LSODA and libRoadRunner elsewhere. An error is ``|x − reference| / (|reference| + 0.01 ×
scale)`` of an output or a state at a visit. What the reference decided (rescue) is replayed, since another decision is
another course; decisions that come out otherwise are counted apart.
"""

import inspect

import numpy as np
import pytest
from benchmarks.patients import everybody, relative_errors, simulated

from sciatrial.engine import rosenbrock, simulate
from sciatrial.model import sciatica_model

MODEL = sciatica_model()
TOLERANCE = inspect.signature(simulate).parameters["tolerance"].default
TIGHT = {"tolerance": 1e-11, "max_steps": 1_000_000, "max_failed_fraction": 0.0}


@pytest.fixture(scope="module")
def everyone():
    people = everybody(MODEL, n_draws=6, n_each=15)
    reference = simulated(people, **TIGHT)
    return people, reference, people.with_decisions_of(reference)


@pytest.fixture(scope="module")
def at_default(everyone):
    return simulated(everyone[2], TOLERANCE, max_failed_fraction=0.0)


def test_there_are_ten_thousand_of_every_cause_and_treatment_and_some_are_rescued(everyone):
    people, reference, _ = everyone
    assert len(people) >= 10_000
    assert len(set(zip(people.cause.tolist(), people.treatment.tolist(), strict=True))) == 5 * 23
    assert 0.1 < reference.triggered.any(axis=(1, 2)).mean() < 0.9


def test_replayed_decisions_give_the_same_course(everyone):
    people, reference, replayed = everyone
    few = np.arange(0, len(people), 10)
    again = simulated(replayed.of(few), **TIGHT)
    assert np.array_equal(again.values, reference.values[few])


def test_no_output_of_anybody_is_wrong_by_a_thousandth(everyone, at_default):
    _, reference, replayed = everyone
    errors = relative_errors(replayed, at_default, reference)
    assert errors.max() < 1e-3
    assert np.median(errors.max(axis=(1, 2))) < 1.5e-4


def test_single_precision_is_as_good_at_this_tolerance(everyone):
    _, reference, replayed = everyone
    single = simulated(replayed, TOLERANCE, precision="single", max_failed_fraction=0.0)
    assert np.array_equal(single.values, single.values.astype(np.float32))  # the guard let it be used
    assert relative_errors(replayed, single, reference).max() < 1e-3


def test_decisions_come_out_otherwise_in_less_than_one_of_a_thousand(everyone):
    people, reference, _ = everyone
    free = simulated(people, TOLERANCE)
    assert (free.triggered != reference.triggered).any(axis=(1, 2)).mean() < 1e-3


def test_the_work_for_two_years_is_counted(at_default):
    # counted work gates speed, since seconds belong to a machine: one in a hundred more is a reason to ask why
    assert at_default.steps.mean() == pytest.approx(92.5, rel=0.01)
    step, first = inspect.getsource(rosenbrock.step), "linearise("
    assert step.count(first) == 1  # one Jacobian, one factorisation and one evaluation of the rates …
    assert step.count("    stage(") == 5  # … and five evaluations and solutions more
