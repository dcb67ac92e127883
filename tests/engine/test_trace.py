import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.engine.trace import Graph, Traced, trace
from sciatrial.model import assemble, exp, hill, log, maximum, mechanism, positive_part, power
from sciatrial.model.language import Parameter, State


def evaluate(graph, root, states, parameters):
    """Compute a node by walking the graph: slow, and written without the code generator."""
    values = {}
    for index in graph.reached([root]):
        kind, *rest = graph.nodes[index]
        read = [values[place] for place in graph.reads(index)]
        values[index] = {
            "constant": lambda r=rest: r[0],
            "state": lambda r=rest: states[r[0]],
            "parameter": lambda r=rest: parameters[r[0]],
            "add": lambda v=read: v[0] + v[1],
            "subtract": lambda v=read: v[0] - v[1],
            "multiply": lambda v=read: v[0] * v[1],
            "negate": lambda v=read: -v[0],
            "reciprocal": lambda v=read: 1 / v[0],
            "exp": lambda v=read: math.exp(v[0]),
            "log": lambda v=read: math.log(v[0]),
            "power": lambda v=read: max(v[0], 0.0) ** v[1],
            "positive_part": lambda v=read: max(v[0], 0.0),
            "is_positive": lambda v=read: float(v[0] > 0),
        }[kind]()
    return values[root]


def symbols():
    graph = Graph()
    return graph, Traced(graph, graph.node("state", 0)), Traced(graph, graph.node("parameter", 0))


LAWS = [
    lambda x, p: x + p - 2,
    lambda x, p: 3 - x * p,
    lambda x, p: (x - p) / (x + 4),
    lambda x, p: 1 / (1 + x) - -x,
    lambda x, p: x**3 - x**0 + x**-2,
    lambda x, p: exp(-x) + log(x + 1),
    lambda x, p: hill(x, half=p, steepness=3),
    lambda x, p: hill(x, half=1.5, steepness=p),
    lambda x, p: power(x, p) * positive_part(x - p),
    lambda x, p: maximum(x, p) - maximum(p, x) + x,
    lambda x, p: np.float64(2.5) * x + np.float64(1) / p,
]


@pytest.mark.parametrize("law", LAWS)
@given(x=st.floats(0.01, 20), p=st.floats(0.5, 6))
def test_the_graph_computes_what_the_law_says(law, x, p):
    graph, state, parameter = symbols()
    traced = law(state, parameter)
    assert evaluate(graph, traced.index, [x], [p]) == pytest.approx(float(law(x, p)), rel=1e-12, abs=1e-12)


def test_equal_expressions_are_one_node():
    graph, x, p = symbols()
    first = (x * p + 1).index
    size = len(graph.nodes)
    assert (1 + p * x).index == first
    assert len(graph.nodes) == size


@pytest.mark.parametrize("law", [lambda x: x * 0, lambda x: x - x, lambda x: 0 * (1 / x)])
def test_what_is_zero_whatever_the_state_becomes_the_number_zero(law):
    graph, x, _ = symbols()
    assert graph.number(law(x).index) == 0


def test_a_law_that_branches_cannot_be_traced():
    @mechanism(changes={"x": +1}, sources=("assumption:test",))
    def branching(x):
        """Branch, which no law may."""
        return x if x > 1 else 2 * x

    model = assemble("plain", [State("x", "day", "x")], [], [], [])
    with pytest.raises(TypeError):
        trace(type(model)("branching", model.states, (), (), (branching,)))


@pytest.mark.parametrize(
    "law",
    [
        lambda x: 2 if x else 3,
        lambda x: 2 if x == 1 else 3,
        lambda x: 2 if x != 1 else 3,
        lambda x: 2 if x >= 1 else 3,
        lambda x: x in (1, 2),
        lambda x: min(x, 1),
        lambda x: abs(x),
        lambda x: math.sqrt(x),
        lambda x: np.maximum(x, 1),
    ],
)
def test_no_choice_and_no_other_function_is_traced_as_one_of_its_values(law):
    _, x, _ = symbols()
    with pytest.raises(TypeError):
        law(x)


def test_whoever_branches_is_told_what_to_write_instead():
    _, x, _ = symbols()
    with pytest.raises(TypeError, match="positive_part"):
        bool(x)
    with pytest.raises(TypeError, match="positive_part"):
        _ = x == 1


def test_a_power_that_is_not_whole_is_written_as_power():
    _, x, _ = symbols()
    with pytest.raises(TypeError, match="power"):
        _ = x**0.5


def test_a_state_that_nothing_changes_stays(mixed):
    model = assemble("still", [State("x", "day", "x")], [], [], [])
    traces = trace(model)
    assert traces.graph.number(traces.rates[0]) == 0


def test_rates_of_the_traced_model_are_those_of_the_laws(mixed):
    traces = trace(mixed)
    states, parameters = [0.4, 0.3], [1.2, 0.5, 2.5, 3.0, 0.1, 0.7]
    values = dict(zip((*mixed.state_names, *mixed.parameter_names), states + parameters, strict=True))
    expected = list(mixed.rates(values).values())
    assert [evaluate(traces.graph, node, states, parameters) for node in traces.rates] == pytest.approx(
        expected, rel=1e-13
    )


def test_parameters_are_used_as_parameters():
    model = assemble(
        "one", [State("drug", "mg", "drug")], [Parameter("r", "1/day", "r")], [],
        [mechanism(changes={"drug": -1}, sources=("assumption:test",))(_leaving)],
    )  # fmt: skip
    assert any(node[0] == "parameter" for node in trace(model).graph.nodes)


def _leaving(r, drug):
    """Leave."""
    return r * drug
