"""Checked inputs → results, on one of the processors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.engine import lanes, rosenbrock
from sciatrial.engine.batch import Batch, driver_arguments, no_trajectories
from sciatrial.engine.events import Rule
from sciatrial.engine.graphics import NoGraphicsError, graphics_code, run_on_graphics
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.engine.vector import target_here, vector_code
from sciatrial.foundation import Problem, Progress, SolverError, silent
from sciatrial.model import Model

_SECONDS_BETWEEN_LOOKS = 0.05
_TAKEN_AT_ONCE = 64  # patients that the scalar reference solves between two looks at the caller's wish to stop
_FEW = 256  # so few patients that handing them to threads costs more than it saves


class Processor(StrEnum):
    """What computes."""

    VECTOR = "vector"
    SCALAR = "scalar"
    GRAPHICS = "graphics"


class Precision(StrEnum):
    """How many digits are carried: 16 or 7."""

    DOUBLE = "double"
    SINGLE = "single"


class SlowEngineWarning(UserWarning):
    """Something slower than what was asked for does the work; the message says what and why."""


@dataclass(frozen=True)
class Mesh:
    """The steps of patients, to be written down (``is_given`` false) or followed.

    ``days`` has dims ``mesh, step``: the length of a step; minus the length where the step ends at a visit or an event;
    0 after the last. ``of`` has dims ``patient``: which mesh each follows. ``largest_error`` has dims ``patient``: the
    largest error of a step, relative to the tolerance.
    """

    days: NDArray[np.float64]
    of: NDArray[np.int64]
    is_given: bool
    largest_error: NDArray[np.float64]


def processor_for(processor: Processor, precision: Precision, model: Model, *, stacklevel: int = 3) -> Processor:
    """Return what will compute: what was asked for, or what this machine has instead.

    Warns
    -----
    SlowEngineWarning
        When that is something else, with the reason.
    """
    if processor is Processor.GRAPHICS:
        try:
            graphics_code(model, is_double=precision is Precision.DOUBLE)
        except NoGraphicsError as missing:
            warnings.warn(str(missing), SlowEngineWarning, stacklevel=stacklevel)
            processor = Processor.VECTOR
    if processor is Processor.VECTOR and target_here(is_double=precision is Precision.DOUBLE) is None:
        warnings.warn(
            "this processor has no fused vector arithmetic (AVX2 with FMA, AVX-512 or NEON): patients are solved one "
            "at a time, some nine times slower, with the same results to rounding.",
            SlowEngineWarning,
            stacklevel=stacklevel,
        )
        return Processor.SCALAR
    return processor


def solve(
    model: Model,
    batch: Batch,
    rules: Sequence[Rule],
    names: tuple[str, ...],
    *,
    tolerance: float,
    max_steps: int,
    threads: int | None,
    progress: Progress,
    processor: Processor,
    precision: Precision = Precision.DOUBLE,
    mesh: Mesh | None = None,
) -> Trajectories:
    """Solve every patient on a processor that is there; with a mesh, follow it or write it down.

    A patient with a result that is not finite is not solved, wherever the number comes from.
    """
    trajectories = no_trajectories(batch, names, len(rules))
    settings = {"tolerance": tolerance, "max_steps": max_steps}
    n = len(batch.initial)
    if processor is Processor.GRAPHICS:
        graphics = graphics_code(model, is_double=precision is Precision.DOUBLE)
        arguments = driver_arguments(model, graphics.output_names, batch, rules, trajectories, **settings)
        run_on_graphics(graphics, arguments | _mesh_arguments(None, n), progress)
    elif processor is Processor.SCALAR:
        from sciatrial.engine.scalar import scalar_code  # numba is slow to import, and seldom needed

        scalar = scalar_code(model)
        arguments = driver_arguments(model, scalar.output_names, batch, rules, trajectories, **settings)
        _run_scalar(scalar, arguments, n, threads, progress)
    else:
        target = target_here(is_double=precision is Precision.DOUBLE)
        if target is None:
            expected = "a processor with AVX2 and FMA, AVX-512 or NEON"
            raise SolverError("vector code", [Problem("this processor", "has none", expected)])
        code = vector_code(model, target)
        arguments = driver_arguments(model, code.output_names, batch, rules, trajectories, **settings)
        arguments |= _mesh_arguments(mesh, n)
        arguments["absolute"] = arguments["absolute"].astype(np.float64 if target.is_double else np.float32)
        _run_vector(code.run, arguments, target.lanes, threads, progress)
    _complete(trajectories)
    return trajectories


def _complete(run: Trajectories) -> None:
    """Take out what was not reached, and the word solved where a result is not finite."""
    failed = np.flatnonzero(run.status != Status.SOLVED)
    for row in failed:
        run.values[row, run.times_days[row] > run.stopped_day[row] + rosenbrock.SAME_DAY] = np.nan
    with np.errstate(over="ignore", invalid="ignore"):
        if not len(failed) and np.isfinite(run.values.sum()) and np.isfinite(run.final_states.sum()):  # nearly always
            return
    finite = np.isfinite(run.values).all(axis=(1, 2)) & np.isfinite(run.final_states).all(axis=1)
    run.status[~finite & (run.status == Status.SOLVED)] = Status.NOT_FINITE


def prepare(model: Model) -> None:
    """Compile a model now, so that the first simulation starts at once.

    Some two seconds at the first run on a machine, a fraction of one afterwards.

    Warns
    -----
    CompileCacheWarning
        When the cache folder cannot be used.
    """
    target = target_here()
    if target is not None:
        vector_code(model, target)
        return
    from sciatrial.engine.scalar import scalar_code

    scalar_code(model)


def _mesh_arguments(mesh: Mesh | None, n: int) -> dict[str, Any]:
    if mesh is None:
        nothing = {"mesh_use": lanes.FREE, "mesh": np.zeros(1), "mesh_width": 0, "mesh_of": np.zeros(1, np.int64)}
        return nothing | {"largest_error": np.zeros(n)}
    return {
        "mesh_use": lanes.FROZEN if mesh.is_given else lanes.RECORDED,
        "mesh": mesh.days,
        "mesh_width": mesh.days.shape[1],
        "mesh_of": mesh.of,
        "largest_error": mesh.largest_error,
    }


def _run_vector(
    run: Callable[[dict[str, Any]], None],
    arguments: dict[str, Any],
    n_lanes: int,
    threads: int | None,
    progress: Progress,
) -> None:
    """Let threads take patients from one counter until none is left; watch them, and stop them when asked to."""
    n, n_rules, most_waiting = arguments["n_patients"], arguments["n_rules"], arguments["most_waiting"]
    next_patient, stop, done = (np.zeros(1, np.int64) for _ in range(3))

    def work() -> None:
        room = {
            "waiting_day": np.zeros(n_lanes * most_waiting + 1),
            "waiting_effect": np.zeros(n_lanes * most_waiting + 1, np.int64),
            "fired": np.zeros(n_lanes * n_rules + 1, np.int64),
        }
        run(arguments | room | {"next_patient": next_patient, "stop": stop, "patients_done": done})

    progress.start("patients simulated", n)
    told = 0
    is_stopped = False
    # where nobody watches, one thread needs no other
    if n <= _FEW or (threads == 1 and progress is silent):
        work()
    else:
        with ThreadPoolExecutor(threads or cores()) as pool:
            working = {pool.submit(work) for _ in range(threads or cores())}
            try:
                while working and not is_stopped:
                    finished, working = wait(working, _SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                    for thread in finished:
                        thread.result()
                    now = int(done[0])
                    is_stopped = not progress.advance(now - told)
                    told = now
            finally:
                stop[0] = 1
    if is_stopped or not progress.advance(n - told):
        raise KeyboardInterrupt
    progress.finish()


def _run_scalar(code: Any, arguments: dict[str, Any], n: int, threads: int | None, progress: Progress) -> None:
    """Hand chunks of patients to threads; the driver works outside Python's lock."""
    kernels = code.kernels
    sizes = np.array([kernels.n_constants, kernels.n_entries, kernels.n_outputs, arguments["most_waiting"]])
    given = [arguments[name] for name in code.arguments]
    progress.start("patients simulated", n)
    chunks = [(low, min(low + _TAKEN_AT_ONCE, n)) for low in range(0, n, _TAKEN_AT_ONCE)]
    pool = ThreadPoolExecutor(threads or cores())
    try:
        waiting: dict[Future[None], int] = {
            pool.submit(code.drive, low, high, sizes, *given): high - low for low, high in chunks
        }
        while waiting:
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                done.result()
                if not progress.advance(waiting.pop(done)):
                    raise KeyboardInterrupt
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    progress.finish()


def cores() -> int:
    """Return how many cores this process may use; only some systems tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
