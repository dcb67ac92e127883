import warnings

import numpy as np
import pytest

from sciatrial.engine import Effect, Rule, SlowEngineWarning, simulate
from sciatrial.foundation import SolverError

TIMES = np.array([0.0, 1.0, 4.0, 9.0])


def crowd(n=300):
    rng = np.random.default_rng(5)
    parameters = np.exp(rng.normal(0, 0.4, (n, 6)))
    parameters[:, 2] += 1
    return parameters, rng.uniform(0.05, 0.6, (n, 2))


def test_where_single_precision_is_good_enough_it_is_used_without_a_word(mixed):
    parameters, initial = crowd()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        single = simulate(mixed, parameters, initial, times_days=TIMES, outputs=["x", "y"], precision="single")
    double = simulate(mixed, parameters, initial, times_days=TIMES, outputs=["x", "y"])
    assert not np.array_equal(single.values, double.values)
    assert np.abs(single.values - double.values).max() < 1e-4
    # every number carries no more than seven digits
    assert np.array_equal(single.values, single.values.astype(np.float32))


def test_where_it_is_not_double_precision_does_the_work_and_the_reason_is_told(mixed):
    parameters, initial = crowd()
    with pytest.warns(SlowEngineWarning, match="more than 10 × the tolerance of 1e-09"):
        asked = simulate(
            mixed, parameters, initial, times_days=TIMES, outputs=["x", "y"], precision="single", tolerance=1e-9
        )
    double = simulate(mixed, parameters, initial, times_days=TIMES, outputs=["x", "y"], tolerance=1e-9)
    assert np.array_equal(asked.values, double.values)


def test_patients_that_only_double_precision_can_solve_are_a_reason(mixed):
    parameters, initial = crowd()
    with pytest.warns(SlowEngineWarning, match="could not be solved in it"):
        simulate(
            mixed, parameters, initial, times_days=TIMES, outputs=["x"], precision="single", tolerance=1e-9,
            max_steps=2000,
        )  # fmt: skip


def test_another_decision_is_no_reason(decay):
    rates = np.full((64, 1), 0.5)
    double, single = (
        simulate(decay, rates, [[1.0]], times_days=TIMES, precision=word)["seen"][:, 1] for word in ("double", "single")
    )
    assert (single != double).all()
    threshold = np.full((64, 4), np.inf)
    threshold[:, 1] = (single + double) / 2  # so that one takes the drug away and the other does not
    rule = Rule("rescue", "seen", threshold, (Effect("drug", factor=0.0),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(decay, rates, [[1.0]], times_days=TIMES, rules=[rule], precision="single")
    assert (run.triggered[:, 0, 1] == (single > double)).all()


def test_nothing_to_compare_is_no_reason(decay):
    assert simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, outputs=[], precision="single").values.shape == (1, 4, 0)


def test_the_scalar_reference_has_no_single_precision_and_says_so(decay):
    with pytest.raises(SolverError, match="is single"):
        simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, precision="single", processor="scalar")
