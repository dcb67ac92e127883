"""Pooled effects straight from counts: Mantel-Haenszel, Peto, and a binomial-normal model.

Sources: Mantel & Haenszel 1959; Robins, Breslow & Greenland 1986 (odds ratio); Greenland & Robins 1985 (risk ratio
and difference); Sato, Greenland & Robins 1989 (risk difference); Yusuf and others 1985 (Peto); Turner and others 2000
and Jackson and others 2018 (binomial-normal model with fixed study effects); Louis 1982 (its information).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, chdtrc, expit, logsumexp, ndtr, ndtri

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.effect_sizes import ArmCounts, DoubleZero, EffectMeasure, effect_sizes
from sciatrial.synthesis.weighted import Floats

N_NODES = 31
MOST_STEPS = 200


@dataclass(frozen=True)
class PooledCounts:
    """A pooled effect from counts (ratios as logs), its normal test and interval, and Q.

    ``tau2`` is NaN where the method has none; ``log_likelihood`` likewise. ``n_used`` studies decided the estimate.
    """

    measure: EffectMeasure
    estimate: float
    standard_error: float
    statistic: float
    p_value: float
    low: float
    high: float
    q: float
    q_df: float
    q_p: float
    tau2: float
    log_likelihood: float
    n_used: int
    note: str


def mantel_haenszel(
    treated: ArmCounts, control: ArmCounts, measure: EffectMeasure = EffectMeasure.OR, *, confidence: float = 0.95
) -> PooledCounts:
    """Return the Mantel-Haenszel estimate of a common log odds ratio, log risk ratio or risk difference.

    Needs no continuity correction: a study with an empty cell counts as it is. Q uses the effect sizes of single
    studies, corrected only where a cell is empty.

    Raises
    ------
    EvidenceError
        When nobody, or everybody, has an event in an arm over all studies, or for another measure.
    """
    a, b, c, d = _cells(treated, control)
    n, m = a + b, c + d
    everybody = n + m
    if measure == EffectMeasure.OR:
        r, s = a * d / everybody, b * c / everybody
        p, q = (a + d) / everybody, (b + c) / everybody
        top, bottom = r.sum(), s.sum()
        _both_sides(top, bottom)
        estimate = np.log(top / bottom)
        variance = (
            (p * r).sum() / (2 * top**2) + (p * s + q * r).sum() / (2 * top * bottom) + (q * s).sum() / (2 * bottom**2)
        )
    elif measure == EffectMeasure.RR:
        top, bottom = (a * m / everybody).sum(), (c * n / everybody).sum()
        _both_sides(top, bottom)
        estimate = np.log(top / bottom)
        variance = ((n * m * (a + c) / everybody - a * c) / everybody).sum() / (top * bottom)
    elif measure == EffectMeasure.RD:
        weight = (n * m / everybody).sum()
        estimate = ((a * m - c * n) / everybody).sum() / weight
        first = (c * (n / everybody) ** 2 - a * (m / everybody) ** 2 + n * m * (m - n) / everybody**2 / 2).sum()
        second = ((a * (m - c) + c * (n - a)) / everybody).sum() / 2
        variance = (estimate * first + second) / weight**2
    else:
        raise EvidenceError(
            "Mantel-Haenszel", Problem("measure", f"{measure}", "OR, RR or RD", "use pool_peto for Peto's odds ratio")
        )
    sizes = effect_sizes(measure, treated, control, double_zero=DoubleZero.DROP)
    return _result(measure, float(estimate), float(variance), sizes.estimates, sizes.variances, confidence)


def pool_peto(treated: ArmCounts, control: ArmCounts, *, confidence: float = 0.95) -> PooledCounts:
    """Return Peto's common log odds ratio: for rare events, similar arms and effects that are not large."""
    sizes = effect_sizes(EffectMeasure.PETO, treated, control)
    kept = np.isfinite(sizes.estimates)
    if not kept.any():
        _both_sides(0.0, 0.0)
    weights = 1 / sizes.variances[kept]
    estimate = weights @ sizes.estimates[kept] / weights.sum()
    return _result(
        EffectMeasure.PETO, float(estimate), float(1 / weights.sum()), sizes.estimates, sizes.variances, confidence
    )


def pool_binomial_normal(
    treated: ArmCounts, control: ArmCounts, *, confidence: float = 0.95, common: bool = False
) -> PooledCounts:
    """Return the log odds ratio of a binomial-normal model: a logit for each study, a normal effect between studies.

    Exact binomial likelihoods, the effect integrated by adaptive Gauss-Hermite quadrature, all parameters by Newton's
    method with Louis' information. The random effect is split evenly between the arms. Studies without any event, or
    with nothing else, say nothing about an odds ratio and are left out.

    Parameters
    ----------
    treated, control
        Counts of both arms.
    confidence
        Level of the interval.
    common
        Whether tau² is held at 0.

    Raises
    ------
    EvidenceError
        When an arm has no event, or nothing else, over all studies, or the likelihood has no maximum.
    """
    a, b, c, d = _cells(treated, control)
    kept = (a + c > 0) & (b + d > 0)
    a, b, c, d = a[kept], b[kept], c[kept], d[kept]
    if not kept.any():
        _both_sides(0.0, 0.0)
    _both_sides(a.sum() * d.sum(), b.sum() * c.sum())
    counts = (a, a + b, c, c + d)
    start = np.concatenate([(np.log((a + 0.5) / (b + 0.5)) + np.log((c + 0.5) / (d + 0.5))) / 2, [0.0, 0.0]])
    start[-2] = np.log(a.sum() * d.sum() / (b.sum() * c.sum()))
    point, value, information = _climb(start, counts, common=True)
    if not common:
        wide = point.copy()
        wide[-1] = 0.5
        found = _climb(wide, counts, common=False)
        if found[1] > value + 1e-10:
            point, value, information = found
    free = len(point) - (point[-1] == 0)  # on the border tau is not a free parameter
    variance = np.linalg.inv(information[:free, :free])[len(a), len(a)]
    sizes = effect_sizes(EffectMeasure.OR, treated, control)
    estimates = np.where(kept, sizes.estimates, np.nan)
    return _result(
        EffectMeasure.OR, float(point[-2]), float(variance), estimates, sizes.variances, confidence,
        tau2=np.nan if common else float(point[-1] ** 2), log_likelihood=float(value),
    )  # fmt: skip


def _cells(treated: ArmCounts, control: ArmCounts) -> tuple[Floats, Floats, Floats, Floats]:
    a, n = np.atleast_1d(np.asarray(treated.events, float)), np.atleast_1d(np.asarray(treated.total, float))
    c, m = np.atleast_1d(np.asarray(control.events, float)), np.atleast_1d(np.asarray(control.total, float))
    if not a.shape == n.shape == c.shape == m.shape or ((a < 0) | (a > n) | (c < 0) | (c > m)).any():
        raise EvidenceError(
            "counts", Problem("arms", "counts that cannot be", "0 <= events <= total, one row a study", "correct them")
        )
    return a, n - a, c, m - c


def _both_sides(top: float, bottom: float) -> None:
    if not (top > 0 and bottom > 0):
        raise EvidenceError(
            "counts",
            Problem(
                "all studies together",
                "an arm without events, or with nothing else",
                "events and non-events in both arms",
                "use rare_effect, whose prior keeps the effect finite",
            ),
        )


def _result(
    measure: EffectMeasure, estimate: float, variance: float, sizes: Floats, variances: Floats, confidence: float,
    *, tau2: float = np.nan, log_likelihood: float = np.nan,
) -> PooledCounts:  # fmt: skip
    error = float(np.sqrt(variance))
    z = estimate / error
    half = float(ndtri(1 - (1 - confidence) / 2)) * error
    used = np.isfinite(sizes)
    df = int(used.sum()) - 1
    q = float(((sizes[used] - estimate) ** 2 / variances[used]).sum())
    dropped = len(sizes) - df - 1
    note = f"{dropped} studies have no event, or nothing else, and say nothing here" if dropped else ""
    return PooledCounts(
        measure, estimate, error, z, float(2 * ndtr(-abs(z))), estimate - half, estimate + half, q, df,
        float(chdtrc(df, q)) if df > 0 else 1.0, tau2, log_likelihood, df + 1, note,
    )  # fmt: skip


def _climb(
    point: Floats, counts: tuple[Floats, Floats, Floats, Floats], *, common: bool
) -> tuple[Floats, float, Floats]:
    """Return where the likelihood is largest, its value and the information there; parameters: logits, effect, tau."""
    free = np.arange(len(point) - common)
    point = point.copy()
    if common:
        point[-1] = 0.0
    value, slope, information = _likelihood(point, counts)
    for _ in range(MOST_STEPS):
        block = information[np.ix_(free, free)]
        roots, axes = np.linalg.eigh(block)
        roots = np.maximum(np.abs(roots), 1e-6)
        step = axes @ ((axes.T @ slope[free]) / roots)
        step *= min(1.0, 2.0 / np.abs(step).max(initial=1e-300))
        if np.abs(step).max() < 1e-10:
            return point, value, information
        for _ in range(40):
            tried = point.copy()
            tried[free] += step
            found = _likelihood(tried, counts)
            if found[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        else:
            return point, value, information
        point, (value, slope, information) = tried, found
    raise EvidenceError(
        "binomial-normal model",
        Problem("likelihood", "no maximum was reached", "counts with information on tau²", "use rare_effect instead"),
    )


def _likelihood(point: Floats, counts: tuple[Floats, Floats, Floats, Floats]) -> tuple[float, Floats, Floats]:
    """Return the marginal log likelihood, its slope and the observed information (Louis 1982)."""
    a, n, c, m = counts
    k = len(a)
    logits, effect, tau = point[:k], point[k], point[k + 1]
    mode, scale = _modes(logits, effect, tau, counts)
    nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
    z = mode[:, None] + scale[:, None] * nodes  # (study, node)
    shift = (effect + tau * z) / 2
    up, down = logits[:, None] + shift, logits[:, None] - shift
    density = (
        a[:, None] * up - n[:, None] * np.logaddexp(0, up) + c[:, None] * down - m[:, None] * np.logaddexp(0, down)
    ) - z**2 / 2  # fmt: skip
    terms = density + np.log(weights) + nodes**2 / 2 + np.log(scale)[:, None]
    each: Floats = np.asarray(logsumexp(terms, axis=1))
    posterior = np.exp(terms - each[:, None])
    p, q = expit(up), expit(down)
    first, second = a[:, None] - n[:, None] * p, c[:, None] - m[:, None] * q
    rows_up = np.stack([np.ones_like(z), np.full_like(z, 0.5), z / 2], axis=-1)
    rows_down = rows_up * np.array([1.0, -1.0, -1.0])
    score = first[..., None] * rows_up + second[..., None] * rows_down  # (study, node, 3)
    mean = np.einsum("kn,kni->ki", posterior, score)
    curve = np.einsum("kn,kni,knj->kij", posterior * n[:, None] * p * (1 - p), rows_up, rows_up)
    curve += np.einsum("kn,kni,knj->kij", posterior * m[:, None] * q * (1 - q), rows_down, rows_down)
    lost = np.einsum("kn,kni,knj->kij", posterior, score, score) - mean[:, :, None] * mean[:, None, :]
    block = curve - lost
    information = np.zeros((k + 2, k + 2))
    each_study = np.arange(k)
    information[each_study, each_study] = block[:, 0, 0]
    information[:k, k:] = block[:, 0, 1:]
    information[k:, :k] = block[:, 0, 1:].T
    information[k:, k:] = block[:, 1:, 1:].sum(axis=0)
    slope = np.concatenate([mean[:, 0], mean[:, 1:].sum(axis=0)])
    constant = sum(_log_choose(total, events).sum() for events, total in ((a, n), (c, m)))
    return float(each.sum() + constant - k * np.log(2 * np.pi) / 2), slope, information


def _modes(
    logits: Floats, effect: float, tau: float, counts: tuple[Floats, Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return for each study the most likely standardised random effect, and the spread of the density there."""
    a, n, c, m = counts
    z = np.zeros(len(a))
    curve = np.ones(len(a))
    for _ in range(100):
        shift = (effect + tau * z) / 2
        p, q = expit(logits + shift), expit(logits - shift)
        slope = tau / 2 * ((a - n * p) - (c - m * q)) - z
        curve = tau**2 / 4 * (n * p * (1 - p) + m * q * (1 - q)) + 1
        step = np.clip(slope / curve, -1.0, 1.0)
        z = z + step
        if np.abs(step).max() < 1e-12:
            break
    return z, 1 / np.sqrt(curve)


def _log_choose(n: Floats, k: Floats) -> Floats:
    return -betaln(n - k + 1, k + 1) - np.log(n + 1)
