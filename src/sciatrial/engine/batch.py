"""What is simulated: inputs checked, all problems told at once, and laid out as the drivers take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine.events import Events, Rule, unknown_name
from sciatrial.engine.trajectories import Trajectories
from sciatrial.foundation import Problem, SolverError
from sciatrial.model import Model

_MOST_PROBLEMS = 20
_MOST_STEPS = 10**12


@dataclass(frozen=True)
class Batch:
    """Checked inputs: dims ``patient, parameter``; ``patient, state``; ``patient, visit``.

    They are the caller's own arrays where those have the right form.
    """

    parameters: NDArray[np.float64]
    initial: NDArray[np.float64]
    times: NDArray[np.float64]
    events: Events

    def of(self, rows: NDArray[np.int64]) -> Batch:
        """Return some of the patients."""
        return Batch(self.parameters[rows], self.initial[rows], self.times[rows], self.events.of(rows))

    def copied(self) -> Batch:
        """Return the same, safe from what the caller does to the arrays later."""
        return Batch(self.parameters.copy(), self.initial.copy(), self.times.copy(), self.events.copied())


def output_names(model: Model, outputs: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of what is wanted; by default every output that is not a state."""
    if isinstance(outputs, str):
        raise SolverError("simulation", [Problem("outputs", f"is the text {outputs!r}", "a list", f"[{outputs!r}]")])
    return tuple(outputs) if outputs is not None else tuple(item.name for item in model.formulas if item.is_output)


def check_limits(max_steps: int, threads: int | None, max_failed_fraction: float) -> None:
    """Raise for limits that are none.

    Raises
    ------
    SolverError
        With every one of them.
    """
    rules = (
        ("max_steps", max_steps, 1 <= max_steps <= _MOST_STEPS, f"1 to {_MOST_STEPS:g}"),
        ("threads", threads, threads is None or threads >= 1, "1 or more, or left out"),
        ("max_failed_fraction", max_failed_fraction, 0 <= max_failed_fraction <= 1, "0 to 1"),
    )
    problems = [Problem(name, f"is {value}", expected) for name, value, is_right, expected in rules if not is_right]
    if problems:
        raise SolverError("simulation", problems)


def checked(
    model: Model,
    parameters: ArrayLike,
    initial: ArrayLike,
    times_days: ArrayLike,
    events: Events,
    rules: Sequence[Rule],
    names: tuple[str, ...],
    tolerance: float,
) -> Batch:
    """Return the inputs of a simulation as arrays.

    Raises
    ------
    SolverError
        With everything that is wrong with them.
    """
    start = np.atleast_2d(np.asarray(initial, dtype=float))
    numbers = np.atleast_2d(np.asarray(parameters, dtype=float))
    times = np.atleast_2d(np.asarray(times_days, dtype=float))
    n = max(len(start), len(numbers))
    if not (len(start) and len(numbers) and len(times)):  # nobody, whatever the others say
        n, start, numbers, times = 0, start[:0], numbers[:0], times[:0]
    problems = [
        Problem(what, f"has shape {array.shape}", f"({n}, {width})", "one row for each patient, or one for all")
        for what, array, width in (
            ("parameters", numbers, len(model.parameters)),
            ("initial", start, len(model.states)),
            ("times_days", times, times.shape[1]),
        )
        if array.ndim != 2 or array.shape[1] != width or len(array) not in (1, n) or width == 0
    ]
    if times.shape[1] == 0:
        problems = [problem for problem in problems if problem.where != "times_days"]
        problems.append(Problem("times_days", "is empty", "one day or more"))
    if not 1e-12 <= tolerance <= 0.1:
        problems.append(Problem("tolerance", f"is {tolerance}", "1e-12 to 0.1", "the default is 1e-4"))
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
        raise SolverError("simulation", problems)

    def rows(array: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(array) < n:
            array = np.repeat(array, n, axis=0)
        return np.require(array, requirements=["C", "W"])  # numba's code takes no arrays that may only be read

    return Batch(rows(numbers), rows(start), rows(times), events)


def _and_more(kind: str, found: int) -> list[Problem]:
    """Return a line for the problems of a kind that are not told one by one."""
    more = found - _MOST_PROBLEMS
    return [Problem(kind, f"{more} more such problems", "finite numbers in range")] if more > 0 else []


def _number_problems(kind: str, array: NDArray[np.float64], names: tuple[str, ...]) -> list[Problem]:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):  # one pass over millions of numbers, which nearly always ends here
            return []
    wrong = np.argwhere(~np.isfinite(array))
    told = [
        Problem(f"patient {row}, {kind} {names[column]}", f"is {array[row, column]}", "a finite number")
        for row, column in wrong[:_MOST_PROBLEMS]
    ]
    return told + _and_more(f"{kind}s", len(wrong))


def _time_problems(times: NDArray[np.float64]) -> list[Problem]:
    problems = _number_problems("visit", times, tuple(str(visit) for visit in range(times.shape[1])))
    if problems:
        return problems
    wrong = np.flatnonzero((times[:, 0] < 0) | (np.diff(times, axis=1) < 0).any(axis=1))
    told = [
        Problem(f"patient {row}, times_days", f"{times[row].tolist()}", "0 or more and never falling", "sort them")
        for row in wrong[:_MOST_PROBLEMS]
    ]
    return told + _and_more("times_days", len(wrong))


def _event_problems(events: Events, n: int, model: Model) -> list[Problem]:
    problems = []
    lengths = {len(events.patient), len(events.day), len(events.state), len(events.factor), len(events.amount)}
    if len(lengths) > 1:
        return [Problem("events", f"have parts of lengths {sorted(lengths)}", "one entry of each for every event")]
    if not len(events):
        return []
    if not all(np.issubdtype(part.dtype, np.integer) for part in (events.patient, events.state)):
        return [Problem("events", "have patients or states that are no whole numbers", "whole numbers")]
    finite = np.isfinite(events.day) & np.isfinite(events.factor) & np.isfinite(events.amount)
    wrong = ~finite | (events.day < 0) | (events.patient < 0) | (events.patient >= n)
    wrong |= (events.state < 0) | (events.state >= len(model.states))
    for index in np.flatnonzero(wrong)[:_MOST_PROBLEMS]:
        found = (
            f"patient {events.patient[index]}, day {events.day[index]}, state {events.state[index]}, "
            f"factor {events.factor[index]}, amount {events.amount[index]}"
        )
        expected = f"a patient from 0 to {n - 1}, a day from 0, a state of the model, finite factor and amount"
        problems.append(Problem(f"event {index}", found, expected))
    return problems + _and_more("events", int(wrong.sum()))


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


def no_trajectories(batch: Batch, names: tuple[str, ...], n_rules: int) -> Trajectories:
    """Return trajectories for the drivers to fill: values of visits that are not reached are left as they are."""
    n, n_visits = batch.times.shape
    return Trajectories(
        outputs=names,
        times_days=batch.times.copy(),
        values=np.empty((n, n_visits, len(names))),
        final_states=np.full(batch.initial.shape, np.nan),
        status=np.zeros(n, dtype=np.int64),
        stopped_day=np.zeros(n),
        steps=np.zeros(n, dtype=np.int64),
        triggered=np.zeros((n, n_rules, n_visits), dtype=np.bool_),
    )


def driver_arguments(
    model: Model,
    output_names: Sequence[str],
    batch: Batch,
    rules: Sequence[Rule],
    trajectories: Trajectories,
    *,
    tolerance: float,
    max_steps: int,
) -> dict[str, Any]:
    """Return what the drivers take, by the names of their arguments; results go into `trajectories`.

    Parameters
    ----------
    output_names
        Formula outputs in the order of the compiled code.
    """
    n, n_visits = batch.times.shape
    events = batch.events
    order = np.lexsort((events.day, events.patient))  # of equal days, the first given stays the first
    starts = np.searchsorted(events.patient[order], np.arange(n + 1))
    places = {name: place for place, name in enumerate((*output_names, *model.state_names))}
    effects = [effect for rule in rules for effect in rule.effects]
    threshold = np.stack([rule.threshold for rule in rules]) if rules else np.zeros((0, n, n_visits))

    def whole(numbers: Sequence[int]) -> NDArray[np.int64]:
        return np.array(numbers, dtype=np.int64)

    def real(numbers: Sequence[float]) -> NDArray[np.float64]:
        return np.array(numbers, dtype=float)

    return {
        "n_patients": n, "parameters": batch.parameters, "initial": batch.initial, "times": batch.times,
        "n_visits": n_visits,
        "event_start": starts.astype(np.int64), "event_day": events.day[order].astype(float),
        "event_state": events.state[order].astype(np.int64), "event_factor": events.factor[order].astype(float),
        "event_amount": events.amount[order].astype(float),
        "n_rules": len(rules), "rule_column": whole([places[rule.output] for rule in rules]),
        "rule_threshold": np.array(threshold, dtype=float, order="C"),
        "rule_at_most": whole([rule.at_most for rule in rules]),
        "effect_start": np.cumsum([0, *(len(rule.effects) for rule in rules)]).astype(np.int64),
        "effect_state": whole([model.state_names.index(effect.state) for effect in effects]),
        "effect_factor": real([effect.factor for effect in effects]),
        "effect_amount": real([effect.amount for effect in effects]),
        "effect_delay": real([effect.delay_days for effect in effects]),
        "most_waiting": sum(min(rule.at_most, n_visits) * len(rule.effects) for rule in rules),
        "n_columns": len(trajectories.outputs), "columns": whole([places[name] for name in trajectories.outputs]),
        "absolute": real([tolerance * 0.01 * state.scale for state in model.states]), "relative": float(tolerance),
        "max_steps": int(max_steps),
        "values": trajectories.values, "final": trajectories.final_states, "status": trajectories.status,
        "stopped_day": trajectories.stopped_day, "steps": trajectories.steps, "triggered": trajectories.triggered,
    }  # fmt: skip
