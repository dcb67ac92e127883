"""The value of an estimand over patients each of whom is known in every arm, and its Monte-Carlo error.

Of regressions it is what they would find in all patients, each of them in both arms: the values at which the mean score
is 0, whether or not the model is true. Of pairs it is what patients in one arm and other patients in the other say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sciatrial.statistics import crossed_win_statistics, fit_logistic, fit_proportional_odds, ordinal_odds_ratios
from sciatrial.trial.adjusted import columns_of_population, with_slope
from sciatrial.trial.aims import EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import ArmScores, Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue, changes_of
from sciatrial.trial.margins import margin_worlds
from sciatrial.trial.response import endpoint_values
from sciatrial.trial.subgroup import members_of

Floats = NDArray[Any]
# the error of a value without a formula for it: spread of the values without one group of patients at a time
_GROUPS = 20
_FEWEST = 2
_CONDITIONAL = (SummaryMeasure.ODDS_RATIO, SummaryMeasure.COMMON_ODDS_RATIO)


def outcomes_by_world(design: Design, trial: Conducted) -> Floats:
    """Return what each patient shows in the arm and in the control of each comparison, as the estimand has it.

    Returns
    -------
    numpy.ndarray
        Dims ``patient, comparison, world, outcome``; world 0 is the arm, 1 the control. After the comparisons come the
        margins and the interaction of a factorial design, whose worlds are weighted arms; or the subgroup and whoever
        is outside it, NaN for the others. Outcomes: the change at the
        endpoint; or those of `endpoint_values`, then the baseline score, and last what a conditional summary measure
        conditions on beside it. NaN in a world that could not be solved or, in a principal stratum, that has rescue
        before the endpoint.
    """
    further = np.zeros((len(trial.assigned), 0))
    if design.estimand.summary_measure in _CONDITIONAL:
        further = columns_of_population(design, trial)
    worlds = {arm: _in_arm(design, scores, further) for arm, scores in trial.potential.items()}
    pairs = [(worlds[item.arm], worlds[item.control]) for item in design.compared()]
    pairs += margin_worlds(design, worlds)
    if design.enrichment is not None:
        member = members_of(trial.people)[:, None]
        arm, control = pairs[0]
        pairs += [(np.where(some, arm, np.nan), np.where(some, control, np.nan)) for some in (member, ~member)]
    return np.stack([np.stack(pair, axis=1) for pair in pairs], axis=1)


def _in_arm(design: Design, arm: ArmScores, further: Floats) -> Floats:
    column = score_column(design.endpoint.outcome)
    if design.endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE:
        occasion = 1 + design.visits_months.index(design.endpoint.month)
        change = arm.scores[:, :, column] - arm.scores[:, :1, column]
        if design.estimand.rescue is not Strategy.HYPOTHETICAL:  # its world has no rescue
            change = changes_of(design.estimand, change, after_rescue(arm.rescued))
        found = change[:, occasion, None]
    else:
        values = endpoint_values(design, arm.scores, arm.rescued)
        found = np.concatenate([values, arm.scores[:, :1, column], further], axis=1)
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
    if measure is SummaryMeasure.DIFFERENCE_IN_MEANS:
        return _mean(arm - control)
    if measure is SummaryMeasure.COMMON_ODDS_RATIO:
        return _common_odds_ratio(arm, control, both[:, 0, 1:])
    if measure is SummaryMeasure.RISK_DIFFERENCE:
        found = _mean(arm - control)
    elif measure is SummaryMeasure.MARGINAL_ODDS_RATIO:
        found = _marginal_odds_ratio(arm, control)
    else:
        found = _odds_ratio(arm, control, both[:, 0, 1:])
    return found if (arm != control).any() else (found[0], _error_of_none(measure, control))


def _error_of_none(measure: SummaryMeasure, response: Floats) -> float:
    """Return the error where no patient responds in one world alone: as if one in all did, half a patient each way.

    The usual error is then 0, which nobody should believe.

    Source
    ------
    Agresti and Min (2005), Statistics in Medicine 24, 729-740 (half a patient in each cell of matched pairs).
    """
    share = float(response.mean())
    if measure is SummaryMeasure.RISK_DIFFERENCE:
        return 1 / len(response)
    return 1 / (len(response) * share * (1 - share)) if 0 < share < 1 else np.nan


def _mean(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def _marginal_odds_ratio(arm: Floats, control: Floats) -> tuple[float, float]:
    shares = np.array([arm.mean(), control.mean()])
    if not ((shares > 0) & (shares < 1)).all():
        return np.nan, np.nan
    slopes = 1 / (shares * (1 - shares))
    _, error = _mean(slopes[0] * arm - slopes[1] * control)
    return float(np.log(shares[0] / (1 - shares[0])) - np.log(shares[1] / (1 - shares[1]))), error


def _odds_ratio(arm: Floats, control: Floats, conditions: Floats) -> tuple[float, float]:
    """Return the coefficient of the arm; a patient's two worlds are one unit of chance."""
    n = len(arm)
    response = np.concatenate([arm, control])
    start = np.tile(conditions - conditions.mean(axis=0), (2, 1))
    columns = np.concatenate([np.ones((2 * n, 1)), np.repeat([[1.0], [0.0]], n, axis=0), start], axis=1)
    columns = columns[:, [0, 1, 2, *_with_slope(columns)]]
    fit = fit_logistic(response, columns)
    if fit.reasons[0]:
        return np.nan, np.nan
    scores = columns * (response - expit(columns @ fit.coefficients[0]))[:, None]
    influence = n * (scores[:n] + scores[n:]) @ fit.covariance[0][:, 1]
    return float(fit.coefficients[0, 1]), float(influence.std(ddof=1) / np.sqrt(n))


def _with_slope(columns: Floats) -> list[int]:
    """Return which columns after constant, arm and baseline can have a slope."""
    everybody = np.ones((len(columns), 1), dtype=bool)
    return [3 + place for place in with_slope(everybody, columns[:, :3], columns[:, 3:])]


def _common_odds_ratio(arm: Floats, control: Floats, conditions: Floats) -> tuple[float, float]:
    """Return the coefficient of the arm; its error leaves out one group of patients at a time (jackknife)."""
    n = len(arm)
    categories = np.concatenate([arm, control])
    group = np.tile(np.arange(n) % _GROUPS, 2)
    left_out = np.concatenate([[-1], np.arange(min(_GROUPS, n))])
    some = np.where(group == left_out[:, None], np.nan, categories)
    arms = np.repeat([1, 0], n)
    columns = np.concatenate([np.ones((2 * n, 1)), arms[:, None], np.tile(conditions, (2, 1))], axis=1)
    fits = fit_proportional_odds(some, arms, columns[:, [2, *_with_slope(columns)]])
    values = ordinal_odds_ratios(fits).estimate[:, 0]
    without = values[1:]
    spread = (len(without) - 1) / len(without) * ((without - without.mean()) ** 2).sum()
    return float(values[0]), float(np.sqrt(spread))


def _pairs_won(design: Design, outcomes: Floats) -> tuple[float, float]:
    """Return what patients in the arm and other patients in the control say: those of a pair share no luck."""
    values = outcomes[:, :, :-1]  # less the baseline
    has_any: Floats = np.asarray(np.isfinite(values).any(axis=2))
    known = values[has_any.all(axis=1)]
    if len(known) < _FEWEST:
        return np.nan, np.nan
    wins = crossed_win_statistics(known[:, 0], known[:, 1], margins=[item.margin for item in design.endpoint.hierarchy])
    found = {
        SummaryMeasure.WIN_RATIO: wins.log_win_ratio,
        SummaryMeasure.WIN_ODDS: wins.log_win_odds,
        SummaryMeasure.NET_BENEFIT: wins.net_benefit,
    }[design.estimand.summary_measure]
    return float(found.estimate[0, 0]), float(found.standard_error[0, 0])
