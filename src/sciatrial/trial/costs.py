"""What a simulated trial costs: whoever was screened and randomised, visits, doses, months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.clinic import days_of_doses
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.trial.accrual import arrival_months

if TYPE_CHECKING:
    from sciatrial.trial.conducted import Conducted
    from sciatrial.trial.design import Design

_Price = Annotated[float, Field(ge=0, le=1e12)]
_WORDS = {
    "per_patient_screened": "for each patient screened, until the trial is full or stops",
    "per_patient_randomised": "for each patient randomised",
    "per_visit": "for each visit after randomisation to which a patient comes",
    "per_month": "for each month from the first patient's randomisation to the last patient's last visit",
    "fixed": "whatever happens",
}


class Costs(BaseModel):
    """Unit costs of a trial; what is left out costs nothing. They are assumptions of whoever plans.

    Parameters
    ----------
    currency
        A word, such as ``EUR``; printed, never converted.
    per_patient_screened, per_patient_randomised, per_visit
        For each patient screened until the trial is full or stops, each patient randomised, each visit after
        randomisation to which a patient comes. Who was randomised before a stop is followed to the last visit.
    per_dose
        Arm → cost of one administration, product and procedure; every planned one of every patient randomised.
    per_month
        For each month from the first patient's randomisation to the last patient's last visit; needs accrual.
    fixed
        Whatever happens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    currency: Annotated[str, Field(min_length=1, max_length=20)]
    per_patient_screened: _Price = 0.0
    per_patient_randomised: _Price = 0.0
    per_visit: _Price = 0.0
    per_dose: dict[str, _Price] = Field(default_factory=dict)
    per_month: _Price = 0.0
    fixed: _Price = 0.0

    def problems(self, arms: tuple[str, ...], *, has_accrual: bool) -> list[str]:
        """Return what does not fit the design, as ``key: found; expected; next``."""
        known = ", ".join(arms)
        found = [
            f"costs.per_dose.{arm}: is not an arm; one of {known}; correct it"
            for arm in self.per_dose
            if arm not in arms
        ]
        if self.per_month and not has_accrual:
            told = "needs the length of the trial; accrual; add accrual = { per_month = … }, or delete it"
            found.append(f"costs.per_month: {told}")
        return found

    def in_words(self) -> list[str]:
        """Return every unit cost that is not 0 as a sentence."""
        told = [
            f"{self.currency} {getattr(self, name):,g} {words}" for name, words in _WORDS.items() if getattr(self, name)
        ]
        doses = [
            f"{self.currency} {price:,g} for each administration in arm {arm}" for arm, price in self.per_dose.items()
        ]
        return [*told, *doses]


def trial_cost(design: Design, trial: Conducted) -> float:
    """Return what one trial cost, in the currency of its design; NaN without costs.

    Parameters
    ----------
    design
        The design.
    trial
        As it went for those who were randomised.
    """
    costs = design.costs
    if costs is None:
        return float("nan")
    total = costs.fixed + costs.per_patient_screened * trial.patients.screening["screened"]
    total += costs.per_patient_randomised * len(trial.assigned)
    total += costs.per_visit * int(trial.is_observed[:, 1:].sum())
    last_visit = design.visits_months[-1]
    expected = None if design.accrual is None else arrival_months(design.accrual, len(trial.assigned))
    months = expected if trial.arrivals is None else trial.arrivals.months
    for index, (arm, protocol) in enumerate(design.arms.items()):
        days = days_of_doses(protocol, last_visit * DAYS_PER_MONTH)
        given = len(days) * int((trial.assigned == index).sum())
        if trial.ended is not None and months is not None:  # nobody is treated after it
            left = DAYS_PER_MONTH * (trial.ended - months[trial.assigned == index])
            given = sum(int((left >= day).sum()) for day in days)
        total += costs.per_dose.get(arm, 0.0) * given
    if costs.per_month and expected is not None and months is not None:
        end = months[-1] + last_visit if trial.ended is None else trial.ended
        total += costs.per_month * float(end - months[0])
    return float(total)
