"""When patients come: a constant rate a month, after a ramp-up."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field


class Accrual(BaseModel):
    """How fast patients are randomised, all sites together.

    Parameters
    ----------
    per_month
        Patients a month once recruitment is at its full rate, above 0 and up to 100 000.
    ramp_up_months
        Months, 0 to 120, in which the rate rises in a straight line from nothing to the full one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    per_month: Annotated[float, Field(gt=0, le=100_000)]
    ramp_up_months: Annotated[float, Field(ge=0, le=120)] = 0.0


def arrival_months(accrual: Accrual, n_patients: int) -> NDArray[np.float64]:
    """Return the month in which each patient is randomised, the first one at 0; dims ``patient``.

    Patient `i`, from 0, comes when the expected number of patients so far is `i`: no luck of its own.
    """
    before = np.arange(n_patients, dtype=float)
    ramp, rate = accrual.ramp_up_months, accrual.per_month
    rising = np.sqrt(2 * ramp * before / rate)
    return np.where(before <= rate * ramp / 2, rising, ramp / 2 + before / rate)
