"""What formulae say of a dose-finding trial before anything is simulated: contrasts, critical value, power by shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics import (
    DoseContrasts,
    dose_contrasts,
    dose_curve,
    dose_test_power,
    largest_t_quantile,
    search_grid,
)
from sciatrial.trial.design import Design
from sciatrial.trial.dose_finding import DoseFinding
from sciatrial.trial.planned import STANDARD_EFFECTS

if TYPE_CHECKING:
    import pandas as pd


def _asked(design: Design) -> DoseFinding:
    if design.dose_finding is None:
        raise TrialError("doses", Problem("dose_finding", "is missing", "a design that finds a dose"))
    return design.dose_finding


def _plan(design: Design) -> tuple[DoseContrasts, NDArray[np.float64], float]:
    """Return the planned contrasts, covariance (of a standard deviation of 1) and degrees of freedom."""
    asked = _asked(design)
    doses = asked.dose_arms(design.arms)
    endpoints = design.expected_endpoints()
    covariance = np.diag([1 / endpoints[arm] for arm in doses])
    freedom = max(1.0, sum(endpoints.values()) - len(endpoints) - 1)
    return (
        dose_contrasts([item.candidate for item in asked.candidates], list(doses.values()), covariance),
        covariance,
        freedom,
    )


def planned_contrasts(design: Design) -> pd.DataFrame:
    """Return the weight of each arm in each candidate's contrast, one row a candidate.

    Returns
    -------
    pandas.DataFrame
        ``candidate``, then one column an arm, the control first; for the endpoints that the plan expects.
    """
    import pandas as pd

    asked = _asked(design)
    weights = pd.DataFrame(_plan(design)[0].weights, columns=list(asked.dose_arms(design.arms)))
    weights.insert(0, "candidate", [item.candidate.in_words for item in asked.candidates])
    return weights


def planned_critical_value(design: Design) -> float:
    """Return what the largest statistic must pass, at the endpoints that the plan expects."""
    best, _, freedom = _plan(design)
    return largest_t_quantile(_asked(design).alpha, best.correlation, degrees_of_freedom=freedom)


def planned_dose_power(design: Design, effects: tuple[float, ...] = STANDARD_EFFECTS) -> pd.DataFrame:
    """Return how often the test shows a dose response, were it of each candidate's shape.

    Parameters
    ----------
    effects
        Largest effect over the control within the doses, in standard deviations of the change given baseline.

    Returns
    -------
    pandas.DataFrame
        Columns ``candidate, effect, power, error`` (twice the standard error of the numerical integration).
    """
    import pandas as pd

    asked = _asked(design)
    best, covariance, freedom = _plan(design)
    doses = np.array(list(asked.dose_arms(design.arms).values()))
    largest = float(doses.max())
    rows = []
    for item in asked.candidates:
        shape, guesses = item.candidate.shape, item.candidate.guesses
        start = dose_curve(shape, np.zeros(1), guesses, largest=largest)
        top = float((dose_curve(shape, search_grid(largest), guesses, largest=largest) - start).max())
        curve = (dose_curve(shape, doses, guesses, largest=largest) - start) / top
        for effect in effects:
            power, error = dose_test_power(
                effect * curve, covariance, best, alpha=asked.alpha, degrees_of_freedom=freedom
            )
            rows.append({"candidate": item.candidate.in_words, "effect": effect, "power": power, "error": error})
    return pd.DataFrame(rows)
