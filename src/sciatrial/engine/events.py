"""What is done to patients: at given days, or when a visit finds something."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem, SolverError, nearest
from sciatrial.model import Model


@dataclass(frozen=True)
class Events:
    """Sudden changes of states, in long form: one entry for one patient, day and state.

    The state becomes ``factor × old value + amount``. Events of one patient on the same day act in the order given. A
    visit on the day of an event sees the patient before it. All five have dims ``event``: ``patient`` is the row of the
    simulated patient, ``day`` 0 or more, ``state`` the place in the model's list, ``amount`` in the state's unit.
    """

    patient: NDArray[np.int64]
    day: NDArray[np.float64]
    state: NDArray[np.int64]
    factor: NDArray[np.float64]
    amount: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.patient)

    def __repr__(self) -> str:
        patients = len(np.unique(self.patient))
        return f"Events: {len(self)} changes of a state in {patients} patients"

    def of(self, rows: ArrayLike) -> Events:
        """Return the events of these patients only, each with the patient's place in `rows`, in the order they had.

        Parameters
        ----------
        rows
            Rows of patients, each once; dims ``patient``.
        """
        wanted = np.asarray(rows, dtype=np.int64)
        size = 1 + max(int(self.patient.max(initial=-1)), int(wanted.max(initial=-1)))
        places = np.full(size, -1, dtype=np.int64)
        places[wanted] = np.arange(len(wanted))
        mine = places[self.patient] >= 0
        parts = {item.name: getattr(self, item.name)[mine] for item in fields(self)}
        return Events(**{**parts, "patient": places[self.patient[mine]]})

    def where(self, is_kept: ArrayLike) -> Events:
        """Return the events for which `is_kept` (dims ``event``) is true."""
        kept = np.asarray(is_kept, dtype=bool)
        return Events(**{item.name: getattr(self, item.name)[kept] for item in fields(self)})

    def copied(self) -> Events:
        """Return the same, safe from what somebody does to the arrays later."""
        return Events(*(getattr(self, item.name).copy() for item in fields(self)))

    @staticmethod
    def none() -> Events:
        """Return no events."""
        nothing = np.zeros(0)
        return Events(nothing.astype(np.int64), nothing, nothing.astype(np.int64), nothing, nothing)

    @staticmethod
    def every(
        model: Model,
        patients: ArrayLike,
        day: ArrayLike,
        state: str,
        *,
        factor: ArrayLike = 1.0,
        amount: ArrayLike = 0.0,
    ) -> Events:
        """Return one event for each of the patients.

        Parameters
        ----------
        model
            For the place of the state.
        patients
            Rows of the patients; dims ``patient``.
        day, factor, amount
            One number, or one for each patient; dims ``patient``.
        state
            Name in the model's vocabulary.

        Raises
        ------
        SolverError
            When the model has no such state.
        """
        if state not in model.state_names:
            raise SolverError("events", [unknown_name(state, "state", model.state_names)])
        rows = np.atleast_1d(np.asarray(patients, dtype=np.int64))

        def spread(numbers: ArrayLike) -> NDArray[np.float64]:
            return np.broadcast_to(np.asarray(numbers, dtype=float), rows.shape).copy()

        place = np.full(rows.shape, model.state_names.index(state), dtype=np.int64)
        return Events(rows, spread(day), place, spread(factor), spread(amount))

    @staticmethod
    def joined(*events: Events) -> Events:
        """Return all events together, in the order given."""
        if not events:
            return Events.none()
        return Events(*(np.concatenate([getattr(part, item.name) for part in events]) for item in fields(Events)))


@dataclass(frozen=True)
class Effect:
    """One change that a rule makes: ``factor × old value + amount``, `delay_days` (0 or more) after the visit."""

    state: str
    factor: float = 1.0
    amount: float = 0.0
    delay_days: float = 0.0


@dataclass(frozen=True)
class Rule:
    """What the clinic does when a visit finds an output above a threshold.

    ``threshold`` has dims ``patient, visit`` (infinity: not looked at). The effects follow what was scheduled for that
    day. A rule acts on one patient at most `at_most` times.
    """

    name: str
    output: str
    threshold: NDArray[np.float64]
    effects: tuple[Effect, ...]
    at_most: int = 1

    def of(self, rows: NDArray[np.int64]) -> Rule:
        """Return the rule for these patients only; dims ``patient``."""
        return replace(self, threshold=self.threshold[rows])


def unknown_name(word: str, kind: str, known: Any) -> Problem:
    """Return the problem of a state or output that the model does not have."""
    close = nearest(word, known)
    return Problem(
        f"{kind} {word!r}",
        "is not in the model",
        f"one of its {len(tuple(known))} {kind}s",
        f"did you mean {close!r}?" if close else "see `sciatrial show mechanisms`",
    )
