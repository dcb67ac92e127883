"""Graph → LLVM text: the kernels of one model as straight-line vector code, and the driver that calls them."""

from __future__ import annotations

from dataclasses import dataclass

from sciatrial.engine import lanes, rosenbrock
from sciatrial.engine.jacobian import Elimination, differentiate, eliminate
from sciatrial.engine.lower import Lines, Signature, Target, function_text
from sciatrial.engine.trace import Graph, Traces, constants_of

_KERNELS = {
    "fill_constants": Signature({"p": "reals", "c": "reals"}),
    "rates": Signature({"y": "reals", "c": "reals", "f": "reals"}),
    "rates_and_jacobian": Signature({"y": "reals", "c": "reals", "f": "reals", "j": "reals"}),
    "factorise": Signature({"j": "reals", "d": "vector", "a": "reals"}),
    "solve": Signature({"a": "reals", "r": "reals"}),
    "outputs": Signature({"y": "reals", "c": "reals", "o": "reals"}),
}


@dataclass(frozen=True)
class Sizes:
    """Lengths of one patient's arrays."""

    states: int
    parameters: int
    constants: int
    entries: int
    outputs: int


@dataclass(frozen=True)
class Module:
    """LLVM text of one model on one target."""

    text: str
    sizes: Sizes


def emit_llvm(traces: Traces, n_parameters: int, target: Target) -> Module:
    """Write everything that simulates a model on a target as one LLVM module."""
    graph = traces.graph
    jacobian = differentiate(graph, traces.rates)
    n = len(traces.rates)
    plan = eliminate(n, set(jacobian))
    constants = constants_of(graph, [*traces.rates, *jacobian.values(), *traces.outputs])
    sizes = Sizes(n, n_parameters, len(constants), len(plan.places), len(traces.outputs))
    entries = {plan.places[entry]: graph.negate(node) for entry, node in jacobian.items()}
    rates, outputs = dict(enumerate(traces.rates)), dict(enumerate(traces.outputs))
    kernels = [
        _kernel("fill_constants", graph, {}, {"c": {place: node for node, place in constants.items()}}, target),
        _kernel("rates", graph, constants, {"f": rates}, target),
        _kernel("rates_and_jacobian", graph, constants, {"f": rates, "j": entries}, target, len(plan.places)),
        _factorise(plan, n, target),
        _solve(plan, n, target),
        _kernel("outputs", graph, constants, {"o": outputs}, target),
    ]
    return Module("\n\n".join([_head(target), *kernels, *_drivers(sizes, target)]) + "\n", sizes)


def _head(target: Target) -> str:
    vector = target.vector
    lines = [f'target triple = "{target.triple}"'] if target.triple else []
    for word, count in (("fma", 3), ("sqrt", 1), ("fabs", 1)):
        words = {(target.suffix, vector), ("f64", "double")}
        lines += [f"declare {v} @llvm.{word}.{s}({', '.join([v] * count)})" for s, v in sorted(words)]
    if target.reciprocal == "newton":
        kind, bits = "pd" if target.is_double else "ps", target.lanes * target.bits
        mask = f"i{max(8, target.lanes)}"
        lines.append(f"declare {vector} @llvm.x86.avx512.rcp14.{kind}.{bits}({vector}, {vector}, {mask})")
    return "\n".join(lines)


def _drivers(sizes: Sizes, target: Target) -> list[str]:
    """Return the driver, the step and what lies between, from their plain functions."""
    known = vars(rosenbrock) | vars(lanes)
    numbers: dict[str, float] = {name: value for name, value in known.items() if isinstance(value, int | float)}
    numbers |= {
        "LANES": target.lanes, "STATES": sizes.states, "PARAMETERS": sizes.parameters, "CONSTANTS": sizes.constants,
        "ENTRIES": sizes.entries, "OUTPUTS": sizes.outputs,
    }  # fmt: skip
    step = function_text(rosenbrock.step, lanes.STEP, target, numbers=numbers, functions=_KERNELS)
    advance = function_text(
        lanes.advance, lanes.ADVANCE, target, numbers=numbers, functions=_KERNELS | {"step": lanes.STEP}
    )
    drive = function_text(
        lanes.drive, lanes.DRIVE, target, numbers=numbers, functions=_KERNELS | {"advance": lanes.ADVANCE},
        is_public=True,
    )  # fmt: skip
    return [step, advance, drive]


def _function(name: str, body: Lines) -> str:
    target = body.target
    arguments = []
    for argument, kind in _KERNELS[name].takes.items():
        extra = " noalias" if kind == "reals" else ""
        arguments.append(f"{target.llvm(kind)}{extra} %{argument}")
    head = f"define internal void @{name}({', '.join(arguments)}) noinline {{"
    return "\n".join([head, "entry:", *body.lines, "  ret void", "}"])


def _kernel(
    name: str,
    graph: Graph,
    constants: dict[int, int],
    targets: dict[str, dict[int, int]],
    target: Target,
    n_entries: int = 0,
) -> str:
    """Write what computes nodes into arrays (argument → place → node)."""
    body = Lines(target)
    wanted = [node for places in targets.values() for node in places.values()]
    values: dict[int, str] = {}
    reached = graph.reached(wanted, stop=set(constants))
    fused = _fused(graph, reached, wanted, set(constants))
    for index in reached:
        kind = graph.nodes[index][0]
        if index in constants:
            values[index] = body.load("%c", constants[index])
        elif kind == "constant":
            values[index] = target.constant(graph.nodes[index][1])
        elif kind in ("state", "parameter"):
            values[index] = body.load("%y" if kind == "state" else "%p", graph.nodes[index][1])
        elif index in fused:
            values[index] = _fused_value(body, graph, index, fused[index], values)
        elif index not in fused.values():
            values[index] = _value(body, kind, [values[read] for read in graph.reads(index)])
    for argument, places in targets.items():
        for place, node in sorted(places.items()):
            body.store(values[node], f"%{argument}", place)
    zero = target.constant(0.0)
    for place in range(n_entries):
        if place not in targets["j"]:
            body.store(zero, "%j", place)
    return _function(name, body)


def _fused(graph: Graph, reached: list[int], wanted: list[int], constants: set[int]) -> dict[int, int]:
    """Return each sum or difference that swallows a product used nowhere else → that product."""
    uses: dict[int, int] = {}
    for index in reached:
        for read in graph.reads(index) if index not in constants else ():
            uses[read] = uses.get(read, 0) + 1
    for node in wanted:
        uses[node] = uses.get(node, 0) + 1
    found: dict[int, int] = {}
    for index in reached:
        if index in constants or graph.nodes[index][0] not in ("add", "subtract"):
            continue
        for read in graph.reads(index):
            if graph.nodes[read][0] == "multiply" and uses[read] == 1 and read not in constants:
                found[index] = read
                break
    return found


def _fused_value(body: Lines, graph: Graph, index: int, product: int, values: dict[int, str]) -> str:
    kind, left, right = graph.nodes[index]
    x, y = (values[read] for read in graph.reads(product))
    if kind == "add":
        return body.fused(x, y, values[right if left == product else left])
    if right == product:
        return body.fused(body.negate(x), y, values[left])
    return body.fused(x, y, body.negate(values[right]))


def _value(body: Lines, kind: str, read: list[str]) -> str:
    operations = {"add": "fadd", "subtract": "fsub", "multiply": "fmul"}
    if kind in operations:
        return body.arithmetic(operations[kind], *read)
    return getattr(body, kind)(*read)


def _factorise(plan: Elimination, n: int, target: Target) -> str:
    body = Lines(target)
    diagonal = {plan.places[i, i] for i in range(n)}
    values: dict[int, str] = {}

    def entry(place: int) -> str:
        if place not in values:
            found = body.load("%j", place)
            values[place] = body.arithmetic("fadd", found, "%d") if place in diagonal else found
        return values[place]

    for step in plan.factorise:
        kind, place = step[0], step[1]
        if kind == "invert":
            values[place] = body.reciprocal(entry(place))
        elif kind == "scale":
            values[place] = body.arithmetic("fmul", entry(place), entry(step[2]))
        else:
            values[place] = body.fused(body.negate(entry(step[2])), entry(step[3]), entry(place))
    for place in range(len(plan.places)):
        body.store(entry(place), "%a", place)
    return _function("factorise", body)


def _solve(plan: Elimination, n: int, target: Target) -> str:
    body = Lines(target)
    values = {i: body.load("%r", i) for i in range(n)}
    for step in (*plan.forward, *plan.backward):
        row = step[1]
        if step[0] == "take":
            entry = body.load("%a", step[2])
            values[row] = body.fused(body.negate(entry), values[step[3]], values[row])
        else:
            values[row] = body.arithmetic("fmul", values[row], body.load("%a", step[2]))
    for row in range(n):
        body.store(values[row], "%r", row)
    return _function("solve", body)
