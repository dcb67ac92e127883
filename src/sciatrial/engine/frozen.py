"""Derivatives: the steps of each patient are frozen, so that results are a smooth function of parameters and states.

A solver that chooses its steps anew for every parameter value gives results with small jumps, which no gradient-based
sampler forgives. Here the steps are chosen once, at a reference, and followed at every other value. Errors of the
frozen steps are still estimated, and given with every result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine.batch import Batch, checked, output_names
from sciatrial.engine.events import Events, unknown_name
from sciatrial.engine.solve import Mesh, Processor, solve
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.foundation import Problem, SolverError, silent
from sciatrial.model import Model

_DIFFERENCE = 1e-5  # near the cube root of what double precision can tell apart: where central differences are best
_SMALLEST_DIFFERENCE = 1e-6  # of a parameter that is 0, or nearly; that of a state goes by the state's scale
_MOST_STEPS = 2_000


@dataclass(frozen=True, eq=False)
class FrozenMesh:
    """Patients whose steps are fixed.

    ``days`` has dims ``patient, step`` (see `freeze`); all else is what `freeze` was given.
    """

    model: Model
    batch: Batch
    outputs: tuple[str, ...]
    tolerance: float
    days: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Followed:
    """Results on frozen steps.

    ``values`` has dims ``patient, visit, output`` (NaN where a patient's equations broke down); ``largest_error`` dims
    ``patient``: the largest error of a step relative to the tolerance. Far above 1, freeze again nearer by.
    """

    values: NDArray[np.float64]
    largest_error: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """Results on frozen steps, and their derivatives.

    ``derivatives`` has dims ``patient, visit, output, name``: of each output by each parameter, or by the state on day
    0, in `names`; see `Followed` for the rest.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    derivatives: NDArray[np.float64]
    largest_error: NDArray[np.float64]


def freeze(
    model: Model,
    parameters: ArrayLike,
    initial: ArrayLike,
    *,
    times_days: ArrayLike,
    events: Events | None = None,
    outputs: Sequence[str] | None = None,
    tolerance: float = 1e-4,
) -> FrozenMesh:
    """Solve patients once and keep the steps that they took.

    Parameters
    ----------
    model, parameters, initial, times_days, events, outputs, tolerance
        As for `simulate`. Rules are not followed: what they decide is not smooth.

    Raises
    ------
    SolverError
        With every wrong input at once, or when a patient cannot be solved.
    """
    events = Events.none() if events is None else events
    names = output_names(model, outputs)
    batch = checked(model, parameters, initial, times_days, events, (), names, tolerance).copied()
    n = len(batch.initial)
    first = _solved(model, batch, names, tolerance, None)
    unsolved = first.failures()
    if unsolved:
        raise SolverError("frozen steps", [Problem("patients", sentence, "a solution") for sentence in unsolved[:5]])
    # one more, so that a patient who is asked for a step too many finds a 0 and fails rather than reads beyond
    mesh = Mesh(np.zeros((n, int(first.steps.max()) + 1)), np.arange(n), is_given=False, largest_error=np.zeros(n))
    _solved(model, batch, names, tolerance, mesh)
    return FrozenMesh(model, batch, names, tolerance, mesh.days)


def _batch_of(mesh: FrozenMesh, parameters: ArrayLike, initial: ArrayLike) -> Batch:
    """Return the patients of a mesh at other values; there must be as many."""
    old = mesh.batch
    batch = checked(mesh.model, parameters, initial, old.times, old.events, (), mesh.outputs, mesh.tolerance)
    if len(batch.initial) != len(mesh.days):
        found, expected = f"are {len(batch.initial)}", f"the {len(mesh.days)} of the mesh"
        raise SolverError("frozen steps", [Problem("patients", found, expected)])
    return batch


def follow(mesh: FrozenMesh, parameters: ArrayLike, initial: ArrayLike) -> Followed:
    """Return the results at other parameters and states, on the frozen steps.

    Parameters
    ----------
    parameters
        Dims ``patient, parameter``, for the patients of the mesh.
    initial
        States on day 0; dims ``patient, state``.

    Raises
    ------
    SolverError
        With every wrong input at once.
    """
    batch = _batch_of(mesh, parameters, initial)
    return _followed(mesh, batch, np.arange(len(batch.initial)))


def sensitivities(
    mesh: FrozenMesh, parameters: ArrayLike, initial: ArrayLike, *, with_respect_to: Sequence[str]
) -> Sensitivities:
    """Return results and derivatives, by central differences on the frozen steps.

    Every patient is followed twice for each name, side by side with all others. Since the steps do not move, the
    differences are those of one smooth function, and as good as its rounding allows: some nine digits, some five for a
    number that is 0. Where a law has a kink, as at a state of 0 that cannot fall, the mean of both sides is given.

    Parameters
    ----------
    parameters, initial
        As for `follow`.
    with_respect_to
        Parameters, or states (their value on day 0).

    Raises
    ------
    SolverError
        With every wrong input at once, an unknown name among them.
    """
    names = tuple(with_respect_to)
    model = mesh.model
    known = (*model.parameter_names, *model.state_names)
    wrong = [unknown_name(name, "parameter or state", known) for name in names if name not in known]
    if wrong:
        raise SolverError("derivatives", wrong)
    batch = _batch_of(mesh, parameters, initial)
    n, n_parameters = len(batch.initial), len(model.parameters)
    point = np.concatenate([batch.parameters, batch.initial], axis=1)  # (patient, parameter then state)
    columns = [known.index(name) for name in names]
    smallest = [_SMALLEST_DIFFERENCE] * n_parameters + [_DIFFERENCE * state.scale for state in model.states]
    change = np.maximum(np.abs(point[:, columns]) * _DIFFERENCE, np.array(smallest)[columns])  # (patient, name)
    points = np.repeat(
        point[None], 1 + 2 * len(names), axis=0
    )  # (the point, then up and down by each name; patient; …)
    for place, column in enumerate(columns):
        points[1 + 2 * place, :, column] += change[:, place]
        points[2 + 2 * place, :, column] -= change[:, place]
    shifted = points[1::2, :, columns].diagonal(axis1=0, axis2=2), points[2::2, :, columns].diagonal(axis1=0, axis2=2)
    rows = points.reshape(-1, point.shape[1])
    copies = len(points)
    events = mesh.batch.events
    many = Batch(
        np.ascontiguousarray(rows[:, :n_parameters]),
        np.ascontiguousarray(rows[:, n_parameters:]),
        np.tile(batch.times, (copies, 1)),
        Events(
            (events.patient[None] + n * np.arange(copies)[:, None]).ravel(),
            np.tile(events.day, copies),
            np.tile(events.state, copies),
            np.tile(events.factor, copies),
            np.tile(events.amount, copies),
        ),
    )
    done = _followed(mesh, many, np.tile(np.arange(n), copies))
    values = done.values.reshape(copies, n, *done.values.shape[1:])
    width = (shifted[0] - shifted[1])[:, None, None, :]  # as rounded, not as wished
    derivatives = np.moveaxis(values[1::2] - values[2::2], 0, -1) / width
    return Sensitivities(names, values[0], derivatives, done.largest_error.reshape(copies, n).max(axis=0))


def _followed(mesh: FrozenMesh, batch: Batch, of: NDArray[np.int64]) -> Followed:
    steps = Mesh(mesh.days, of, is_given=True, largest_error=np.zeros(len(of)))
    run = _solved(mesh.model, batch, mesh.outputs, mesh.tolerance, steps)
    run.values[run.status != Status.SOLVED] = np.nan
    return Followed(run.values, steps.largest_error)


def _solved(model: Model, batch: Batch, names: tuple[str, ...], tolerance: float, mesh: Mesh | None) -> Trajectories:
    return solve(
        model, batch, (), names, tolerance=tolerance, max_steps=_MOST_STEPS, threads=None, progress=silent, mesh=mesh,
        processor=Processor.VECTOR,
    )  # fmt: skip
