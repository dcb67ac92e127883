"""More patients than memory holds: they come in blocks, are followed, reduced and forgotten."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine.batch import check_limits, checked, output_names
from sciatrial.engine.events import Events, Rule
from sciatrial.engine.reduce import Reducer
from sciatrial.engine.simulate import too_many_failures
from sciatrial.engine.solve import Precision, Processor, cores, prepare, processor_for, solve
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.foundation import Problem, Progress, SolverError, silent
from sciatrial.model import Model

BLOCK = 4096  # patients: enough for full lanes, few enough that a block of every thread fits into little memory
_MOST_TOLD = 20


@dataclass(frozen=True, eq=False)
class Crowd:
    """Patients as the engine takes them; dims as for `simulate`. Events and rules count the patients from 0."""

    parameters: ArrayLike
    initial: ArrayLike
    events: Events | None = None
    rules: Sequence[Rule] = ()


Source = Callable[[int, int], Crowd]


@dataclass(frozen=True, eq=False)
class Streamed:
    """What is left of the patients who were followed.

    ``results`` has one joined reduction for each reducer, over the patients who could be solved; ``ended`` counts
    patients by `Status`; ``failures`` tells the first of those who could not be.
    """

    n_patients: int
    results: tuple[Any, ...]
    ended: dict[Status, int]
    failures: tuple[str, ...]

    @property
    def n_unsolved(self) -> int:
        """Patients who could not be solved, and are in none of the results."""
        return sum(self.ended.values()) - self.ended[Status.SOLVED]

    def __repr__(self) -> str:
        kinds = ", ".join(type(result).__name__ for result in self.results)
        return f"Streamed: {self.n_patients} patients\n  unsolved  {self.n_unsolved}\n  results   {kinds}"


def stream(
    model: Model,
    source: Source,
    *,
    n_patients: int,
    times_days: ArrayLike,
    outputs: Sequence[str],
    into: Sequence[Reducer],
    tolerance: float = 1e-4,
    max_steps: int = 20_000,
    threads: int | None = None,
    progress: Progress = silent,
    max_failed_fraction: float = 0.01,
) -> Streamed:
    """Follow any number of patients in little memory, and keep only what the reducers make of them.

    Patients are followed in blocks of 4096, whatever the threads, and blocks are joined in their order: the numbers
    are the same on any number of cores.

    Parameters
    ----------
    model, outputs, tolerance, max_steps
        As for `simulate`.
    source
        Called with the numbers of the first patient and of the one after the last; returns that `Crowd`. It is called
        from several threads, and must return the same patients whenever it is asked.
    n_patients
        1 or more.
    times_days
        Days of the visits, the same for all; dims ``visit``.
    into
        Reducers, such as `moments`, `histogram` and `responders`.
    threads
        By default as many as there are cores for this process.
    progress
        Told of every finished block; may ask to stop.
    max_failed_fraction
        0 to 1.

    Raises
    ------
    SolverError
        As for `simulate`; a wrong input is told with the block that it is in.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    names = output_names(model, outputs)
    check_limits(max_steps, threads, max_failed_fraction)
    if n_patients < 1:
        raise SolverError("stream", [Problem("n_patients", f"is {n_patients}", "1 or more")])
    times = np.asarray(times_days, dtype=float)
    n_threads = threads or cores()
    processor = processor_for(Processor.VECTOR, Precision.DOUBLE, model)
    prepare(model)  # before threads ask for it all at once

    def reduced(first: int) -> _Block:
        stop = min(first + BLOCK, n_patients)
        crowd = source(first, stop)
        run = _followed(model, crowd, (first, stop), times, names, tolerance, max_steps, processor)
        solved = run.status == Status.SOLVED
        left = run if solved.all() else run.of(solved)
        told = tuple(run.failures(first)[:_MOST_TOLD])
        return _Block(stop - first, tuple(reducer(left) for reducer in into), run.status, told)

    progress.start("patients followed", n_patients)
    results: tuple[Any, ...] = ()
    ended = dict.fromkeys(Status, 0)
    failures: list[str] = []
    firsts = iter(range(0, n_patients, BLOCK))
    waiting: deque[Future[_Block]] = deque()
    pool = ThreadPoolExecutor(n_threads)
    try:
        for first in firsts:
            waiting.append(pool.submit(reduced, first))
            if len(waiting) > n_threads:
                break
        while waiting:
            block = waiting.popleft().result()
            following = next(firsts, None)
            if following is not None:
                waiting.append(pool.submit(reduced, following))
            results = (
                tuple(mine.joined(new) for mine, new in zip(results, block.results, strict=True))
                if results
                else block.results
            )
            for status in Status:
                ended[status] += int((block.status == status).sum())
            failures += block.failures[: _MOST_TOLD - len(failures)]
            if not progress.advance(block.n):
                raise KeyboardInterrupt
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    progress.finish()
    too_many_failures(ended, failures, max_failed_fraction)
    return Streamed(n_patients, results, ended, tuple(failures))


@dataclass(frozen=True, eq=False)
class _Block:
    n: int
    results: tuple[Any, ...]
    status: NDArray[np.int64]
    failures: tuple[str, ...]


def _followed(
    model: Model,
    crowd: Crowd,
    block: tuple[int, int],
    times: NDArray[np.float64],
    names: tuple[str, ...],
    tolerance: float,
    max_steps: int,
    processor: Processor,
) -> Trajectories:
    events = Events.none() if crowd.events is None else crowd.events
    where = f"patients {block[0]} to {block[1] - 1}, counted from 0"
    try:
        batch = checked(model, crowd.parameters, crowd.initial, times, events, crowd.rules, names, tolerance)
    except SolverError as error:
        raise SolverError(where, error.problems) from error
    if len(batch.initial) != block[1] - block[0]:
        found, expected = f"gave {len(batch.initial)} patients", f"{block[1] - block[0]}"
        raise SolverError(where, [Problem("source", found, expected, "return just the patients that are asked for")])
    return solve(
        model, batch, crowd.rules, names, tolerance=tolerance, max_steps=max_steps, threads=1, progress=silent,
        processor=processor,
    )  # fmt: skip
