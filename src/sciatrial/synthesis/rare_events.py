"""Rare events, zero cells included: exact intervals and Bayesian models by quadrature, without corrections or sampling.

Two arms: given all events of a study, those of the treated arm follow a noncentral hypergeometric distribution that
depends on the odds ratio alone (Cornfield 1956; Stijnen, Hamza & Özdemir 2010). Studies without any event, or with
nothing else, have a conditional likelihood of 1 whatever the odds ratio: they say nothing about it, and the result
says so. One arm: binomial-normal (logit) or beta-binomial. Priors are weakly informative and in the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.special import betainc, betaincinv, betaln, expit, gammaln, log_expit, logit, logsumexp, ndtr

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.effect_sizes import ArmCounts
from sciatrial.synthesis.weighted import Floats

N_EFFECT, N_SPREAD, N_NODES = 241, 81, 41
WIDEST_SPREAD = 5.0  # tau is followed up to this many of its prior scales


class RateModel(StrEnum):
    """How rates of single arms differ between studies."""

    BINOMIAL_NORMAL = "binomial_normal"
    BETA_BINOMIAL = "beta_binomial"


@dataclass(frozen=True)
class RarePrior:
    """Weakly informative priors on the logit (or log odds ratio) scale.

    The mean is normal; the spread between studies, tau, half normal. In the beta-binomial model the mean is the logit
    of the mean rate, and ``tau_scale`` is that of the square root of the intraclass correlation.
    """

    mean: float = 0.0
    mean_sd: float = 2.0
    tau_scale: float = 0.5


@dataclass(frozen=True, eq=False)
class RareEstimate:
    """A posterior by quadrature.

    Attributes
    ----------
    median, mean, standard_deviation, low, high
        Of the log odds ratio, or of the typical rate (a share between 0 and 1).
    tau_median, tau_low, tau_high
        Of the spread between studies.
    new_low, new_high
        Interval for a new study.
    below_zero
        Probability that the log odds ratio is below 0; NaN for a rate.
    grid, density
        The posterior of the log odds ratio, or of the logit of the rate, and where.
    n_informative
        Studies that bear on the result.
    prior, note
        The priors, and what to know.
    """

    median: float
    mean: float
    standard_deviation: float
    low: float
    high: float
    tau_median: float
    tau_low: float
    tau_high: float
    new_low: float
    new_high: float
    below_zero: float
    grid: Floats
    density: Floats
    n_informative: int
    prior: RarePrior
    note: str


def exact_rate(events: ArrayLike, total: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Return the Clopper-Pearson interval of a rate; 0 of n has the upper end 1 − (α / 2)^(1 / n).

    Parameters
    ----------
    events, total
        Any equal shapes; 0 <= events <= total.
    confidence
        Level, between 0 and 1.
    """
    x, n = _checked(events, total, "events")
    tail = (1 - confidence) / 2
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-9), n - x + 1, tail), 0.0)
    high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1e-9), 1 - tail), 1.0)
    return low, high


def rare_rate(
    events: ArrayLike,
    total: ArrayLike,
    *,
    model: RateModel = RateModel.BINOMIAL_NORMAL,
    prior: RarePrior = RarePrior(mean=-3.0, mean_sd=2.0, tau_scale=0.5),
    confidence: float = 0.95,
) -> RareEstimate:
    """Return the typical event rate of single arms and what a new study may see.

    Parameters
    ----------
    events, total
        Patients with the event and all patients; dims ``study``.
    model
        Normal logits, or beta-distributed rates.
    prior
        Of the logit of the rate and of the spread.
    confidence
        Level of the intervals.
    """
    x, n = _checked(events, total, "events")
    normal = model == RateModel.BINOMIAL_NORMAL
    spreads = (np.arange(N_SPREAD) + 0.5) / N_SPREAD * (WIDEST_SPREAD * prior.tau_scale if normal else 0.99)
    grid = np.linspace(prior.mean - 6 * prior.mean_sd, prior.mean + 6 * prior.mean_sd, 8 * N_EFFECT)

    def each(values: Floats) -> Floats:
        flat = values.ravel()
        found = (x[:, None] * log_expit(flat) + (n - x)[:, None] * log_expit(-flat)).reshape(len(x), *values.shape)
        return found + (-betaln(n - x + 1, x + 1) - np.log(n + 1)).reshape(-1, *([1] * values.ndim))

    def table(means: Floats) -> Floats:
        if normal:
            return _over_normal(each, means, spreads)
        rate = expit(means)[:, None]
        size = 1 / spreads**2 - 1
        first, second = rate * size, (1 - rate) * size
        found = sum(betaln(k + first, m - k + second) - betaln(first, second) for k, m in zip(x, n, strict=True))
        return np.asarray(found) - (betaln(n - x + 1, x + 1) + np.log(n + 1)).sum()

    means, joint = _joint(table, grid, spreads, prior)
    return _summary(means, spreads, joint, confidence, prior, model=model, n_informative=len(x), note=_small_note(x))


def rare_effect(
    treated: ArmCounts, control: ArmCounts, *, prior: RarePrior = RarePrior(), confidence: float = 0.95
) -> RareEstimate:
    """Return the posterior of a random-effects log odds ratio with exact conditional likelihoods.

    Parameters
    ----------
    treated, control
        Counts of both arms; empty cells need no correction.
    prior
        Of the log odds ratio and of the spread between studies.
    confidence
        Level of the intervals.

    Raises
    ------
    EvidenceError
        When counts cannot be, or no study has both events and non-events.
    """
    a, n = _checked(treated.events, treated.total, "treated")
    c, m = _checked(control.events, control.total, "control")
    if a.shape != c.shape:
        raise EvidenceError("rare events", Problem("control", "another number of studies", "one row each", "pair them"))
    kept = (a + c > 0) & (a + c < n + m)
    if not kept.any():
        raise EvidenceError(
            "rare events",
            Problem(
                "all studies", "no events, or nothing else, anywhere", "one event in one study",
                "report exact_rate of each arm: no relative effect can be known",
            ),
        )  # fmt: skip
    grid = np.linspace(prior.mean - 6 * prior.mean_sd, prior.mean + 6 * prior.mean_sd, 8 * N_EFFECT)
    spreads = (np.arange(N_SPREAD) + 0.5) / N_SPREAD * WIDEST_SPREAD * prior.tau_scale
    reach = 9 * WIDEST_SPREAD * prior.tau_scale
    knots = np.linspace(grid[0] - reach, grid[-1] + reach, 6001)
    splines = [
        CubicSpline(knots, conditional_log_likelihood(knots, *cells))
        for cells in zip(a[kept], n[kept], c[kept], m[kept], strict=True)
    ]

    def each(values: Floats) -> Floats:
        return np.stack([spline(values) for spline in splines])

    means, joint = _joint(lambda x: _over_normal(each, x, spreads), grid, spreads, prior)
    lost = int((~kept).sum())
    note = (
        f"{lost} of {len(a)} studies have no event, or nothing else, in both arms: given their totals they are certain "
        "whatever the odds ratio, and say nothing about it"
        if lost
        else ""
    )
    return _summary(means, spreads, joint, confidence, prior, model=None, n_informative=int(kept.sum()), note=note)


def conditional_log_likelihood(
    log_odds_ratio: ArrayLike, events: float, total: float, control_events: float, control_total: float
) -> Floats:
    """Return the log probability of the treated arm's events given all events, by the noncentral hypergeometric law.

    Parameters
    ----------
    log_odds_ratio
        Where it is wanted; any shape.
    events, total, control_events, control_total
        Counts of one study.
    """
    theta = np.asarray(log_odds_ratio, float)
    everybody = int(events + control_events)
    x = np.arange(max(0, everybody - int(control_total)), min(everybody, int(total)) + 1)
    ways = _log_choose(total, x) + _log_choose(control_total, everybody - x)
    flat = theta.ravel()
    whole = np.concatenate(
        [
            _log_sum(ways + part[:, None] * x, axis=1)
            for part in np.array_split(flat, max(1, len(flat) * len(x) // 10**6))
        ]
    )
    own = _log_choose(total, events) + _log_choose(control_total, control_events)
    return (own + flat * events - whole).reshape(theta.shape)


def _log_sum(terms: Floats, axis: int | None = None) -> Floats:
    return np.asarray(logsumexp(terms, axis=axis))


def _log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    n, k = np.asarray(n, float), np.asarray(k, float)
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def _checked(events: ArrayLike, total: ArrayLike, where: str) -> tuple[Floats, Floats]:
    x, n = np.atleast_1d(np.asarray(events, float)), np.atleast_1d(np.asarray(total, float))
    if x.shape != n.shape or ((x < 0) | (x > n) | (n <= 0)).any():
        raise EvidenceError(
            "rare events",
            Problem(where, "counts that cannot be", "0 <= events <= total, total above 0", "correct them"),
        )
    return x, n


def _over_normal(each, means: Floats, spreads: Floats) -> Floats:
    """Return the log likelihood of all studies, a normal deviation integrated out; dims ``mean, spread``."""
    # points of equal probability weight would miss sharp likelihoods; a plain fine rule over nine spreads does not
    z = np.linspace(-8, 8, 4 * N_NODES)
    weight = -(z**2) / 2
    weight = weight - _log_sum(weight)
    found = np.zeros((len(means), len(spreads)))
    for place, spread in enumerate(spreads):
        found[:, place] = _log_sum(each(means[:, None] + spread * z) + weight, axis=2).sum(axis=0)
    return found


def _joint(table, grid: Floats, spreads: Floats, prior: RarePrior) -> tuple[Floats, Floats]:
    """Return means where the posterior lives, and its table there; dims ``mean, spread``, sum 1."""

    def posterior(means: Floats) -> Floats:
        log_prior = -(((means - prior.mean) / prior.mean_sd) ** 2)[:, None] / 2 - (spreads / prior.tau_scale) ** 2 / 2
        found = table(means) + log_prior
        return np.exp(found - found.max())

    coarse = grid[::16]
    rough = posterior(coarse).sum(axis=1)
    alive = np.flatnonzero(rough > rough.max() * 1e-14)
    first, last = max(alive[0] - 1, 0), min(alive[-1] + 1, len(coarse) - 1)
    means = np.linspace(coarse[first], coarse[last], N_EFFECT)
    joint = posterior(means)
    return means, joint / joint.sum()


def _small_note(events: Floats) -> str:
    return "no event in any study: the upper end leans on the prior" if events.sum() == 0 else ""


def _quantiles(points: Floats, mass: Floats, levels: Floats) -> Floats:
    """Return quantiles of a density known on an even grid: the trapezoid rule, integrated on a cubic spline."""
    step = points[1] - points[0]
    density = CubicSpline(points, mass / (mass.sum() * step))
    whole = density.antiderivative()
    fine = np.linspace(points[0], points[-1], 20 * len(points))
    rising = np.maximum.accumulate((whole(fine) - whole(fine[0])) / (whole(fine[-1]) - whole(fine[0])))
    return np.interp(levels, rising, fine)


def _summary(
    means: Floats, spreads: Floats, joint: Floats, confidence: float, prior: RarePrior,
    *, model: RateModel | None, n_informative: int, note: str,
) -> RareEstimate:  # fmt: skip
    tail = (1 - confidence) / 2
    levels = np.array([tail, 0.5, 1 - tail])
    of_mean, of_spread = joint.sum(axis=1), joint.sum(axis=0)
    low, middle, high = _quantiles(means, of_mean, levels)
    # half a cell below the first and above the last point of the spread carry the ends of its density
    edges = np.concatenate([[0.0], np.cumsum(of_spread)])
    borders = np.concatenate([[0.0], spreads + spreads[0]])
    tau_low, tau_middle, tau_high = np.interp(levels, edges, borders)
    new_low, new_high = _of_a_new_study(means, spreads, joint, tail, model)
    values = means if model is None else expit(means)
    mean = float(of_mean @ values)
    sd = float(np.sqrt(of_mean @ (values - mean) ** 2))
    ends = (middle, low, high)
    if model is not None:
        ends = tuple(expit(np.array(ends)))
    below = float("nan")
    if model is None:
        step = means[1] - means[0]
        spline = CubicSpline(means, of_mean / step)
        below = float(
            spline.integrate(means[0], np.clip(0.0, means[0], means[-1])) / spline.integrate(means[0], means[-1])
        )
    return RareEstimate(
        float(ends[0]), mean, sd, float(ends[1]), float(ends[2]), float(tau_middle), float(tau_low), float(tau_high),
        new_low, new_high, below, means, of_mean / (means[1] - means[0]), n_informative, prior, note,
    )  # fmt: skip


def _of_a_new_study(
    means: Floats, spreads: Floats, joint: Floats, tail: float, model: RateModel | None
) -> tuple[float, float]:
    if model == RateModel.BETA_BINOMIAL:
        size = 1 / spreads**2 - 1
        first, second = expit(means)[:, None] * size, expit(-means)[:, None] * size
        points = expit(np.linspace(-16, 8, 600))
        shares = np.array([(joint * betainc(first, second, point)).sum() for point in points])
        low, high = (expit(np.interp(level, shares, logit(points))) for level in (tail, 1 - tail))
        return float(low), float(high)
    reach = 6 * spreads[-1]
    points = np.linspace(means[0] - reach, means[-1] + reach, 1200)
    shares = np.array([(joint * ndtr((point - means[:, None]) / spreads)).sum() for point in points])
    low, high = (float(np.interp(level, shares, points)) for level in (tail, 1 - tail))
    return (low, high) if model is None else (float(expit(low)), float(expit(high)))
