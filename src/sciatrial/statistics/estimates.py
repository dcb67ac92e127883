"""After the trial stopped: p value, median-unbiased estimate, interval in the stagewise order; repeated p values.

In the stagewise order a path is more extreme the earlier it crosses, and among paths that cross at the same look the
higher its z. Source: Jennison and Turnbull 2000, chapters 8 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np

from sciatrial.foundation import Problem
from sciatrial.statistics.boundaries import design_at_alpha
from sciatrial.statistics.design import Binding, GroupSequentialDesign, HaybittlePeto, Sides, refuse, share_problem
from sciatrial.statistics.integration import stopping_shares
from sciatrial.statistics.roots import root_between

_SMALLEST_ALPHA, _LARGEST_ALPHA = 1e-12, 0.5
_WIDEST_DRIFT = 60.0


@dataclass(frozen=True)
class FinalEstimate:
    """What a stopped trial says of the effect.

    Parameters
    ----------
    p_value
        One-sided, in the stagewise order; of both directions in two-sided designs.
    median_unbiased
        Effect that is too high as often as too low.
    low, high
        Interval of the given level.
    """

    p_value: float
    median_unbiased: float
    low: float
    high: float


def stagewise_p_value(design: GroupSequentialDesign, look: int, z: float) -> float:
    """Return the one-sided p value of a trial that stopped at a look with z, in the stagewise order.

    Parameters
    ----------
    design
        The design; non-binding futility bounds are ignored.
    look
        Number of the look, from 1.
    z
        Test statistic there, positive in the direction of the effect.

    Raises
    ------
    TrialError
        When there is no such look or z is not a number.
    """
    refuse("stagewise p value", _problems(design, look, z))
    p_value = _more_extreme(design, look, z, np.zeros(look))
    if design.rules.sides is Sides.TWO:
        return float(min(1.0, 2 * min(p_value, 1 - p_value)))
    return p_value


def final_estimate(
    design: GroupSequentialDesign,
    look: int,
    z: float,
    *,
    mean_scores: np.ndarray | None = None,
    standard_error: float | None = None,
    level: float = 0.95,
) -> FinalEstimate:
    """Return p value, median-unbiased estimate and interval of a trial that stopped at a look with z.

    Parameters
    ----------
    design, look, z
        As in `stagewise_p_value`.
    standard_error
        Standard error of the effect at the look, above 0; fixes the effect's unit.
    mean_scores
        Instead of it: mean of z × √information at each look up to this one for an effect of 1, shape (look,); for
        stages whose sizes differ from their weights.
    level
        Of the two-sided interval, above 0 and below 1.

    Raises
    ------
    TrialError
        Names every argument that cannot be used.
    """
    problems = [*_problems(design, look, z), *share_problem("level", level)]
    if (mean_scores is None) == (standard_error is None):
        problems.append(Problem("standard_error", "both or neither of standard_error and mean_scores", "one of them"))
    if standard_error is not None and not standard_error > 0:
        problems.append(Problem("standard_error", f"{standard_error:g}", "a number above 0"))
    refuse("final estimate", problems)
    scores = _scores_of_one(design, look, mean_scores, standard_error or 1.0)
    unit = float(scores[-1])

    def effect_at(share: float) -> float:
        def miss(drift: float) -> float:
            return _more_extreme(design, look, z, scores * drift / unit) - share

        widest = _WIDEST_DRIFT + abs(z)
        return root_between(miss, -widest, widest, error=1e-12) / unit

    outside = (1 - level) / 2
    return FinalEstimate(stagewise_p_value(design, look, z), effect_at(0.5), effect_at(outside), effect_at(1 - outside))


def repeated_p_value(design: GroupSequentialDesign, look: int, z: float) -> float:
    """Return the smallest alpha with which the design would have stopped at a look with z.

    Parameters
    ----------
    design, look, z
        As in `stagewise_p_value`.

    Returns
    -------
    float
        0.5 stands for 0.5 or more; nan at a look whose bound does not depend on alpha.

    Raises
    ------
    TrialError
        When there is no such look or z is not a number.
    """
    refuse("repeated p value", _problems(design, look, z))
    if design.rules.sides is Sides.TWO:
        z = abs(z)

    def reaches(alpha: float) -> float:
        return z - design_at_alpha(design, alpha).efficacy_z[look - 1]

    lowest = _lowest_alpha(design)
    at_lowest, at_highest = reaches(lowest), reaches(_LARGEST_ALPHA)
    if at_lowest == at_highest:
        return nan
    if at_highest <= 0:
        return _LARGEST_ALPHA
    if at_lowest >= 0:
        return lowest
    low, high = np.log(lowest), np.log(_LARGEST_ALPHA)
    return float(np.exp(root_between(lambda log_alpha: reaches(float(np.exp(log_alpha))), low, high, error=1e-12)))


def _lowest_alpha(design: GroupSequentialDesign) -> float:
    """Return the smallest alpha that the search tries: Haybittle-Peto's interim bounds spend some whatever it is."""
    if isinstance(design.rules.efficacy, HaybittlePeto) and design.n_looks > 1:
        return design.alpha_spent[-2] * (1 + 1e-6)
    return _SMALLEST_ALPHA


def _scores_of_one(
    design: GroupSequentialDesign, look: int, mean_scores: np.ndarray | None, standard_error: float
) -> np.ndarray:
    if mean_scores is not None:
        return mean_scores
    rates = np.array(design.information_rates[:look])
    return rates / (standard_error * sqrt(rates[-1]))


def _more_extreme(design: GroupSequentialDesign, look: int, z: float, mean_scores: np.ndarray) -> float:
    """Probability of crossing before the look, or of at least z there, when z × √information has these means."""
    rates = np.array(design.information_rates[:look])
    upper = np.array([*design.efficacy_z[: look - 1], z])
    counts = design.rules.binding is Binding.BINDING or design.rules.sides is Sides.TWO
    lower = np.array([*design.lower_z[: look - 1], -np.inf]) if counts else np.full(look, -np.inf)
    moved = mean_scores / np.sqrt(rates)
    return float(stopping_shares(rates, lower - moved, upper - moved, 0.0)[1].sum())


def _problems(design: GroupSequentialDesign, look: int, z: float) -> list[Problem]:
    problems = []
    if not 1 <= look <= design.n_looks:
        problems.append(Problem("look", f"{look} of {design.n_looks}", f"a look from 1 to {design.n_looks}"))
    if not isfinite(z):
        problems.append(Problem("z", f"{z}", "a finite number"))
    return problems
