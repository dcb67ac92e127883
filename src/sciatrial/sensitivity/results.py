"""What a sensitivity analysis found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sciatrial.foundation import Intervention, Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sensitivity(Record):
    """Elementary effects and variance shares, by quantity, outcome and month.

    ``effects`` has one row an input: ``quantity, outcome, month, input, module, mu_star, mu_star_ci, sigma``, in points
    of the outcome over the whole range of the input: the mean size of an elementary effect, the half width of its 95 %
    interval, and the spread, which tells of interactions. ``modules`` has the same for whole modules. ``shares`` has
    ``first, first_ci, total, total_ci`` for the most influential: shares of the variance when those alone vary.
    ``quantity`` is ``treated`` (the arm's mean) or ``effect`` (the arm's mean less its control's). ``control`` is the
    intervention of the control: a fluid is the carrier of the arm's cells alone, ``sham`` the arm's sham.
    """

    study: str
    cohort: str
    arm: str
    control: str
    seed: int
    n_patients: int
    inclusion_probability: float
    trajectories: int
    base_points: int
    n_points: int
    effects: pd.DataFrame
    modules: pd.DataFrame
    shares: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return the elementary effects, the largest first in each outcome and month."""
        frame: Any = self.effects
        return frame.sort_values(
            ["quantity", "outcome", "month", "mu_star"], ascending=[True, True, True, False]
        ).reset_index(drop=True)

    def top(self, quantity: str, outcome: str, month: float, n: int = 5) -> pd.DataFrame:
        """Return the most influential inputs for one quantity, outcome and month."""
        frame: Any = self.table()
        mine = (frame["quantity"] == quantity) & (frame["outcome"] == outcome) & (frame["month"] == month)
        return frame[mine].head(n).reset_index(drop=True)

    def in_words(self, quantity: str) -> str:
        """Return what a quantity is."""
        if quantity == "treated":
            return "the arm's mean"
        if self.control == Intervention.SHAM:
            return "the arm's mean less its sham's"
        return f"the arm's mean less its carrier's, {self.control.replace('_', ' ')} alone"

    def __repr__(self) -> str:
        inputs = self.effects["input"].nunique()
        return (
            f"Sensitivity: {inputs} numbers, {self.n_points} points of the prior, {self.n_patients} patients each\n"
            f"  {self.arm} in {self.cohort}; effect: {self.in_words('effect')}"
        )
