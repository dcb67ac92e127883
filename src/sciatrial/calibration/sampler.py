"""Sample the posterior: NUTS for what is continuous, Gibbs steps for the indicators of effects that may be absent.

A smoother that treats everything as normal cannot hold a probability at exactly zero; the indicators here are drawn
as what they are, yes or no. All trial effects are integrated out, the emulator is a polynomial, and arrays keep their
shapes when terms are masked, so that leaving studies out costs no new compilation.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields, replace
from functools import cache
from multiprocessing import get_context
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def _height(square: Any, n: Any, freedom: float, xp: Any, gammaln: Any) -> Any:
    """Return the log density of `n` numbers of a group by Student's t, but for the determinant.

    `square` is the sum of their squares once they are white; infinite freedom is the normal.
    """
    if np.isinf(freedom):
        return -0.5 * (square + n * np.log(2 * np.pi))
    constant = gammaln((freedom + n) / 2) - gammaln(freedom / 2) - 0.5 * n * np.log(freedom * np.pi)
    return constant - 0.5 * (freedom + n) * xp.log1p(square / freedom)


def log_likelihood_at(
    problem: Likelihood,
    mean: NDArray[np.float64],
    shifts: NDArray[np.float64],
    spreads: NDArray[np.float64],
    shift_sds: NDArray[np.float64],
    mask: NDArray[np.bool_],
    groups: Iterable[str],
    se: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the log likelihood of some groups of studies at one point, without JAX.

    Parameters
    ----------
    problem
        The likelihood.
    mean, shifts
        As `means_of` gives them.
    spreads, shift_sds, mask
        As in `Sample` and `Task`, of one draw.
    groups
        Names among ``problem.studies``.
    se
        As in `Task`.

    Returns
    -------
    numpy.ndarray
        dims ``group``, in their order in the problem.
    """
    from scipy.special import gammaln

    wanted, names = set(groups), iter(problem.studies)
    errors = problem.se if se is None else se
    told = []
    for block in problem.blocks:
        for row in range(len(block.place)):
            if next(names) not in wanted:
                continue
            slots = np.flatnonzero(block.is_real[row])
            slots = slots[mask[block.place[row, slots]]]
            place, grid = block.place[row, slots], np.ix_(slots, slots)
            moved = shift_sds[:, None] * shifts[:, place]
            total = block.sampling[row][grid] * np.outer(errors[place], errors[place]) + block.fixed[row][grid]
            total = total + np.einsum("p,pij->ij", spreads**2, block.parts[:, row][:, slots][:, :, slots])
            total = total + moved.T @ moved
            left = problem.observed[place] - mean[place]
            square, n = left @ np.linalg.solve(total, left), len(place)
            height = _height(square, n, problem.scales.freedom, np, gammaln)
            told.append(height - 0.5 * np.linalg.slogdet(total)[1])
    return np.array(told)


def _log_likelihood_of(problem: Likelihood, jnp: Any, solve_triangular: Any, gammaln: Any) -> Callable[..., Any]:
    """Return the log likelihood of each group of studies as a function of means, shifts, spreads and data."""
    blocks = [tuple(map(jnp.asarray, (b.place, b.is_real, b.sampling, b.fixed, b.parts))) for b in problem.blocks]

    def log_likelihood(mean: Any, shifts: Any, spreads: Any, shift_sds: Any, data: Any) -> Any:
        observed, mask, se = data["observed"], data["mask"], data["se"]
        parts = []
        for place, real, sampling, fixed, of_spread in blocks:
            use = real & mask[place]
            both = use[:, :, None] & use[:, None, :]
            moved = shift_sds[:, None, None] * shifts[:, place]  # (shift, study, slot)
            total = sampling * se[place][:, :, None] * se[place][:, None, :] + fixed
            total += jnp.einsum("p,psij->sij", spreads**2, of_spread) + jnp.einsum("ksi,ksj->sij", moved, moved)
            total = jnp.where(both, total, 0.0) + jnp.eye(place.shape[1]) * (~use)[:, :, None]
            left = jnp.where(use, observed[place] - mean[place], 0.0)
            root = jnp.linalg.cholesky(total)
            white = solve_triangular(root, left[..., None], lower=True)[..., 0]
            diagonal = jnp.diagonal(root, axis1=1, axis2=2)
            height = _height((white**2).sum(axis=1), use.sum(axis=1), problem.scales.freedom, jnp, gammaln)
            parts.append(height - jnp.log(diagonal).sum(axis=1))
        return jnp.concatenate(parts)

    return log_likelihood


def means_of(problem: Likelihood, xp: Any = np) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return a function of inputs (with a trial's shifts at 0) and coefficients → means and effects of shifts.

    The function takes one point (dims ``input``) and gives means (dims ``term``) and what a unit of each shift does
    (dims ``shift, term``).
    """
    e = problem.emulator
    intercept, coefficients = xp.asarray(e.intercept), xp.asarray(e.coefficients)
    one = len(e.inputs)
    # the derivative by each shift, at shifts of 0: monomials that hold it once, without it
    by_shift = []
    for shift in np.flatnonzero(problem.space.is_shift):
        mine = np.flatnonzero((e.factors == shift).sum(axis=1) == 1)
        by_shift.append((mine, np.where(e.factors[mine] == shift, one, e.factors[mine])))
    columns = xp.asarray(problem.columns.values)
    moves = xp.asarray(problem.is_term.astype(float))  # a fact is about people at large, not one trial

    def means(x: Any, of_columns: Any) -> tuple[Any, Any]:
        x = xp.concatenate([x, xp.ones(1)])
        mean = intercept + xp.prod(x[e.factors], axis=1) @ coefficients + columns @ of_columns
        effects = [xp.prod(x[others], axis=1) @ coefficients[mine] for mine, others in by_shift]
        return mean, xp.stack(effects) * moves

    return means


def population_inputs(problem: Likelihood, xp: Any = np) -> Callable[[Any, Any], Any]:
    """Return a function of coordinates and indicators (one point) → inputs with the shifts of a trial at 0."""
    space = problem.space
    gate = np.maximum(space.gate, 0)
    gated = space.gate >= 0
    is_shift = space.is_shift[: len(space.keys)]

    def inputs(z: Any, present: Any) -> Any:
        counts = xp.where(gated, present[gate], 1.0) * (~is_shift)
        return xp.concatenate([z * counts, xp.zeros(1), present])

    return inputs


def sampler_for(problem: Likelihood, chains: Chains) -> Callable[[Task], Sample]:
    """Return a function that samples the posterior of one set of data after another.

    Parameters
    ----------
    problem
        The likelihood.
    chains
        How long.

    Returns
    -------
    callable
        Of one `Task`; gives a `Sample`.
    """
    jax, numpyro = libraries()
    jnp = jax.numpy
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS, DiscreteHMCGibbs, init_to_value

    log_likelihood = _log_likelihood_of(problem, jnp, jax.scipy.linalg.solve_triangular, jax.scipy.special.gammaln)
    means, inputs = means_of(problem, jnp), population_inputs(problem, jnp)
    scales, columns = problem.scales, problem.columns
    n_z, n_groups, n_shifts = len(problem.space.keys), len(problem.space.groups), int(problem.space.is_shift.sum())
    column_scale = np.array([scales.of_column(kind) for kind in columns.kinds])
    spread_scale = scales.of_spreads

    def study_terms(z: Any, present: Any, b: Any, spreads: Any, shift_sds: Any, data: Any) -> Any:
        mean, shifts = means(inputs(z, present), b * column_scale)
        return log_likelihood(mean, shifts, spreads, shift_sds, data)

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

    # compiled as a whole: `run` by itself compiles anew for every chain
    @jax.jit
    def chain_of(key: Any, data: Any) -> tuple[Any, Any]:
        runner.run(key, data, extra_fields=extra)
        return runner.get_samples(), runner.get_extra_fields()

    # one draw after another: many small factorisations at once wait for threads that there are not
    @jax.jit
    def evaluate(points: Any, data: Any) -> Any:
        return jax.lax.map(lambda p: study_terms(p[0], p[1], p[2], p[3], p[4], data), points)

    def sample(task: Task) -> Sample:
        from threadpoolctl import threadpool_limits

        began = time.perf_counter()
        data = {
            "observed": jnp.asarray(np.where(task.mask, task.observed, 0.0)),
            "mask": jnp.asarray(task.mask, dtype=bool),
            "se": jnp.asarray(problem.se if task.se is None else task.se),
            "inclusion": jnp.broadcast_to(jnp.asarray(task.inclusion, dtype=float), (n_groups,)),
            "prior_sd": jnp.broadcast_to(jnp.asarray(task.prior_sd, dtype=float), (n_z,)),
        }
        drawn: list[Mapping[str, NDArray]] = []
        extras: list[tuple[NDArray, NDArray]] = []
        with threadpool_limits(1):
            for chain in range(chains.n_chains):
                key = jax.random.fold_in(jax.random.PRNGKey(task.seed % 2**32), chain)
                values, told = jax.device_get(chain_of(key, data))
                drawn.append(values)
                extras.append((np.asarray(told[extra[0]]), np.asarray(told[extra[1]])))
        stacked = {name: np.stack([np.asarray(one[name]) for one in drawn]) for name in drawn[0]}
        present = stacked.get("present", np.zeros((*stacked["z"].shape[:2], 0))).astype(bool)
        coefficients = stacked["b"] * column_scale
        n = chains.n_chains * chains.n_draws
        flat = [
            a.reshape(n, -1).astype(float)
            for a in (stacked["z"], present, stacked["b"], stacked["spreads"], stacked["shift_sds"])
        ]
        of_study = np.asarray(evaluate(tuple(map(jnp.asarray, flat)), data)).reshape(
            chains.n_chains, chains.n_draws, -1
        )
        return Sample(
            z=stacked["z"], present=present, discrepancy=coefficients, spreads=stacked["spreads"],
            shift_sds=stacked["shift_sds"], study_log_likelihood=of_study,
            divergent=np.stack([e[0] for e in extras]), energy=np.stack([e[1] for e in extras]),
            seconds=time.perf_counter() - began,
        )  # fmt: skip

    return sample


_SAMPLER: list[Callable[[Task], Sample]] = []


def _start(problem: Likelihood, chains: Chains, compiled: str) -> None:
    jax, _ = libraries()
    jax.config.update("jax_compilation_cache_dir", compiled)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    _SAMPLER[:] = [sampler_for(problem, replace(chains, n_chains=1))]


@cache
def _compiled_programs() -> TemporaryDirectory[str]:
    """Return where processes find what others of this program compiled; compiling takes longer than a short chain."""
    return TemporaryDirectory(prefix="sciatrial-")


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
    with ProcessPoolExecutor(
        max(1, workers), mp_context=context, initializer=_start, initargs=(problem, chains, _compiled_programs().name)
    ) as pool:
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
