"""What formulae say of a design before anything is simulated: looks, sizes, powers, the R call that gives the same."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from sciatrial.statistics import (
    MeanComparison,
    Sides,
    characteristics,
    mean_power,
    mean_sample_size,
    rpact_call,
    stopping_at,
)
from sciatrial.trial.accrual import arrival_months
from sciatrial.trial.aims import EndpointMeasure, Strategy
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.planned_shares import (
    STANDARD_DIFFERENCES,
    control_share,
    detectable_difference,
    differences_at_bounds,
    possible_differences,
    r_of_shares,
    share_sizes,
)
from sciatrial.trial.platform_trial import platform_plan

if TYPE_CHECKING:
    import pandas as pd

STANDARD_EFFECTS = (0.2, 0.35, 0.5, 0.65, 0.8)


def planned_looks(design: Design) -> pd.DataFrame:
    """Return the plan of each comparison, one row a look.

    Returns
    -------
    pandas.DataFrame
        Columns ``comparison, look, information`` (share), ``endpoints_arm, endpoints_control`` (expected),
        ``month, recruited`` (expected; NaN without accrual), ``efficacy_z, futility_z``,
        ``nominal_alpha, alpha_spent`` (of both directions together where the design is two-sided, as `alpha`),
        ``beta_spent, effect_at_bound`` (in standard deviations of the change given baseline, normal; of responses as
        a difference of shares, of categories and hierarchies NaN),
        ``efficacy_null, futility_null`` (probability to stop there without an effect), ``efficacy_power,
        futility_power`` (at the effect that has the planned power). NaN where there is no such thing.
    """
    import pandas as pd

    bounds, found = design.bounds(), characteristics(design.bounds())
    null, at_effect = stopping_at(bounds, 0.0), found.stopping
    months, recruited = _expected_calendar(design)
    n_sides = 2 if design.sides is Sides.TWO else 1
    futility = _to_length(bounds.futility_z, bounds.n_looks)
    rows = []
    for comparison in design.compared():
        n_arm, n_control = _endpoints(design, comparison)
        at_bounds = _effects_at_bounds(design, n_arm, n_control)
        if design.platform is not None:  # each arm's own end; there is one look
            months = [platform_plan(design).closes[comparison.arm] + design.endpoint.month]
        for look in range(bounds.n_looks):
            rate, bound = bounds.information_rates[look], bounds.efficacy_z[look]
            rows.append(
                {
                    "comparison": comparison.name, "look": look + 1, "information": rate,
                    "endpoints_arm": rate * n_arm, "endpoints_control": rate * n_control,
                    "month": months[look], "recruited": recruited[look],
                    "efficacy_z": bound if isfinite(bound) else nan, "futility_z": futility[look],
                    "nominal_alpha": n_sides * bounds.stage_levels[look], "alpha_spent": bounds.alpha_spent[look],
                    "beta_spent": bounds.beta_spent[look] if bounds.beta_spent else nan,
                    "effect_at_bound": at_bounds[look],
                    "efficacy_null": float(null.efficacy[look]),
                    "futility_null": float(_to_length(null.futility, bounds.n_looks)[look]),
                    "efficacy_power": float(at_effect.efficacy[look]),
                    "futility_power": float(_to_length(at_effect.futility, bounds.n_looks)[look]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _effects_at_bounds(design: Design, n_arm: float, n_control: float) -> list[float]:
    bounds, measure = design.bounds(), design.endpoint.measure
    if measure is EndpointMeasure.RESPONSE:
        return differences_at_bounds(design, n_arm, n_control)
    if measure is not EndpointMeasure.CHANGE_FROM_BASELINE:
        return [nan] * bounds.n_looks
    roots = [sqrt(rate * n_arm * n_control / (n_arm + n_control)) for rate in bounds.information_rates]
    return [z / root if isfinite(z) else nan for z, root in zip(bounds.efficacy_z, roots, strict=True)]


def _to_length(interim: Sequence[float] | np.ndarray, n_looks: int) -> list[float]:
    """Return values of interim looks with NaN at the final one, and where there is no bound."""
    values = [float(value) if isfinite(value) else nan for value in interim]
    return [*values, *[nan] * (n_looks - len(values))]


def _endpoints(design: Design, comparison: Comparison) -> tuple[float, float]:
    planned = design.expected_endpoints()
    if design.platform is not None:
        own, beside = platform_plan(design).compared[comparison.arm]
        share = design.share_seen(design.endpoint.month)
        return share * own, share * beside
    return planned[comparison.arm], planned[comparison.control]


def _expected_calendar(design: Design) -> tuple[list[float], list[float]]:
    """Return month and number recruited at each look, dropouts as expected."""
    if design.accrual is None:
        return [nan], [float(design.size)]
    arrival = arrival_months(design.accrual, design.size)
    share = sum(design.expected_endpoints().values()) / design.size
    sizes = design.expected_sizes()
    of_all = sum(sizes[arm] for arm in design.deciding_arms()) / design.size
    places = [min(design.size, int(np.ceil(target / share / of_all))) - 1 for target in design.look_endpoints()]
    months = [float(arrival[place]) + design.endpoint.month for place in [*places, design.size - 1]]
    return months, [float((arrival <= month).sum()) for month in months]


def planned_sizes(design: Design, effects: Sequence[float] | None = None) -> pd.DataFrame:
    """Return power and sample size of each comparison at some effects.

    Parameters
    ----------
    design
        The design.
    effects
        Above 0: differences in standard deviations of the change given baseline, or in shares of responders; usual
        ones when left out.

    Returns
    -------
    pandas.DataFrame
        Columns ``comparison, effect, power`` (with the expected endpoints of this design), ``expected_endpoints`` (of
        both arms at the decision), ``endpoints_needed`` (of both arms for the planned power) and ``patients_needed``
        (randomised, dropout included), in the design's ratio. Two arms: Student's t, or the normal test of two shares,
        also where odds ratios are estimated. No row for categories and hierarchies: simulations tell their power.
    """
    import pandas as pd

    staying = sum(design.expected_endpoints().values()) / design.size
    asked = _effects_asked(design, effects)
    rows = []
    for comparison in design.compared():
        n_arm, n_control = _endpoints(design, comparison)
        for effect, power, expected, needed in zip(asked, *_sizes(design, asked, n_arm, n_control), strict=True):
            rows.append(
                {
                    "comparison": comparison.name, "effect": effect, "power": power, "expected_endpoints": expected,
                    "endpoints_needed": needed, "patients_needed": needed / staying,
                }
            )  # fmt: skip
    columns = ["comparison", "effect", "power", "expected_endpoints", "endpoints_needed", "patients_needed"]
    return pd.DataFrame(rows, columns=columns)


def _effects_asked(design: Design, effects: Sequence[float] | None) -> tuple[float, ...]:
    """Return effects of which a formula knows the power; none for categories and hierarchies."""
    measure = design.endpoint.measure
    if measure is EndpointMeasure.RESPONSE:
        return possible_differences(design, STANDARD_DIFFERENCES if effects is None else effects)
    if measure is EndpointMeasure.CHANGE_FROM_BASELINE:
        return tuple(STANDARD_EFFECTS if effects is None else effects)
    return ()


def _sizes(
    design: Design, effects: Sequence[float], n_arm: float, n_control: float
) -> tuple[list[float], list[float], list[float]]:
    """Return power, expected endpoints and endpoints needed at each effect."""
    if design.endpoint.measure is EndpointMeasure.RESPONSE:
        return share_sizes(design, effects, n_arm, n_control)
    bounds, means = design.bounds(), MeanComparison(sd=1.0, allocation=n_arm / n_control)
    power = mean_power(bounds, means, effects, n_arm + n_control)
    needed = [mean_sample_size(bounds, means, effect).n_max for effect in effects]
    return power.power.tolist(), power.expected_n.tolist(), needed


def r_of_design(design: Design, effects: Sequence[float] | None = None) -> str:
    """Return R code with which rpact gives the same bounds and, where a formula knows them, sizes and powers."""
    asked = _effects_asked(design, effects)
    told = ", ".join(f"{effect:g}" for effect in asked)
    lines = [f"design <- {rpact_call(design.bounds())}", "design"]
    if design.multiplicity is not None and asked:
        method = design.multiplicity.method.replace("_", " ")
        lines.append(f"# each comparison as if it had all of alpha: {method} shares it, which rpact does not simulate")
    if design.sides is Sides.TWO and asked:
        lines.append("# two-sided: rpact's power counts findings in either direction, ours those of a benefit")
    for comparison in design.compared() if asked else ():
        n_arm, n_control = _endpoints(design, comparison)
        if design.endpoint.measure is EndpointMeasure.RESPONSE:
            lines += [_r_comment(comparison), *r_of_shares(design, n_arm, n_control, asked)]
            continue
        shared = f"alternative = c({told}), stDev = 1, allocationRatioPlanned = {n_arm / n_control:.12g}"
        lines += [
            _r_comment(comparison),
            f"rpact::getSampleSizeMeans(design, {shared})",
            f"rpact::getPowerMeans(design, {shared}, maxNumberOfSubjects = {n_arm + n_control:.12g})",
        ]
    return "\n".join(lines)


def _r_comment(comparison: Comparison) -> str:
    """Return the comparison as a comment of one line: what a study file calls an arm must not become code."""
    return f"# {' '.join(comparison.name.split())}"


def plan_in_words(design: Design) -> str:
    """Return what the formulae say, and what they leave out."""
    strategy = design.estimand.rescue
    found, bounds = characteristics(design.bounds()), design.bounds()
    sides = "two-sided" if design.sides is Sides.TWO else "one-sided"
    looks = f"{bounds.n_looks} look{'s' if bounds.n_looks > 1 else ''}"
    return (
        f"{looks}, {sides} alpha {design.alpha:g} for {_of_what(design)}. {_detectable(design)}Largest size × "
        f"{found.inflation_factor:.3f} of a fixed design's; expected information {found.expected_ratio_null:.0%} of it "
        f"without an effect, {found.expected_ratio_alternative:.0%} at that difference."
        f"{_WITHOUT_RESCUE[strategy]}{_assumed(design)}"
    )


def _of_what(design: Design) -> str:
    """Return for what the error holds."""
    if design.multiplicity is None:
        return "each comparison"
    return (
        f"all comparisons together ({design.multiplicity.method.replace('_', ' ')}); what follows is for one "
        "comparison that has all of it, and simulations tell the power of all"
    )


def _detectable(design: Design) -> str:
    """Return the effect that is found with the planned power."""
    bounds, measure = design.bounds(), design.endpoint.measure
    if measure not in (EndpointMeasure.CHANGE_FROM_BASELINE, EndpointMeasure.RESPONSE):
        return "No formula here gives the power of this analysis: simulate it. "
    is_share, told = measure is EndpointMeasure.RESPONSE, []
    for comparison in design.compared():
        n_arm, n_control = _endpoints(design, comparison)
        effect = characteristics(bounds).drift / sqrt(n_arm * n_control / (n_arm + n_control))
        if is_share:
            effect = detectable_difference(design, n_arm, n_control)
        told.append(f"{comparison.name} {effect:.2f}" if isfinite(effect) else f"{comparison.name} none")
    unit = (
        f"in shares of responders, {control_share(design):g} in the control (assumption), "
        if is_share
        else "in standard deviations of the change given baseline, "
    )
    return f"Power {1 - bounds.rules.beta:.0%} at a difference, {unit}of {', '.join(told)}. "


def _assumed(design: Design) -> str:
    """Return what a hypothetical estimand assumes where rescue follows another score than the analysis sees."""
    rescue, outcome = design.rescue, design.endpoint.outcome
    if rescue is None or design.estimand.rescue is not Strategy.HYPOTHETICAL or rescue.score is outcome:
        return ""
    score, seen = (str(word).replace("_", " ") for word in (rescue.score, outcome))
    return (
        f" Assumption: rescue follows {score}, which the analysis of {seen} does not see, so that scores after "
        "rescue are missing at random only as far as one tells the other."
    )


_WITHOUT_RESCUE = {
    Strategy.TREATMENT_POLICY: "",
    Strategy.HYPOTHETICAL: (
        " Rescue is not in this plan: an endpoint after it is left out, so that looks come later, information falls "
        "short and the power is smaller."
    ),
    Strategy.COMPOSITE: (
        " Rescue is not in this plan: endpoints of those rescued before they leave count as well, and every one after "
        "rescue is a failure, so that spread and difference are others."
    ),
    Strategy.WHILE_ON_TREATMENT: (
        " Rescue is not in this plan: endpoints of those rescued before they leave count as well, by their last score "
        "before rescue, so that spread and difference are others."
    ),
    Strategy.PRINCIPAL_STRATUM: (
        " Rescue is not in this plan: whoever takes it before the endpoint is left out, so that looks come later, "
        "information falls short and the power is smaller; those without rescue in their own arm are not the stratum, "
        "so that the analysis is biased for it."
    ),
}
