"""Trials whose size is estimated anew on the way: conducted with as many patients as there may be, cut to their size.

Blinded: the spread of the first endpoints, arms unknown, sets the size; the analysis at the end is the usual one.
Unblinded: the first stage is everybody whose endpoint fell due by the look, the second one everybody else, whoever was
recruited and not yet observed at the look included. The look sees nothing of the second stage's patients, so that their
statistic is as good as independent of the size that the look chose; weights and bounds are those of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import (
    GroupSequentialDesign,
    PromisingZone,
    SizeRule,
    blinded_variance,
    conditional_power,
    conditional_power_sizes,
    promising_sizes,
    repeated_p_value,
    sizes_for_variance,
)
from sciatrial.trial.analysis import Effects, effects_seen
from sciatrial.trial.arm_intervals import combined_estimate
from sciatrial.trial.calendar import arrivals_known, endpoint_due, known_endpoints
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted, first_randomised
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue, changes_of
from sciatrial.trial.monitoring import FINAL, LOOK_COLUMNS, NAIVE, Decision, Monitored, monitor
from sciatrial.trial.reestimation import Reestimation, ReestimationKind, fewest_after_look

if TYPE_CHECKING:
    import pandas as pd

_Found = tuple[Effects, int]  # a batch of trials, and the place of one of them
_SMALLER, _SAME, _LARGER = "smaller", "as planned", "larger"
_STOPPED, _NEVER = "stopped at the look", "the look never came"
ZONES = ("unfavourable", "promising", "favourable", _SMALLER, _SAME, _LARGER, _STOPPED, _NEVER)


@dataclass(frozen=True)
class NewSize:
    """What a trial's size became: patients in all, why, and the conditional power with the planned and the new size."""

    patients: int
    zone: str
    conditional_power: float = nan
    new_conditional_power: float = nan


def resized(design: Design, rule: Reestimation, trials: Sequence[Conducted]) -> list[tuple[Conducted, Monitored]]:
    """Estimate the size of each trial anew, and analyse it.

    Parameters
    ----------
    design, rule
        The design and its `reestimation`.
    trials
        Conducted with as many patients as there may be at most.

    Returns
    -------
    list
        Each trial with those who were randomised in the end, and what was found.
    """
    if rule.kind is ReestimationKind.BLINDED:
        return _blinded(design, rule, trials)
    return _at_the_look(design, rule, trials)


def _blinded(design: Design, rule: Reestimation, trials: Sequence[Conducted]) -> list[tuple[Conducted, Monitored]]:
    found_sizes = [_blinded_size(design, rule, trial) for trial in trials]
    sizes = [size for size, _ in found_sizes]
    cut = [
        first_randomised(_resumed(design, trial, month), size.patients)
        for trial, (size, month) in zip(trials, found_sizes, strict=True)
    ]
    found = [monitor(design, [trial])[0] for trial in cut]  # trials of one size alone can be analysed together
    return [
        (trial, Monitored(mine.contrasts.assign(**_size_columns(design, size)), mine.looks))
        for trial, mine, size in zip(cut, found, sizes, strict=True)
    ]


def _resumed(design: Design, trial: Conducted, month: float) -> Conducted:
    """Return the trial with whoever is beyond the planned size recruited after the month at which the size is known."""
    arrivals, planned = arrivals_known(trial), design.size
    if planned >= len(trial.assigned):
        return trial
    months = arrivals.months.copy()
    months[planned:] += max(0.0, month - float(months[planned]))
    return replace(trial, arrivals=replace(arrivals, months=months))


def _blinded_size(design: Design, rule: Reestimation, trial: Conducted) -> tuple[NewSize, float]:
    """Return the size for the spread of the first endpoints of all patients together, and the month of that."""
    planned = first_randomised(trial, design.size)
    occasion, due = 1 + design.visits_months.index(design.endpoint.month), endpoint_due(design, planned)
    known = known_endpoints(design, planned)
    reached = np.sort(due[known[:, occasion]])
    target = rule.at_endpoints or 0
    if len(reached) < target:
        return NewSize(design.size, _NEVER), -1.0
    month = float(reached[target - 1])
    recruited = _recruited(planned, month)
    column = score_column(design.endpoint.outcome)
    seen = known & (due <= month)[:, None]
    baseline = planned.scores[:, 0, column]
    change = np.where(seen, planned.scores[:, :, column] - baseline[:, None], nan)
    variance = _given_baseline(
        changes_of(design.estimand, change, after_rescue(planned.rescued))[:, occasion], baseline
    )
    share = sum(design.expected_endpoints().values()) / design.size
    n_arm, n_control = design.expected_sizes().values()
    wanted = SizeRule(
        effect=rule.effect or 1.0, alpha=design.bounds().rules.alpha_of_a_side, beta=1 - rule.wanted_power,
        allocation=n_arm / n_control, smallest=1, largest=float(rule.most),
    )  # fmt: skip
    endpoints = float(sizes_for_variance(variance, wanted))
    patients = int(min(max(ceil(endpoints / share - 1e-9), rule.fewest(design.size), recruited), rule.most))
    return NewSize(patients, _change(patients, design.size)), month


def _given_baseline(change: NDArray[np.float64], baseline: NDArray[np.float64]) -> float:
    """Return the variance of the change given baseline, arms unknown: one degree of freedom goes to the slope."""
    seen = np.isfinite(change)
    y, x = change[seen], baseline[seen]
    if len(y) < 3 or np.ptp(x) == 0:
        return float(blinded_variance(y)[0])
    slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
    return float(blinded_variance(y - slope * x)[0]) * (len(y) - 1) / (len(y) - 2)


def _recruited(trial: Conducted, month: float) -> int:
    return int((arrivals_known(trial).months <= month).sum())


def _change(patients: int, planned: int) -> str:
    return _SAME if patients == planned else _LARGER if patients > planned else _SMALLER


@dataclass(frozen=True)
class _Interim:
    """One trial at its look: when, how many were recruited, what was found, the size that follows, what it decides."""

    month: float
    recruited: int
    found: _Found | None
    size: NewSize
    decision: Decision


def _at_the_look(design: Design, rule: Reestimation, trials: Sequence[Conducted]) -> list[tuple[Conducted, Monitored]]:
    months = [_month_of_look(design, first_randomised(trial, design.size)) for trial in trials]
    trials = [_resumed(design, trial, month) for trial, month in zip(trials, months, strict=True)]
    first = [
        known_endpoints(design, trial) & (endpoint_due(design, trial) <= month)[:, None]
        for trial, month in zip(trials, months, strict=True)
    ]
    early = effects_seen(design, trials, first)
    interims = [
        _interim(design, rule, trial, month, (early, row))
        for row, (trial, month) in enumerate(zip(trials, months, strict=True))
    ]
    everybody = [
        known_endpoints(design, trial) & (np.arange(len(trial.assigned)) < interim.size.patients)[:, None]
        for trial, interim in zip(trials, interims, strict=True)
    ]
    second = [
        known & (endpoint_due(design, trial) > interim.month)[:, None]
        for known, trial, interim in zip(everybody, trials, interims, strict=True)
    ]
    late, final = effects_seen(design, trials, second), effects_seen(design, trials, everybody)
    cut = [first_randomised(trial, interim.size.patients) for trial, interim in zip(trials, interims, strict=True)]
    return [
        (trial, _monitored(design, rule, trial, interim, (late, row), (final, row)))
        for row, (trial, interim) in enumerate(zip(cut, interims, strict=True))
    ]


def _month_of_look(design: Design, planned: Conducted) -> float:
    """Return when the look takes place; before all endpoints where it never comes."""
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    reached = np.sort(endpoint_due(design, planned)[known_endpoints(design, planned)[:, occasion]])
    target = design.look_endpoints()[0]
    return float(reached[target - 1]) if target < len(reached) else -1.0


def _interim(design: Design, rule: Reestimation, trial: Conducted, month: float, found: _Found) -> _Interim:
    bounds = design.bounds()
    if month < 0:
        return _Interim(month, 0, None, NewSize(design.size, _NEVER), Decision.CONTINUE)
    recruited = min(_recruited(trial, month), design.size)
    z = float(found[0].z[found[1], 0])
    if z > bounds.efficacy_z[0]:
        return _Interim(month, recruited, found, NewSize(recruited, _STOPPED), Decision.EFFICACY)
    if z < bounds.futility_z[0]:
        return _Interim(month, recruited, found, NewSize(recruited, _STOPPED), Decision.FUTILITY)
    n_first = int(found[0].n_arm[found[1], 0] + found[0].n_control[found[1], 0])
    size = new_size(design, rule, z, n_first, recruited) if isfinite(z) else NewSize(design.size, _SAME)
    return _Interim(month, recruited, found, size, Decision.CONTINUE)


def new_size(design: Design, rule: Reestimation, z: float, n_first: int, recruited: int) -> NewSize:
    """Return the size that follows a statistic at the look.

    Parameters
    ----------
    design, rule
        The design and its `reestimation`, not blinded.
    z
        Of the first stage, positive in favour of the arm.
    n_first, recruited
        Endpoints of the first stage, 1 or more; patients randomised by then, who all stay: the new conditional power is
        that of the size with them.
    """
    planned = sum(design.expected_endpoints().values())
    share = planned / design.size
    rest = max(planned - n_first, 1.0)
    largest = max(rule.most * share - n_first, rest)
    if rule.kind is ReestimationKind.PROMISING_ZONE:
        zone = PromisingZone(rule.lowest or 0.0, rule.wanted_target, largest)
        found = promising_sizes([z], design.bounds(), zone, first_stage=n_first, second_stage=rest)
    else:
        smallest = max(rule.fewest(design.size) * share - n_first, min(fewest_after_look(design), rest))
        found = conditional_power_sizes(
            [z], design.bounds(), rule.wanted_target, first_stage=n_first, second_stage=rest, smallest=smallest,
            largest=max(largest, smallest),
        )  # fmt: skip
    second = float(found.second_stage[0])
    patients = design.size if second == rest else ceil((n_first + second) / share - 1e-9)
    patients = min(max(patients, recruited), rule.most)
    used = rest if patients == design.size else max(patients * share - n_first, 1.0)
    power = float(found.conditional_power[0])
    new_power = conditional_power(design.bounds(), 1, z, stage_means=[z * sqrt(used / n_first)])
    where = _change(patients, design.size)
    if rule.kind is ReestimationKind.PROMISING_ZONE:
        where = (
            "promising" if found.is_promising[0] else "favourable" if power >= rule.wanted_target else "unfavourable"
        )
    return NewSize(patients, where, power, new_power)


def _monitored(
    design: Design, rule: Reestimation, trial: Conducted, interim: _Interim, late: _Found, final: _Found
) -> Monitored:
    """Return what a trial found: at the look where it stopped there, else at the end."""
    if interim.found is None:
        return _without_look(design, trial, interim)
    bounds, early = design.bounds(), interim.found
    is_over = interim.decision is not Decision.CONTINUE
    stages = [early] if is_over else [early, late]
    z = [_value(early, "z")]
    if not is_over:
        rate = bounds.information_rates[0]
        combined = np.sqrt(rate) * z[0] + np.sqrt(1 - rate) * _value(late, "z")
        z.append(_value(final, "z") if rule.is_ordinary else float(combined))
    decision = interim.decision
    if not is_over:
        decision = Decision.EFFICACY if z[1] > bounds.efficacy_z[1] else Decision.ENDED
    months = [interim.month, float(endpoint_due(design, trial).max())]
    looks = _look_rows(design, interim, z, (early, final), decision, months, len(trial.assigned))
    return Monitored(_contrast_rows(design, rule, trial, interim, z, stages, final, decision, months), looks)


def _without_look(design: Design, trial: Conducted, interim: _Interim) -> Monitored:
    """Return the analysis of a trial of the planned size that was looked at once."""
    found = monitor(design, [trial])[0]
    return Monitored(found.contrasts.assign(**_size_columns(design, interim.size)), found.looks)


def _value(found: _Found, name: str) -> float:
    return float(getattr(found[0], name)[found[1], 0])


def _size_columns(design: Design, size: NewSize) -> dict[str, Any]:
    return {
        "planned_patients": float(design.size), "new_size": float(size.patients) if size.zone != _STOPPED else nan,
        "conditional_power": size.conditional_power, "new_conditional_power": size.new_conditional_power,
        "zone": size.zone,
    }  # fmt: skip


def _contrast_rows(
    design: Design,
    rule: Reestimation,
    trial: Conducted,
    interim: _Interim,
    z: Sequence[float],
    stages: Sequence[_Found],
    final: _Found,
    decision: Decision,
    months: Sequence[float],
) -> pd.DataFrame:
    import pandas as pd

    comparison, bounds, place = design.compared()[0], design.bounds(), len(z) - 1
    shown_of = stages[0] if place == 0 else final
    n_arm, n_control = (int(_value(shown_of, name)) for name in ("n_arm", "n_control"))
    n_final = int(_value(final, "n_arm") + _value(final, "n_control"))
    naive = {name: _value(shown_of, column) for name, column in NAIVE.items()}
    why_not = str(shown_of[0].why_not[shown_of[1], 0])
    if place and not why_not and not isfinite(z[place]):  # there is an estimate, and no test
        why_not = f"second stage: {stages[-1][0].why_not[stages[-1][1], 0] or 'nothing to test'}"
    adjusted = _adjusted(design, bounds, [final] if rule.is_ordinary and place else stages, place)
    bound = bounds.efficacy_z[place]
    return pd.DataFrame(
        [
            {
                "comparison": comparison.name, "arm": comparison.arm, "control": comparison.control,
                "n_arm": n_arm, "n_control": n_control, **naive,
                "why_not": why_not, "decision": str(decision), "look": place + 1,
                "z": z[place], "efficacy_z": bound if isfinite(bound) else nan,
                "adjusted_estimate": adjusted[0], "adjusted_low": adjusted[1], "adjusted_high": adjusted[2],
                "adjusted_p_value": repeated_p_value(bounds, place + 1, z[place]) if isfinite(z[place]) else nan,
                "repeated_low": adjusted[1], "repeated_high": adjusted[2], "n_overrun": n_final - n_arm - n_control,
                **{f"final_{name}": _value(final, column) for name, column in FINAL.items()},
                "final_efficacy_z": nan, "n_randomised": len(trial.assigned), "months": months[place],
                **_size_columns(design, interim.size),
            }
        ]
    )  # fmt: skip


def _adjusted(
    design: Design, bounds: GroupSequentialDesign, stages: Sequence[_Found], place: int
) -> tuple[float, float, float]:
    """Return the effect at which the test's statistic is 0, and the two at which it is at its bound."""
    benefit = np.array([design.benefit_sign * _value(stage, "estimate") for stage in stages])
    error = np.array([_value(stage, "standard_error") for stage in stages])
    freedom = np.array([_value(stage, "degrees_of_freedom") for stage in stages])
    rates = np.array(bounds.information_rates[: place + 1])
    weights = np.sqrt(np.diff(rates, prepend=0.0) / rates[-1]) if len(stages) > 1 else np.ones(1)
    found = combined_estimate(benefit, error, freedom, weights, bounds.efficacy_z[place])
    low, high = sorted(design.benefit_sign * end for end in found[1:])
    return design.benefit_sign * found[0], low, high


def _look_rows(
    design: Design,
    interim: _Interim,
    z: Sequence[float],
    found: Sequence[_Found],
    decision: Decision,
    months: Sequence[float],
    n_patients: int,
) -> pd.DataFrame:
    import pandas as pd

    bounds, planned = design.bounds(), sum(design.expected_endpoints().values())
    rows = []
    for place, statistic in enumerate(z):
        effects = found[place]
        n_arm, n_control = (int(_value(effects, name)) for name in ("n_arm", "n_control"))
        bound, low = bounds.efficacy_z[place], bounds.futility_z[0] if place == 0 else nan
        rows.append(
            {
                "comparison": design.compared()[0].name, "look": place + 1,
                "information": (n_arm + n_control) / planned,
                "month": months[place], "n_recruited": interim.recruited if place == 0 else n_patients,
                "n_arm": n_arm, "n_control": n_control,
                **{name: _value(effects, name) for name in ("estimate", "standard_error")}, "z": statistic,
                "efficacy_z": bound if isfinite(bound) else nan, "futility_z": low if isfinite(low) else nan,
                "alpha_spent": bounds.alpha_spent[place],
                "decision": str(decision if place == len(z) - 1 else Decision.CONTINUE),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=LOOK_COLUMNS)
