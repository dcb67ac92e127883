"""Many forward runs at points of the prior, kept on disk in blocks, so that they can be interrupted and resumed.

Every run has patients of its own: the emulator that is fitted to the runs averages over them, so that the luck of one
group of virtual patients is nobody's bias.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import Plan, Sizes, forward
from sciatrial.calibration.space import Space, draws_at
from sciatrial.foundation import Progress, SciatrialError, derived_seed, fingerprint, silent
from sciatrial.model import sciatica_model

BLOCK = 20


@dataclass(frozen=True)
class Runs:
    """Forward runs.

    ``z``, ``present``, ``duration`` as in `prior_points` (dims ``run, …``); ``values`` (dims ``run, term``),
    ``effective_size``, ``gap`` and ``months`` (dims ``run, arm``; see `Forward`). A run that failed is NaN throughout.
    """

    z: NDArray[np.float64]
    present: NDArray[np.bool_]
    duration: NDArray[np.float64]
    values: NDArray[np.float64]
    effective_size: NDArray[np.float64]
    gap: NDArray[np.float64]
    months: NDArray[np.float64]

    @property
    def failed(self) -> int:
        """How many runs gave nothing at all."""
        return int(np.isnan(self.values).all(axis=1).sum())

    def joined(self, other: Runs) -> Runs:
        """Return these and other runs."""
        return Runs(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in self.__dataclass_fields__))


@dataclass(frozen=True)
class _Job:
    plan: Plan
    space: Space
    sizes: Sizes
    seed: int


_JOB: list[_Job] = []


def _start(job: _Job) -> None:
    _JOB[:] = [job]


def _block(first: int, z: NDArray, present: NDArray, duration: NDArray) -> tuple[int, dict[str, NDArray]]:
    return first, _simulated(_JOB[0], first, z, present, duration, 1)


def _simulated(
    job: _Job, first: int, z: NDArray, present: NDArray, duration: NDArray, threads: int | None
) -> dict[str, NDArray]:
    draws = draws_at(job.space, z, present)
    n_terms, n_arms = len(job.plan), len(job.plan.terms.arms)
    values = np.full((len(z), n_terms), np.nan)
    effective, gap = np.zeros((len(z), n_arms)), np.full((len(z), n_arms), np.inf)
    months = np.full((len(z), n_arms), np.nan)
    for place in range(len(z)):
        seed = derived_seed(job.seed, f"patients of run {first + place}")
        try:
            run = forward(
                sciatica_model(), job.plan, draws.one(place), seed=seed, duration_shift=float(duration[place]),
                sizes=job.sizes, threads=threads,
            )  # fmt: skip
        except SciatrialError:
            continue  # counted by the NaN that it leaves
        values[place], effective[place], gap[place] = run.values, run.effective_size, run.gap
        months[place] = run.months
    return {"values": values, "effective_size": effective, "gap": gap, "months": months}


def run_ensemble(
    plan: Plan,
    space: Space,
    points: tuple[NDArray, NDArray, NDArray],
    *,
    seed: int,
    sizes: Sizes | None = None,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
    label: str = "forward runs",
) -> Runs:
    """Run the simulator at many points.

    Parameters
    ----------
    plan, space, points
        What is simulated, and where (see `prior_points`).
    seed
        Of the patients; each run has its own.
    sizes
        Patients of each cause in a run.
    folder
        Where finished blocks are kept; a block that is there is not run again. None keeps nothing.
    workers
        Processes, 1 or more; they change the time, not the numbers.
    progress
        Told of every finished run; may ask to stop, which raises after what is finished has been kept.

    Raises
    ------
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    z, present, duration = points
    job = _Job(plan, space, sizes or Sizes(), seed)
    found: dict[int, dict[str, NDArray]] = {}
    starts = range(0, len(z), BLOCK)
    progress.start(label, len(z))
    for first in starts:
        if folder is not None and (kept := _kept(folder, first, _points(points, first))) is not None:
            found[first] = kept
            progress.advance(len(kept["values"]))
    todo = [first for first in starts if first not in found]

    def finished(first: int, block: dict[str, NDArray]) -> None:
        found[first] = block
        if folder is not None:
            _keep(folder, first, block, _points(points, first))
        if progress.advance(len(block["values"])) is False:
            raise KeyboardInterrupt

    parts = {first: _points(points, first) for first in todo}
    if workers <= 1:
        for first in todo:
            finished(first, _simulated(job, first, *parts[first], None))
    else:
        _in_processes(job, parts, workers, finished)
    progress.finish()
    names = ("values", "effective_size", "gap", "months")
    return Runs(z, present, duration, *(np.concatenate([found[f][name] for f in starts]) for name in names))


def plan_parts(plan: Plan) -> list[Any]:
    """Return what makes a plan another one: its numbers, its arms, its facts."""
    numbers = plan.terms.rows[["study_id", "arm_id", "score", "rule", "kind", "month", "versus"]]
    facts = "" if plan.facts is None else plan.facts.rows.drop(columns=["observed", "se", "studies"]).astype(str)
    arms = [[one.cause, [p.model_dump_json() for p in one.protocols], one.idle, one.months, one.arms]
            for one in plan.causes]  # fmt: skip
    return [numbers, arms, facts]


def _in_processes(
    job: _Job,
    parts: dict[int, tuple[NDArray, NDArray, NDArray]],
    workers: int,
    finished: Callable[[int, dict[str, NDArray]], None],
) -> None:
    context = get_context("spawn")  # a forked process would share the compiler's state
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(job,)) as pool:
        waiting = [pool.submit(_block, first, *part) for first, part in parts.items()]
        try:
            for future in as_completed(waiting):
                finished(*future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _file(folder: Path, first: int) -> Path:
    return folder / f"block-{first:06d}.npz"


def _points(points: tuple[NDArray, NDArray, NDArray], first: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return the points of one block."""
    z, present, duration = (part[first : first + BLOCK] for part in points)
    return z, present, duration


def _kept(folder: Path, first: int, points: tuple[NDArray, NDArray, NDArray]) -> dict[str, NDArray] | None:
    """Return a finished block, if it was run at these very points."""
    path = _file(folder, first)
    if not path.exists():
        return None
    with np.load(path) as kept:
        block = dict(kept)
    stamp = block.pop("points", None)
    return block if stamp is not None and str(stamp) == fingerprint(list(points)) else None


def _keep(folder: Path, first: int, block: dict[str, NDArray], points: tuple[NDArray, NDArray, NDArray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"block-{first:06d}.part"
    with part.open("wb") as file:
        np.savez(file, points=np.array(fingerprint(list(points))), **block)  # pyright: ignore[reportArgumentType]
    part.rename(_file(folder, first))
