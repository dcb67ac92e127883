"""Model + parameters + events → Trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from numpy.typing import ArrayLike

from sciatrial.engine.batch import check_limits, checked, output_names
from sciatrial.engine.events import Events, Rule
from sciatrial.engine.single import solve_single
from sciatrial.engine.solve import Precision, Processor, processor_for, solve
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.foundation import Problem, Progress, SolverError, silent, unknown_word
from sciatrial.model import Model

_Word = TypeVar("_Word", bound=StrEnum)


def simulate(
    model: Model,
    parameters: ArrayLike,
    initial: ArrayLike,
    *,
    times_days: ArrayLike,
    events: Events | None = None,
    rules: Sequence[Rule] = (),
    outputs: Sequence[str] | None = None,
    tolerance: float = 1e-4,
    max_steps: int = 20_000,
    threads: int | None = None,
    progress: Progress = silent,
    max_failed_fraction: float = 0.01,
    processor: Processor | str = Processor.VECTOR,
    precision: Precision | str = Precision.DOUBLE,
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
        Relative error that a step may make, 1e-12 to 0.1; the absolute one is a hundredth of it × the state's scale. At
        1e-4 the largest error of any output of 10 350 patients of the sciatica model was below 1e-3.
    max_steps
        Steps after which a patient is given up.
    threads
        By default as many as there are cores for this process.
    progress
        Told of every finished patient; may ask to stop.
    max_failed_fraction
        0 to 1.
    processor
        ``vector`` (the default), ``scalar`` (the plain reference, some nine times slower) or ``graphics`` (an NVIDIA
        one, with the extra ``graphics``; where none can be used, a SlowEngineWarning says why and vector code runs).
    precision
        ``double``, or ``single``: for thousands of patients 1.6 to 1.9 times as fast, and given only where 64 patients
        of this very batch, also solved in double, lie within 10 × `tolerance` of it. Who cannot be solved in it, and
        batches of 64 or fewer, are solved in double. The scalar reference has double precision only.

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

    Warns
    -----
    SlowEngineWarning
        When something slower than what was asked for does the work, with the reason.

    Source
    ------
    Method: hairer1996, section IV.7 (Rodas, order 4 with an embedded order 3).
    """
    events = Events.none() if events is None else events
    names = output_names(model, outputs)
    check_limits(max_steps, threads, max_failed_fraction)
    batch = checked(model, parameters, initial, times_days, events, rules, names, tolerance)
    processor, precision = _known("processor", processor, Processor), _known("precision", precision, Precision)
    if precision is Precision.SINGLE and processor is Processor.SCALAR:
        problem = Problem("precision", "is single", "double: the scalar reference has no other", "leave it out")
        raise SolverError("simulation", [problem])
    processor = processor_for(processor, precision, model)
    how = {"tolerance": tolerance, "max_steps": max_steps, "processor": processor}
    if precision is Precision.SINGLE and processor is not Processor.SCALAR:
        trajectories = solve_single(model, batch, rules, names, threads=threads, progress=progress, **how)
    else:
        trajectories = solve(model, batch, rules, names, threads=threads, progress=progress, **how)
    ended = {status: int((trajectories.status == status).sum()) for status in Status}
    too_many_failures(ended, trajectories.failures(), max_failed_fraction)
    return trajectories


def _known(name: str, word: str, words: type[_Word]) -> _Word:
    try:
        return words(word)
    except ValueError as error:
        raise SolverError("simulation", [unknown_word(name, word, words, kind=name)]) from error


def too_many_failures(ended: Mapping[Status, int], failures: Sequence[str], most: float) -> None:
    """Raise when more than a fraction of the patients could not be solved.

    Raises
    ------
    SolverError
        With how many, why, and the first of them.
    """
    n = sum(ended.values())
    unsolved = n - ended[Status.SOLVED]
    if unsolved <= most * n:
        return
    summary = ", ".join(f"{count} {status.name.lower()}" for status, count in ended.items() if status and count)
    raise SolverError(
        "simulation",
        [
            Problem(f"{unsolved} of {n} patients", f"could not be solved ({summary})", f"at most {most:.0%}"),
            *(Problem("for example", sentence, "a solution to the last visit") for sentence in failures[:5]),
        ],
    )
