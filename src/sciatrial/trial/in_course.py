"""Trials whose patients are assigned by the trial's own course: arms, periods, and what analyses say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import Sides
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.monitoring import Decision, Monitored

if TYPE_CHECKING:
    import pandas as pd

Periods = NDArray[np.int64]


@dataclass(frozen=True)
class InCourse:
    """One trial whose patients were assigned by its course.

    Attributes
    ----------
    trial
        As it went, nobody beyond its end.
    periods
        In which each patient was assigned, from 0: probabilities are the same within a period, but for an urn; dims
        ``patient``.
    allocation
        One row a period and arm: ``period, month, last_month`` (of its first and last patient), ``arm, share``
        (probability of assignment, NaN where nobody could get it), ``probability_best`` (NaN where nobody asked),
        ``patients`` (of the period in the arm).
    """

    trial: Conducted
    periods: Periods
    allocation: pd.DataFrame


def allocation_rows(
    design: Design,
    assigned: NDArray[np.int64],
    periods: Periods,
    months: NDArray[np.float64],
    shares: Sequence[Sequence[float]],
    best: Sequence[Sequence[float]],
) -> pd.DataFrame:
    """Return the rows of `InCourse.allocation`; dims of shares and best ``period, arm``."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for period, (share, chance) in enumerate(zip(shares, best, strict=True)):
        mine = periods == period
        for index, arm in enumerate(design.arms):
            rows.append(
                {
                    "period": period, "month": float(months[mine].min()) if mine.any() else np.nan,
                    "last_month": float(months[mine].max()) if mine.any() else np.nan, "arm": arm,
                    "share": float(share[index]), "probability_best": float(chance[index]),
                    "patients": int((assigned[mine] == index).sum()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def analysis_rows(
    design: Design, trials: Sequence[Conducted], periods: Sequence[Periods] | None, name: str
) -> list[pd.DataFrame]:
    """Return what another analysis says of some trials that have ended, one frame a trial and one row a comparison.

    Parameters
    ----------
    periods
        For which it adjusts; None: for none.
    name
        How the analysis is called.

    Returns
    -------
    list of pandas.DataFrame
        Columns ``comparison, analysis, estimate, standard_error, ci_low, ci_high, n_control, shown`` (a benefit) and
        ``rejected`` (either direction).
    """
    import pandas as pd

    found = effects_seen(design, trials, [known_endpoints(design, trial) for trial in trials], periods)
    critical = design.bounds().efficacy_z[-1]
    with np.errstate(invalid="ignore"):
        shown = found.z > critical
        rejected = shown | ((found.z < -critical) & (design.sides is Sides.TWO))
    names = [item.name for item in design.compared()]
    return [
        pd.DataFrame(
            {
                "comparison": names, "analysis": name, "estimate": found.estimate[row],
                "standard_error": found.standard_error[row], "ci_low": found.low[row], "ci_high": found.high[row],
                "n_control": found.n_control[row], "shown": shown[row], "rejected": rejected[row],
            }
        )
        for row in range(len(trials))
    ]  # fmt: skip


def planned_rows(monitored: Monitored, name: str) -> pd.DataFrame:
    """Return what the planned analysis says of a trial, as `analysis_rows` tells that of others."""
    found, decision = monitored.contrasts, monitored.contrasts["decision"]
    shown = decision == Decision.EFFICACY
    told = ["estimate", "standard_error", "ci_low", "ci_high", "n_control"]
    return found[["comparison"]].assign(
        analysis=name, **found[told], shown=shown, rejected=shown | (decision == Decision.OTHER_DIRECTION)
    )


ADJUSTED, NOT_ADJUSTED = "adjusted for period", "not adjusted for period"
