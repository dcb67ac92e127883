"""The margins and the interaction of a factorial trial: one analysis of all four arms, and the worlds of its truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import Sides, contrasts, fit_repeated_measures, normal_of_t
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue, changes_of
from sciatrial.trial.factorial import N_ARMS
from sciatrial.trial.factors import adjustment_columns

if TYPE_CHECKING:
    import pandas as pd

N_MARGINS = 3
_TOO_FEW = "fewer than two patients with an endpoint value in an arm"


def margin_rows(design: Design, trials: Sequence[Conducted]) -> list[pd.DataFrame]:
    """Analyse the margins and the interaction of some trials that have ended, one frame a trial.

    Analysis of covariance of the change on the four arms, baseline and what the design adjusts for: the margin of a
    factor is the mean of its effects with and without the other, whether they interact or not.

    Parameters
    ----------
    design
        With `factorial`.
    trials
        All of one size.

    Returns
    -------
    list of pandas.DataFrame
        Columns ``margin, is_interaction, estimate, standard_error, degrees_of_freedom, ci_low, ci_high, p_value``
        (two-sided), ``shown`` (a benefit; of an interaction any), ``why_not``. Empty frames without `factorial`.
    """
    import pandas as pd

    if design.factorial is None:
        return [pd.DataFrame() for _ in trials]
    change = np.stack([_change(design, trial) for trial in trials])
    arms = np.stack([trial.assigned for trial in trials])
    column = score_column(design.endpoint.outcome)
    baseline = np.stack([trial.scores[:, 0, column] for trial in trials])
    further = np.stack([_further(design, trial) for trial in trials])
    counts = np.stack([(np.isfinite(change) & (arms == arm)).sum(axis=1) for arm in range(N_ARMS)], axis=1)
    fits = fit_repeated_measures(change[..., None], arms, baseline, further).fits
    by_arm = design.factorial.weights_of(tuple(design.arms))
    weights = np.zeros((N_MARGINS, fits.coefficients.shape[1]))
    weights[:, 1:N_ARMS] = np.array(list(by_arm.values()))[:, 1:]  # the first arm's mean cancels
    found = contrasts(fits, weights, level=design.level)
    z = design.benefit_sign * normal_of_t(found.statistic, found.degrees_of_freedom)
    critical = design.bounds().efficacy_z[-1]
    is_interaction = np.arange(N_MARGINS) == N_MARGINS - 1
    with np.errstate(invalid="ignore"):
        shown = np.where(is_interaction, np.abs(z) > critical, z > critical)
        rejected = np.where((design.sides is Sides.TWO) | is_interaction, np.abs(z) > critical, z > critical)
    frames = []
    for row in range(len(trials)):
        why_not = _TOO_FEW if counts[row].min() < 2 else found.reasons[row]
        made = np.nan if why_not else 1.0
        frames.append(
            pd.DataFrame(
                {
                    "margin": list(by_arm), "is_interaction": is_interaction,
                    "estimate": made * found.estimate[row], "standard_error": made * found.standard_error[row],
                    "degrees_of_freedom": made * found.degrees_of_freedom[row],
                    "ci_low": made * found.low[row], "ci_high": made * found.high[row],
                    "p_value": made * found.p_value[row], "shown": shown[row] & (not why_not),
                    "rejected": rejected[row] & (not why_not), "why_not": why_not,
                }
            )
        )  # fmt: skip
    return frames


def _change(design: Design, trial: Conducted) -> NDArray[np.float64]:
    """Return the change at the endpoint as the estimand has it, NaN where it is not known; dims ``patient``."""
    occasion, column = 1 + design.visits_months.index(design.endpoint.month), score_column(design.endpoint.outcome)
    known = known_endpoints(design, trial)
    change = np.where(known, trial.scores[:, :, column] - trial.scores[:, :1, column], np.nan)
    return changes_of(design.estimand, change, after_rescue(trial.rescued))[:, occasion]


def _further(design: Design, trial: Conducted) -> NDArray[np.float64]:
    if not design.adjust_for:
        return np.zeros((len(trial.assigned), 0))
    sites = None if trial.arrivals is None else trial.arrivals.sites
    return adjustment_columns(design.adjust_for, trial.people, sites, design.n_sites)


def margin_worlds(design: Design, worlds: Mapping[str, NDArray[Any]]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return two worlds for each margin and the interaction: the weighted arms that count for it, and those against.

    Parameters
    ----------
    worlds
        Arm → what each patient shows in it; any dims.

    Returns
    -------
    list
        Empty without `factorial`; else one pair each, whose difference is the margin of a patient.
    """
    if design.factorial is None:
        return []
    pairs = []
    for weights in design.factorial.weights_of(tuple(design.arms)).values():
        values = [weight * worlds[arm] for arm, weight in zip(design.arms, weights, strict=True)]
        plus = [value for value, weight in zip(values, weights, strict=True) if weight > 0]
        minus = [-value for value, weight in zip(values, weights, strict=True) if weight < 0]
        pairs.append((sum(plus[1:], plus[0]), sum(minus[1:], minus[0])))
    return pairs
