"""Graph → sparse analytic Jacobian, and the list of operations that solve a linear system with its pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sciatrial.engine.trace import Graph


def differentiate(graph: Graph, roots: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return the non-zero derivatives of each root by each state, as new nodes of the graph.

    Returns
    -------
    dict
        (place of the root, place of the state) → node.
    """
    derivatives: dict[int, dict[int, int]] = {}
    for index in graph.reached(list(roots)):
        derivatives[index] = _of_node(graph, index, derivatives)
    return {
        (place, state): node
        for place, root in enumerate(roots)
        for state, node in derivatives[root].items()
        if graph.number(node) != 0
    }


def _of_node(graph: Graph, index: int, known: dict[int, dict[int, int]]) -> dict[int, int]:
    """Return a node's derivatives by state, from those of the nodes that it reads."""
    node = graph.nodes[index]
    kind = node[0]
    if kind == "state":
        return {node[1]: graph.constant(1)}
    reads = graph.reads(index)
    if not any(known[read] for read in reads):
        return {}
    zero = graph.constant(0)
    if kind in ("add", "subtract"):
        join = graph.add if kind == "add" else graph.subtract
        left, right = known[reads[0]], known[reads[1]]
        return {state: join(left.get(state, zero), right.get(state, zero)) for state in sorted({*left, *right})}
    if kind == "multiply":
        left, right = known[reads[0]], known[reads[1]]
        return {
            state: graph.add(
                graph.multiply(left.get(state, zero), reads[1]), graph.multiply(reads[0], right.get(state, zero))
            )
            for state in sorted({*left, *right})
        }
    if kind == "power":
        if known[reads[1]]:
            raise TypeError("power: the exponent may depend on parameters only, not on a state")
        is_positive = graph.is_positive(reads[0])
        # 1 where the base is not above 0: an exponent below 1 would give infinity there, and infinity × 0 is NaN
        base = graph.add(graph.positive_part(reads[0]), graph.subtract(graph.constant(1), is_positive))
        below = graph.power(base, graph.subtract(reads[1], graph.constant(1)))
        slope = graph.multiply(reads[1], graph.multiply(below, is_positive))
    elif kind == "negate":
        slope = graph.constant(-1)
    elif kind == "reciprocal":
        slope = graph.negate(graph.multiply(index, index))
    elif kind == "exp":
        slope = index
    elif kind == "log":
        slope = graph.reciprocal(reads[0])
    elif kind == "positive_part":
        slope = graph.is_positive(reads[0])
    else:  # is_positive
        return {}
    return {state: graph.multiply(slope, node) for state, node in known[reads[0]].items()}


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
