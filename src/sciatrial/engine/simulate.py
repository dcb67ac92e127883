"""Model + parameters + events → Trajectories."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine.compile import Compiled, compiled
from sciatrial.engine.events import Events, Rule, unknown_name
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.foundation import Problem, Progress, SolverError, silent
from sciatrial.model import Model

# small enough that a stop is heard at once, large enough that handing out work costs nothing
_PATIENTS_PER_CHUNK = 64
_MOST_PROBLEMS = 20


def simulate(
    model: Model,
    parameters: ArrayLike,
    initial: ArrayLike,
    *,
    times_days: ArrayLike,
    events: Events | None = None,
    rules: Sequence[Rule] = (),
    outputs: Sequence[str] | None = None,
    tolerance: float = 1e-3,
    max_steps: int = 20_000,
    threads: int | None = None,
    progress: Progress = silent,
    max_failed_fraction: float = 0.01,
) -> Trajectories:
    """Simulate many patients.

    Each patient is solved alone, so that the numbers do not depend on the batch, its order or the threads.

    Parameters
    ----------
    model
        The equations.
    parameters
        In the order of ``model.parameter_names`` and in their units; dims ``patient, parameter``, or ``parameter``
        when all patients share them.
    initial
        States on day 0, in the order of ``model.state_names``; dims ``patient, state``.
    times_days
        Days at which outputs are wanted, 0 or more, never falling; dims ``visit`` or ``patient, visit``. A patient's
        simulation ends on its last one.
    events
        What happens when. Events after the last visit are left out; those on its very day change the final states.
    rules
        What a visit may set off.
    outputs
        Names of outputs or states; by default every output that is not a state.
    tolerance
        Relative error that a step may make, 1e-12 to 0.1; the absolute one is a hundredth of it × the state's scale.
    max_steps
        Steps after which a patient is given up.
    threads
        By default as many as there are cores for this process.
    progress
        Told of every finished patient; may ask to stop.
    max_failed_fraction
        0 to 1.

    Returns
    -------
    Trajectories
        A patient that cannot be solved is a value (``status``), not an error.

    Raises
    ------
    SolverError
        With every wrong input at once (NaN, infinity, a wrong shape, an unknown name, a falling time), or when more
        than `max_failed_fraction` of the patients could not be solved.
    KeyboardInterrupt
        When `progress` asks to stop.

    Source
    ------
    Method: hairer1996, section IV.7 (Rodas, order 4 with an embedded order 3).
    """
    events = Events.none() if events is None else events
    names = tuple(outputs) if outputs is not None else tuple(item.name for item in model.formulas if item.is_output)
    batch = _checked(model, parameters, initial, times_days, events, rules, names, tolerance)
    ready = compiled(model)
    trajectories = _empty(batch, names, len(rules))
    arguments = _arguments(model, ready, batch, rules, names, tolerance, max_steps, trajectories)
    _run(ready, arguments, len(batch.initial), threads, progress)
    _refuse_many_failures(trajectories, max_failed_fraction)
    return trajectories


@dataclass(frozen=True)
class _Batch:
    """Checked inputs: dims ``patient, parameter``; ``patient, state``; ``patient, visit``."""

    parameters: NDArray[np.float64]
    initial: NDArray[np.float64]
    times: NDArray[np.float64]
    events: Events


def _checked(
    model: Model,
    parameters: ArrayLike,
    initial: ArrayLike,
    times_days: ArrayLike,
    events: Events,
    rules: Sequence[Rule],
    names: tuple[str, ...],
    tolerance: float,
) -> _Batch:
    start = np.atleast_2d(np.asarray(initial, dtype=float))
    numbers = np.atleast_2d(np.asarray(parameters, dtype=float))
    times = np.atleast_2d(np.asarray(times_days, dtype=float))
    n = max(len(start), len(numbers))
    problems = [
        Problem(what, f"has shape {array.shape}", f"({n}, {width})", "one row for each patient, or one for all")
        for what, array, width in (
            ("parameters", numbers, len(model.parameters)),
            ("initial", start, len(model.states)),
            ("times_days", times, times.shape[1]),
        )
        if array.ndim != 2 or array.shape[1] != width or len(array) not in (1, n) or width == 0
    ]
    if not 1e-12 <= tolerance <= 0.1:
        problems.append(Problem("tolerance", f"is {tolerance}", "1e-12 to 0.1", "the default is 1e-3"))
    known = [item.name for item in model.outputs]
    problems += [unknown_name(name, "output", known) for name in names if name not in known]
    problems += [p for rule in rules for p in _rule_problems(rule, model, known, (n, times.shape[-1]))]
    if problems:
        raise SolverError("simulation", problems)
    problems += _number_problems("parameter", numbers, model.parameter_names)
    problems += _number_problems("initial state", start, model.state_names)
    problems += _time_problems(times)
    problems += _event_problems(events, n, model)
    if problems:
        raise SolverError("simulation", _shortened(problems))

    def rows(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array(np.broadcast_to(array, (n, array.shape[1])), order="C")

    return _Batch(rows(numbers), rows(start), rows(times), events)


def _shortened(problems: list[Problem]) -> list[Problem]:
    if len(problems) <= _MOST_PROBLEMS:
        return problems
    more = Problem("simulation", f"{len(problems) - _MOST_PROBLEMS} more such problems", "finite numbers in range")
    return [*problems[:_MOST_PROBLEMS], more]


def _number_problems(kind: str, array: NDArray[np.float64], names: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(f"patient {row}, {kind} {names[column]}", f"is {array[row, column]}", "a finite number")
        for row, column in np.argwhere(~np.isfinite(array))
    ]


def _time_problems(times: NDArray[np.float64]) -> list[Problem]:
    problems = _number_problems("visit", times, tuple(str(visit) for visit in range(times.shape[1])))
    if problems:
        return problems
    return [
        Problem(f"patient {row}, times_days", f"{times[row].tolist()}", "0 or more and never falling", "sort them")
        for row in np.flatnonzero((times[:, 0] < 0) | (np.diff(times, axis=1) < 0).any(axis=1))
    ]


def _event_problems(events: Events, n: int, model: Model) -> list[Problem]:
    problems = []
    lengths = {len(events.patient), len(events.day), len(events.state), len(events.factor), len(events.amount)}
    if len(lengths) > 1:
        return [Problem("events", f"have parts of lengths {sorted(lengths)}", "one entry of each for every event")]
    if not len(events):
        return []
    finite = np.isfinite(events.day) & np.isfinite(events.factor) & np.isfinite(events.amount)
    wrong = ~finite | (events.day < 0) | (events.patient < 0) | (events.patient >= n)
    wrong |= (events.state < 0) | (events.state >= len(model.states))
    for index in np.flatnonzero(wrong):
        found = (
            f"patient {events.patient[index]}, day {events.day[index]}, state {events.state[index]}, "
            f"factor {events.factor[index]}, amount {events.amount[index]}"
        )
        expected = f"a patient from 0 to {n - 1}, a day from 0, a state of the model, finite factor and amount"
        problems.append(Problem(f"event {index}", found, expected))
    return problems


def _rule_problems(rule: Rule, model: Model, known: list[str], shape: tuple[int, int]) -> list[Problem]:
    problems = []
    if rule.output not in known:
        problems.append(unknown_name(rule.output, "output", known))
    if np.shape(rule.threshold) != shape or np.isnan(rule.threshold).any():
        found = f"has shape {np.shape(rule.threshold)}" if np.shape(rule.threshold) != shape else "holds NaN"
        problems.append(
            Problem(f"rule {rule.name}, threshold", found, f"{shape}: patient, visit", "infinity for never")
        )
    if rule.at_most < 1:
        problems.append(Problem(f"rule {rule.name}, at_most", f"is {rule.at_most}", "1 or more"))
    for effect in rule.effects:
        if effect.state not in model.state_names:
            problems.append(unknown_name(effect.state, "state", model.state_names))
        if not (np.isfinite([effect.factor, effect.amount, effect.delay_days]).all() and effect.delay_days >= 0):
            problems.append(Problem(f"rule {rule.name}", f"{effect}", "finite numbers and a delay of 0 or more"))
    return problems


def _empty(batch: _Batch, names: tuple[str, ...], n_rules: int) -> Trajectories:
    n, n_visits = batch.times.shape
    return Trajectories(
        outputs=names,
        times_days=batch.times,
        values=np.full((n, n_visits, len(names)), np.nan),
        final_states=np.full(batch.initial.shape, np.nan),
        status=np.zeros(n, dtype=np.int64),
        stopped_day=np.zeros(n),
        steps=np.zeros(n, dtype=np.int64),
        triggered=np.zeros((n, n_rules, n_visits), dtype=np.bool_),
    )


def _arguments(
    model: Model,
    ready: Compiled,
    batch: _Batch,
    rules: Sequence[Rule],
    names: tuple[str, ...],
    tolerance: float,
    max_steps: int,
    trajectories: Trajectories,
) -> tuple:
    """Return what the driver takes after the range of patients."""
    n, n_visits = batch.times.shape
    events = batch.events
    order = np.lexsort((np.arange(len(events)), events.day, events.patient))
    starts = np.searchsorted(events.patient[order], np.arange(n + 1))
    places = {name: place for place, name in enumerate((*ready.output_names, *model.state_names))}
    effects = [effect for rule in rules for effect in rule.effects]
    most_waiting = sum(min(rule.at_most, n_visits) * len(rule.effects) for rule in rules)
    kernels = ready.kernels

    def whole(numbers: list[int]) -> NDArray[np.int64]:
        return np.array(numbers, dtype=np.int64)

    def real(numbers: list[float]) -> NDArray[np.float64]:
        return np.array(numbers, dtype=float)

    threshold = np.stack([rule.threshold for rule in rules]) if rules else np.zeros((0, n, n_visits))
    return (
        whole([kernels.n_constants, kernels.n_entries, kernels.n_outputs, most_waiting]),
        batch.parameters, batch.initial, batch.times,
        starts.astype(np.int64), events.day[order].astype(float), events.state[order].astype(np.int64),
        events.factor[order].astype(float), events.amount[order].astype(float),
        whole([places[rule.output] for rule in rules]),
        np.array(threshold, dtype=float, order="C"),
        whole([rule.at_most for rule in rules]),
        np.cumsum([0, *(len(rule.effects) for rule in rules)]).astype(np.int64),
        whole([model.state_names.index(effect.state) for effect in effects]),
        real([effect.factor for effect in effects]), real([effect.amount for effect in effects]),
        real([effect.delay_days for effect in effects]),
        whole([places[name] for name in names]),
        real([tolerance * 0.01 * state.scale for state in model.states]), float(tolerance), int(max_steps),
        trajectories.values, trajectories.final_states, trajectories.status, trajectories.stopped_day,
        trajectories.steps, trajectories.triggered,
    )  # fmt: skip


def _run(ready: Compiled, arguments: tuple, n: int, threads: int | None, progress: Progress) -> None:
    """Hand chunks of patients to threads; the driver works outside Python's lock."""
    workers = threads or _cores()
    progress.start("patients simulated", n)
    chunks = [(low, min(low + _PATIENTS_PER_CHUNK, n)) for low in range(0, n, _PATIENTS_PER_CHUNK)]
    pool = ThreadPoolExecutor(workers)
    try:
        waiting = {pool.submit(ready.drive, low, high, *arguments): high - low for low, high in chunks}
        for done in as_completed(waiting):
            done.result()
            if not progress.advance(waiting[done]):
                raise KeyboardInterrupt
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    progress.finish()


def _cores() -> int:
    """Return how many cores this process may use; only some systems tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _refuse_many_failures(trajectories: Trajectories, most: float) -> None:
    failures = trajectories.failures()
    n = len(trajectories.status)
    if len(failures) <= most * n:
        return
    counts = {status.name.lower(): int((trajectories.status == status).sum()) for status in Status if status}
    summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    raise SolverError(
        "simulation",
        [
            Problem(f"{len(failures)} of {n} patients", f"could not be solved ({summary})", f"at most {most:.0%}"),
            *(Problem("for example", sentence, "a solution to the last visit") for sentence in failures[:5]),
        ],
    )
