"""What a design costs and finds: drift, inflation, expected information, and where it stops at any effect.

Source: Jennison and Turnbull 2000, chapters 2 and 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtri

from sciatrial.statistics.boundaries import drift_for
from sciatrial.statistics.design import GroupSequentialDesign, Sides, refuse, share_problem
from sciatrial.statistics.integration import stopping_shares


@dataclass(frozen=True)
class Stopping:
    """Where a design stops at one drift.

    Parameters
    ----------
    efficacy
        Probability to stop at each look for efficacy in the direction of positive z, shape (look,).
    futility
        Probability to stop at each interim look for futility, shape (look − 1,).
    other_direction
        Probability to stop at each look for efficacy in the other direction, shape (look,); 0 in one-sided designs.
    expected_information
        Expected share of full information at the end.
    """

    efficacy: np.ndarray
    futility: np.ndarray
    other_direction: np.ndarray
    expected_information: float

    @property
    def power(self) -> float:
        """Probability to find the effect in the direction of positive z."""
        return float(self.efficacy.sum())

    @property
    def early(self) -> float:
        """Probability to stop before the last look."""
        return float(self.efficacy[:-1].sum() + self.futility.sum() + self.other_direction[:-1].sum())


@dataclass(frozen=True)
class Characteristics:
    """What a design needs for its power, beside a fixed design.

    Parameters
    ----------
    fixed_information
        Squared drift of the fixed design of the same errors.
    drift
        Mean of z at full information at which the power is 1 − beta.
    inflation_factor
        Largest information over that of the fixed design.
    stopping
        Where it stops at that drift.
    expected_ratio_null, expected_ratio_between, expected_ratio_alternative
        Expected information over that of the fixed design: no effect, half the effect, the effect.
    """

    fixed_information: float
    drift: float
    inflation_factor: float
    information: np.ndarray
    stopping: Stopping
    expected_ratio_null: float
    expected_ratio_between: float
    expected_ratio_alternative: float


def stopping_at(design: GroupSequentialDesign, drift: float) -> Stopping:
    """Return where a design stops when the mean of z at full information is `drift` (any number).

    Every bound counts, futility too when it is non-binding: this is what happens when the rules are followed.
    """
    rates = np.array(design.information_rates)
    below, above = stopping_shares(rates, design.lower_z, np.array(design.efficacy_z), drift)
    early = (below + above)[:-1]
    expected = float(1 - ((1 - rates[:-1]) * early).sum())
    if design.rules.sides is Sides.TWO:
        return Stopping(above, np.zeros(len(early)), below, expected)
    return Stopping(above, below[:-1], np.zeros(len(rates)), expected)


def drift_for_power(design: GroupSequentialDesign, power: float | None = None) -> float:
    """Return the mean of z at full information at which a design has a power.

    Parameters
    ----------
    design
        Any design.
    power
        Above 0 and below 1; left out, 1 − beta of the design. In two-sided designs, of the direction of the effect.

    Raises
    ------
    TrialError
        When `power` is not above 0 and below 1.
    """
    if power is None and design.drift is not None:
        return design.drift
    wanted = 1 - design.rules.beta if power is None else power
    refuse("drift for a power", share_problem("power", wanted))
    start = sqrt(fixed_information(design, wanted))
    return drift_for(wanted, lambda drift: stopping_at(design, drift).power, start)


def fixed_information(design: GroupSequentialDesign, power: float | None = None) -> float:
    """Return the squared drift at which one look of the same alpha has `power`, by default 1 − beta of the design."""
    wanted = 1 - design.rules.beta if power is None else power
    return float(ndtri(wanted) - ndtri(design.rules.alpha_of_a_side)) ** 2


def characteristics(design: GroupSequentialDesign) -> Characteristics:
    """Return what a design needs for its power, and its expected information relative to a fixed design."""
    drift = drift_for_power(design)
    fixed = fixed_information(design)
    inflation = drift**2 / fixed
    at_drift = stopping_at(design, drift)
    return Characteristics(
        fixed_information=fixed,
        drift=drift,
        inflation_factor=inflation,
        information=drift**2 * np.array(design.information_rates),
        stopping=at_drift,
        expected_ratio_null=stopping_at(design, 0.0).expected_information * inflation,
        expected_ratio_between=stopping_at(design, drift / 2).expected_information * inflation,
        expected_ratio_alternative=at_drift.expected_information * inflation,
    )
