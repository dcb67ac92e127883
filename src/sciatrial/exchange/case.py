"""One patient in numbers: what is needed to run the model elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sciatrial.clinic import Protocol
from sciatrial.engine import Events
from sciatrial.foundation import Cause, ModelError, unknown_word
from sciatrial.model import Model, sciatica_model
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.population import Patients, cohort_named, sample_patients, treated_patients

# which shipped cohort stands for a cause
CAUSES: dict[Cause, str] = {
    Cause.HERNIATION: "chronic_radicular",
    Cause.STENOSIS: "stenosis",
    Cause.SPONDYLOLISTHESIS: "spondylolisthesis",
    Cause.PIRIFORMIS: "piriformis",
    Cause.DISCOGENIC: "chronic_discogenic",
}


def _arm(**words: Any) -> Protocol:
    return Protocol.model_validate(words)


_CELLS = {"intervention": "cell_therapy", "donor": "allogeneic", "dose_million_cells": 10.0}
# by name: what a user may export, and what the agreement with other programs is tested on
REFERENCE_TREATMENTS: dict[str, Protocol | None] = {
    "none": None,
    "sham": _arm(intervention="sham", route="intradiscal"),
    "placebo_oral": _arm(intervention="placebo_oral"),
    "saline": _arm(intervention="saline", route="epidural_transforaminal"),
    "hyaluronic_acid": _arm(intervention="hyaluronic_acid", route="intradiscal"),
    "local_anaesthetic": _arm(intervention="local_anaesthetic", route="epidural_transforaminal"),
    "prp": _arm(intervention="prp", route="intradiscal"),
    "epidural_steroid": _arm(
        intervention="epidural_steroid", route="epidural_transforaminal", n_doses=2, weeks_between_doses=4
    ),
    "nsaid": _arm(intervention="nsaid", course_weeks=12),
    "gabapentinoid": _arm(intervention="gabapentinoid", daily_dose_mg=450, course_weeks=12),
    "opioid": _arm(intervention="opioid", course_weeks=6),
    "antidepressant": _arm(intervention="antidepressant"),
    "oral_steroid": _arm(intervention="oral_steroid"),
    "physiotherapy": _arm(intervention="physiotherapy"),
    "surgery": _arm(intervention="surgery"),
    "botulinum_toxin": _arm(intervention="botulinum_toxin", route="intramuscular"),
    "cells_intradiscal": _arm(**_CELLS, cell_type="mpc", carrier="hyaluronic_acid", route="intradiscal", volume_ml=3.0),
    "cells_epidural": _arm(**_CELLS, cell_type="uc_msc", route="epidural_transforaminal", n_doses=3),
    "cells_perineural": _arm(**_CELLS, cell_type="bm_msc", route="perineural"),
    "cells_intravenous": _arm(**_CELLS, cell_type="ad_msc", route="intravenous"),
    "cells_intrathecal": _arm(**_CELLS, cell_type="ucb_msc", route="intrathecal"),
    "marrow_concentrate": _arm(
        intervention="cell_therapy", cell_type="bmac", donor="autologous", dose_million_cells=240, route="intradiscal"
    ),
    "disc_cells": _arm(**_CELLS, cell_type="disc_cells", carrier="fibrin", route="intradiscal"),
}


@dataclass(frozen=True)
class Change:
    """What happens to one state on one day: it becomes ``factor × old value + amount``."""

    day: float
    state: str
    factor: float
    amount: float


@dataclass(frozen=True)
class Case:
    """The model with one patient's numbers: `parameters` and `initial` by name, `changes` sorted by day.

    A state has one change a day at most: what our engine does in order on one day is one straight line here, since the
    order of events on one day is a matter in which programs differ.
    """

    name: str
    title: str
    model: Model
    parameters: Mapping[str, float]
    initial: Mapping[str, float]
    changes: tuple[Change, ...]
    last_day: float

    @property
    def days(self) -> tuple[float, ...]:
        """Days on which something happens."""
        return tuple(dict.fromkeys(change.day for change in self.changes))


def case_of(
    name: str, title: str, model: Model, parameters: np.ndarray, initial: np.ndarray, events: Events, last_day: float
) -> Case:
    """Return a patient as a case.

    Parameters
    ----------
    name, title
        An identifier, and words for people.
    parameters, initial
        dims ``parameter`` and ``state``, in the order of the model.
    events
        Of one patient; days after the start.
    last_day
        Last day to simulate.
    """
    lines: dict[tuple[float, int], tuple[float, float]] = {}
    for index in np.argsort(events.day, kind="stable"):
        key = (float(events.day[index]), int(events.state[index]))
        factor, amount = float(events.factor[index]), float(events.amount[index])
        before = lines.get(key, (1.0, 0.0))
        lines[key] = (factor * before[0], factor * before[1] + amount)
    changes = tuple(
        Change(day, model.state_names[state], *line) for (day, state), line in lines.items() if day <= last_day
    )
    return Case(
        name,
        title,
        model,
        dict(zip(model.parameter_names, map(float, parameters), strict=True)),
        dict(zip(model.state_names, map(float, initial), strict=True)),
        changes,
        last_day,
    )


@lru_cache(maxsize=16)
def _reference_patient(cause: Cause, months: float, seed: int) -> Patients:
    """Return one patient of a cause, screened by nobody, at the reference values with every optional effect."""
    prior = read_prior()
    cohort = cohort_named(CAUSES[cause]).model_copy(update={"eligible": {}, "symptom_months": (months, months)})
    return sample_patients(
        sciatica_model(), reference_draw(prior, included=prior.groups), cohort, n_patients=1, seed=seed
    )


def reference_case(
    cause: Cause | str,
    treatment: Protocol | str | None = None,
    *,
    last_day: float = 365.0,
    symptom_months: float = 3.0,
    seed: int = 7,
) -> Case:
    """Return a reference patient of a cause, three months after onset, under a treatment.

    Parameters
    ----------
    cause
        A word of `Cause`.
    treatment
        An arm, the name of one of `REFERENCE_TREATMENTS`, or None for no treatment.
    last_day
        Days after entry to which random events are listed, above 0.
    symptom_months
        Months from onset to entry, 0.1 to 240.
    seed
        Which patient.

    Raises
    ------
    ModelError
        For an unknown cause or treatment.
    """
    if str(cause) not in [str(word) for word in Cause]:
        raise ModelError("export", unknown_word("cause", str(cause), Cause, "cause"))
    if isinstance(treatment, str) and treatment not in REFERENCE_TREATMENTS:
        raise ModelError("export", unknown_word("treatment", treatment, REFERENCE_TREATMENTS, "treatment"))
    word = treatment if isinstance(treatment, str) else "none" if treatment is None else str(treatment.intervention)
    protocol = REFERENCE_TREATMENTS[treatment] if isinstance(treatment, str) else treatment
    model = sciatica_model()
    patient = _reference_patient(Cause(cause), symptom_months, seed)
    parameters, events = patient.parameters, [patient.later_events(model, last_day)]
    if protocol is not None:
        parameters, given = treated_patients(model, patient, protocol, seed=seed, last_day=last_day)
        events.append(given)
    title = f"Sciatica model: {Cause(cause).value}, {word.replace('_', ' ')}"
    name = f"sciatica_{Cause(cause).value}_{word}"
    return case_of(name, title, model, parameters[0], patient.entry_states[0], Events.joined(*events), last_day)
