"""The margins and the interaction of a factorial trial: one analysis of all four arms, and the worlds of its truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import Sides, normal_of_t
from sciatrial.trial.analysis import KnownChanges, alike_trials, arm_contrasts, known_changes
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.factorial import N_ARMS
from sciatrial.trial.pairwise import STATISTICS

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
    by_arm = design.factorial.weights_of(tuple(design.arms))
    weights = np.array(list(by_arm.values()))
    known = [known_changes(design, trial, known_endpoints(design, trial)) for trial in trials]
    found = {name: np.full((len(trials), N_MARGINS), np.nan) for name in STATISTICS}
    why_not = [_TOO_FEW if _fewest_in_an_arm(item) < 2 else item.why_not(design) for item in known]
    for alike in alike_trials(design, known):
        places = [place for place in alike if not why_not[place]]
        if not places:
            continue
        estimates = arm_contrasts(design, [known[place] for place in places], weights)
        for name, values in found.items():
            values[places] = getattr(estimates, name)
        for place, reason in zip(places, estimates.reasons, strict=True):
            why_not[place] = reason
    z = design.benefit_sign * normal_of_t(found.pop("statistic"), found["degrees_of_freedom"])
    critical = design.bounds().efficacy_z[-1]
    is_interaction = np.arange(N_MARGINS) == N_MARGINS - 1
    with np.errstate(invalid="ignore"):
        shown = np.where(is_interaction, np.abs(z) > critical, z > critical)
        rejected = np.where((design.sides is Sides.TWO) | is_interaction, np.abs(z) > critical, z > critical)
    return [
        pd.DataFrame(
            {
                "margin": list(by_arm), "is_interaction": is_interaction, "estimate": found["estimate"][row],
                "standard_error": found["standard_error"][row],
                "degrees_of_freedom": found["degrees_of_freedom"][row], "ci_low": found["low"][row],
                "ci_high": found["high"][row], "p_value": found["p_value"][row], "shown": shown[row],
                "rejected": rejected[row], "why_not": why_not[row],
            }
        )
        for row in range(len(trials))
    ]  # fmt: skip


def _fewest_in_an_arm(known: KnownChanges) -> int:
    """Return the endpoints of the arm that has fewest."""
    arms = known.arms[np.isfinite(known.change[:, -1])]
    return int(np.bincount(arms, minlength=N_ARMS).min())


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
