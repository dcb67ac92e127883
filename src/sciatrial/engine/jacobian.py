"""Graph → sparse analytic Jacobian, and the list of operations that solve a linear system with its pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sciatrial.engine.trace import Graph


def differentiate(graph: Graph, roots: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return the non-zero derivatives of each root by each state, as new nodes of the graph.

    Every inner node is taken out of the graph in turn, the one that costs the fewest products first, and each path
    through it becomes a product of what stood on its edges; what is left are edges from roots to states.

    Returns
    -------
    dict
        (place of the root, place of the state) → node.

    Source
    ------
    Griewank & Walther, Evaluating Derivatives (2008), chapter 9: vertex elimination in Markowitz order.
    """
    edges: dict[int, dict[int, int]] = {}  # node → node that it reads → derivative
    readers: dict[int, set[int]] = {}
    varies: set[int] = set()

    def connect(reader: int, read: int, derivative: int) -> None:
        if graph.number(derivative) == 0:
            return
        known = edges.setdefault(reader, {})
        known[read] = graph.add(known[read], derivative) if read in known else derivative
        readers.setdefault(read, set()).add(reader)

    for index in graph.reached(list(roots)):
        if graph.nodes[index][0] == "state" or any(read in varies for read in graph.reads(index)):
            varies.add(index)
        if graph.nodes[index][0] != "state" and index in varies:
            for read, derivative in _partials(graph, index, varies):
                connect(index, read, derivative)
    inner = sorted(edges)
    for place, root in enumerate(roots):
        if root in varies:
            connect(-1 - place, root, graph.constant(1))
    left = set(inner)
    while left:
        node = min(left, key=lambda index: (_products(graph, index, edges, readers), index))
        left.discard(node)
        through = edges.pop(node)
        for read in through:
            readers[read].discard(node)
        for reader in sorted(readers.pop(node, ())):
            onto = edges[reader].pop(node)
            for read, derivative in sorted(through.items()):
                connect(reader, read, graph.multiply(onto, derivative))
    return {
        (place, graph.nodes[state][1]): derivative
        for place in range(len(roots))
        for state, derivative in sorted(edges.get(-1 - place, {}).items())
        if graph.number(derivative) != 0
    }


def _products(graph: Graph, node: int, edges: dict[int, dict[int, int]], readers: dict[int, set[int]]) -> int:
    """Return how many products it costs to take a node out; ±1 costs none."""

    def is_free(derivative: int) -> bool:
        return graph.number(derivative) in (1, -1)

    below = sum(not is_free(derivative) for derivative in edges[node].values())
    return sum(below for reader in readers.get(node, ()) if not is_free(edges[reader][node]))


def _partials(graph: Graph, index: int, varies: set[int]) -> list[tuple[int, int]]:
    """Return the derivative of a node by each varying node that it reads."""
    kind = graph.nodes[index][0]
    reads = graph.reads(index)
    one, minus_one = graph.constant(1), graph.constant(-1)
    if kind in ("add", "subtract"):
        pairs = [(reads[0], one), (reads[1], one if kind == "add" else minus_one)]
    elif kind == "multiply":
        pairs = [(reads[0], reads[1]), (reads[1], reads[0])]
    elif kind == "power":
        if reads[1] in varies:
            raise TypeError("power: the exponent may depend on parameters only, not on a state")
        is_positive = graph.is_positive(reads[0])
        # 1 where the base is not above 0: dividing by it would give infinity there, and infinity × 0 is NaN
        base = graph.add(graph.positive_part(reads[0]), graph.subtract(one, is_positive))
        slope = graph.multiply(graph.multiply(reads[1], is_positive), graph.multiply(index, graph.reciprocal(base)))
        pairs = [(reads[0], slope)]
    elif kind == "negate":
        pairs = [(reads[0], minus_one)]
    elif kind == "reciprocal":
        pairs = [(reads[0], graph.negate(graph.multiply(index, index)))]
    elif kind == "exp":
        pairs = [(reads[0], index)]
    elif kind == "log":
        pairs = [(reads[0], graph.reciprocal(reads[0]))]
    elif kind == "positive_part":
        pairs = [(reads[0], graph.is_positive(reads[0]))]
    else:  # is_positive is flat
        pairs = []
    return [(read, derivative) for read, derivative in pairs if read in varies]


@dataclass(frozen=True)
class Elimination:
    """How to factorise and solve, written out operation by operation for one sparse pattern.

    ``places`` gives each entry (row, column), fill-in included, its place in the value array. ``factorise`` holds
    ``("invert", pivot)``, ``("scale", entry, pivot)`` and ``("update", entry, left, above)``; ``forward`` and
    ``backward`` hold ``("take", row, entry, column)`` and ``("scale", row, pivot)``.
    """

    places: dict[tuple[int, int], int]
    factorise: tuple[tuple, ...]
    forward: tuple[tuple, ...]
    backward: tuple[tuple, ...]


def eliminate(n: int, entries: set[tuple[int, int]]) -> Elimination:
    """Plan an LU factorisation without pivoting, in Markowitz order along the diagonal.

    Without pivoting is safe here because the matrix is 1 / (step × gamma) on the diagonal minus a Jacobian, and a step
    whose system is singular ends as not finite and is taken again smaller.

    Parameters
    ----------
    n
        Number of states.
    entries
        (row, column) of the Jacobian's non-zeros.

    Source
    ------
    Markowitz, Management Science 1957, vol. 3: the pivot that fills least.
    """
    rows = [{column for row, column in entries if row == i} | {i} for i in range(n)]
    order: list[int] = []
    left = set(range(n))
    while left:
        pivot = min(
            left,
            key=lambda k: ((len(rows[k] & left) - 1) * (sum(k in rows[i] for i in left) - 1), k),
        )
        order.append(pivot)
        left.discard(pivot)
        for row in left:
            if pivot in rows[row]:
                rows[row] |= rows[pivot] & left
    rank = {state: place for place, state in enumerate(order)}
    places = {entry: place for place, entry in enumerate(sorted((i, j) for i in range(n) for j in rows[i]))}
    factorise: list[tuple] = []
    for pivot in order:
        factorise.append(("invert", places[pivot, pivot]))
        later = order[rank[pivot] + 1 :]
        for row in later:
            if (row, pivot) in places:
                factorise.append(("scale", places[row, pivot], places[pivot, pivot]))
                factorise.extend(
                    ("update", places[row, column], places[row, pivot], places[pivot, column])
                    for column in later
                    if (pivot, column) in places
                )
    forward = [
        ("take", row, places[row, column], column)
        for row in order
        for column in order[: rank[row]]
        if (row, column) in places
    ]
    backward: list[tuple] = []
    for row in reversed(order):
        backward.extend(
            ("take", row, places[row, column], column) for column in order[rank[row] + 1 :] if (row, column) in places
        )
        backward.append(("scale", row, places[row, row]))
    return Elimination(places, tuple(factorise), tuple(forward), tuple(backward))
