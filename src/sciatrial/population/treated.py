"""Patients under an arm: what the engine needs to follow them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Numbers, Protocol, treat
from sciatrial.engine import Events
from sciatrial.foundation import CohortError, Intervention, Problem
from sciatrial.model import Model
from sciatrial.population.sample import CONTEXTS, Patients


def treated_patients(
    model: Model,
    patients: Patients,
    protocol: Protocol,
    *,
    seed: int,
    last_day: float,
    rows: NDArray[np.int64] | None = None,
    numbers: Numbers | None = None,
) -> tuple[NDArray[np.float64], Events]:
    """Return parameters and events of patients under an arm, what chance brings left out.

    Parameters
    ----------
    model, patients, protocol
        The equations, who is treated, and with what.
    seed
        Seed of the trial.
    last_day
        Last day of follow-up.
    rows
        Which patients, dims ``row``; all when left out.
    numbers
        What the clinic's numbers come from; the patients' draw when left out.

    Returns
    -------
    tuple
        Parameters with dims ``row, parameter``, and `Events` whose ``patient`` is the place in `rows`.

    Raises
    ------
    CohortError
        For surgery in patients of several causes, since what it frees differs by cause.
    """
    if protocol.intervention is Intervention.SURGERY:
        one_cause(patients)
    mine = np.arange(len(patients)) if rows is None else rows
    treatment = treat(
        protocol,
        patients.draw if numbers is None else numbers,
        model=model,
        cause=patients.cause,
        patients=patients.numbers[mine],
        seed=seed,
        context_maximum={kind: patients.context_maximum[mine, place] for place, kind in enumerate(CONTEXTS)},
        last_day=last_day,
    )
    parameters = patients.parameters[mine].copy()
    for name, value in treatment.parameters.items():
        parameters[:, model.parameter_names.index(name)] = value
    return parameters, treatment.events


def one_cause(patients: Patients) -> str:
    """Return the cause that all patients share.

    Raises
    ------
    CohortError
        When they have several.
    """
    if len(patients.cause.split()) > 1:
        found = f"surgery in patients of {' and '.join(patients.cause.split())}"
        expected = "patients of one cause, since what an operation frees differs by cause"
        raise CohortError(
            f"cohort {patients.cohort}", Problem("cohorts", found, expected, "plan a study for each cause")
        )
    return patients.cause
