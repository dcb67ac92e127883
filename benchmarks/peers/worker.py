"""What every engine of the benchmark is given and answers, in whichever environment it runs.

A worker is started with the folder of inputs and speaks lines of JSON: first what it is, then for each order (solver,
tolerance, rows of patients, where to save) the processor seconds that it took. An order is carried out again and again
for about as many seconds as it says, and the middle time counts: memory that is new to a process is slow at first.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

MOST_REPEATS = 15


@dataclass(frozen=True)
class Segment:
    """From one event of a patient to the next.

    ``visits`` are the places of the visits that fall in it, its end included; ``days`` their days, and its end.
    """

    start: float
    visits: np.ndarray
    days: np.ndarray
    state: np.ndarray
    factor: np.ndarray
    amount: np.ndarray

    def changed(self, y: np.ndarray) -> np.ndarray:
        """Return the states after the events at its start."""
        y = y.copy()
        for state, factor, amount in zip(self.state, self.factor, self.amount, strict=True):
            y[state] = factor * y[state] + amount
        return y


@dataclass(frozen=True)
class Inputs:
    """The patients: ``parameters`` and ``initial`` have dims ``patient, …``; events are in order of patient and day."""

    folder: Path
    state_names: list[str]
    parameter_names: list[str]
    scales: np.ndarray
    n_outputs: int
    parameters: np.ndarray
    initial: np.ndarray
    visits: np.ndarray
    event_start: np.ndarray
    event_day: np.ndarray
    event_state: np.ndarray
    event_factor: np.ndarray
    event_amount: np.ndarray

    @staticmethod
    def read(folder: Path) -> Inputs:
        """Read what the benchmark wrote."""
        words = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "patients.npz") as arrays:
            return Inputs(
                folder,
                words["states"],
                words["parameters"],
                np.array(words["scales"]),
                words["n_outputs"],
                **{name: arrays[name] for name in arrays},
            )

    def text(self, name: str) -> str:
        """Return a source of the model."""
        return (self.folder / name).read_text(encoding="utf-8")

    def events_of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the events of each of these patients begin in a list of theirs only, and the places of those."""
        counts = np.diff(self.event_start)[rows]
        start = np.concatenate([[0], np.cumsum(counts)])
        return start, np.repeat(self.event_start[rows] - start[:-1], counts) + np.arange(start[-1])

    @cached_property
    def segments(self) -> list[list[Segment]]:
        """Return the segments of every patient."""
        return [self._segments(patient) for patient in range(len(self.initial))]

    def _segments(self, patient: int) -> list[Segment]:
        mine = slice(self.event_start[patient], self.event_start[patient + 1])
        day, last = self.event_day[mine], self.visits[-1]
        starts = np.unique(np.concatenate([[0.0], day[day < last]]))
        found = []
        for start, stop in zip(starts, [*starts[1:], last], strict=True):
            visits = np.flatnonzero((self.visits > start) & (self.visits <= stop))
            at = np.flatnonzero(day == start) + self.event_start[patient]
            found.append(
                Segment(
                    float(start), visits, np.unique(np.concatenate([self.visits[visits], [stop]])),
                    self.event_state[at], self.event_factor[at], self.event_amount[at],
                )
            )  # fmt: skip
        return found

    def course(self, patient: int, solve: Callable[[np.ndarray, Segment], np.ndarray]) -> np.ndarray:
        """Return a patient's states at the visits, where `solve` gives those at a segment's days."""
        y = self.initial[patient]
        states = np.empty((len(self.visits), len(y)))
        states[self.visits <= 0.0] = y
        for segment in self.segments[patient]:
            found = solve(segment.changed(y), segment)
            states[segment.visits] = found[: len(segment.visits)]
            y = found[-1]
        return states


# (tolerance, rows) → states at the visits, dims patient, visit, state; or all outputs, for those that give them anyway
Solver = Callable[[float, np.ndarray], np.ndarray | tuple[np.ndarray, float]]


def one_by_one(inputs: Inputs, solver: Callable[[float], Callable[[int], np.ndarray]]) -> Solver:
    """Return a solver of many patients from one that, for a tolerance, gives a solver of one."""

    def solve(tolerance: float, rows: np.ndarray) -> np.ndarray:
        of_one = solver(tolerance)
        found = np.full((len(rows), len(inputs.visits), len(inputs.state_names)), np.nan)
        for place, row in enumerate(rows):
            try:
                found[place] = of_one(int(row))
            except Exception as error:  # noqa: BLE001 - a patient that a solver cannot solve is counted
                print(f"patient {row}: {type(error).__name__}: {error}"[:300], file=sys.stderr)
        return found

    return solve


def serve(
    prepare: Callable[[Inputs], Mapping[str, Solver]], version: str, *, gives: str = "states", notes: Sequence[str] = ()
) -> None:
    """Answer the orders on standard input until there are no more.

    Parameters
    ----------
    prepare
        Returns the solvers by name.
    gives
        ``states`` or ``outputs``.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    solvers = prepare(Inputs.read(Path(sys.argv[1])))
    _answer(answers, {"version": version, "gives": gives, "notes": list(notes), "solvers": list(solvers)})
    for line in sys.stdin:
        order = json.loads(line)
        rows = np.array(order["rows"], dtype=np.int64)
        taken: list[float] = []
        while not taken or (sum(taken) < order["seconds"] and len(taken) < MOST_REPEATS):
            start = time.process_time()
            found = solvers[order["solver"]](order["tolerance"], rows)
            taken.append(time.process_time() - start)
            if isinstance(found, tuple):  # it worked in another process, which measured its own time
                found, taken[-1] = found
        if order["save"]:
            np.save(order["save"], found)
        seconds = sorted(taken)[len(taken) // 2]
        _answer(answers, {"seconds": seconds, "unsolved": int(np.isnan(found).any(axis=(1, 2)).sum())})


def _answer(file, content: dict) -> None:
    file.write(json.dumps(content) + "\n")
    file.flush()
