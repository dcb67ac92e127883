"""What a simulation gives: the outputs at every visit, and how it ended for each patient."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, SolverError, nearest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class Status(IntEnum):
    """How the simulation of one patient ended."""

    SOLVED = 0
    STEP_TOO_SMALL = 1
    TOO_MANY_STEPS = 2
    NOT_FINITE = 3

    @property
    def sentence(self) -> str:
        """What happened and what to do."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.SOLVED: "solved",
    Status.STEP_TOO_SMALL: "the step fell below 1e-10 day: look for a parameter far outside its range, or use a larger "
    "`tolerance`",
    Status.TOO_MANY_STEPS: "more steps than `max_steps`: look for a rate far above its range, or allow more steps",
    Status.NOT_FINITE: "the equations gave NaN or infinity: look for a zero in a `_for_half_` parameter or an amount "
    "that is far too large",
}


@dataclass(frozen=True, eq=False, repr=False)
class Trajectories:
    """Simulated patients.

    ``times_days`` has dims ``patient, visit``; ``values`` dims ``patient, visit, output`` (NaN from where a patient
    failed, only finite numbers in solved patients); ``final_states`` dims ``patient, state``, after the events of the
    last day; ``status``, ``stopped_day`` and ``steps`` dims ``patient``; ``triggered`` dims ``patient, rule, visit``.
    """

    outputs: tuple[str, ...]
    times_days: NDArray[np.float64]
    values: NDArray[np.float64]
    final_states: NDArray[np.float64]
    status: NDArray[np.int64]
    stopped_day: NDArray[np.float64]
    steps: NDArray[np.int64]
    triggered: NDArray[np.bool_]

    def __repr__(self) -> str:
        patients, visits, outputs = self.values.shape
        return (
            f"Trajectories: {patients} patients, {visits} visits, {outputs} outputs\n"
            f"  outputs   {', '.join(self.outputs[:6])}{' …' if outputs > 6 else ''}\n"
            f"  unsolved  {int((self.status != Status.SOLVED).sum())}"
        )

    def __getitem__(self, output: str) -> NDArray[np.float64]:
        """Return one output; dims ``patient, visit``.

        Raises
        ------
        SolverError
            When it was not asked for.
        """
        if output not in self.outputs:
            close = nearest(output, self.outputs)
            hint = f"did you mean {close!r}?" if close else "name it in `outputs` of simulate()"
            raise SolverError("trajectories", [Problem(output, "was not simulated", ", ".join(self.outputs), hint)])
        return self.values[:, :, self.outputs.index(output)]

    def failures(self, first: int = 0) -> list[str]:
        """Return one sentence for each patient that was not solved; `first` is the number of the first patient."""
        return [
            f"patient {first + row}, day {self.stopped_day[row]:.4g}: {Status(int(self.status[row])).sentence}"
            for row in np.flatnonzero(self.status != Status.SOLVED)
        ]

    def of(self, rows: NDArray[Any]) -> Trajectories:
        """Return some of the patients: their places, or a truth value for each."""
        arrays = {item.name: getattr(self, item.name)[rows] for item in fields(self) if item.name != "outputs"}
        return Trajectories(outputs=self.outputs, **arrays)

    def put(self, rows: NDArray[np.int64], other: Trajectories) -> None:
        """Put another simulation of some of the patients in place of theirs, while results are being made."""
        for item in fields(self):
            if item.name != "outputs":
                getattr(self, item.name)[rows] = getattr(other, item.name)

    def table(self) -> pd.DataFrame:
        """Return one row for each patient and visit, one column for each output."""
        import pandas as pd

        patients, visits, _ = self.values.shape
        table = pd.DataFrame(
            {
                "patient": np.repeat(np.arange(patients), visits),
                "visit": np.tile(np.arange(visits), patients),
                "day": self.times_days.ravel(),
            }
        )
        for column, name in enumerate(self.outputs):
            table[name] = self.values[:, :, column].ravel()
        return table

    def to_xarray(self) -> xr.Dataset:
        """Return the outputs as variables with dims ``patient, visit``, and the status with dim ``patient``."""
        import xarray as xr

        variables = {name: (("patient", "visit"), self[name]) for name in self.outputs}
        coordinates = {"day": (("patient", "visit"), self.times_days), "status": ("patient", self.status)}
        return xr.Dataset(variables, coords=coordinates)
