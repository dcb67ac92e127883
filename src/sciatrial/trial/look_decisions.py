"""What a look finds and says of each of several hypotheses of which some may be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import ClosedTests, GroupSequentialDesign, Selection, selected_arms
from sciatrial.trial.analysis import Effects
from sciatrial.trial.arm_intervals import familywise_p_value
from sciatrial.trial.design import Comparison
from sciatrial.trial.monitoring import FINAL, NAIVE, Decision

Found = tuple[Effects, int]  # a batch of trials, and the place of one of them; dims of both ``trial, hypothesis``


@dataclass(frozen=True)
class LookTaken:
    """One look at one trial; arrays have dims ``hypothesis``."""

    number: int
    month: float
    n_recruited: int
    so_far: Found  # everybody whose endpoint is due
    stage: Found  # the stage's own patients
    was_there: NDArray[np.bool_]
    statistic: NDArray[np.float64]  # of the closed test, compared with the bound
    bounds: GroupSequentialDesign
    tests: ClosedTests
    decisions: tuple[Decision, ...]

    def contrast(
        self, name: str, comparison: Comparison, hypothesis: int, place: int, ends: Sequence[float], final: Found
    ) -> dict[str, Any]:
        """Return what the look says of a hypothesis that stopped at it, and what is found with everybody followed.

        Parameters
        ----------
        name, comparison, hypothesis
            What it is called, its arms, and its number from 0.
        place
            Of the look among those of the trial, from 0.
        ends
            Of its simultaneous interval, as measured, the lower one first.
        final
            With everybody followed.
        """
        n_arm, n_control = counts_of(self.so_far, hypothesis)
        return {
            "comparison": name, "arm": comparison.arm, "control": comparison.control,
            "n_arm": n_arm, "n_control": n_control,
            **{name: value_of(self.so_far, column, hypothesis) for name, column in NAIVE.items()},
            "why_not": str(self.so_far[0].why_not[self.so_far[1], hypothesis]),
            "decision": str(self.decisions[hypothesis]), "look": self.number,
            "z": float(self.statistic[hypothesis]), "efficacy_z": self._bound(place),
            "adjusted_estimate": nan, "adjusted_low": nan, "adjusted_high": nan,
            "adjusted_p_value": familywise_p_value(self.bounds, self.tests, hypothesis, place),
            "repeated_low": ends[0], "repeated_high": ends[1],
            "n_overrun": sum(counts_of(final, hypothesis)) - n_arm - n_control,
            **{f"final_{name}": value_of(final, column, hypothesis) for name, column in FINAL.items()},
            "final_efficacy_z": nan,
        }  # fmt: skip

    def row(self, name: str, hypothesis: int, place: int, *, information: float, futility_z: float) -> dict[str, Any]:
        """Return what the look found of a hypothesis, in the columns of `LOOK_COLUMNS`."""
        n_arm, n_control = counts_of(self.so_far, hypothesis)
        return {
            "comparison": name, "look": self.number, "information": information, "month": self.month,
            "n_recruited": self.n_recruited, "n_arm": n_arm, "n_control": n_control,
            **{column: value_of(self.so_far, column, hypothesis) for column in ("estimate", "standard_error")},
            "z": float(self.statistic[hypothesis]), "efficacy_z": self._bound(place), "futility_z": futility_z,
            "alpha_spent": self.bounds.alpha_spent[place], "decision": str(self.decisions[hypothesis]),
        }  # fmt: skip

    def _bound(self, place: int) -> float:
        bound = self.bounds.efficacy_z[place]
        return bound if isfinite(bound) else nan


def value_of(found: Found, name: str, hypothesis: int) -> float:
    """Return one number of what is found of a hypothesis."""
    return float(getattr(found[0], name)[found[1], hypothesis])


def counts_of(found: Found, hypothesis: int) -> tuple[int, int]:
    """Return how many patients are analysed, in the arm and in the control."""
    return int(value_of(found, "n_arm", hypothesis)), int(value_of(found, "n_control", hypothesis))


def decisions_at(
    before: Sequence[Decision],
    active: NDArray[np.bool_],
    shown: NDArray[np.bool_],
    values: NDArray[np.float64],
    *,
    selection: Selection | None,
    stops: bool,
) -> tuple[Decision, ...]:
    """Return what the look says of each; of one that stopped before, what that look said.

    Parameters
    ----------
    before
        What the looks so far said.
    active, shown, values
        Which are still tested, which are shown at this look, and by what they are selected; dims ``hypothesis``.
    selection
        The rule of an interim look, None at the last one.
    stops
        Whether the trial stops at this look whatever the rule selects.
    """
    goes_on = shown if selection is None else selected_arms(np.where(active, values, nan), selection)
    said = []
    for place, is_active in enumerate(active):
        if not is_active:
            said.append(before[place])
        elif shown[place]:
            said.append(Decision.EFFICACY)
        elif stops:
            said.append(Decision.ENDED)
        elif goes_on[place] or not isfinite(values[place]):  # a look that cannot estimate it says nothing of it
            said.append(Decision.CONTINUE)
        elif selection is not None and not values[place] > selection.above_z:
            said.append(Decision.FUTILITY)
        else:
            said.append(Decision.DROPPED)
    return tuple(said)
