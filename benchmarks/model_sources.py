"""The model's right-hand side in the languages of other programs, from the graph that the engine itself uses.

Every source has the same sharing of sub-expressions and computes what depends on parameters only once a patient, so
that a difference in speed is the solver's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sciatrial.engine import rosenbrock
from sciatrial.engine.emit_numba import emit
from sciatrial.engine.jacobian import Elimination, differentiate, eliminate
from sciatrial.engine.trace import Graph, trace
from sciatrial.engine.trace import constants_of as found_constants
from sciatrial.model import Model

_ARITHMETIC = {"add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "negate": "-{}"}
_VECTOR_C = _ARITHMETIC | {
    "reciprocal": "reciprocal({})", "exp": "exponential({})", "log": "logarithm({})", "power": "raised({}, {})",
    "positive_part": "positive_part({})", "is_positive": "is_positive({})",
}  # fmt: skip
_SCALAR_C = _ARITHMETIC | {
    "reciprocal": "1 / {}", "exp": "exp({})", "log": "log({})", "power": "pow(fmax({}, 0), {})",
    "positive_part": "fmax({}, 0)", "is_positive": "({} > 0)",
}  # fmt: skip
_JAX = _ARITHMETIC | {
    "reciprocal": "1.0 / {}", "exp": "jnp.exp({})", "log": "jnp.log({})", "power": "power({}, {})",
    "positive_part": "jnp.maximum({}, 0.0)", "is_positive": "jnp.where({} > 0.0, 1.0, 0.0)",
}  # fmt: skip
_DIFFSL = _ARITHMETIC | {
    "negate": "0.0 - {}", "reciprocal": "1.0 / {}", "exp": "exp({})", "log": "log({})",
    "power": "pow(max({}, 0.0), {})", "positive_part": "max({}, 0.0)", "is_positive": "heaviside({})",
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """A model's graph, and what the engine's own emitters make of it before they write a line.

    ``entries`` gives each place of the matrix its node (minus the Jacobian), ``constants`` each node that depends on
    parameters only its place.
    """

    graph: Graph
    rates: tuple[int, ...]
    outputs: tuple[int, ...]
    entries: Mapping[int, int]
    plan: Elimination
    constants: Mapping[int, int]
    n_parameters: int


def parts_of(model: Model) -> Parts:
    """Trace, differentiate and plan a model as the engine does."""
    traces = trace(model)
    graph = traces.graph
    jacobian = differentiate(graph, traces.rates)
    plan = eliminate(len(traces.rates), set(jacobian))
    constants = found_constants(graph, [*traces.rates, *jacobian.values(), *traces.outputs])
    entries = {plan.places[entry]: graph.negate(node) for entry, node in jacobian.items()}
    return Parts(graph, traces.rates, traces.outputs, entries, plan, constants, len(model.parameters))


def numba_source(model: Model) -> str:
    """Return the scalar kernels in Python for numba; whoever loads them defines ``kernel``."""
    kernels = emit(trace(model))
    places = sorted(parts_of(model).plan.places.items(), key=lambda item: item[1])
    rows, columns = zip(*(entry for entry, _ in places), strict=True)
    sizes = f"CONSTANTS = {kernels.n_constants}\nPLACES = ({list(rows)}, {list(columns)})  # of the Jacobian's entries"
    return "\n\n".join(["import math\n\nimport numpy as np", sizes, kernels.source])


class _Formulas:
    """Statements that compute nodes where they are first asked for, each once."""

    def __init__(self, parts: Parts, forms: Mapping[str, str], known: Mapping[int, str], names: Mapping[str, str]):
        self.graph, self.forms, self.names = parts.graph, forms, names
        self.known = dict(known)
        self.lines: list[tuple[str, str]] = []

    def of(self, node: int) -> str:
        """Return the name of a node's value."""
        waiting = [node]
        while waiting:
            index = waiting[-1]
            missing = [read for read in self.graph.reads(index) if read not in self.known]
            if index in self.known or not missing:
                waiting.pop()
                if index not in self.known:
                    self.known[index] = self._computed(index)
            else:
                waiting += reversed(missing)
        return self.known[node]

    def _computed(self, index: int) -> str:
        kind = self.graph.nodes[index][0]
        if kind == "constant":
            return self.names["constant"].format(self.graph.nodes[index][1])
        if kind in self.names:
            return self.names[kind].format(self.graph.nodes[index][1])
        read = [self.known[read] for read in self.graph.reads(index)]
        self.lines.append((f"t{index}", self.forms[kind].format(*read)))
        return f"t{index}"


def _held(parts: Parts, form: str) -> dict[int, str]:
    return {node: form.format(place) for node, place in parts.constants.items()}


# C, in vectors: the ceiling


def ceiling_source(model: Model, driver: str, *, lanes: int, is_double: bool) -> tuple[str, str]:
    """Return the C of the same lanes and method: the driver with its sizes and tableau, and the kernels it includes."""
    parts = parts_of(model)
    sizes = {
        "LANES": lanes, "IS_DOUBLE": int(is_double), "STATES": len(parts.rates), "PARAMETERS": parts.n_parameters,
        "CONSTANTS": len(parts.constants), "ENTRIES": len(parts.plan.places), "OUTPUTS": len(parts.outputs),
        "double_or_single": "double" if is_double else "float", "whole_number": "int64_t" if is_double else "int32_t",
    }  # fmt: skip
    tableau = {name: value for name, value in vars(rosenbrock).items() if name.isupper() and isinstance(value, float)}
    head = "\n".join(f"#define {name} {value!r}".replace("'", "") for name, value in (sizes | tableau).items())
    return f"{head}\n\n{driver}", _vector_kernels(parts)


def _vector_kernels(parts: Parts) -> str:
    places = dict(sorted((place, node) for node, place in parts.constants.items()))
    return "\n".join(
        [
            _vector_formulas(parts, "fill_constants", "const vector *restrict p, vector *restrict c", "c", places, {}),
            _matrix(parts),
            _factorise(parts.plan),
            _stage(parts),
            _vector_formulas(
                parts, "outputs", "const vector *restrict y, const vector *restrict c, vector *restrict o", "o",
                dict(enumerate(parts.outputs)), _held(parts, "c[{}]"),
            ),
        ]
    )  # fmt: skip


_VECTOR_NAMES = {"constant": "(real){!r}", "state": "y[{}]", "parameter": "p[{}]"}


def _vector_function(name: str, arguments: str, lines: list[str]) -> str:
    return f"KERNEL {name}({arguments}) {{\n" + "\n".join(f"  {line}" for line in lines) + "\n}\n"


def _flush(found: _Formulas, lines: list[str]) -> None:
    lines += [f"vector {name} = {text};" for name, text in found.lines]
    found.lines.clear()


def _as_vector(found: _Formulas, node: int) -> str:
    name = found.of(node)
    return f"all({name})" if name.startswith("(real)") else name


def _vector_formulas(
    parts: Parts, name: str, arguments: str, array: str, nodes: Mapping[int, int], known: Mapping[int, str]
) -> str:
    found, lines = _Formulas(parts, _VECTOR_C, known, _VECTOR_NAMES), []
    for place, node in nodes.items():
        value = _as_vector(found, node)
        _flush(found, lines)
        lines.append(f"{array}[{place}] = {value};")
    return _vector_function(name, arguments, lines)


def _matrix(parts: Parts) -> str:
    found, lines = _Formulas(parts, _VECTOR_C, _held(parts, "c[{}]"), _VECTOR_NAMES), []
    written: set[int] = set()
    for (row, column), place in sorted(parts.plan.places.items()):
        if row not in written:
            written.add(row)
            rate = _as_vector(found, parts.rates[row])
            _flush(found, lines)
            lines.append(f"u[{row}] = {rate};")
        value = _as_vector(found, parts.entries[place]) if place in parts.entries else "all(0)"
        _flush(found, lines)
        lines.append(f"a[{place}] = {value}{' + d' if row == column else ''};")
    takes = "const vector *restrict y, const vector *restrict c, vector d, vector *restrict a, vector *restrict u"
    return _vector_function("matrix", takes, lines)


def _factorise(plan: Elimination) -> str:
    lines = []
    for step in plan.factorise:
        if step[0] == "invert":
            lines.append(f"a[{step[1]}] = reciprocal(a[{step[1]}]);")
        elif step[0] == "scale":
            lines.append(f"a[{step[1]}] *= a[{step[2]}];")
        else:
            lines.append(f"a[{step[1]}] -= a[{step[2]}] * a[{step[3]}];")
    return _vector_function("factorise", "vector *restrict a, vector *restrict u", [*lines, *_solution(plan)])


def _solution(plan: Elimination) -> list[str]:
    return [
        f"u[{step[1]}] -= a[{step[2]}] * u[{step[3]}];" if step[0] == "take" else f"u[{step[1]}] *= a[{step[2]}];"
        for step in (*plan.forward, *plan.backward)
    ]


def _stage(parts: Parts) -> str:
    """Write rates and solution together: a rate is computed where the solution first asks for its row."""
    found, lines = _Formulas(parts, _VECTOR_C, _held(parts, "c[{}]"), _VECTOR_NAMES), []
    ready: set[int] = set()
    for step, line in zip((*parts.plan.forward, *parts.plan.backward), _solution(parts.plan), strict=True):
        for row in [step[3], step[1]] if step[0] == "take" else [step[1]]:
            if row not in ready:
                ready.add(row)
                rate = _as_vector(found, parts.rates[row])
                _flush(found, lines)
                lines.append(f"u[{row}] += {rate};")
        lines.append(line)
    takes = "const vector *restrict y, const vector *restrict c, const vector *restrict a, vector *restrict u"
    return _vector_function("stage", takes, lines)


# C, one patient at a time: for R


def scalar_c_source(model: Model) -> str:
    """Return ``rates(y, c, f)`` and ``fill_constants(p, c)`` in plain C, with the entry points that deSolve calls."""
    parts = parts_of(model)
    names = {"constant": "{!r}", "state": "y[{}]", "parameter": "p[{}]"}

    def body(array: str, nodes: Mapping[int, int], known: Mapping[int, str]) -> str:
        found = _Formulas(parts, _SCALAR_C, known, names)
        ends = [f"{array}[{place}] = {found.of(node)};" for place, node in nodes.items()]
        return "\n".join(f"  {line}" for line in [*(f"double {n} = {t};" for n, t in found.lines), *ends])

    constants = body("c", {place: node for node, place in parts.constants.items()}, {})
    rates = body("f", dict(enumerate(parts.rates)), _held(parts, "c[{}]"))
    n = len(parts.constants)
    return f"""#include <math.h>
static double c[{n}];
void fill_constants(const double *p) {{
{constants}
}}
void start(void (*fill)(int *, double *)) {{ (void)fill; }}
void rates(int *n, double *t, double *y, double *f, double *out, int *ip) {{
{rates}
}}
"""


# JAX and DiffSL


def jax_source(model: Model) -> str:
    """Return ``constants(p)`` and ``rates(y, c)`` for one patient."""
    parts = parts_of(model)
    names = {"constant": "{!r}", "state": "y[{}]", "parameter": "p[{}]"}

    def function(head: str, nodes: list[int], known: Mapping[int, str]) -> str:
        found = _Formulas(parts, _JAX, known, names)
        ends = [found.of(node) for node in nodes]
        lines = [f"{name} = {text}" for name, text in found.lines]
        lines.append(f"return jnp.stack([jnp.asarray(item, y.dtype) for item in ({', '.join(ends)},)])")
        return f"def {head}:\n" + "\n".join(f"    {line}" for line in lines)

    of_constants = function("constants(p)", list(parts.constants), {}).replace("y.dtype", "p.dtype")
    return "\n\n".join(
        [
            "import jax.numpy as jnp",
            "def power(a, exponent):\n    base = jnp.where(a > 0.0, a, 1.0)\n"
            "    return jnp.where(a > 0.0, jnp.exp(exponent * jnp.log(base)), 0.0)",
            of_constants,
            function("rates(y, c)", list(parts.rates), _held(parts, "c[{}]")),
        ]
    )


def diffsl_source(model: Model) -> str:
    """Return the model in DiffSL; its inputs are the parameters, then the states on day 0."""
    parts = parts_of(model)
    names = {"constant": "{!r}", "state": "y{}", "parameter": "p{}"}
    found = _Formulas(parts, _DIFFSL, {}, names)
    for node in parts.constants:
        found.of(node)
    constants = [f"{name} {{ {text} }}" for name, text in found.lines]
    found.lines.clear()
    ends = [found.of(node) for node in parts.rates]
    n = len(parts.rates)
    inputs = [*(f"p{i} = 1.0" for i in range(parts.n_parameters)), *(f"z{i} = 1.0" for i in range(n))]
    return "\n".join(
        [
            f"in_i {{ {', '.join(inputs)} }}",
            *constants,
            "u_i { " + ", ".join(f"y{i} = z{i}" for i in range(n)) + " }",
            *(f"{name} {{ {text} }}" for name, text in found.lines),
            "F_i { " + ", ".join(ends) + " }",
        ]
    )
