"""Frozen steps as an operation of JAX: calibration by gradients (NumPyro, BlackJAX) sees the engine as one function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.engine.events import unknown_name
from sciatrial.engine.frozen import FrozenMesh, follow, sensitivities
from sciatrial.foundation import Problem, SolverError, how_to_install


def differentiable(
    mesh: FrozenMesh, *, with_respect_to: Sequence[str], largest_error: float = math.inf
) -> Callable[[Any], Any]:
    """Return the results of the patients of a mesh as a function that JAX can differentiate, compile and map.

    Parameters
    ----------
    mesh
        From `freeze`; whatever is not in `with_respect_to` stays as it was there.
    with_respect_to
        Parameters, or states (their value on day 0); each once.
    largest_error
        Error of a step, in tolerances, beyond which a patient's results are NaN: so far away the frozen steps no longer
        fit, and a sampler should turn back rather than believe them. Above 0; 10 is a good choice.

    Returns
    -------
    function
        Of an array with dims ``patient, name``; gives an array with dims ``patient, visit, output``, NaN where a
        patient's equations broke down or a value is not finite. First derivatives in reverse mode (``grad``,
        ``jacrev``, ``vjp``), ``jit`` and ``vmap``; no forward mode.

    Raises
    ------
    SolverError
        When JAX is not installed or computes in single precision, for an unknown or repeated name, or for an array of
        another shape.
    """
    jax = _jax()
    names = tuple(with_respect_to)
    known = (*mesh.model.parameter_names, *mesh.model.state_names)
    wrong = [unknown_name(name, "parameter or state", known) for name in names if name not in known]
    wrong += [
        Problem(name, "is named twice", "each name once") for name in dict.fromkeys(names) if names.count(name) > 1
    ]
    if wrong:
        raise SolverError("derivatives", wrong)
    n_parameters = len(mesh.model.parameters)
    columns = [known.index(name) for name in names]
    shape = (*mesh.batch.times.shape, len(mesh.outputs))

    def point(chosen: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Return parameters and states, and for which patients they are none; those are followed where they were."""
        is_none: NDArray[np.bool_] = np.any(~np.isfinite(chosen), axis=1)
        whole = np.concatenate([mesh.batch.parameters, mesh.batch.initial], axis=1)
        whole[:, columns] = np.where(is_none[:, None], whole[:, columns], chosen)
        return whole[:, :n_parameters], whole[:, n_parameters:], is_none

    def values_of(chosen: Any) -> NDArray[np.float64]:
        *where, is_none = point(np.asarray(chosen))
        done = follow(mesh, *where)
        done.values[is_none | (done.largest_error > largest_error)] = np.nan
        return done.values

    def both_of(chosen: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        *where, is_none = point(np.asarray(chosen))
        done = sensitivities(mesh, *where, with_respect_to=names)
        unusable = is_none | (done.largest_error > largest_error)
        done.values[unusable], done.derivatives[unusable] = np.nan, np.nan
        return done.values, done.derivatives

    def right(chosen: Any) -> Any:
        if np.shape(chosen) != (len(mesh.days), len(names)):
            expected = f"({len(mesh.days)}, {len(names)}): patient, name"
            raise SolverError("derivatives", [Problem("the array", f"has shape {np.shape(chosen)}", expected)])
        return chosen

    values = jax.ShapeDtypeStruct(shape, np.float64)
    derivatives = jax.ShapeDtypeStruct((*shape, len(names)), np.float64)

    @jax.custom_vjp
    def results(chosen: Any) -> Any:
        return jax.pure_callback(values_of, values, right(chosen), vmap_method="sequential")

    def forward(chosen: Any) -> tuple[Any, Any]:
        return jax.pure_callback(both_of, (values, derivatives), right(chosen), vmap_method="sequential")

    def backward(kept: Any, weights: Any) -> tuple[Any]:
        return (jax.numpy.einsum("pvo,pvok->pk", weights, kept),)

    results.defvjp(forward, backward)
    return results


def _jax() -> Any:
    try:
        import jax
    except ImportError as error:
        what = Problem("JAX", "is not installed", "an environment with it", how_to_install("jax"))
        raise SolverError("derivatives", [what]) from error
    if not jax.config.read("jax_enable_x64"):
        hint = "call jax.config.update('jax_enable_x64', True) before anything else"
        raise SolverError("derivatives", [Problem("JAX", "computes in single precision", "double precision", hint)])
    return jax
