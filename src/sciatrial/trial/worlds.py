"""The value of an estimand over patients each of whom is known in every arm, and its Monte-Carlo error.

Of regressions it is what they would find in all patients, each of them in both arms: the values at which the mean score
is 0, whether or not the model is true. Of pairs it is what patients in one arm and other patients in the other say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sciatrial.statistics import fit_logistic, fit_proportional_odds, ordinal_odds_ratios, win_statistics
from sciatrial.trial.aims import EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import ArmScores, Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue, changes_of
from sciatrial.trial.margins import margin_worlds
from sciatrial.trial.response import endpoint_values

Floats = NDArray[Any]
# the error of a value without a formula for it: spread of the values without one group of patients at a time
_GROUPS = 20
_FEWEST = 2


def outcomes_by_world(design: Design, trial: Conducted) -> Floats:
    """Return what each patient shows in the arm and in the control of each comparison, as the estimand has it.

    Returns
    -------
    numpy.ndarray
        Dims ``patient, comparison, world, outcome``; world 0 is the arm, 1 the control. After the comparisons come the
        margins and the interaction of a factorial design, whose worlds are weighted arms. Outcomes: the change at the
        endpoint; or those of `endpoint_values` and, last, the baseline score. NaN in a world that could not be solved
        or, in a principal stratum, that has rescue before the endpoint.
    """
    worlds = {arm: _in_arm(design, scores) for arm, scores in trial.potential.items()}
    pairs = [(worlds[item.arm], worlds[item.control]) for item in design.compared()]
    pairs += margin_worlds(design, worlds)
    return np.stack([np.stack(pair, axis=1) for pair in pairs], axis=1)


def _in_arm(design: Design, arm: ArmScores) -> Floats:
    column = score_column(design.endpoint.outcome)
    if design.endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE:
        occasion = 1 + design.visits_months.index(design.endpoint.month)
        change = arm.scores[:, :, column] - arm.scores[:, :1, column]
        if design.estimand.rescue is not Strategy.HYPOTHETICAL:  # its world has no rescue
            change = changes_of(design.estimand, change, after_rescue(arm.rescued))
        found = change[:, occasion, None]
    else:
        values = endpoint_values(design, arm.scores, arm.rescued)
        found = np.concatenate([values, arm.scores[:, :1, column]], axis=1)
    return np.where(arm.is_solved[:, None], found, np.nan)


def population_value(design: Design, outcomes: Floats) -> tuple[float, float]:
    """Return the value of the estimand of one comparison and its Monte-Carlo error.

    Parameters
    ----------
    design
        Says the summary measure.
    outcomes
        Of one comparison, from `outcomes_by_world`; dims ``patient, world, outcome``.

    Returns
    -------
    tuple
        Both NaN where there is no such value, as for the odds of a response that nobody or everybody has.
    """
    measure = design.estimand.summary_measure
    if design.endpoint.measure is EndpointMeasure.HIERARCHY:
        return _pairs_won(design, outcomes)
    both = outcomes[np.isfinite(outcomes).all(axis=(1, 2))]
    if len(both) < _FEWEST:
        return np.nan, np.nan
    arm, control = both[:, 0, 0], both[:, 1, 0]
    if measure in (SummaryMeasure.DIFFERENCE_IN_MEANS, SummaryMeasure.RISK_DIFFERENCE):
        return _mean(arm - control)
    if measure is SummaryMeasure.MARGINAL_ODDS_RATIO:
        return _marginal_odds_ratio(arm, control)
    if measure is SummaryMeasure.ODDS_RATIO:
        return _odds_ratio(arm, control, both[:, 0, -1])
    return _common_odds_ratio(arm, control, both[:, 0, -1])


def _mean(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def _marginal_odds_ratio(arm: Floats, control: Floats) -> tuple[float, float]:
    shares = np.array([arm.mean(), control.mean()])
    if not ((shares > 0) & (shares < 1)).all():
        return np.nan, np.nan
    slopes = 1 / (shares * (1 - shares))
    _, error = _mean(slopes[0] * arm - slopes[1] * control)
    return float(np.log(shares[0] / (1 - shares[0])) - np.log(shares[1] / (1 - shares[1]))), error


def _odds_ratio(arm: Floats, control: Floats, baseline: Floats) -> tuple[float, float]:
    """Return the coefficient of the arm; a patient's two worlds are one unit of chance."""
    n = len(arm)
    response = np.concatenate([arm, control])
    start = np.tile(baseline - baseline.mean(), 2)
    columns = np.stack([np.ones(2 * n), np.repeat([1.0, 0.0], n), start], axis=1)
    fit = fit_logistic(response, columns)
    if fit.reasons[0]:
        return np.nan, np.nan
    scores = columns * (response - expit(columns @ fit.coefficients[0]))[:, None]
    influence = n * (scores[:n] + scores[n:]) @ fit.covariance[0][:, 1]
    return float(fit.coefficients[0, 1]), float(influence.std(ddof=1) / np.sqrt(n))


def _common_odds_ratio(arm: Floats, control: Floats, baseline: Floats) -> tuple[float, float]:
    """Return the coefficient of the arm; its error leaves out one group of patients at a time (jackknife)."""
    n = len(arm)
    categories = np.concatenate([arm, control])
    group = np.tile(np.arange(n) % _GROUPS, 2)
    left_out = np.concatenate([[-1], np.arange(min(_GROUPS, n))])
    some = np.where(group == left_out[:, None], np.nan, categories)
    fits = fit_proportional_odds(some, np.repeat([1, 0], n), np.tile(baseline, 2))
    values = ordinal_odds_ratios(fits).estimate[:, 0]
    without = values[1:]
    spread = (len(without) - 1) / len(without) * ((without - without.mean()) ** 2).sum()
    return float(values[0]), float(np.sqrt(spread))


def _pairs_won(design: Design, outcomes: Floats) -> tuple[float, float]:
    """Return what patients at even places in the arm and those at odd ones in the control say: they share no luck."""
    values = outcomes[:, :, :-1]
    halves = np.concatenate([values[::2, 0], values[1::2, 1]])
    arms = np.repeat([1, 0], [len(values[::2]), len(values[1::2])])
    margins = [item.margin for item in design.endpoint.hierarchy]
    if (np.bincount(arms[np.isfinite(halves).any(axis=1)], minlength=2) < _FEWEST).any():
        return np.nan, np.nan
    wins = win_statistics(halves, arms, margins=margins)
    found = {
        SummaryMeasure.WIN_RATIO: wins.log_win_ratio,
        SummaryMeasure.WIN_ODDS: wins.log_win_odds,
        SummaryMeasure.NET_BENEFIT: wins.net_benefit,
    }[design.estimand.summary_measure]
    return float(found.estimate[0, 0]), float(found.standard_error[0, 0])
