"""Graph → source text of numba kernels: straight-line code, one local name per node."""

from __future__ import annotations

from dataclasses import dataclass

from sciatrial.engine.jacobian import Elimination, differentiate, eliminate
from sciatrial.engine.trace import Graph, Traces, constants_of

_FORMS = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "negate": "-{}",
    "reciprocal": "1.0 / {}",
    "exp": "math.exp({})",
    "log": "math.log({})",
    "power": "max({}, 0.0) ** {}",
    "positive_part": "max({}, 0.0)",
    "is_positive": "(1.0 if {} > 0.0 else 0.0)",
}


@dataclass(frozen=True)
class Kernels:
    """Source of the kernels of one model, and the sizes of their arrays."""

    source: str
    n_constants: int
    n_entries: int
    n_outputs: int


def emit(traces: Traces) -> Kernels:
    """Write the kernels that the driver calls.

    Returns
    -------
    Kernels
        ``fill_constants(p, c)`` (what depends on parameters only, once per patient), ``rates(y, c, f)``,
        ``rates_and_jacobian(y, c, f, j)`` (j holds minus the Jacobian, in the elimination's places),
        ``factorise(j, d, a)`` (of j + d on the diagonal), ``solve(a, r)`` (in place), ``outputs(y, c, o)``.
    """
    graph = traces.graph
    jacobian = differentiate(graph, traces.rates)
    plan = eliminate(len(traces.rates), set(jacobian))
    roots = [*traces.rates, *jacobian.values(), *traces.outputs]
    constants = constants_of(graph, roots)
    rates = list(traces.rates)
    entries = {plan.places[entry]: node for entry, node in jacobian.items()}
    parts = [
        _kernel("fill_constants", "p, c", graph, {}, {f"c[{i}]": node for node, i in constants.items()}),
        _kernel("rates", "y, c, f", graph, constants, {f"f[{i}]": node for i, node in enumerate(rates)}),
        _kernel(
            "rates_and_jacobian", "y, c, f, j", graph, constants,
            {f"f[{i}]": node for i, node in enumerate(rates)}
            | {f"j[{place}]": graph.negate(node) for place, node in entries.items()},
            [f"j[{place}] = 0.0" for place in range(len(plan.places)) if place not in entries],
        ),
        _factorise(plan, len(rates)),
        _solve(plan, len(rates)),
        _function(
            "linearise", "y, c, d, is_new, f, j, a, u",
            ["if is_new:", "    rates_and_jacobian(y, c, f, j)", "factorise(j, d, a)", "u[:] = f", "solve(a, u)"],
        ),
        _function("stage", "y, c, a, u", ["f = np.empty(STATES)", "rates(y, c, f)", "u += f", "solve(a, u)"]),
        _kernel("outputs", "y, c, o", graph, constants, {f"o[{i}]": node for i, node in enumerate(traces.outputs)}),
    ]  # fmt: skip
    return Kernels(
        "\n\n".join([f"STATES = {len(rates)}", *parts]), len(constants), len(plan.places), len(traces.outputs)
    )


def _kernel(
    name: str,
    arguments: str,
    graph: Graph,
    constants: dict[int, int],
    targets: dict[str, int],
    more: list[str] | None = None,
) -> str:
    lines: list[str] = []
    names: dict[int, str] = {}
    for index in graph.reached(list(targets.values()), stop=set(constants)):
        node = graph.nodes[index]
        kind = node[0]
        names[index] = f"t{index}"
        # every array entry is read once, into a local name: that halves the time to compile
        if index in constants:
            lines.append(f"t{index} = c[{constants[index]}]")
        elif kind == "constant":
            names[index] = f"{node[1]!r}" if node[1] >= 0 else f"({node[1]!r})"
        elif kind == "state":
            lines.append(f"t{index} = y[{node[1]}]")
        elif kind == "parameter":
            lines.append(f"t{index} = p[{node[1]}]")
        else:
            lines.append(f"t{index} = " + _FORMS[kind].format(*(names[read] for read in graph.reads(index))))
    lines += [f"{target} = {names[node]}" for target, node in targets.items()]
    return _function(name, arguments, [*lines, *(more or [])])


def _function(name: str, arguments: str, lines: list[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines) or "    pass"
    kinds = {"d": "f8", "is_new": "b1"}
    signature = f"void({', '.join(kinds.get(word, 'f8[::1]') for word in arguments.split(', '))})"
    return f"@kernel({signature!r})\ndef {name}({arguments}):\n{body}\n"


def _factorise(plan: Elimination, n: int) -> str:
    diagonal = {plan.places[i, i] for i in range(n)}
    # an entry is read only when its own updates are over, so each is one expression: quicker to compile than many
    waiting = {k: f"j[{k}]" + (" + d" if k in diagonal else "") for k in range(len(plan.places))}
    lines: list[str] = []
    for step in plan.factorise:
        kind, entry = step[0], step[1]
        if kind == "invert":
            lines.append(f"a{entry} = 1.0 / ({waiting.pop(entry)})")
        elif kind == "scale":
            lines.append(f"a{entry} = ({waiting.pop(entry)}) * a{step[2]}")
        else:
            for read in step[2:]:
                if read in waiting:
                    lines.append(f"a{read} = {waiting.pop(read)}")
            waiting[entry] += f" - a{step[2]} * a{step[3]}"
    lines += [f"a{entry} = {text}" for entry, text in waiting.items()]
    return _function("factorise", "j, d, a", [*lines, *(f"a[{k}] = a{k}" for k in range(len(plan.places)))])


def _solve(plan: Elimination, n: int) -> str:
    waiting = {i: f"r[{i}]" for i in range(n)}
    lines: list[str] = []
    for _, row, entry, column in plan.forward:
        if column in waiting:
            lines.append(f"x{column} = {waiting.pop(column)}")
        waiting[row] += f" - a[{entry}] * x{column}"
    lines += [f"x{row} = {text}" for row, text in waiting.items()]
    waiting = {i: f"x{i}" for i in range(n)}
    for step in plan.backward:
        if step[0] == "take":
            waiting[step[1]] += f" - a[{step[2]}] * x{step[3]}"
        else:
            lines.append(f"x{step[1]} = ({waiting.pop(step[1])}) * a[{step[2]}]")
    return _function("solve", "a, r", [*lines, *(f"r[{i}] = x{i}" for i in range(n))])
