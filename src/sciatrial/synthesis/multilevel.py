"""Generalised least squares with correlated estimates and random effects: levels, networks, several outcomes.

The covariance of the estimates is M = V + Σ θ K, linear in the parameters θ: a variance for nested groups, a variance
with a fixed correlation within a study (networks: ½), or a free covariance matrix over the words of a column
(outcomes). ML and REML with exact slopes; intervals of a variance by profile likelihood.

Sources: Konstantopoulos 2011 (levels); Salanti and others 2008 (networks); van Houwelingen, Arends & Stijnen 2002
(several outcomes); Raudenbush 2009 (REML); Hardy & Thompson 1996 (profile likelihood).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import brentq, minimize
from scipy.special import chdtrc, chdtri, ndtr, ndtri

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.heterogeneity import TauMethod
from sciatrial.synthesis.weighted import Floats

Words = Sequence[object] | NDArray


@dataclass(frozen=True)
class Nested:
    """One variance for each group of estimates that share a word; give one `Nested` for each level.

    Inner levels need words that are unique over all outer groups, for example ``district/school``.
    """

    name: str
    groups: Words


@dataclass(frozen=True)
class WithinStudy:
    """One variance for each arm or contrast within a study, with a fixed correlation between those of one study."""

    name: str
    studies: Words
    treatments: Words
    correlation: float = 0.5


@dataclass(frozen=True)
class Unstructured:
    """A free covariance matrix over the words of ``inner`` (outcomes), within each study."""

    name: str
    studies: Words
    inner: Words


RandomTerm = Nested | WithinStudy | Unstructured


@dataclass(frozen=True, eq=False)
class MultilevelEffect:
    """A fitted model.

    Attributes
    ----------
    coefficients, standard_errors, statistics, p_values, low, high
        Dims ``coefficient``; normal tests.
    covariance
        Dims ``coefficient, coefficient``.
    components
        Variances (and covariances) of the random effects by name.
    log_likelihood, aic
        Restricted for ``REML``.
    q, q_df, q_p
        Residual heterogeneity with weights V⁻¹.
    qm, qm_df, qm_p
        Joint test of all coefficients but the constant, of all when there is none.
    """

    method: TauMethod
    coefficients: Floats
    standard_errors: Floats
    covariance: Floats
    statistics: Floats
    p_values: Floats
    low: Floats
    high: Floats
    components: dict[str, float]
    log_likelihood: float
    aic: float
    q: float
    q_df: int
    q_p: float
    qm: float
    qm_df: int
    qm_p: float
    problem: _Gls
    roots: Floats


@dataclass(frozen=True, eq=False)
class _Gls:
    """The numbers of a model, and how its parameters make the covariance: M = V + Σ θ[i] K[i], θ from ``roots``."""

    y: Floats
    v: Floats
    x: Floats
    names: tuple[str, ...]
    matrices: Floats  # (parameter, estimate, estimate)
    blocks: tuple[tuple[int, int], ...]  # start of each term among the parameters, and the side of its matrix
    restricted: bool


def pool_multilevel(
    estimates: ArrayLike,
    covariance: ArrayLike,
    random: Sequence[RandomTerm],
    *,
    moderators: ArrayLike | None = None,
    has_constant: bool = True,
    method: TauMethod = TauMethod.REML,
    confidence: float = 0.95,
) -> MultilevelEffect:
    """Fit a mixed model with known sampling covariance.

    Parameters
    ----------
    estimates
        Dims ``estimate``.
    covariance
        Variances (dims ``estimate``) or their covariance matrix (dims ``estimate, estimate``).
    random
        The random effects.
    moderators
        Columns without the constant; dims ``estimate, moderator``.
    has_constant
        Whether a constant comes first.
    method
        ``REML`` or ``ML``; ``EE`` without random effects.
    confidence
        Level of the intervals.

    Raises
    ------
    EvidenceError
        When shapes differ, the covariance is not positive, columns repeat one another, or a name comes twice.
    """
    model = _checked(estimates, covariance, random, moderators, has_constant, TauMethod(method))
    roots = _fit(model) if len(model.names) else np.zeros(0)
    value, _ = _minus_log_likelihood(roots, model)
    spread = _marginal(model, roots)
    factor = cho_factor(spread)
    vx = cho_solve(factor, model.x)
    b_covariance = np.linalg.inv(model.x.T @ vx)
    b = b_covariance @ (vx.T @ model.y)
    errors = np.sqrt(np.diag(b_covariance))
    z = b / errors
    half = ndtri(1 - (1 - confidence) / 2) * errors
    k, p = model.x.shape
    q = _residual_q(model)
    first = 1 if has_constant and p > 1 else 0
    qm = float(b[first:] @ np.linalg.solve(b_covariance[first:, first:], b[first:]))
    return MultilevelEffect(
        method=TauMethod(method),
        coefficients=b,
        standard_errors=errors,
        covariance=b_covariance,
        statistics=z,
        p_values=2 * ndtr(-np.abs(z)),
        low=b - half,
        high=b + half,
        components=dict(zip(model.names, map(float, _theta(roots, model)[0]), strict=True)),
        log_likelihood=-value,
        aic=2 * value + 2 * (p + len(model.names)),
        q=q,
        q_df=k - p,
        q_p=float(chdtrc(k - p, q)) if k > p else 1.0,
        qm=qm,
        qm_df=p - first,
        qm_p=float(chdtrc(p - first, qm)),
        problem=model,
        roots=roots,
    )


def profile_interval(result: MultilevelEffect, name: str, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the profile-likelihood interval of one variance: twice the loss of log likelihood is chi-square there.

    Parameters
    ----------
    result
        What `pool_multilevel` gave.
    name
        A variance of ``result.components`` (`Nested` or `WithinStudy`).
    confidence
        Level, between 0 and 1.

    Raises
    ------
    EvidenceError
        For an unknown name, or a variance of an unstructured matrix.
    """
    model = result.problem
    single = {model.names[start] for start, side in model.blocks if side == 1}
    if name not in single:
        raise EvidenceError(
            "profile", Problem("name", f"{name!r}", f"one of {', '.join(sorted(single))}", "choose one of these")
        )
    place = model.names.index(name)
    allowed = chdtri(1, 1 - confidence) / 2
    best = result.roots[place] ** 2

    def loss(variance: float) -> float:
        held = result.roots.copy()
        held[place] = np.sqrt(variance)
        return _held(held, model, place) + result.log_likelihood - allowed

    low = 0.0 if best == 0 or loss(0.0) < 0 else _crossing(loss, 0.0, best)
    far = max(best, float(np.mean(np.diag(model.v)))) * 2
    for _ in range(60):
        if loss(far) > 0:
            return low, _crossing(loss, best, far)
        far *= 2
    return low, float("inf")


def joint_test(result: MultilevelEffect, coefficients: Sequence[int]) -> tuple[float, int, float]:
    """Return the chi-square statistic, degrees of freedom and p value of some coefficients together.

    Parameters
    ----------
    result
        What `pool_multilevel` gave.
    coefficients
        Their places, the constant being 0 where there is one.
    """
    chosen = np.asarray(coefficients, int)
    b, v = result.coefficients[chosen], result.covariance[np.ix_(chosen, chosen)]
    qm = float(b @ np.linalg.solve(v, b))
    return qm, len(chosen), float(chdtrc(len(chosen), qm))


def _checked(
    estimates: ArrayLike, covariance: ArrayLike, random: Sequence[RandomTerm], moderators: ArrayLike | None,
    has_constant: bool, method: TauMethod,
) -> _Gls:  # fmt: skip
    y, v = np.asarray(estimates, float), np.asarray(covariance, float)
    v = np.diag(v) if v.ndim == 1 else v
    columns = [np.ones((len(y), 1))] if has_constant else []
    if moderators is not None:
        extra = np.asarray(moderators, float)
        columns.append(extra[:, None] if extra.ndim == 1 else extra)
    problems = []
    if v.shape != (len(y), len(y)) or any(len(column) != len(y) for column in columns) or not columns:
        problems.append(Problem("shapes", f"{v.shape}", f"{len(y)} rows everywhere, one column or more", "pair them"))
    elif np.linalg.eigvalsh((v + v.T) / 2).min() <= 0:
        problems.append(Problem("covariance", "not positive definite", "a covariance matrix", "check shared arms"))
    elif np.linalg.matrix_rank(np.hstack(columns)) < np.hstack(columns).shape[1]:
        problems.append(Problem("moderators", "columns that repeat one another", "independent ones", "leave one out"))
    if method not in (TauMethod.REML, TauMethod.ML, TauMethod.EE):
        problems.append(Problem("method", f"{method}", "REML, ML or EE", "use REML"))
    names, matrices, blocks = [], [], []
    for term in random if method is not TauMethod.EE else ():
        found = _matrices(term)
        if any(len(matrix) != len(y) for _, matrix in found):
            problems.append(Problem(term.name, "another number of rows", f"{len(y)} words", "one word an estimate"))
            continue
        side = round((np.sqrt(8 * len(found) + 1) - 1) / 2)
        blocks.append((len(names), side))
        names += [name for name, _ in found]
        matrices += [matrix for _, matrix in found]
    if len(set(names)) < len(names):
        problems.append(Problem("random", "a name comes twice", "one name a term", "rename it"))
    if problems:
        raise EvidenceError("multilevel model", problems)
    stacked = np.array(matrices) if matrices else np.zeros((0, len(y), len(y)))
    return _Gls(y, v, np.hstack(columns), tuple(names), stacked, tuple(blocks), method is not TauMethod.ML)


def _same(words: Words) -> Floats:
    places = np.unique(np.asarray([str(word) for word in words]), return_inverse=True)[1]
    return (places[:, None] == places[None, :]).astype(float)


def _matrices(term: RandomTerm) -> list[tuple[str, Floats]]:
    if isinstance(term, Nested):
        return [(term.name, _same(term.groups))]
    if isinstance(term, WithinStudy):
        alike = _same(term.treatments)
        return [(term.name, _same(term.studies) * (alike + term.correlation * (1 - alike)))]
    words = np.asarray([str(word) for word in term.inner])
    kinds, together = list(dict.fromkeys(words)), _same(term.studies)
    found = []
    for row, first in enumerate(kinds):
        for second in kinds[: row + 1]:
            pair = np.outer(words == first, words == second)
            name = f"{term.name}[{first}]" if first == second else f"{term.name}[{first}, {second}]"
            found.append((name, together * (pair | pair.T)))
    return found


def _theta(roots: Floats, model: _Gls) -> tuple[Floats, Floats]:
    """Return the variances and covariances, and how they change with the roots (lower triangles of L in LL')."""
    theta, slope = np.zeros_like(roots), np.zeros((len(roots), len(roots)))
    for start, side in model.blocks:
        rows, columns = np.tril_indices(side)
        lower = np.zeros((side, side))
        lower[rows, columns] = roots[start : start + len(rows)]
        theta[start : start + len(rows)] = (lower @ lower.T)[rows, columns]
        for place, (i, j) in enumerate(zip(rows, columns, strict=True)):
            step = np.zeros((side, side))
            step[i, j] = 1.0
            slope[start : start + len(rows), start + place] = (step @ lower.T + lower @ step.T)[rows, columns]
    return theta, slope


def _marginal(model: _Gls, roots: Floats) -> Floats:
    return model.v + np.einsum("i,ijk->jk", _theta(roots, model)[0], model.matrices)


def _minus_log_likelihood(roots: Floats, model: _Gls) -> tuple[float, Floats]:
    theta, change = _theta(roots, model)
    spread = model.v + np.einsum("i,ijk->jk", theta, model.matrices)
    try:
        factor = cho_factor(spread, lower=True)
    except np.linalg.LinAlgError:
        return np.inf, np.zeros_like(roots)
    inverse = cho_solve(factor, np.eye(len(spread)))
    ix = inverse @ model.x
    cross = model.x.T @ ix
    projection = inverse - ix @ np.linalg.solve(cross, ix.T)
    py = projection @ model.y
    n = len(model.y) - model.x.shape[1] * model.restricted
    twice = n * np.log(2 * np.pi) + 2 * np.log(np.diag(factor[0])).sum() + model.y @ py
    if model.restricted:
        twice += np.linalg.slogdet(cross)[1] - np.linalg.slogdet(model.x.T @ model.x)[1]
    inside = projection if model.restricted else inverse
    slope = np.einsum("jk,ijk->i", inside, model.matrices) - np.einsum("j,ijk,k->i", py, model.matrices, py)
    return float(twice / 2), change.T @ slope / 2


def _starts(model: _Gls) -> list[Floats]:
    size = float(np.mean(np.diag(model.v)))
    crude = max(float(np.var(model.y - model.x @ np.linalg.lstsq(model.x, model.y)[0])), size / 10)
    found = []
    for share in (0.5, 0.05):
        roots = np.zeros(len(model.names))
        for start, side in model.blocks:
            rows, columns = np.tril_indices(side)
            roots[start : start + len(rows)][rows == columns] = np.sqrt(share * crude / len(model.blocks))
        found.append(roots)
    return found


def _minimised(start: Floats, model: _Gls, free: Floats) -> tuple[float, Floats]:
    """Return the smallest minus log likelihood over the free roots, and all roots there."""

    def there(part: Floats) -> Floats:
        roots = start.copy()
        roots[free] = part
        return roots

    def value(part: Floats) -> tuple[float, Floats]:
        found, slope = _minus_log_likelihood(there(part), model)
        return found, slope[free]

    if len(free) == 0:
        return value(np.zeros(0))[0], start
    best = minimize(value, start[free], jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 1000})
    return float(best.fun), there(best.x)


def _fit(model: _Gls) -> Floats:
    everything = np.arange(len(model.names))
    value, roots = min((_minimised(start, model, everything) for start in _starts(model)), key=lambda found: found[0])
    # a variance that may as well be 0 is 0
    for start, side in model.blocks:
        if side == 1:
            without = roots.copy()
            without[start] = 0.0
            found = _minimised(without, model, np.delete(everything, start))
            if found[0] <= value + 1e-9:
                value, roots = found
    return roots


def _crossing(loss: Callable[[float], float], low: float, high: float) -> float:
    root: Any = brentq(loss, low, high, xtol=1e-10, rtol=1e-7)  # pyright: ignore[reportArgumentType, reportCallIssue]
    return float(root)


def _held(roots: Floats, model: _Gls, place: int) -> float:
    free = np.delete(np.arange(len(roots)), place)
    found = _minimised(roots, model, free)[0]
    if (np.abs(roots[free]) > 1e-6).all():
        return found
    # a root of 0 has no slope: once more from above it
    lifted = roots.copy()
    lifted[free] = np.where(np.abs(roots[free]) < 1e-6, np.sqrt(np.mean(np.diag(model.v)) / 10), roots[free])
    return min(found, _minimised(lifted, model, free)[0])


def _residual_q(model: _Gls) -> float:
    inverse = np.linalg.inv(model.v)
    ix = inverse @ model.x
    projection = inverse - ix @ np.linalg.solve(model.x.T @ ix, ix.T)
    return float(model.y @ projection @ model.y)
