"""A meta-regression of courses over time, after which studies, scores and arms still differ: what a new study prints.

Given five SDs everything is linear and Gaussian: coefficients and random effects are integrated out exactly. The SDs
are sampled by elliptical slices (Murray, Adams and MacKay 2010, arXiv:1001.0131), which need no tuning: a half-normal
SD is the size of a normal number, and the likelihood asks for its square alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from sciatrial.calibration.course_features import (
    Baselines,
    Features,
    as_changes,
    as_published,
    change_errors,
    course_parts,
    features_of,
    is_value,
    known_baselines,
)
from sciatrial.calibration.terms import TermKind, Terms, error_correlation
from sciatrial.foundation import CalibrationError, Problem, derived_seed, how_to_install

SPREADS = ("study, early", "study, late", "study and score", "arm", "residual")
SPREAD_SCALE = 8.0  # of their half-normal priors, points of 100
_N_WARMUP, _N_KEPT = 200, 400
_JITTER = 1e-6  # points², so that two terms that are the same can be drawn


@dataclass(frozen=True)
class Layout:
    """What mean and covariance of the changes of some terms are made of.

    `early` and `late` are the parts of a course that have come, dims ``term``. The rest has dims ``term, term``:
    whether two terms are of one study, of one study and score, and of one arm, and `fixed`, the covariance of
    coefficients, of sampling errors and of baselines that are not printed.
    """

    mean: NDArray[np.float64]
    early: NDArray[np.float64]
    late: NDArray[np.float64]
    study: NDArray[np.float64]
    of_score: NDArray[np.float64]
    arm: NDArray[np.float64]
    fixed: NDArray[np.float64]

    def covariance(self, spreads: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the covariance of changes (dims ``term, term``) for these SDs (dims ``spread``)."""
        early, late, of_score, arm, residual = spreads
        made = self.fixed + of_score**2 * self.of_score
        made += self.study * (early**2 * np.outer(self.early, self.early) + late**2 * np.outer(self.late, self.late))
        made += arm**2 * self.arm * np.outer(self.early, self.early)
        made[np.diag_indices_from(made)] += residual**2
        return made

    def only(self, some: NDArray[np.int64]) -> Layout:
        """Return the layout of some of the terms."""
        of_terms = (vector[some] for vector in (self.mean, self.early, self.late))
        of_pairs = (matrix[np.ix_(some, some)] for matrix in (self.study, self.of_score, self.arm, self.fixed))
        return Layout(*of_terms, *of_pairs)


@dataclass(frozen=True)
class CourseDraws:
    """Draws of what is printed (dims ``draw, test term``) and of the SDs `SPREADS` (dims ``kept, spread``)."""

    published: NDArray[np.float64]
    spreads: NDArray[np.float64]


def course_draws(
    terms: Terms, train: NDArray[np.bool_], test: NDArray[np.bool_], *, n_draws: int, seed: int
) -> CourseDraws:
    """Return what test terms would print, given the training terms.

    Parameters
    ----------
    terms
        All terms.
    train, test
        Which are learned from and which are predicted; none of kind sd; dims ``term``.
    n_draws
        Predictive draws.
    seed
        From 0.
    """
    places = np.flatnonzero(train | test)
    rows: Any = terms.rows.iloc[places]
    learned, asked = np.flatnonzero(train[places]), np.flatnonzero(test[places])
    everywhere = known_baselines(terms, train)
    baselines = Baselines(everywhere.mean[places], everywhere.sd[places])
    changes = as_changes(rows, baselines.mean)
    errors = np.where(train[places], changes.se, change_errors(rows, baselines.mean))
    fall = float(np.clip(-np.mean(changes.estimate[learned] / baselines.mean[learned]), 0.0, 1.0))
    features = features_of(terms, places, baselines.mean)
    layout = _layout(rows, features, baselines, errors, fall)
    generator = np.random.default_rng(derived_seed(seed, "time course"))
    height = _log_likelihood(layout.only(learned), changes.estimate[learned])
    with _one_thread():
        spreads = sample_spreads(height, generator)
        drawn = _conditional(layout, changes.estimate, learned, asked, spreads, n_draws, generator)
    of_test = Baselines(baselines.mean[asked], baselines.sd[asked])
    return CourseDraws(as_published(drawn, rows.iloc[asked], of_test, generator), spreads)


def _one_thread() -> Any:
    """Return a context where linear algebra, which is small here, keeps to one thread and to the same numbers."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        what = Problem("threadpoolctl", "is not installed", "an environment with it", how_to_install("bayes"))
        raise CalibrationError("time course", [what]) from error
    return threadpool_limits(limits=1, user_api="blas")


def sample_spreads(
    log_likelihood: Callable[[NDArray[np.float64]], float], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return draws of SDs, given a likelihood that depends on their sizes; dims ``kept, spread``."""
    now = np.full(len(SPREADS), SPREAD_SCALE / 2)
    height, kept = log_likelihood(now), []
    for step in range(_N_WARMUP + _N_KEPT):
        now, height = _slice(log_likelihood, now, height, generator)
        if step >= _N_WARMUP:
            kept.append(np.abs(now))
    return np.stack(kept)


def _slice(
    log_likelihood: Callable[[NDArray[np.float64]], float],
    now: NDArray[np.float64],
    height: float,
    generator: np.random.Generator,
) -> tuple[NDArray[np.float64], float]:
    """Return the next point on an ellipse through this one and a draw of the prior, and its height."""
    other = SPREAD_SCALE * generator.standard_normal(len(now))
    least = height + np.log(generator.random())
    angle = 2 * np.pi * generator.random()
    low, high = angle - 2 * np.pi, angle
    while True:
        point = now * np.cos(angle) + other * np.sin(angle)
        reached = log_likelihood(point)
        if reached > least:
            return point, reached
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = generator.uniform(low, high)


def _layout(rows: Any, features: Features, baselines: Baselines, errors: NDArray[np.float64], fall: float) -> Layout:
    """Return the layout of terms; `fall` is the usual share of the baseline that goes."""
    study, arm, score = (_same(rows[column].to_numpy()) for column in ("study_id", "arm", "score"))
    kind = rows["kind"].to_numpy()
    # a baseline that is not known moves the change that it is taken from, and the change that grows with it
    moved = np.select([is_value(kind), kind == TermKind.CHANGE], [1 - fall, -fall], 0.0) * baselines.sd
    correlation = arm * error_correlation(score > 0)
    np.fill_diagonal(correlation, 1.0)
    scaled = features.values * features.prior_sd
    fixed = scaled @ scaled.T + correlation * np.outer(errors, errors) + study * score * np.outer(moved, moved)
    early, late = course_parts(rows["month"].to_numpy(dtype=float))
    return Layout(features.values @ features.prior_mean, early, late, study, study * score, arm, fixed)


def _same(words: NDArray[Any]) -> NDArray[np.float64]:
    return (words[:, None] == words[None, :]).astype(float)


def _log_likelihood(layout: Layout, estimate: NDArray[np.float64]) -> Callable[[NDArray[np.float64]], float]:
    """Return the logarithm of the probability of changes as a function of SDs, up to a constant."""
    apart = estimate - layout.mean

    def log_likelihood(spreads: NDArray[np.float64]) -> float:
        lower = np.linalg.cholesky(layout.covariance(spreads))
        white = solve_triangular(lower, apart, lower=True, check_finite=False)
        return float(-0.5 * white @ white - np.log(np.diag(lower)).sum())

    return log_likelihood


def _conditional(
    layout: Layout,
    estimate: NDArray[np.float64],
    learned: NDArray[np.int64],
    asked: NDArray[np.int64],
    spreads: NDArray[np.float64],
    n_draws: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return draws of the changes that are asked for, given those that are learned from; dims ``draw, term``."""
    apart, made = (estimate - layout.mean)[learned], []
    chosen = spreads[np.linspace(0, len(spreads) - 1, min(n_draws, len(spreads))).astype(int)]
    for of_draws, share in zip(chosen, np.array_split(np.arange(n_draws), len(chosen)), strict=True):
        covariance = layout.covariance(of_draws)
        lower = np.linalg.cholesky(covariance[np.ix_(learned, learned)])
        both = np.column_stack([covariance[np.ix_(learned, asked)], apart])
        white = solve_triangular(lower, both, lower=True, check_finite=False)
        across, rest = white[:, :-1], white[:, -1]
        left = covariance[np.ix_(asked, asked)] - across.T @ across
        root = np.linalg.cholesky(left + _JITTER * np.eye(len(asked)))
        mean = layout.mean[asked] + across.T @ rest
        made.append(mean + generator.standard_normal((len(share), len(asked))) @ root.T)
    return np.concatenate(made)
