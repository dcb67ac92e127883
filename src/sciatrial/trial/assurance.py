"""Where assurance comes from: power as a function of the true effect, and how probable each true effect is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sciatrial.foundation import Problem, Score, TrialError
from sciatrial.statistics import fit_logistic, log_odds_contrasts
from sciatrial.trial.aims import EndpointMeasure
from sciatrial.trial.decisions import TrueEffect
from sciatrial.trial.monitoring import Decision
from sciatrial.trial.results import OperatingCharacteristics
from sciatrial.trial.summaries import COULD_NOT_ENROL, mean_of, share_of

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
_POINTS = 121


@dataclass(frozen=True, eq=False)
class AssuranceCurve:
    """Power over the true effect, and the true effects that the drawn trials met.

    Attributes
    ----------
    comparison
        ``arm vs control``.
    benefits
        True benefit of each drawn trial, in the summary measure, above 0 in favour of the arm; dims ``trial``.
    shown
        Whether that trial showed a benefit; dims ``trial``.
    grid
        True benefits from the smallest to the largest that was met; dims ``point``.
    power, low, high
        Logistic curve of `shown` over `benefits`, and its pointwise 95 % band; dims ``point``. NaN where there is none.
    assurance, monte_carlo_se
        Share of these trials that showed a benefit. It is the mean of the curve over `benefits`, exactly.
    why_not
        Why there is no curve; "" where there is.
    """

    comparison: str
    benefits: Floats
    shown: NDArray[np.bool_]
    grid: Floats
    power: Floats
    low: Floats
    high: Floats
    assurance: float
    monte_carlo_se: float
    why_not: str


def assurance_curve(operating: OperatingCharacteristics, comparison: str) -> AssuranceCurve:
    """Fit power as a function of the true effect to the trials that meet draws of the prior or posterior.

    Every trial has its own draw, so its own true effect; whether it shows a benefit is regressed on that. A logistic
    curve with a constant has the observed share as its mean over the trials: the curve, weighed with the distribution
    of the true effect, is the assurance.

    Parameters
    ----------
    operating
        Many simulated trials.
    comparison
        ``arm vs control``.

    Returns
    -------
    AssuranceCurve
        Without a curve, and with the reason, where fewer than two trials enrolled, where all or none showed a benefit,
        or where the true effect tells one from the other without fail.

    Raises
    ------
    TrialError
        When there is no such comparison.
    """
    mine = _drawn(operating, comparison)
    benefits = _sign(operating.endpoint) * mine["truth"].to_numpy(dtype=float)
    shown = (mine["decision"] == Decision.EFFICACY).to_numpy(dtype=bool)
    share, error, n = share_of(shown)
    if n < 2:
        nothing = np.empty(0)
        return AssuranceCurve(
            comparison, benefits, shown, nothing, nothing, nothing, nothing, share, error, "too few trials"
        )
    grid = np.linspace(benefits.min(), benefits.max(), _POINTS)
    scale = float(benefits.std()) or 1.0
    fits = fit_logistic(shown.astype(float), np.stack([np.ones(n), benefits / scale], axis=1))
    found = log_odds_contrasts(fits, np.stack([np.ones(_POINTS), grid / scale], axis=1))
    power, low, high = (expit(values[0]) for values in (found.estimate, found.low, found.high))
    return AssuranceCurve(comparison, benefits, shown, grid, power, low, high, share, error, fits.reasons[0])


def _sign(endpoint: Mapping[str, Any]) -> float:
    """Return 1 where a true effect above 0 is a benefit, -1 where one below 0 is."""
    is_of_means = endpoint["measure"] == EndpointMeasure.CHANGE_FROM_BASELINE
    return -1.0 if is_of_means and endpoint["outcome"] != Score.QUALITY_OF_LIFE else 1.0


def assurance_parts(operating: OperatingCharacteristics, comparison: str) -> pd.DataFrame:
    """Return what true effects that matter, that do not, and that are none contribute to the assurance.

    Parameters
    ----------
    operating, comparison
        As in `assurance_curve`.

    Returns
    -------
    pandas.DataFrame
        One row a kind of `TrueEffect` that was met: ``true_effect, n_trials, probability, power`` (share of its trials
        that show a benefit), ``contribution`` (probability × power; they add up to the assurance), each of the last
        three with its Monte-Carlo standard error, ``…_se``.

    Raises
    ------
    TrialError
        When there is no such comparison.
    """
    import pandas as pd

    mine = _drawn(operating, comparison)
    shown = (mine["decision"] == Decision.EFFICACY).to_numpy(dtype=bool)
    rows: list[dict[str, Any]] = []
    for kind in TrueEffect:
        is_so = (mine["true_effect"] == kind).to_numpy(dtype=bool)
        if is_so.any():
            row: dict[str, Any] = {"true_effect": str(kind), "n_trials": int(is_so.sum())}
            row["probability"], row["probability_se"], _ = share_of(is_so)
            row["power"], row["power_se"], _ = share_of(shown[is_so])
            row["contribution"], row["contribution_se"], _ = mean_of((shown & is_so).astype(float))
            rows.append(row)
    return pd.DataFrame(rows)


def _drawn(operating: OperatingCharacteristics, comparison: str) -> pd.DataFrame:
    """Return the trials of a comparison that enrolled under draws of the prior or posterior and know their truth."""
    trials = operating.trials
    if comparison not in set(trials["comparison"]):
        known = ", ".join(dict.fromkeys(map(str, trials["comparison"])))
        raise TrialError("assurance", Problem("comparison", f"{comparison!r} is not compared", f"one of {known}"))
    mine = trials.loc[(trials["scenario"] == operating.drawn) & (trials["comparison"] == comparison)]
    return mine.loc[(mine["why_not"] != COULD_NOT_ENROL) & np.isfinite(mine["truth"].to_numpy(dtype=float))]
