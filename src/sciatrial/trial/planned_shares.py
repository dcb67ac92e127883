"""What formulae say of a trial that is judged by shares of responders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import root_scalar

from sciatrial.statistics import (
    GroupSequentialDesign,
    ProportionComparison,
    proportion_power,
    proportion_sample_size,
)
from sciatrial.trial.design import Design

STANDARD_DIFFERENCES = (0.1, 0.15, 0.2, 0.25, 0.3)
# an assumption without a source, told as one; for formulae alone, where the study tells no share of the control
ASSUMED_CONTROL_SHARE = 0.3
_NEAR = 1e-6


def control_share(design: Design) -> float:
    """Return the share of responders in the control that formulae suppose."""
    told = design.endpoint.control_share
    return ASSUMED_CONTROL_SHARE if told is None else told


def possible_differences(design: Design, differences: Sequence[float]) -> tuple[float, ...]:
    """Return those differences that leave somebody in the arm who does not respond."""
    return tuple(value for value in differences if control_share(design) + value < 1)


def share_sizes(
    design: Design, differences: Sequence[float], n_arm: float, n_control: float
) -> tuple[list[float], list[float], list[float]]:
    """Return power, expected endpoints and endpoints needed at each difference of shares.

    Parameters
    ----------
    design
        The design.
    differences
        Arm less control, above 0, from `possible_differences`.
    n_arm, n_control
        Expected endpoints.
    """
    bounds, second = design.bounds(), control_share(design)
    shares = ProportionComparison(second, allocation=n_arm / n_control)
    firsts = [second + difference for difference in differences]
    power = proportion_power(bounds, shares, firsts, n_arm + n_control)
    needed = [proportion_sample_size(bounds, shares, first).n_max for first in firsts]
    return power.power.tolist(), power.expected_n.tolist(), needed


def differences_at_bounds(design: Design, n_arm: float, n_control: float) -> list[float]:
    """Return the difference of shares at which z is on the efficacy bound of each look; NaN where there is none."""
    bounds, second = design.bounds(), control_share(design)
    shares = ProportionComparison(second, allocation=n_arm / n_control)
    return proportion_power(bounds, shares, [second], n_arm + n_control).critical_effects.tolist()


def detectable_difference(design: Design, n_arm: float, n_control: float) -> float:
    """Return the difference of shares that is found with the planned power; NaN where none is."""
    bounds: GroupSequentialDesign = design.bounds()
    second = control_share(design)
    shares = ProportionComparison(second, allocation=n_arm / n_control)

    def miss(difference: float) -> float:
        found = proportion_power(bounds, shares, [second + difference], n_arm + n_control)
        return float(found.power[0]) - (1 - bounds.rules.beta)

    largest = 1 - second - _NEAR
    return float(root_scalar(miss, bracket=(_NEAR, largest), xtol=1e-6).root) if miss(largest) > 0 else float(np.nan)


def r_of_shares(design: Design, n_arm: float, n_control: float, differences: Sequence[float]) -> list[str]:
    """Return the lines of R with which rpact gives the same sizes and powers."""
    second = control_share(design)
    told = ", ".join(f"{second + difference:.12g}" for difference in differences)
    shared = f"pi1 = c({told}), pi2 = {second:.12g}, allocationRatioPlanned = {n_arm / n_control:.12g}"
    return [
        f"rpact::getSampleSizeRates(design, {shared})",
        f"rpact::getPowerRates(design, {shared}, maxNumberOfSubjects = {n_arm + n_control:.12g})",
    ]
