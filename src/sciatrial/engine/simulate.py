"""Model + parameters + events → Trajectories."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from sciatrial.engine.batch import checked
from sciatrial.engine.events import Events, Rule
from sciatrial.engine.solve import Precision, Processor, solve
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.foundation import Problem, Progress, SolverError, silent
from sciatrial.model import Model


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
        Relative error that a step may make, 1e-12 to 0.1; the absolute one is a hundredth of it × the state's scale.
    max_steps
        Steps after which a patient is given up.
    threads
        By default as many as there are cores for this process.
    progress
        Told of every finished patient; may ask to stop.
    max_failed_fraction
        0 to 1.
    processor
        ``vector`` (the default), ``scalar`` (the plain reference, some five times slower) or ``graphics`` (an NVIDIA
        one, with the extra ``graphics``; where none can be used, a SlowEngineWarning says why and vector code runs).
    precision
        ``double``, or ``single``: some 1.8 times as fast, and given only where a few patients of this very batch, also
        solved in double, show that it is good enough.

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
    batch = checked(model, parameters, initial, times_days, events, rules, names, tolerance)
    trajectories = solve(
        model, batch, rules, names, tolerance=tolerance, max_steps=max_steps, threads=threads, progress=progress,
        processor=Processor(processor), precision=Precision(precision),
    )  # fmt: skip
    _refuse_many_failures(trajectories, max_failed_fraction)
    return trajectories


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
