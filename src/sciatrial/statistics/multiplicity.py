"""Several hypotheses with one type I error: step-wise procedures, and graphs that hand on what a rejection frees.

Every function gives adjusted p values: a hypothesis is rejected at each familywise level that its own is not above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse

Floats = NDArray[Any]
_ROUNDING = 1e-12


class Adjustment(StrEnum):
    """Procedures without weights, each at least as powerful as the one before it.

    ``bonferroni`` and ``holm`` hold under any dependence; ``hochberg`` and ``hommel`` where Simes' test does, as for
    independent tests and for one-sided tests of several arms against one control, or of one arm against several.
    """

    BONFERRONI = "bonferroni"
    HOLM = "holm"
    HOCHBERG = "hochberg"
    HOMMEL = "hommel"


@dataclass(frozen=True)
class AlphaGraph:
    """Hypotheses as nodes: shares of alpha, and where a rejected one's share goes.

    Parameters
    ----------
    weights
        Share of alpha of each hypothesis; 0 or more, above 0 and at most 1 in all.
    transitions
        Share of the weight of a hypothesis (row) that each other one (column) gets once it is rejected: 0 or more, at
        most 1 in a row, 0 on the diagonal.

    Raises
    ------
    TrialError
        Names every number that cannot be used.

    Source
    ------
    Bretz and others (2009), Statistics in Medicine 28, 586-604.
    """

    weights: tuple[float, ...]
    transitions: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        weights, moves = np.asarray(self.weights, float), _square(self.transitions)
        problems = []
        if weights.ndim != 1 or not len(weights) or not (np.isfinite(weights) & (weights >= 0)).all():
            problems.append(Problem("weights", f"{self.weights}", "a number of 0 or more for each hypothesis"))
        elif not 0 < weights.sum() <= 1 + _ROUNDING:
            problems.append(Problem("weights", f"{weights.sum():g} in all", "above 0 and at most 1"))
        if moves is None or moves.shape != (weights.size, weights.size):
            problems.append(Problem("transitions", "another shape", f"{weights.size} rows of {weights.size} shares"))
        else:
            problems += _row_problems(moves)
        refuse("graph of hypotheses", problems)

    @property
    def n_hypotheses(self) -> int:
        """Number of nodes."""
        return len(self.weights)


def _square(rows: Sequence[Sequence[float]]) -> Floats | None:
    lengths = {len(row) for row in rows}
    return np.asarray(rows, float) if len(lengths) == 1 else None


def _row_problems(moves: Floats) -> list[Problem]:
    problems = []
    for row, shares in enumerate(moves):
        where = f"transitions, row {row + 1}"
        if not (np.isfinite(shares) & (shares >= 0)).all() or shares.sum() > 1 + _ROUNDING:
            problems.append(Problem(where, f"{shares.tolist()}", "shares of 0 or more, at most 1 in all"))
        if shares[row] != 0:
            problems.append(Problem(where, f"{shares[row]:g} to itself", "0", "hand the share to others"))
    return problems


def holm_graph(n_hypotheses: int) -> AlphaGraph:
    """Return Holm's procedure as a graph: equal weights, equal shares to all others."""
    _check_number(n_hypotheses)
    share = 1 / (n_hypotheses - 1) if n_hypotheses > 1 else 0.0
    rows = share * (1 - np.eye(n_hypotheses))
    return _graph(np.full(n_hypotheses, 1 / n_hypotheses), rows)


def fixed_sequence_graph(n_hypotheses: int) -> AlphaGraph:
    """Return the graph that tests in the given order, each at full alpha, up to the first that is not rejected."""
    _check_number(n_hypotheses)
    return _graph(np.eye(n_hypotheses)[0], np.eye(n_hypotheses, k=1))


def fallback_graph(weights: Sequence[float]) -> AlphaGraph:
    """Return the fallback procedure: a share of alpha each (1 at most in all), freed shares go to the next in order."""
    return _graph(np.asarray(weights, float), np.eye(len(weights), k=1))


def gatekeeping_graph(family_sizes: Sequence[int]) -> AlphaGraph:
    """Return parallel gatekeeping: any rejection in a family opens the next one.

    Parameters
    ----------
    family_sizes
        Hypotheses of each family in their order, 1 or more. The first family has all of alpha in equal parts; a
        rejected hypothesis hands its weight to the next family in equal parts; within the last one Holm's procedure
        holds.

    Returns
    -------
    AlphaGraph
        Hypotheses run through the families.

    Raises
    ------
    TrialError
        When there is no family or an empty one.

    Source
    ------
    Dmitrienko and others (2003), Statistics in Medicine 22, 2387-2400, as a graph in Bretz and others (2009).
    """
    for size in family_sizes:
        _check_number(size)
    _check_number(len(family_sizes))
    ends = np.cumsum([0, *family_sizes])
    rows = np.zeros((ends[-1], ends[-1]))
    for family in range(len(family_sizes) - 1):
        own, following = slice(ends[family], ends[family + 1]), slice(ends[family + 1], ends[family + 2])
        rows[own, following] = 1 / family_sizes[family + 1]
    last = family_sizes[-1]
    if last > 1:
        rows[ends[-2] :, ends[-2] :] = (1 - np.eye(last)) / (last - 1)
    weights = np.where(np.arange(ends[-1]) < family_sizes[0], 1 / family_sizes[0], 0.0)
    return _graph(weights, rows)


def _check_number(number: int) -> None:
    if number < 1:
        refuse("graph of hypotheses", [Problem("hypotheses", f"{number}", "1 or more")])


def _graph(weights: Floats, rows: Floats) -> AlphaGraph:
    return AlphaGraph(tuple(weights.tolist()), tuple(tuple(row) for row in rows.tolist()))


def adjusted_p_values(p_values: ArrayLike, adjustment: Adjustment) -> Floats:
    """Adjust p values of one family by a procedure without weights.

    Parameters
    ----------
    p_values
        0 to 1, NaN for a test that could not be made; dims ``..., hypothesis``.
    adjustment
        The procedure.

    Returns
    -------
    numpy.ndarray
        Dims as given; a NaN stays one and counts as 1 for the others.

    Raises
    ------
    TrialError
        When a p value is not between 0 and 1.

    Source
    ------
    Holm (1979), Scandinavian Journal of Statistics 6, 65-70. Hochberg (1988), Biometrika 75, 800-802. Hommel (1988),
    Biometrika 75, 383-386.
    """
    p, missing = _checked(p_values)
    number = p.shape[-1]
    if adjustment is Adjustment.BONFERRONI:
        return np.where(missing, np.nan, np.minimum(number * p, 1.0))
    order = np.argsort(p, axis=-1, kind="stable")
    ascending = np.take_along_axis(p, order, axis=-1)
    steps = np.arange(number, 0, -1) * ascending
    if adjustment is Adjustment.HOLM:
        adjusted = np.maximum.accumulate(steps, axis=-1)
    elif adjustment is Adjustment.HOCHBERG:
        adjusted = np.minimum.accumulate(steps[..., ::-1], axis=-1)[..., ::-1]
    else:
        adjusted = _hommel(ascending)
    back = np.take_along_axis(np.minimum(adjusted, 1.0), np.argsort(order, axis=-1), axis=-1)
    return np.where(missing, np.nan, back)


def _hommel(ascending: Floats) -> Floats:
    """Return the largest p value of Simes' test among all intersections that hold each hypothesis.

    Of all intersections of one size the worst holds, beside the hypothesis, the largest other p values.
    """
    number = ascending.shape[-1]
    largest = ascending.copy()
    for size in range(2, number + 1):
        for place in range(number):
            others = [other for other in range(number) if other != place][-(size - 1) :]
            chosen = ascending[..., sorted([place, *others])]
            simes = (size * chosen / np.arange(1, size + 1)).min(axis=-1)
            largest[..., place] = np.maximum(largest[..., place], simes)
    return largest


def graph_adjusted_p_values(p_values: ArrayLike, graph: AlphaGraph) -> Floats:
    """Adjust p values by a graphical procedure with weighted Bonferroni tests.

    Parameters
    ----------
    p_values
        0 to 1, NaN for a test that could not be made; dims ``..., hypothesis``.
    graph
        Weights and transitions.

    Returns
    -------
    numpy.ndarray
        Dims as given; a NaN stays one, is never rejected and hands nothing on.

    Raises
    ------
    TrialError
        When a p value is not between 0 and 1, or their number is not that of the nodes.

    Source
    ------
    Bretz and others (2009), Statistics in Medicine 28, 586-604, algorithms 1 and 2.
    """
    p, missing = _checked(p_values)
    number = graph.n_hypotheses
    if p.shape[-1] != number:
        refuse("graph of hypotheses", [Problem("p_values", f"{p.shape[-1]}", f"one for each of {number} hypotheses")])
    flat = p.reshape(-1, number)
    trials = np.arange(len(flat))
    weights = np.broadcast_to(np.array(graph.weights), flat.shape).copy()
    moves = np.broadcast_to(np.array(graph.transitions), (len(flat), number, number)).copy()
    is_open = np.ones(flat.shape, bool)
    adjusted, reached = np.ones_like(flat), np.zeros(len(flat))
    for _ in range(number):
        ratio = np.where(is_open & (weights > 0), flat / np.where(weights > 0, weights, 1.0), np.inf)
        # an open hypothesis without weight comes before all that are done
        chosen = np.lexsort((ratio, ~is_open), axis=1)[:, 0]
        reached = np.minimum(np.maximum(reached, ratio[trials, chosen]), 1.0)
        adjusted[trials, chosen] = reached
        is_open[trials, chosen] = False
        _remove(weights, moves, chosen)
    return np.where(missing, np.nan, adjusted.reshape(p.shape))


def _remove(weights: Floats, moves: Floats, chosen: Floats) -> None:
    """Take one hypothesis out of each trial's graph and hand its weight on (the arrays are the caller's own)."""
    trials = np.arange(len(chosen))
    freed, row, column = weights[trials, chosen], moves[trials, chosen].copy(), moves[trials, :, chosen].copy()
    weights += freed[:, None] * row
    loop = column * row  # what comes back to a hypothesis by way of the one that leaves
    moves += column[:, :, None] * row[:, None]
    moves *= np.where(loop < 1 - _ROUNDING, 1 / np.where(loop < 1 - _ROUNDING, 1 - loop, 1.0), 0.0)[:, :, None]
    diagonal = np.arange(weights.shape[1])
    moves[:, diagonal, diagonal] = 0.0
    weights[trials, chosen] = 0.0
    moves[trials, chosen] = 0.0
    moves[trials, :, chosen] = 0.0


def _checked(p_values: ArrayLike) -> tuple[Floats, Floats]:
    p: Floats = np.asarray(p_values, float)
    missing = np.isnan(p)
    problems = []
    if not p.ndim or not p.shape[-1]:
        problems.append(Problem("p_values", f"shape {p.shape}", "one for each hypothesis"))
    elif not ((p >= 0) & (p <= 1) | missing).all():
        problems.append(Problem("p_values", "numbers outside 0 to 1", "0 to 1, NaN for a test that could not be made"))
    refuse("multiplicity", problems)
    return np.where(missing, 1.0, p), missing
