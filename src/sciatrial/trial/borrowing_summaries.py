"""What borrowing is worth: in simulated trials, and by how far the control's true mean has drifted from the prior's."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sciatrial.statistics import ArmErrors, success_by_drift, success_without_prior
from sciatrial.trial.borrowed import BORROWED, NOT_BORROWED
from sciatrial.trial.control_prior import ControlPrior
from sciatrial.trial.course_summaries import groups_of, judged, quantity_row
from sciatrial.trial.design import Design
from sciatrial.trial.results import OperatingCharacteristics
from sciatrial.trial.summaries import mean_of, share_of

if TYPE_CHECKING:
    import pandas as pd

# a control this improbable under the informative part is counted as in conflict with it
CONFLICT_BELOW = 0.05
_KEYS = ["scenario", "comparison", "analysis"]
_N_DRIFTS = 81
# how far the grid of drifts reaches, in standard deviations of what the prior and the trial leave open
_REACH = 4.0
_NODES = 200
# power that a trial without a relevant effect of its own is looked at with
_USUAL_POWER = 0.8


def borrowing_characteristics(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return how the trials do with the borrowed prior and without it; empty where nothing is borrowed.

    Returns
    -------
    pandas.DataFrame
        One row a scenario, comparison, analysis and quantity: ``scenario, comparison, analysis, quantity, value,
        monte_carlo_se, n_trials``. ``success``, ``rejection``, ``bias``, ``coverage``, ``mean_standard_error``,
        ``mean_truth`` as of other analyses, ``root_mean_square_error``, ``not_analysed``; with borrowing also
        ``more_success`` (than without, by the same trials), ``drift``, ``conflict`` (share of trials whose control is
        less probable than 5 % under the informative part), ``informative_weight`` and ``gained_patients``.
    """
    import pandas as pd

    frame = operating.borrowed
    rows = []
    for key, mine in groups_of(frame, _KEYS):
        found = [("root_mean_square_error", *_root_mean_square(mine))]
        found.append(("not_analysed", *share_of((mine["why_not"] != "").to_numpy())))
        if key[-1] == BORROWED:
            found += _of_borrowing(frame, key, mine)
        rows += [dict(zip(_KEYS, key, strict=True)) | quantity_row(item) for item in found]
    return pd.concat([judged(frame, _KEYS), pd.DataFrame(rows)], ignore_index=True)


def _numbers(frame: Any, name: str) -> NDArray[np.float64]:
    values = frame[name].to_numpy(dtype=float)
    return values[np.isfinite(values)]


def _root_mean_square(mine: Any) -> tuple[float, float, int]:
    off = (mine["estimate"] - mine["truth"]).to_numpy(dtype=float)
    square, error, n = mean_of(off[np.isfinite(off)] ** 2)
    root = sqrt(square) if n else np.nan
    return root, error / (2 * root) if root else np.nan, n


def _of_borrowing(frame: Any, key: tuple[str, ...], mine: Any) -> list[tuple[str, float, float, int]]:
    of_same = (frame["scenario"] == key[0]) & (frame["comparison"] == key[1]) & (frame["analysis"] == NOT_BORROWED)
    without = frame.loc[of_same].set_index("trial")["shown"]
    more = mine["shown"].to_numpy(float) - without.loc[mine["trial"]].to_numpy(float)
    value, error, n = mean_of(more)
    return [
        # where the two never differ the usual error is 0, which nobody should believe
        ("more_success", value, error or share_of(more != 0)[1], n),
        ("drift", *mean_of(_numbers(mine, "drift"))),
        ("conflict", *share_of(_numbers(mine, "surprise") < CONFLICT_BELOW)),
        ("informative_weight", *mean_of(_numbers(mine, "informative_weight"))),
        ("gained_patients", *mean_of(_numbers(mine, "gained_patients"))),
    ]


def planned_errors(design: Design, prior: ControlPrior, comparison: int = 0) -> ArmErrors:
    """Return the errors of two arms' means at the endpoints that the plan expects, patients spread as the prior says.

    Parameters
    ----------
    comparison
        Which of the design's, from 0.
    """
    item, expected = design.compared()[comparison], design.expected_endpoints()
    return ArmErrors(prior.patient_sd**2 / expected[item.control], prior.patient_sd**2 / expected[item.arm])


def seen_errors(operating: OperatingCharacteristics, comparison: str) -> ArmErrors | None:
    """Return the mean errors of two arms' means in the trials of the draws; None where none was analysed."""
    frame: Any = operating.borrowed
    mine = frame[
        (frame["scenario"] == operating.drawn)
        & (frame["comparison"] == comparison)
        & (frame["analysis"] == NOT_BORROWED)
        & (frame["why_not"] == "")
    ]
    if mine.empty:
        return None
    control, arm, both = (float((mine[name] ** 2).mean()) for name in ("control_error", "arm_error", "standard_error"))
    return ArmErrors(control, arm, (control + arm - both) / 2)


def drift_table(design: Design, prior: ControlPrior, errors: ArmErrors) -> pd.DataFrame:
    """Return type I error and power over a grid of drifts of the true control mean from the prior's mean.

    By quadrature, without any simulated trial: means are normal with known errors. What is largest on the grid is
    largest there, and bounds nothing beyond.

    Parameters
    ----------
    design
        Gives error and direction, and the effect of which power is told: its `minimal_important_change`, or else the
        one that the trial finds without borrowing with its planned power.
    prior
        Of the control.
    errors
        Of the trial's means, from `planned_errors` or `seen_errors`.

    Returns
    -------
    pandas.DataFrame
        One row a drift (points as measured, true control less prior mean): ``drift, type_one_error, power,
        type_one_error_without, power_without, effect`` (points of benefit), ``quadrature_error`` (largest change of
        both when the nodes are doubled).
    """
    import pandas as pd

    error = design.bounds().rules.alpha_of_a_side
    effect = design.minimal_important_change
    if effect is None:
        power = design.looks.power or _USUAL_POWER
        effect = float(ndtri(1 - error) + ndtri(power)) * sqrt(errors.of_difference)
    mixture, sign = prior.mixture, float(design.benefit_sign)
    believed = mixture if sign > 0 else mixture.negated()
    reach = _REACH * sqrt(prior.informative.sd**2 + errors.control)
    measured = np.linspace(-reach, reach, _N_DRIFTS)
    # of the two values the one with twice the nodes is kept; their difference tells how good it is
    values = [
        [success_by_drift(believed, errors, sign * measured, effect=true, error=error, nodes=nodes)
         for nodes in (_NODES, 2 * _NODES)]
        for true in (0.0, effect)
    ]  # fmt: skip
    off = max(float(np.abs(first - second).max()) for first, second in values)
    return pd.DataFrame(
        {
            "drift": measured, "type_one_error": values[0][1], "power": values[1][1],
            "type_one_error_without": success_without_prior(errors, error=error),
            "power_without": success_without_prior(errors, effect=effect, error=error), "effect": effect,
            "quadrature_error": off,
        }
    )  # fmt: skip
