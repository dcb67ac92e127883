"""What is known of a trial's course before anything is simulated: updates, arms that come and go, power at margins."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sciatrial.statistics import characteristics
from sciatrial.trial.accrual import arrival_months
from sciatrial.trial.adapted import update_periods
from sciatrial.trial.platform_trial import platform_plan

if TYPE_CHECKING:
    from sciatrial.trial.design import Design
    from sciatrial.trial.response_adaptive import ResponseAdaptive


def course_in_words(design: Design) -> list[str]:
    """Return what the plan says of updates, of arms that come and go, of factors and of a time trend; a line each."""
    told = []
    if design.response_adaptive is not None:
        told.append(_updates(design, design.response_adaptive))
    if design.platform is not None:
        told += _arms_over_time(design)
    if design.factorial is not None:
        told.append(_margins(design))
    if design.time_trend is not None:
        score = str(design.endpoint.outcome).replace("_", " ")
        told.append(f"Time trend (assumption): {design.time_trend.in_words(score)}; no formula here knows it.")
    return told


def _updates(design: Design, rule: ResponseAdaptive) -> str:
    months = np.arange(design.size, dtype=float)
    if design.accrual is not None:
        months = arrival_months(design.accrual, design.size)
    periods = update_periods(rule, months)
    starts = np.flatnonzero(np.diff(periods, prepend=0) > 0)
    judged = rule.judged_at(design)
    known = [design.share_seen(judged) * int((months[:start] + judged <= months[start]).sum()) for start in starts]
    first, last = (
        f"patient {start + 1} (month {months[start]:.1f}, some {values:.0f} values of month {judged:g} known)"
        for start, values in ((starts[0], known[0]), (starts[-1], known[-1]))
    )
    told = f"Response-adaptive: {len(starts)} updates, with {first} to {last}. "
    late = f"{(months + judged <= months[-1]).sum()} of {design.size} patients are known before the last one comes. "
    return f"{told}{late}Sizes and powers above are those of the ratio, had nothing been adapted: simulate the rest."


def _arms_over_time(design: Design) -> list[str]:
    plan, last = platform_plan(design), design.endpoint.month
    told = [
        f"Platform: {plan.n_patients} patients, the last in month {plan.months:.1f}. Expected of each arm, and powers "
        "above against the controls beside it:"
    ]
    for arm, (own, beside) in plan.compared.items():
        opens, closes = plan.opens[arm], plan.closes[arm]
        told.append(
            f"  {arm}: months {opens:.1f} to {closes:.1f}, {own:.0f} patients and {beside:.0f} controls beside it, its "
            f"last endpoint in month {closes + last:.1f}"
        )
    return told


def _margins(design: Design) -> str:
    """Return the difference that is found with the planned power at each margin, and of the interaction."""
    factorial, sizes = design.factorial, design.expected_endpoints()
    if factorial is None:
        return ""
    bounds, told = design.bounds(), []
    drift = characteristics(bounds).drift
    for name, weights in factorial.weights_of(tuple(design.arms)).items():
        variance = sum(weight**2 / sizes[arm] for arm, weight in zip(design.arms, weights, strict=True))
        told.append(f"{name} {drift * sqrt(variance):.2f}")
    return (
        f"Factorial: power {1 - bounds.rules.beta:.0%} at a difference, in standard deviations of the change given "
        f"baseline, of {', '.join(told)} (the last: the interaction). Only without it is a margin a factor's effect."
    )
