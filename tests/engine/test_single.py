import warnings

import numpy as np
import pytest

from sciatrial.engine import Effect, Rule, SlowEngineWarning, simulate
from sciatrial.foundation import SolverError
from sciatrial.model import Parameter, State, assemble, hill, output
from tests.engine.conftest import elimination

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


def flipping(decay, n_flipped, n=300):
    """Return rates and a rule on which single and double precision disagree in the first patients."""
    rates = np.full((n, 1), 0.5)
    double, single = (
        simulate(decay, rates, [[1.0]], times_days=TIMES, precision=word)["seen"][:, 1] for word in ("double", "single")
    )
    assert (single != double).all()
    threshold = np.full((n, 4), np.inf)
    # so that one takes the drug away and the other does not
    threshold[:n_flipped, 1] = ((single + double) / 2)[:n_flipped]
    return rates, Rule("rescue", "seen", threshold, (Effect("drug", factor=0.0),)), single > double


def test_another_decision_in_a_few_is_no_reason(decay):
    rates, rule, is_above = flipping(decay, n_flipped=10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(decay, rates, [[1.0]], times_days=TIMES, rules=[rule], precision="single")
    assert (run.triggered[:10, 0, 1] == is_above[:10]).all()
    assert not run.triggered[10:].any()


def test_another_decision_in_many_is_one(decay):
    rates, rule, _ = flipping(decay, n_flipped=100)
    with pytest.warns(SlowEngineWarning, match="other decisions are taken for 22 of 64"):
        run = simulate(decay, rates, [[1.0]], times_days=TIMES, rules=[rule], precision="single")
    double = simulate(decay, rates, [[1.0]], times_days=TIMES, rules=[rule])
    assert np.array_equal(run.triggered, double.triggered)


@pytest.fixture(scope="module")
def steep():
    """A model whose output is too steep for seven digits and a range of 1e38 where its threshold is tiny."""
    states, numbers = [State("drug", "mg", "drug")], [Parameter("elimination_rate", "1/day", "rate")]
    numbers.append(Parameter("drug_for_half", "mg", "threshold"))
    return assemble("steep", states, numbers, [felt], [elimination])


@output("dimensionless")
def felt(drug, drug_for_half):
    """What is felt of the drug"""
    return hill(drug, half=drug_for_half, steepness=8)


def test_a_result_that_is_no_number_in_single_precision_is_a_reason(steep):
    with pytest.warns(SlowEngineWarning, match="could not be solved in it"):
        run = simulate(steep, np.tile([[0.1, 1e-5]], (300, 1)), [[1.0]], times_days=TIMES, precision="single")
    assert run["felt"] == pytest.approx(np.ones((300, 4)))


def test_one_patient_whom_single_precision_cannot_solve_is_solved_in_double(steep):
    numbers = np.tile([[0.1, 0.5]], (300, 1))
    numbers[[7, 250], 1] = 1e-5  # neither is one of the 64
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = simulate(steep, numbers, [[1.0]], times_days=TIMES, precision="single")
    double = simulate(steep, numbers, [[1.0]], times_days=TIMES)
    assert (run.status == 0).all()
    assert np.array_equal(run.values[[7, 250]], double.values[[7, 250]])
    assert not np.array_equal(run.values[0], double.values[0])


def test_a_giant_among_the_patients_hides_nobody(shifted):
    base = np.full(300, 1e6)
    base[0] = 0.0
    numbers = np.stack([np.full(300, 0.1), base], axis=1)
    initial = np.full((300, 1), 1e6 + 0.01)
    initial[0] = 1e9
    with pytest.warns(SlowEngineWarning, match="more than 10 × the tolerance"):
        simulate(shifted, numbers, initial, times_days=[0.0], precision="single")


@output("mg")
def above(drug, base):
    """What lies above a base"""
    return drug - base


@pytest.fixture(scope="module")
def shifted():
    """A small difference of large numbers."""
    numbers = [Parameter("elimination_rate", "1/day", "rate"), Parameter("base", "mg", "base")]
    return assemble("shifted", [State("drug", "mg", "drug", scale=1e6)], numbers, [above], [elimination])


def test_so_few_that_the_guard_would_take_longer_are_solved_in_double(decay):
    few = simulate(decay, np.full((64, 1), 0.5), [[1.0]], times_days=TIMES, precision="single")
    assert np.array_equal(few.values, simulate(decay, np.full((64, 1), 0.5), [[1.0]], times_days=TIMES).values)


def test_where_nothing_is_asked_for_the_last_states_are_compared(mixed):
    parameters, initial = crowd()
    with pytest.warns(SlowEngineWarning, match="ends .* from double"):
        run = simulate(mixed, parameters, initial, times_days=[1.0], outputs=[], precision="single", tolerance=1e-8)
    assert run.values.shape == (300, 1, 0)


def test_the_scalar_reference_has_no_single_precision_and_says_so(decay):
    with pytest.raises(SolverError, match="is single"):
        simulate(decay, [[0.5]], [[1.0]], times_days=TIMES, precision="single", processor="scalar")
