"""What a re-estimated size is worth before any patient is simulated: the size after each result, power, endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import SizeRule, rpact_call, sizes_for_variance
from sciatrial.trial.design import Design
from sciatrial.trial.new_size import new_size
from sciatrial.trial.reestimation import Reestimation, ReestimationKind
from sciatrial.trial.summaries import mean_of, share_of

if TYPE_CHECKING:
    import pandas as pd

_EFFECTS = (0.0, 0.35, 0.5, 0.65, 0.8)
_SPREADS = (10.0, 15.0, 20.0, 25.0, 30.0)
_Z = np.round(np.arange(0.0, 3.01, 0.1), 10)
_STEP = 0.001
_GRID = np.arange(-1.0, 4.0, _STEP)
_N_TRIALS = 20_000


def planned_new_sizes(design: Design) -> pd.DataFrame:
    """Return the size that follows each result.

    Returns
    -------
    pandas.DataFrame
        Blinded: ``spread`` (standard deviation of the change given baseline, points) and ``patients``. Else ``z`` at
        the look, ``conditional_power`` with the planned size, ``new_conditional_power``, ``patients``, ``zone``. Empty
        for a design that keeps its size.
    """
    import pandas as pd

    rule = design.reestimation
    if rule is None:
        return pd.DataFrame()
    if rule.kind is ReestimationKind.BLINDED:
        return pd.DataFrame({"spread": _SPREADS, "patients": [_blinded_patients(design, rule, sd) for sd in _SPREADS]})
    n_first, recruited = design.look_endpoints()[0], 0
    rows = []
    for z in _Z[(design.bounds().efficacy_z[0] >= _Z) & (design.bounds().futility_z[0] <= _Z)]:
        size = new_size(design, rule, float(z), n_first, recruited)
        rows.append(
            {
                "z": z, "conditional_power": size.conditional_power,
                "new_conditional_power": size.new_conditional_power, "patients": size.patients, "zone": size.zone,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _blinded_patients(design: Design, rule: Reestimation, spread: float) -> int:
    share = sum(design.expected_endpoints().values()) / design.size
    n_arm, n_control = design.expected_sizes().values()
    wanted = SizeRule(
        effect=rule.effect or 1.0, alpha=design.bounds().rules.alpha_of_a_side, beta=1 - rule.wanted_power,
        allocation=n_arm / n_control, smallest=1, largest=float(rule.most),
    )  # fmt: skip
    needed = float(sizes_for_variance(spread**2, wanted)) / share
    return int(min(max(np.ceil(needed - 1e-9), rule.fewest(design.size)), rule.most))


def reestimation_plan(
    design: Design, effects: Sequence[float] | None = None, *, n_trials: int = _N_TRIALS, seed: int = 1
) -> pd.DataFrame:
    """Return power and expected endpoints of a size that follows the look, beside those of the size as planned.

    Every endpoint counts as known once its patient is recruited, and the spread as known.

    Parameters
    ----------
    design
        With a `reestimation` that is not blinded; of others, nothing is returned.
    effects
        Benefits, in standard deviations of the change given baseline, 0 or more; usual ones when left out.
    n_trials, seed
        1 or more simulated trials; the same seed gives the same trials.

    Returns
    -------
    pandas.DataFrame
        Columns ``effect, power, power_as_planned, expected_endpoints, endpoints_as_planned, grew``, each but the first
        with ``_se``, its Monte-Carlo standard error.
    """
    import pandas as pd

    rule = design.reestimation
    if rule is None or rule.kind is ReestimationKind.BLINDED:
        return pd.DataFrame()
    rows, sizes = [], _sizes_by_z(design, rule)
    for effect in _EFFECTS if effects is None else effects:
        found = _simulated(design, rule, effect, n_trials, seed, sizes)
        row: dict[str, Any] = {"effect": effect}
        for name, (value, error, _) in found.items():
            row[name], row[f"{name}_se"] = value, error
        rows.append(row)
    return pd.DataFrame(rows)


def _simulated(
    design: Design, rule: Reestimation, effect: float, n_trials: int, seed: int, sizes_by_z: NDArray[np.float64]
) -> dict[str, tuple[float, float, int]]:
    bounds, planned = design.bounds(), sum(design.expected_endpoints().values())
    n_arm, n_control = design.expected_sizes().values()
    unit = effect * np.sqrt(n_arm * n_control) / (n_arm + n_control)  # mean of z for each root of endpoints
    generator = np.random.default_rng(seed)
    luck = generator.standard_normal((n_trials, 2))
    first_n, share = float(design.look_endpoints()[0]), planned / design.size
    first = unit * np.sqrt(first_n) + luck[:, 0]
    stops = (first > bounds.efficacy_z[0]) | (first < bounds.futility_z[0])
    sizes = sizes_by_z[np.clip(np.round((first - _GRID[0]) / _STEP).astype(int), 0, len(_GRID) - 1)]
    second_n = np.maximum(sizes * share - first_n, 1.0)
    rate = bounds.information_rates[0]

    def shown(rest: NDArray[np.float64] | float, *, is_ordinary: bool) -> NDArray[np.bool_]:
        second = unit * np.sqrt(rest) + luck[:, 1]
        first_share = first_n / (first_n + rest) if is_ordinary else rate
        z = np.sqrt(first_share) * first + np.sqrt(1 - first_share) * second
        return np.where(stops, first > bounds.efficacy_z[0], z > bounds.efficacy_z[1])

    whole = np.where(stops, first_n, first_n + second_n)
    return {
        "power": share_of(shown(second_n, is_ordinary=rule.is_ordinary)),
        "power_as_planned": share_of(shown(planned - first_n, is_ordinary=False)),
        "expected_endpoints": mean_of(whole),
        "endpoints_as_planned": mean_of(np.where(stops, first_n, planned)),
        "grew": share_of(~stops & (sizes > design.size)),
    }


def _sizes_by_z(design: Design, rule: Reestimation) -> NDArray[np.float64]:
    """Return patients in all that follow each statistic of the grid."""
    n_first = design.look_endpoints()[0]
    return np.array([new_size(design, rule, float(z), n_first, 0).patients for z in _GRID], dtype=float)


def reestimation_in_words(design: Design) -> str:
    """Return what a re-estimated size is worth, as sentences."""
    rule = design.reestimation
    if rule is None:
        return ""
    sizes = planned_new_sizes(design)
    if rule.kind is ReestimationKind.BLINDED:
        told = ", ".join(f"{row['patients']:.0f} at {row['spread']:g}" for row in sizes.to_dict("records"))
        return (
            f"Size anew at {rule.at_endpoints} endpoints, arms unknown: patients by standard deviation: {told} points."
        )
    lines = ["Size anew at the look; simulated statistics, every endpoint known at once, ± Monte-Carlo standard error."]
    for row in reestimation_plan(design).to_dict("records"):
        lines.append(
            f"{row['effect']:g} SD: {'error' if row['effect'] == 0 else 'power'} {_share(row, 'power')}, "
            f"{_share(row, 'power_as_planned')} as planned; {row['expected_endpoints']:.0f} endpoints, "
            f"{row['endpoints_as_planned']:.0f} as planned; grows in {_share(row, 'grew')}"
        )
    told = "; ".join(
        f"z {row['z']:.1f}: {100 * row['conditional_power']:.0f} %, {row['patients']:.0f} patients"
        for row in sizes.to_dict("records")
        if round(10 * row["z"]) % 3 == 0
    )
    return "\n".join([*lines, f"Conditional power as planned, and the new size: {told}."])


def _share(row: dict[str, Any], name: str) -> str:
    return f"{100 * row[name]:.1f} ± {100 * row[f'{name}_se']:.1f} %"


def r_of_reestimation(design: Design, effects: Sequence[float] | None = None) -> str:
    """Return R code with which rpact simulates the same; "" for a design that keeps its size."""
    rule = design.reestimation
    if rule is None:
        return ""
    if rule.kind is ReestimationKind.BLINDED:
        return "# rpact re-estimates no blinded size"
    if rule.is_ordinary:
        return "# rpact combines stages: the ordinary statistic after a change of size is not in it"
    planned = sum(design.expected_endpoints().values())
    first, share = float(design.look_endpoints()[0]), planned / design.size
    n_arm, n_control = design.expected_sizes().values()
    least = first + 1 if rule.kind is ReestimationKind.PROMISING_ZONE else rule.fewest(design.size) * share
    told = ", ".join(f"{effect:g}" for effect in (_EFFECTS if effects is None else effects))
    zone = ""
    if rule.kind is ReestimationKind.PROMISING_ZONE:
        zone = (
            "  calcSubjectsFunction = function(..., stage, plannedSubjects, maxNumberOfSubjectsPerStage,\n"
            "      allocationRatioPlanned, conditionalPower, conditionalCriticalValue, thetaH1, stDevH1) {\n"
            "    r <- allocationRatioPlanned[stage]; unit <- (1 + r)^2 / r; theta <- max(1e-12, thetaH1 / stDevH1)\n"
            "    planned <- plannedSubjects[2] - plannedSubjects[1]\n"
            "    power <- 1 - pnorm(conditionalCriticalValue - theta * sqrt(planned / unit))\n"
            f"    if (power < {rule.lowest:g} || power >= conditionalPower) return(planned)\n"
            "    needed <- ceiling(unit * max(0, conditionalCriticalValue + qnorm(conditionalPower))^2 / theta^2)\n"
            "    max(planned, min(needed, maxNumberOfSubjectsPerStage[2]))\n"
            "  },\n"
        )
    return (
        f"design <- {rpact_call(design.bounds()).replace('GroupSequential', 'InverseNormal')}\n"
        "rpact::getSimulationMeans(design, groups = 2, normalApproximation = TRUE, stDev = 1,\n"
        f"  alternative = c({told}),\n"
        f"  plannedSubjects = c({first:.12g}, {planned:.12g}),\n"
        f"  minNumberOfSubjectsPerStage = c({first:.12g}, {max(least - first, 1):.12g}),\n"
        f"  maxNumberOfSubjectsPerStage = c({first:.12g}, {rule.most * share - first:.12g}),\n"
        f"  conditionalPower = {rule.wanted_target:g}, allocationRatioPlanned = {n_arm / n_control:.12g},\n"
        f"{zone}  maxNumberOfIterations = 20000, seed = 1)"
    )
