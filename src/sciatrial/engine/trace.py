"""Plain mechanism functions → one expression graph, in which equal sub-expressions are the same node."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sciatrial.model import Model

# kinds of node and how many nodes each reads
READS = {
    "constant": 0, "state": 0, "parameter": 0, "add": 2, "subtract": 2, "multiply": 2, "negate": 1, "reciprocal": 1,
    "exp": 1, "log": 1, "power": 2, "positive_part": 1, "is_positive": 1,
}  # fmt: skip

Node = tuple[Any, ...]


@dataclass
class Graph:
    """Expressions as numbered nodes; a node only reads nodes with smaller numbers.

    A node is ``(kind, value)`` for constants, states and parameters (value: the number, or the place in the model's
    list), else ``(kind, *nodes read)``.
    """

    nodes: list[Node] = field(default_factory=list)
    places: dict[Node, int] = field(default_factory=dict)

    def node(self, *key: Any) -> int:
        """Return the number of the node `key`, made if it is new."""
        if key not in self.places:
            self.places[key] = len(self.nodes)
            self.nodes.append(key)
        return self.places[key]

    def reads(self, index: int) -> tuple[int, ...]:
        """Return the nodes that a node reads."""
        node = self.nodes[index]
        return tuple(node[1:]) if READS[node[0]] else ()

    def constant(self, value: float) -> int:
        """Return the node of a number."""
        return self.node("constant", float(value))

    def number(self, index: int) -> float | None:
        """Return the number of a constant node, None for any other."""
        node = self.nodes[index]
        return node[1] if node[0] == "constant" else None

    def add(self, a: int, b: int) -> int:
        """Return a + b."""
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.constant(x + y)
        if x == 0:
            return b
        if y == 0:
            return a
        if self.nodes[b][0] == "negate":
            return self.subtract(a, self.nodes[b][1])
        if self.nodes[a][0] == "negate":
            return self.subtract(b, self.nodes[a][1])
        return self.node("add", *sorted((a, b)))

    def subtract(self, a: int, b: int) -> int:
        """Return a − b."""
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.constant(x - y)
        if y == 0:
            return a
        if x == 0:
            return self.negate(b)
        if a == b:
            return self.constant(0)
        if self.nodes[b][0] == "negate":
            return self.add(a, self.nodes[b][1])
        return self.node("subtract", a, b)

    def negate(self, a: int) -> int:
        """Return −a."""
        x = self.number(a)
        if x is not None:
            return self.constant(-x)
        node = self.nodes[a]
        if node[0] == "negate":
            return node[1]
        if node[0] == "subtract":
            return self.node("subtract", node[2], node[1])
        return self.node("negate", a)

    def multiply(self, a: int, b: int) -> int:
        """Return a × b."""
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.constant(x * y)
        for number, other in ((x, b), (y, a)):
            if number == 0:
                return self.constant(0)
            if number == 1:
                return other
            if number == -1:
                return self.negate(other)
        if self.nodes[a][0] == "negate":
            return self.negate(self.multiply(self.nodes[a][1], b))
        if self.nodes[b][0] == "negate":
            return self.negate(self.multiply(a, self.nodes[b][1]))
        return self.node("multiply", *sorted((a, b)))

    def reciprocal(self, a: int) -> int:
        """Return 1 / a."""
        x = self.number(a)
        return self.node("reciprocal", a) if x is None or x == 0 else self.constant(1 / x)

    def exp(self, a: int) -> int:
        """Return e to the power a."""
        x = self.number(a)
        return self.node("exp", a) if x is None else self.constant(math.exp(x))

    def log(self, a: int) -> int:
        """Return the natural logarithm of a."""
        x = self.number(a)
        return self.node("log", a) if x is None or x <= 0 else self.constant(math.log(x))

    def power(self, a: int, exponent: int) -> int:
        """Return the positive part of a, to the power `exponent`."""
        x, n = self.number(a), self.number(exponent)
        if n is not None and n == int(n) and 1 <= n <= 8:
            return self.whole_power(self.positive_part(a), int(n))
        if x is not None and n is not None:
            return self.constant(max(x, 0.0) ** n)
        return self.node("power", a, exponent)

    def whole_power(self, a: int, n: int) -> int:
        """Return a × a × …, n times; 1 / that for n below 0."""
        if n < 0:
            return self.reciprocal(self.whole_power(a, -n))
        if n == 0:
            return self.constant(1)
        if n == 1:
            return a
        half = self.whole_power(a, n // 2)
        square = self.multiply(half, half)
        return self.multiply(square, a) if n % 2 else square

    def positive_part(self, a: int) -> int:
        """Return a where it is above 0, else 0."""
        x = self.number(a)
        if x is not None:
            return self.constant(max(x, 0.0))
        return a if self.nodes[a][0] in ("positive_part", "is_positive", "exp") else self.node("positive_part", a)

    def is_positive(self, a: int) -> int:
        """Return 1 where a is above 0, else 0."""
        x = self.number(a)
        return self.node("is_positive", a) if x is None else self.constant(float(x > 0))

    def reached(self, roots: list[int], stop: set[int] | None = None) -> list[int]:
        """Return every node that the roots need, in an order of evaluation; nothing below the nodes in `stop`."""
        stop = stop or set()
        seen: set[int] = set()
        waiting = list(roots)
        while waiting:
            index = waiting.pop()
            if index not in seen:
                seen.add(index)
                if index not in stop:
                    waiting.extend(self.reads(index))
        return sorted(seen)


class Traced:
    """What a mechanism is called with while it is traced: arithmetic that builds the graph."""

    __slots__ = ("graph", "index")
    __array_ufunc__ = None  # numpy numbers then leave the arithmetic to this class

    def __init__(self, graph: Graph, index: int) -> None:
        self.graph = graph
        self.index = index

    def _of(self, other: Any) -> int:
        return other.index if isinstance(other, Traced) else self.graph.constant(float(other))

    def _new(self, index: int) -> Traced:
        return Traced(self.graph, index)

    def __add__(self, other: Any) -> Traced:
        return self._new(self.graph.add(self.index, self._of(other)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Traced:
        return self._new(self.graph.subtract(self.index, self._of(other)))

    def __rsub__(self, other: Any) -> Traced:
        return self._new(self.graph.subtract(self._of(other), self.index))

    def __mul__(self, other: Any) -> Traced:
        return self._new(self.graph.multiply(self.index, self._of(other)))

    __rmul__ = __mul__

    def __neg__(self) -> Traced:
        return self._new(self.graph.negate(self.index))

    def __truediv__(self, other: Any) -> Traced:
        return self._new(self.graph.multiply(self.index, self.graph.reciprocal(self._of(other))))

    def __rtruediv__(self, other: Any) -> Traced:
        return self._new(self.graph.multiply(self._of(other), self.graph.reciprocal(self.index)))

    def __pow__(self, exponent: Any) -> Traced:
        if not isinstance(exponent, int):
            raise TypeError("** takes a whole number written in the equation; use power(x, exponent) for any other")
        return self._new(self.graph.whole_power(self.index, exponent))

    def __bool__(self) -> bool:
        raise TypeError("a law must not branch: use hill, positive_part or maximum")

    def __eq__(self, other: object) -> bool:
        # the default compares identities: a law with == would silently be traced as one of its branches
        return bool(self)

    def exp(self) -> Traced:
        """Return e to the power of this."""
        return self._new(self.graph.exp(self.index))

    def log(self) -> Traced:
        """Return the natural logarithm."""
        return self._new(self.graph.log(self.index))

    def power(self, exponent: Any) -> Traced:
        """Return the positive part to a power."""
        return self._new(self.graph.power(self.index, self._of(exponent)))

    def positive_part(self) -> Traced:
        """Return this where it is above 0, else 0."""
        return self._new(self.graph.positive_part(self.index))


@dataclass(frozen=True)
class Traces:
    """A model as a graph: the nodes of its rates (in the order of its states) and of its formula outputs."""

    graph: Graph
    rates: tuple[int, ...]
    output_names: tuple[str, ...]
    outputs: tuple[int, ...]


def trace(model: Model) -> Traces:
    """Call every law of the model once, with symbols."""
    graph = Graph()
    values = {name: Traced(graph, graph.node("state", place)) for place, name in enumerate(model.state_names)}
    values |= {name: Traced(graph, graph.node("parameter", place)) for place, name in enumerate(model.parameter_names)}

    def node_of(value: Any) -> int:
        return value.index if isinstance(value, Traced) else graph.constant(float(value))

    rates = tuple(node_of(rate) for rate in model.rates(values).values())
    formulas = model.evaluate(values)
    names = tuple(item.name for item in model.formulas if item.is_output)
    return Traces(graph, rates, names, tuple(node_of(formulas[name]) for name in names))


def constants_of(graph: Graph, roots: list[int]) -> dict[int, int]:
    """Return the nodes that depend on parameters only and feed state-dependent code → place in the constants array."""
    reached = graph.reached(roots)
    is_fixed: dict[int, bool] = {}
    for index in reached:
        kind = graph.nodes[index][0]
        is_fixed[index] = kind != "state" and all(is_fixed[read] for read in graph.reads(index))
    needed = {index for index in roots if is_fixed[index]}
    for index in reached:
        if not is_fixed[index]:
            needed |= {read for read in graph.reads(index) if is_fixed[read]}
    kept = sorted(index for index in needed if graph.number(index) is None)
    return {index: place for place, index in enumerate(kept)}
