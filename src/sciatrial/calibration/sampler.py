"""Sample the posterior: NUTS for what is continuous, Gibbs steps for the indicators of effects that may be absent.

A smoother that treats everything as normal cannot hold a probability at exactly zero; the indicators here are drawn
as what they are, yes or no. All trial effects are integrated out, the emulator is a polynomial, and arrays keep their
shapes when terms are masked, so that leaving studies out costs no new compilation.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields, replace
from functools import cache
from multiprocessing import get_context
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.density import Polynomials, block_told, log_likelihood, population_inputs
from sciatrial.calibration.problem import Likelihood
from sciatrial.foundation import CalibrationError, Problem, Progress, Record, how_to_install, silent


@dataclass(frozen=True)
class Chains:
    """How long to sample: `n_chains` of `n_draws` after `n_warmup`; `largest_tree` doublings of a step at most."""

    n_chains: int = 4
    n_warmup: int = 500
    n_draws: int = 750
    target_accept: float = 0.85
    largest_tree: int = 7


@dataclass(frozen=True)
class Task:
    """One posterior to sample.

    Parameters
    ----------
    observed, mask
        What is observed, and which numbers count; dims ``number``.
    seed
        Of the chains; never taken from the clock.
    inclusion
        Prior probability of each effect that may be absent, between 0 and 1: one for all, or dims ``group``.
    se
        Sampling errors in place of those of the likelihood, dims ``number``; None keeps them.
    prior_sd
        Prior standard deviation of the coordinates, above 0: one for all, or dims ``coordinate``.
    """

    observed: NDArray[np.float64]
    mask: NDArray[np.bool_]
    seed: int
    inclusion: float | NDArray[np.float64] = 0.5
    se: NDArray[np.float64] | None = None
    prior_sd: float | NDArray[np.float64] = 1.0


@dataclass(frozen=True, repr=False)
class Sample(Record):
    """Draws of one posterior; dims ``chain, draw, …``.

    ``z`` coordinates, ``present`` indicators, ``discrepancy`` coefficients, ``spreads`` in the order of `SPREADS` and
    `SD_SPREADS`, ``shift_sds`` of a trial's shifts, ``study_log_likelihood`` (last dim: group of studies),
    ``divergent`` and ``energy`` (dims ``chain, draw``).
    """

    z: NDArray[np.float64] = field(compare=False)
    present: NDArray[np.bool_] = field(compare=False)
    discrepancy: NDArray[np.float64] = field(compare=False)
    spreads: NDArray[np.float64] = field(compare=False)
    shift_sds: NDArray[np.float64] = field(compare=False)
    study_log_likelihood: NDArray[np.float64] = field(compare=False)
    divergent: NDArray[np.bool_] = field(compare=False)
    energy: NDArray[np.float64] = field(compare=False)
    seconds: float = field(compare=False)

    def flat(self, name: str) -> NDArray:
        """Return draws of all chains one after the other; dims ``draw, …``."""
        values = getattr(self, name)
        return values.reshape(-1, *values.shape[2:])

    def __repr__(self) -> str:
        chains, draws = self.divergent.shape
        return f"Sample: {chains} chains of {draws}, {int(self.divergent.sum())} divergences, {self.seconds:.0f} s"


def libraries() -> tuple[Any, Any]:
    """Return JAX, in double precision, and NumPyro.

    Raises
    ------
    CalibrationError
        When they are not installed.
    """
    if "jax" not in sys.modules:
        # its own threads make small matrices a hundred times slower
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    try:
        import jax
        import numpyro
        import threadpoolctl  # noqa: F401 asked for here, so that all that is missing is told at once
    except ImportError as error:
        what = Problem("NumPyro", "is not installed", "an environment with it", how_to_install("bayes"))
        raise CalibrationError("calibration", [what]) from error
    jax.config.update("jax_enable_x64", True)
    return jax, numpyro


def sampler_for(
    problem: Likelihood, chains: Chains, compiling: AbstractContextManager[Any] | None = None
) -> Callable[[Task], Sample]:
    """Return a function that samples the posterior of one set of data after another.

    Parameters
    ----------
    problem
        The likelihood.
    chains
        How long.
    compiling
        Entered to compile and left afterwards; of processes that share a lock one compiles, and others take what it
        has left in JAX's cache.

    Returns
    -------
    callable
        Of one `Task`; gives a `Sample`.
    """
    jax, numpyro = libraries()
    jnp = jax.numpy
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS, DiscreteHMCGibbs, init_to_value

    inputs = population_inputs(problem, jnp)
    scales, columns = problem.scales, problem.columns
    n_z, n_groups, n_shifts = len(problem.space.keys), len(problem.space.groups), int(problem.space.is_shift.sum())
    spread_scale = scales.of_spreads
    polynomials = Polynomials.of(problem)
    column_scale = np.array([scales.of_column(kind) for kind in columns.kinds])

    # arrays are given to the compiled program and not built into it: all problems of the same shapes share it
    def data_of(task: Task) -> dict[str, Any]:
        errors = problem.se if task.se is None else task.se
        return {
            "polynomials": polynomials,
            "column_scale": column_scale,
            "blocks": [block_told(block, task.observed, task.mask, errors, scales.freedom) for block in problem.blocks],
            "inclusion": np.broadcast_to(np.asarray(task.inclusion, dtype=float), (n_groups,)),
            "prior_sd": np.broadcast_to(np.asarray(task.prior_sd, dtype=float), (n_z,)),
        }

    def study_terms(z: Any, present: Any, b: Any, spreads: Any, shift_sds: Any, data: Any) -> Any:
        mean, shifts = data["polynomials"].at(inputs(z, present), b * data["column_scale"], jnp)
        return log_likelihood(jax, scales.freedom, mean, shifts, spreads, shift_sds, data["blocks"])

    def model(data: Any) -> None:
        z = numpyro.sample("z", dist.Normal(0.0, data["prior_sd"]).to_event(1))
        if n_groups:
            with numpyro.plate("effects", n_groups):
                on = numpyro.sample("present", dist.Bernoulli(probs=data["inclusion"]))
            present = on.astype(float)
        else:
            present = jnp.zeros(0)
        b = numpyro.sample("b", dist.Normal(0.0, 1.0).expand([len(columns.names)]).to_event(1))
        spreads = numpyro.sample("spreads", dist.HalfNormal(jnp.asarray(spread_scale)).to_event(1))
        shift_sds = numpyro.sample("shift_sds", dist.HalfNormal(scales.shift).expand([n_shifts]).to_event(1))
        of_study = study_terms(z, present, b, spreads, shift_sds, data)
        numpyro.factor("log_likelihood", of_study.sum())

    start = {
        "z": jnp.zeros(n_z), "b": jnp.zeros(len(columns.names)),
        "spreads": jnp.asarray(spread_scale / 2), "shift_sds": jnp.ones(n_shifts),
    }  # fmt: skip
    kernel: Any = NUTS(
        model, target_accept_prob=chains.target_accept, max_tree_depth=chains.largest_tree,
        init_strategy=init_to_value(values=start),
    )  # fmt: skip
    if n_groups:
        kernel = DiscreteHMCGibbs(kernel, modified=True)
    extra = ("hmc_state.diverging", "hmc_state.energy") if n_groups else ("diverging", "energy")
    runner = MCMC(
        kernel, num_warmup=chains.n_warmup, num_samples=chains.n_draws, num_chains=1, progress_bar=False,
        jit_model_args=True,
    )  # fmt: skip

    def chain_of(key: Any, data: Any) -> tuple[Any, Any]:
        runner.run(key, data, extra_fields=extra)
        return runner.get_samples(), runner.get_extra_fields()

    # one draw after another: many small factorisations at once wait for threads that there are not
    def evaluate(points: Any, data: Any) -> Any:
        return jax.lax.map(lambda p: study_terms(p[0], p[1], p[2], p[3], p[4], data), points)

    # each compiled as a whole, once: `run` by itself compiles anew for every chain
    example = data_of(Task(problem.observed, np.ones(len(problem.observed), dtype=bool), 0))
    widths = (n_z, n_groups, len(columns.names), len(spread_scale), n_shifts)
    points = tuple(np.zeros((chains.n_draws, width)) for width in widths)
    lowered = jax.jit(chain_of).lower(jax.random.PRNGKey(0), example), jax.jit(evaluate).lower(points, example)
    with compiling or nullcontext():
        sample_chain, evaluate_draws = (program.compile() for program in lowered)

    def one_chain(key: Any, data: Any) -> dict[str, NDArray]:
        values, told = jax.device_get(sample_chain(key, data))
        none = np.zeros((chains.n_draws, 0))
        point = [values["z"], values.get("present", none), values["b"], values["spreads"], values["shift_sds"]]
        of_study = evaluate_draws(tuple(np.asarray(part, dtype=float) for part in point), data)
        return {
            "z": values["z"], "present": np.asarray(point[1], dtype=bool), "discrepancy": values["b"] * column_scale,
            "spreads": values["spreads"], "shift_sds": values["shift_sds"],
            "study_log_likelihood": np.asarray(of_study), "divergent": told[extra[0]], "energy": told[extra[1]],
        }  # fmt: skip

    def sample(task: Task) -> Sample:
        from threadpoolctl import threadpool_limits

        began, data = time.perf_counter(), data_of(task)
        with threadpool_limits(1):
            first = jax.random.PRNGKey(task.seed % 2**32)
            made = [one_chain(jax.random.fold_in(first, chain), data) for chain in range(chains.n_chains)]
        together = {name: np.stack([one[name] for one in made]) for name in made[0]}
        return Sample(**together, seconds=time.perf_counter() - began)

    return sample


_SAMPLER: list[Callable[[Task], Sample]] = []


def _start(problem: Likelihood, chains: Chains, compiled: str, compiling: AbstractContextManager[Any]) -> None:
    jax, _ = libraries()
    jax.config.update("jax_compilation_cache_dir", compiled)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    _SAMPLER[:] = [sampler_for(problem, replace(chains, n_chains=1), compiling)]


@cache
def _own_folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="sciatrial-")


def _compiled_programs() -> str:
    """Return where processes find what others compiled; compiling takes longer than a short chain.

    A folder that lasts as long as this program, or the one that JAX is told of by ``JAX_COMPILATION_CACHE_DIR``.
    """
    return os.environ.get("JAX_COMPILATION_CACHE_DIR") or _own_folder().name


def _one_chain(number: int, chain: int, task: Task) -> tuple[int, int, Sample]:
    return number, chain, _SAMPLER[0](replace(task, seed=task.seed + 7919 * chain))


def sample_posteriors(
    problem: Likelihood,
    tasks: Sequence[Task],
    chains: Chains,
    *,
    workers: int = 1,
    progress: Progress = silent,
    label: str = "chains",
) -> list[Sample]:
    """Sample several posteriors of one likelihood, chain by chain, side by side.

    Parameters
    ----------
    problem, tasks, chains
        The likelihood, what each posterior is given, and how long its chains are.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of every finished chain; may ask to stop.

    Returns
    -------
    list
        One `Sample` a task.

    Raises
    ------
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    units = [(number, chain, task) for number, task in enumerate(tasks) for chain in range(chains.n_chains)]
    found: dict[tuple[int, int], Sample] = {}
    progress.start(label, len(units))

    def finished(number: int, chain: int, sample: Sample) -> None:
        found[number, chain] = sample
        if progress.advance() is False:
            raise KeyboardInterrupt

    # always in processes of their own, where the numerical library can be told to use one thread
    context = get_context("spawn")
    how = (problem, chains, _compiled_programs(), context.Lock())
    with ProcessPoolExecutor(max(1, workers), mp_context=context, initializer=_start, initargs=how) as pool:
        waiting = [pool.submit(_one_chain, *unit) for unit in units]
        try:
            for future in as_completed(waiting):
                finished(*future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    progress.finish()
    return [_joined([found[number, chain] for chain in range(chains.n_chains)]) for number in range(len(tasks))]


def _joined(parts: Sequence[Sample]) -> Sample:
    names = [one.name for one in fields(Sample) if one.name != "seconds"]
    together = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Sample(**together, seconds=sum(part.seconds for part in parts))
