"""Patients who learn which arm they are in, and respond otherwise to the context of care."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import expit, logit

from sciatrial.foundation import Donor, Problem, uniforms

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

CONTEXT = "context_response_maximum"


class Unblinding(BaseModel):
    """How blinding breaks in the scenario ``unblinded_null``; no other scenario knows of it.

    Parameters
    ----------
    learn
        Arm → share of its patients who learn their arm, 0 to 1. Left out for an arm: all of those who give own cells,
        whom the harvest tells, and nobody of another arm (an assumption).
    context_odds_ratio
        1 to 20: by how much knowing that one received cells multiplies the odds of a patient's largest context
        response (a share of reported pain), and knowing that one did not divides them. 2 is an assumption: 0.19, the
        reference, becomes 0.32 or 0.11.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    learn: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    context_odds_ratio: Annotated[float, Field(ge=1, le=20)] = 2.0

    def share(self, design: Design, arm: str) -> float:
        """Return the share of an arm's patients who learn that they are in it."""
        protocol = design.arms[arm]
        betrayed = protocol.is_cell_therapy and protocol.donor is Donor.AUTOLOGOUS
        return self.learn.get(arm, 1.0 if betrayed else 0.0)

    def problems(self, design: Design) -> list[Problem]:
        """Return what does not fit the design."""
        arms = ", ".join(design.arms)
        found = [
            Problem(f"learn.{arm}", "is not an arm", f"one of {arms}") for arm in self.learn if arm not in design.arms
        ]
        if not found and not any(self.share(design, arm) for arm in design.arms):
            told = "nobody learns an arm: none gives own cells, whose harvest would tell"
            hint = f"add learn = {{ {next(iter(design.arms))} = 0.5 }}, or leave out the scenario unblinded_null"
            found.append(Problem("learn", told, "the share of an arm's patients who learn that they are in it", hint))
        return found


def with_unblinded(
    unblinding: Unblinding,
    design: Design,
    arm: str,
    parameters: NDArray[np.float64],
    column: int,
    *,
    seed: int,
    patients: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return an arm's parameters with the context response of those who learn that they are in it.

    Parameters
    ----------
    parameters, column
        Dims ``patient, parameter``, and the place of the largest context response.
    seed
        Of the trial.
    patients
        Patient numbers; dims ``patient``. Who learns an arm easily would learn any arm.
    """
    learns = uniforms(seed, "learns the arm", patients) < unblinding.share(design, arm)
    sign = 1.0 if design.arms[arm].is_cell_therapy else -1.0
    changed = parameters.copy()
    moved = expit(logit(parameters[:, column]) + sign * np.log(unblinding.context_odds_ratio))
    changed[:, column] = np.where(learns, moved, parameters[:, column])
    return changed
