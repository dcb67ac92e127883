import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.engine.jacobian import differentiate, eliminate
from sciatrial.engine.trace import trace
from sciatrial.model import sciatica_model
from tests.engine.test_emit_numba import kernels
from tests.engine.test_trace import evaluate


@given(x=st.floats(0.15, 0.95), y=st.floats(0.05, 2), p=st.lists(st.floats(0.3, 3), min_size=5, max_size=5))
def test_derivatives_equal_central_differences(mixed, x, y, p):
    traces = trace(mixed)
    parameters = [p[0], p[1], 1 + p[2], p[3], 0.1, p[4]]
    jacobian = differentiate(traces.graph, traces.rates)
    states = np.array([x, y])
    for row, root in enumerate(traces.rates):
        for column in range(2):
            step = 1e-6
            ahead, behind = states.copy(), states.copy()
            ahead[column] += step
            behind[column] -= step
            difference = evaluate(traces.graph, root, ahead, parameters) - evaluate(
                traces.graph, root, behind, parameters
            )
            node = jacobian.get((row, column))
            exact = 0.0 if node is None else evaluate(traces.graph, node, states, parameters)
            assert exact == pytest.approx(difference / (2 * step), rel=1e-5, abs=1e-6)


@given(below=st.floats(0.001, 0.5), steepness=st.floats(1.1, 4))
def test_below_a_threshold_the_law_is_flat(mixed, below, steepness):
    traces = trace(mixed)
    jacobian = differentiate(traces.graph, traces.rates)
    parameters = [1.2, 0.5, steepness, 3.0, 0.6, 0.7]
    spill_by_x = evaluate(traces.graph, jacobian[1, 0], [0.6 - below, 0.3], parameters)
    assert spill_by_x == 0


@pytest.mark.parametrize("level", [-0.2, 0.0])
@pytest.mark.parametrize("exponent", [0.3, 1.0, 2.5])
def test_a_power_is_flat_at_and_below_zero_whatever_its_exponent(tank, level, exponent):
    made, k = kernels(tank)
    c, f, j = np.zeros(made.n_constants), np.zeros(1), np.full(made.n_entries, 7.0)
    with np.errstate(divide="ignore", invalid="ignore"):  # as in compiled code
        k["fill_constants"](np.array([1.0, 0.5, exponent]), c)
        k["rates_and_jacobian"](np.array([level]), c, f, j)
    assert j.tolist() == [0.0]


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_derivatives_of_the_real_model_equal_central_differences_of_its_laws(seed):
    model = sciatica_model()
    traces = trace(model)
    jacobian = differentiate(traces.graph, traces.rates)
    rng = np.random.default_rng(seed)
    y, p = rng.uniform(0.1, 0.9, len(model.states)), rng.uniform(0.2, 2, len(model.parameters))
    numbers = dict(zip(model.parameter_names, p, strict=True))

    def rates(states):
        return np.array(list(model.rates(numbers | dict(zip(model.state_names, states, strict=True))).values()))

    exact = np.zeros((len(y), len(y)))
    for entry, node in jacobian.items():
        exact[entry] = evaluate(traces.graph, node, y, p)
    steps = 1e-6 * np.eye(len(y))
    difference = np.stack([(rates(y + step) - rates(y - step)) / 2e-6 for step in steps], axis=1)
    assert exact == pytest.approx(difference, rel=1e-4, abs=1e-6)


def test_only_entries_that_can_be_non_zero_are_kept(decay, stiff):
    assert set(differentiate((t := trace(decay)).graph, t.rates)) == {(0, 0)}
    assert (0, 1) in differentiate((t := trace(stiff)).graph, t.rates)


def test_the_jacobian_of_the_real_model_is_sparse():
    traces = trace(sciatica_model())
    n = len(traces.rates)
    assert len(differentiate(traces.graph, traces.rates)) < 0.2 * n * n


def run(plan, matrix, right):
    """Carry out a plan with plain numbers."""
    a = {place: matrix[entry] for entry, place in plan.places.items()}
    for step in plan.factorise:
        if step[0] == "invert":
            a[step[1]] = 1 / a[step[1]]
        elif step[0] == "scale":
            a[step[1]] *= a[step[2]]
        else:
            a[step[1]] -= a[step[2]] * a[step[3]]
    x = list(right)
    for _, row, entry, column in plan.forward:
        x[row] -= a[entry] * x[column]
    for step in plan.backward:
        if step[0] == "take":
            x[step[1]] -= a[step[2]] * x[step[3]]
        else:
            x[step[1]] *= a[step[2]]
    return x


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_the_plan_solves_the_system(n, seed):
    rng = np.random.default_rng(seed)
    pattern = rng.random((n, n)) < 0.35
    matrix = np.where(pattern, rng.normal(size=(n, n)), 0.0)
    np.fill_diagonal(matrix, n + 2.0)  # as 1 / (step × gamma) makes it
    right = rng.normal(size=n)
    plan = eliminate(n, {(int(i), int(j)) for i, j in np.argwhere(pattern)})
    assert run(plan, matrix, right) == pytest.approx(np.linalg.solve(matrix, right), rel=1e-9, abs=1e-12)


def test_an_arrow_is_eliminated_from_its_tip_without_fill_in():
    n = 8
    arrow = {(0, i) for i in range(n)} | {(i, 0) for i in range(n)} | {(i, i) for i in range(n)}
    assert len(eliminate(n, arrow).places) == len(arrow)


def test_an_exponent_that_depends_on_a_state_is_refused():
    from sciatrial.engine.trace import Graph

    graph = Graph()
    x = graph.node("state", 0)
    with pytest.raises(TypeError, match="exponent"):
        differentiate(graph, [graph.power(graph.constant(2.0), x)])
