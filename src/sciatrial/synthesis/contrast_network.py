"""Frequentist network meta-analysis: all pairs of treatments from weighted least squares over contrasts.

Studies of several arms enter with the correlation that their shared arms make. Sources: Rücker 2012 (graph theory),
Rücker & Schwarzer 2014 (arms in common), 2015 (P-scores); Jackson, White & Riley 2013 (tau² by moments); Higgins and
others 2012 (designs); Krahn, Binder & König 2013 (Q within and between designs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import block_diag
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc, ndtr, ndtri

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.weighted import Floats


class NetworkModel(StrEnum):
    """One effect for all studies of a contrast, or effects that differ by tau² (by moments)."""

    COMMON = "common"
    RANDOM = "random"


class Better(StrEnum):
    """Which effects are good."""

    SMALLER = "smaller"
    LARGER = "larger"


@dataclass(frozen=True)
class Contrasts:
    """Contrasts of studies, first treatment less second: a study of m arms gives all m (m − 1) / 2, or m − 1 with arms.

    Every attribute has dims ``contrast``.
    """

    studies: Sequence[str]
    first: Sequence[str]
    second: Sequence[str]
    estimates: ArrayLike
    standard_errors: ArrayLike


@dataclass(frozen=True, eq=False)
class NetworkEffect:
    """All pairs of a network.

    Attributes
    ----------
    treatments
        Alphabetical.
    effects, standard_errors, low, high, p_values
        Row treatment less column treatment; dims ``treatment, treatment``.
    tau2, i2
        Heterogeneity within contrasts (0 in the common model) and per cent of Q above its degrees of freedom.
    q, q_df, q_p, q_within, q_within_df, q_between, q_between_df
        Total; within studies of one design; between designs (inconsistency).
    p_scores
        Mean certainty that a treatment beats another one; dims ``treatment``.
    """

    model: NetworkModel
    treatments: tuple[str, ...]
    effects: Floats
    standard_errors: Floats
    low: Floats
    high: Floats
    p_values: Floats
    tau2: float
    i2: float
    q: float
    q_df: int
    q_p: float
    q_within: float
    q_within_df: int
    q_between: float
    q_between_df: int
    p_scores: Floats
    n_studies: int


@dataclass(frozen=True, eq=False)
class _Study:
    """Basic contrasts of one study: every other arm less the first."""

    name: str
    arms: tuple[str, ...]
    y: Floats
    v: Floats


def network_components(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the islands of a network, largest first: treatments that contrasts join, each alphabetical."""
    names = sorted({str(name) for name in (*first, *second)})
    rows, columns = ([names.index(str(name)) for name in side] for side in (first, second))
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(names), len(names)))
    count, labels = connected_components(graph, directed=False)
    islands = [tuple(np.array(names)[labels == island].tolist()) for island in range(count)]
    return sorted(islands, key=lambda island: (-len(island), island))


def contrasts_of_arms(
    studies: Sequence[str], treatments: Sequence[str], means: ArrayLike, standard_errors: ArrayLike
) -> Contrasts:
    """Return all contrasts of arms: differences of means (or log odds), with the variances of both arms.

    Parameters
    ----------
    studies, treatments
        Words; dims ``arm``.
    means, standard_errors
        Any scale on which arms are subtracted; dims ``arm``.
    """
    y, e = np.asarray(means, float), np.asarray(standard_errors, float)
    rows = []
    for study in dict.fromkeys(studies):
        places = [place for place, name in enumerate(studies) if name == study]
        rows += [(study, i, j) for order, i in enumerate(places) for j in places[order + 1 :]]
    one, two = np.array([row[1] for row in rows], int), np.array([row[2] for row in rows], int)
    return Contrasts(
        [row[0] for row in rows],
        [str(treatments[row[1]]) for row in rows],
        [str(treatments[row[2]]) for row in rows],
        y[one] - y[two],
        np.hypot(e[one], e[two]),
    )


def pool_network(
    contrasts: Contrasts,
    *,
    model: NetworkModel = NetworkModel.RANDOM,
    better: Better = Better.SMALLER,
    confidence: float = 0.95,
) -> NetworkEffect:
    """Return every pair of treatments of a connected network.

    Parameters
    ----------
    contrasts
        All pairs of arms of each study.
    model
        Common, or random with tau² by moments.
    better
        The direction of benefit, for P-scores.
    confidence
        Level of the intervals.

    Raises
    ------
    EvidenceError
        When the network falls into islands (each is named, with the remedy), or a study lacks a pair of its arms.
    """
    studies = _studies(contrasts)
    names = tuple(sorted({arm for study in studies for arm in study.arms}))
    y, v, x = _stacked(studies, names)
    shared = block_diag(*[(np.eye(len(s.y)) + 1) / 2 for s in studies])
    q, projection, _, _ = _least_squares(y, v, x)
    df = len(y) - x.shape[1]
    expected = np.trace(projection @ shared)
    excess = max(0.0, q - df) / expected if df > 0 and expected > 0 else 0.0
    tau2 = float(excess) if model == NetworkModel.RANDOM else 0.0
    _, _, b, covariance = _least_squares(y, v + tau2 * shared, x)
    effects = np.concatenate([[0.0], b])
    wide = np.zeros((len(names), len(names)))
    wide[1:, 1:] = covariance
    difference = effects[:, None] - effects[None, :]
    spread = np.maximum(np.diag(wide)[:, None] + np.diag(wide)[None, :] - 2 * wide, 0.0)
    errors = np.sqrt(spread)
    half = ndtri(1 - (1 - confidence) / 2) * errors
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(errors > 0, difference / errors, 0.0)
    sure = ndtr(-z if better == Better.SMALLER else z)
    np.fill_diagonal(sure, 0.0)
    within, within_df = _within_designs(studies)
    return NetworkEffect(
        model=NetworkModel(model),
        treatments=names,
        effects=difference,
        standard_errors=errors,
        low=difference - half,
        high=difference + half,
        p_values=2 * ndtr(-np.abs(z)),
        tau2=tau2,
        i2=max(0.0, 100 * (q - df) / q) if q > 0 else 0.0,
        q=q,
        q_df=df,
        q_p=float(chdtrc(df, q)) if df > 0 else 1.0,
        q_within=within,
        q_within_df=within_df,
        q_between=max(0.0, q - within),
        q_between_df=df - within_df,
        p_scores=sure.sum(axis=1) / (len(names) - 1),
        n_studies=len(studies),
    )


def _studies(contrasts: Contrasts) -> list[_Study]:
    y, e = np.asarray(contrasts.estimates, float), np.asarray(contrasts.standard_errors, float)
    problems = []
    if not len(contrasts.studies) == len(contrasts.first) == len(contrasts.second) == len(y) == len(e):
        raise EvidenceError(
            "network", Problem("contrasts", "lists of unequal length", "one row a contrast", "pair them")
        )
    if not (np.isfinite(y) & np.isfinite(e) & (e > 0)).all():
        problems.append(Problem("contrasts", "missing numbers", "finite, standard errors above 0", "leave them out"))
    rows: dict[str, dict[tuple[str, str], int]] = {}
    for place, study in enumerate(contrasts.studies):
        rows.setdefault(str(study), {})[str(contrasts.first[place]), str(contrasts.second[place])] = place
    islands = network_components(contrasts.first, contrasts.second)
    if len(islands) > 1:
        told = "; ".join(f"island {number}: {', '.join(island)}" for number, island in enumerate(islands, 1))
        problems.append(
            Problem(
                "network", f"{len(islands)} islands that no study joins ({told})", "one connected network",
                "pool each island by itself, or add a study that compares treatments of two islands",
            )
        )  # fmt: skip
    found = []
    for study, pairs in rows.items():
        arms = tuple(sorted({arm for pair in pairs for arm in pair}))
        if len(pairs) != len(arms) * (len(arms) - 1) // 2 or any(first == second for first, second in pairs):
            problems.append(
                Problem(
                    f"study {study}", f"{len(pairs)} contrasts of {len(arms)} arms", "every pair of arms once",
                    "give all pairs, or use contrasts_of_arms",
                )
            )  # fmt: skip
            continue
        found.append(_basic(study, arms, pairs, y, e**2))
    if problems:
        raise EvidenceError("network", problems)
    return found


def _basic(study: str, arms: tuple[str, ...], pairs: dict[tuple[str, str], int], y: Floats, v: Floats) -> _Study:
    """Return the contrasts with the first arm; variances of all pairs give their covariance."""
    m = len(arms)
    effect, variance = np.zeros((m, m)), np.zeros((m, m))
    for (first, second), place in pairs.items():
        i, j = arms.index(first), arms.index(second)
        effect[i, j], effect[j, i] = y[place], -y[place]
        variance[i, j] = variance[j, i] = v[place]
    covariance = (variance[1:, :1] + variance[:1, 1:] - variance[1:, 1:]) / 2
    # with rounded or adjusted contrasts, the pairs of a study disagree: their weighted fit, arms by arms
    if m > 2:
        rows, columns = np.triu_indices(m, 1)
        weights = _reduced_weights(variance)
        design = np.zeros((len(rows), m))
        design[np.arange(len(rows)), rows], design[np.arange(len(rows)), columns] = 1.0, -1.0
        laplacian = design.T @ (weights[rows, columns, None] * design)
        means = np.linalg.pinv(laplacian) @ (design.T @ (weights[rows, columns] * effect[rows, columns]))
        return _Study(study, arms, means[1:] - means[0], covariance)
    return _Study(study, arms, effect[1:, 0], covariance)


def _reduced_weights(variance: Floats) -> Floats:
    """Return weights of pairs whose network has these variances between arms, by the Laplacian's pseudo-inverse."""
    m = len(variance)
    centre = np.eye(m) - 1 / m
    weights = -np.linalg.pinv(-centre @ variance @ centre / 2)
    np.fill_diagonal(weights, 0.0)
    return weights


def _stacked(studies: Sequence[_Study], names: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    """Return contrasts, their covariance, and the design against the first treatment of the names."""
    rows = []
    for study in studies:
        base = names.index(study.arms[0])
        for arm in study.arms[1:]:
            row = np.zeros(len(names))
            row[names.index(arm)] += 1
            row[base] -= 1
            rows.append(row[1:])
    return np.concatenate([s.y for s in studies]), np.asarray(block_diag(*[s.v for s in studies])), np.array(rows)


def _least_squares(y: Floats, v: Floats, x: Floats) -> tuple[float, Floats, Floats, Floats]:
    inverse = np.linalg.inv(v)
    ix = inverse @ x
    covariance = np.linalg.pinv(x.T @ ix)
    projection = inverse - ix @ covariance @ ix.T
    return float(y @ projection @ y), projection, covariance @ (ix.T @ y), covariance


def _within_designs(studies: Sequence[_Study]) -> tuple[float, int]:
    total, df = 0.0, 0
    designs: dict[tuple[str, ...], list[_Study]] = {}
    for study in studies:
        designs.setdefault(study.arms, []).append(study)
    for arms, members in designs.items():
        y, v, x = _stacked(members, arms)
        total += _least_squares(y, v, x)[0]
        df += len(y) - x.shape[1]
    return total, df


def league_rows(network: NetworkEffect) -> list[tuple[str, str, float, float, float]]:
    """Return first treatment, second treatment, effect, low and high of every ordered pair."""
    names: NDArray | tuple[str, ...] = network.treatments
    return [
        (first, second, float(network.effects[i, j]), float(network.low[i, j]), float(network.high[i, j]))
        for i, first in enumerate(names)
        for j, second in enumerate(names)
        if i != j
    ]
