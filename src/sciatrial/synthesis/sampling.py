"""Sample a posterior with NUTS, and say whether the sample can be believed.

Chains are seeded one by one and linear algebra runs in one thread (it is small, and threads only wait for one another),
so the numbers are the same whatever the number of cores. Thresholds after Vehtari et al. 2021 (doi:10.1214/20-BA1221).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, Progress, how_to_install, silent

LARGEST_R_HAT = 1.01
LEAST_ESS = 400.0
LARGEST_DIVERGENT_SHARE = 0.001
LEAST_E_BFMI = 0.3
# in the unconstrained space, where models are written so that 0 is a place to begin
_FARTHEST_START = 0.5


@dataclass(frozen=True)
class Sampler:
    """How a posterior is sampled.

    Parameters
    ----------
    seed
        From 0; never taken from the clock.
    n_chains, n_warmup, n_draws
        Chains (2 or more), and steps of each before and after its tuning ends.
    target_accept
        Aim of the step-size tuning, between 0 and 1; nearer to 1 is slower and diverges less.
    again
        How many more times a sample that did not converge is tried, each with twice the warm-up and draws and a step
        size nearer to 1.
    """

    seed: int
    n_chains: int = 4
    n_warmup: int = 1000
    n_draws: int = 1000
    target_accept: float = 0.9
    again: int = 1


@dataclass(frozen=True)
class Diagnostics:
    """Whether a sample can be believed; the worst over all parameters that are reported.

    `worst_r_hat` is rank-normalised and split; `least_e_bfmi` is NaN where nothing was left to sample by NUTS (every
    draw is then exact and independent). `seconds` is wall-clock time.
    """

    divergences: int
    worst_r_hat: float
    worst_parameter: str
    least_bulk_ess: float
    least_tail_ess: float
    thinnest_parameter: str
    least_e_bfmi: float
    n_chains: int
    n_draws: int
    seconds: float
    attempts: int

    @property
    def converged(self) -> bool:
        """True when every threshold of this module holds."""
        return not self.why_not

    @property
    def why_not(self) -> tuple[str, ...]:
        """What speaks against the sample, each with its parameter; empty when nothing does."""
        total = self.n_chains * self.n_draws
        reasons = []
        if not self.worst_r_hat <= LARGEST_R_HAT:
            reasons.append(f"R-hat of {self.worst_parameter} is {self.worst_r_hat:.3f} (at most {LARGEST_R_HAT})")
        if not min(self.least_bulk_ess, self.least_tail_ess) >= LEAST_ESS:
            least = min(self.least_bulk_ess, self.least_tail_ess)
            reasons.append(
                f"effective sample of {self.thinnest_parameter} is {least:.0f} of {total} (at least {LEAST_ESS:.0f})"
            )
        if self.divergences > LARGEST_DIVERGENT_SHARE * total:
            reasons.append(f"{self.divergences} of {total} steps diverged (at most {LARGEST_DIVERGENT_SHARE:.1%})")
        if self.least_e_bfmi < LEAST_E_BFMI:
            reasons.append(f"E-BFMI is {self.least_e_bfmi:.2f} (at least {LEAST_E_BFMI})")
        return tuple(reasons)

    def headline(self) -> str:
        """Return the line that a table begins with."""
        if self.converged:
            ess = min(self.least_bulk_ess, self.least_tail_ess)
            return (
                f"Converged: {self.n_chains} chains of {self.n_draws}, largest R-hat {self.worst_r_hat:.3f}, "
                f"smallest effective sample {ess:.0f}, {self.divergences} divergences, {self.seconds:.0f} s"
            )
        return (
            f"NOT CONVERGED: {'; '.join(self.why_not)}. "
            "Next: more n_draws and n_warmup, target_accept nearer to 1, or priors that are less vague."
        )


def libraries() -> tuple[Any, Any]:
    """Return JAX, in double precision, and NumPyro.

    Raises
    ------
    EvidenceError
        When they are not installed.
    """
    try:
        import jax
        import numpyro
        import threadpoolctl  # noqa: F401 asked for here, so that all that is missing is told at once
    except ImportError as error:
        what = Problem("NumPyro", "is not installed", "an environment with it", how_to_install("bayes"))
        raise EvidenceError("Bayesian synthesis", [what]) from error
    jax.config.update("jax_enable_x64", True)
    return jax, numpyro


Sampled = tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_], NDArray[np.float64]]


def sampler_of(model: Callable[..., None], settings: Sampler, chains_at_once: int = 1) -> Callable[[Any], Sampled]:
    """Return a function that samples `model` for one set of data after another of the same shapes.

    The function takes the model's data (a mapping of arrays) and gives draws by name (dims ``chain, draw, ...``),
    divergences (dims ``chain, draw``) and energies (dims ``chain, draw``). Several chains at once wait for the longest
    step of each other, and are still faster where a step is cheap.
    """
    jax, _ = libraries()
    from numpyro.infer import MCMC, NUTS, init_to_uniform

    near: Any = init_to_uniform(radius=_FARTHEST_START)  # pyright: ignore[reportArgumentType]
    kernel = NUTS(model, target_accept_prob=settings.target_accept, init_strategy=near)
    chains = MCMC(
        kernel,
        num_warmup=settings.n_warmup,
        num_samples=settings.n_draws,
        num_chains=chains_at_once,
        chain_method="vectorized",
        progress_bar=False,
        jit_model_args=True,
    )

    def sample(data: Any) -> Sampled:
        drawn, divergent, energies = [], [], []
        for first in range(0, settings.n_chains, chains_at_once):
            key = jax.random.fold_in(jax.random.PRNGKey(settings.seed % 2**32), first)
            chains.run(key, data, extra_fields=("diverging", "energy"))
            extra = chains.get_extra_fields(group_by_chain=True)
            drawn.append(jax.device_get(chains.get_samples(group_by_chain=True)))
            divergent.append(np.asarray(extra["diverging"]))
            energies.append(np.asarray(extra["energy"]))
        together = {name: np.concatenate([one[name] for one in drawn]) for name in drawn[0]}
        return together, np.concatenate(divergent), np.concatenate(energies)

    return sample


def diagnose(
    reported: Mapping[str, NDArray[np.float64]],
    divergent: NDArray[np.bool_],
    energies: NDArray[np.float64],
    *,
    names: Mapping[str, tuple[str, ...]] | None = None,
    seconds: float = 0.0,
    attempts: int = 1,
) -> Diagnostics:
    """Return the diagnostics of draws.

    Parameters
    ----------
    reported
        Draws by parameter, dims ``chain, draw`` and at most one more.
    divergent, energies
        dims ``chain, draw``; energies are empty where nothing was sampled by NUTS.
    names
        Names of the elements of the last dimension, for the messages.
    seconds, attempts
        What it took.
    """
    libraries()
    logging.getLogger("arviz").setLevel(logging.ERROR)
    import arviz

    labels: list[str] = []
    columns: list[NDArray[np.float64]] = []
    for name, values in reported.items():
        flat = np.asarray(values, dtype=float).reshape(*values.shape[:2], -1)
        given = (names or {}).get(name, ())
        for place in range(flat.shape[2]):
            column = flat[:, :, place]
            if np.ptp(column) == 0:  # the reference's own effect, which is zero by definition
                continue
            columns.append(column)
            labels.append(f"{name}[{given[place] if given else place}]" if flat.shape[2] > 1 or given else name)
    n_chains, n_draws = divergent.shape
    together = np.stack(columns, axis=-1)  # (chain, draw, parameter)
    data = arviz.convert_to_dataset({"all": together})
    split_r_hat: Any = arviz.rhat(data)
    r_hat = np.nan_to_num(split_r_hat["all"].to_numpy(), nan=np.inf)
    bulk = np.nan_to_num(arviz.ess(data, method="bulk")["all"].to_numpy(), nan=0.0)
    tail = np.nan_to_num(arviz.ess(data, method="tail")["all"].to_numpy(), nan=0.0)
    thin = np.minimum(bulk, tail)
    e_bfmi = float(np.min(arviz.bfmi(energies))) if energies.size else float("nan")
    return Diagnostics(
        divergences=int(divergent.sum()),
        worst_r_hat=float(r_hat.max()),
        worst_parameter=labels[int(r_hat.argmax())],
        least_bulk_ess=float(bulk.min()),
        least_tail_ess=float(tail.min()),
        thinnest_parameter=labels[int(thin.argmin())],
        least_e_bfmi=e_bfmi,
        n_chains=n_chains,
        n_draws=n_draws,
        seconds=seconds,
        attempts=attempts,
    )


@dataclass(frozen=True)
class Draws:
    """Draws by name (dims ``chain, draw, ...``) and whether they can be believed."""

    values: Mapping[str, NDArray[np.float64]]
    diagnostics: Diagnostics


def posterior(
    model: Callable[..., None] | None,
    data: Any,
    settings: Sampler,
    *,
    finish: Callable[[dict[str, NDArray[np.float64]], Sampler], dict[str, NDArray[np.float64]]],
    reported: Mapping[str, tuple[str, ...]],
    progress: Progress = silent,
    samplers: dict[Sampler, Any] | None = None,
    one_by_one: bool = True,
) -> Draws:
    """Sample a model, finish its draws and diagnose what is reported; try again as the settings allow.

    Parameters
    ----------
    model, data
        A NumPyro model of one argument, and that argument; no model where every draw is made by `finish`.
    settings
        How to sample.
    finish
        Makes the draws that are kept from those sampled; dims ``chain, draw, ...`` in both.
    reported
        Which of those the diagnostics judge, with the names of the elements of each (none for a number).
    progress
        Told of every attempt.
    samplers
        Compiled samplers of this model, kept by the caller for data of the same shapes; filled here.
    one_by_one
        Chains one after another, or all at once, which is faster where a step costs little.
    """
    libraries()
    samplers = {} if samplers is None else samplers
    start = time.perf_counter()
    attempt = 0
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        while True:
            attempt += 1
            if model is None:
                shape = (settings.n_chains, settings.n_draws)
                sampled, divergent, energies = {}, np.zeros(shape, dtype=bool), np.empty((settings.n_chains, 0))
            else:
                if settings not in samplers:
                    samplers[settings] = sampler_of(model, settings, 1 if one_by_one else settings.n_chains)
                progress.start(f"sampling, attempt {attempt}", 1)
                sampled, divergent, energies = samplers[settings](data)
                progress.advance()
                progress.finish()
            values = finish(sampled, settings)
            judged = {name: values[name] for name in reported}
            found = diagnose(
                judged, divergent, energies, names=reported, seconds=time.perf_counter() - start, attempts=attempt
            )
            if found.converged or attempt > settings.again:
                return Draws(values, found)
            settings = replace(
                settings,
                n_warmup=2 * settings.n_warmup,
                n_draws=2 * settings.n_draws,
                target_accept=1 - (1 - settings.target_accept) / 4,
            )


def one_dim(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return draws with dims ``chain, draw, ...`` as dims ``draw, ...``."""
    return values.reshape(-1, *values.shape[2:])


def summary(draws: xr.DataArray, dim: str) -> dict[str, NDArray[np.float64]]:
    """Return mean, sd, median and 95 % interval over `draw` for each element of `dim`."""
    values = draws.transpose("draw", dim).to_numpy()
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975], axis=0)
    return {
        "mean": values.mean(axis=0), "sd": values.std(axis=0, ddof=1), "median": median, "low": low, "high": high
    }  # fmt: skip


def error_of_mean(draws: NDArray[np.float64]) -> float:
    """Return the Monte-Carlo standard error of the mean of draws with dims ``chain, draw``."""
    libraries()
    import arviz

    return float(np.ravel(arviz.mcse(np.asarray(draws), method="mean"))[0])


def error_of_quantile(draws: NDArray[np.float64], probability: float) -> float:
    """Return the Monte-Carlo standard error of a quantile (0 to 1) of draws with dims ``chain, draw``."""
    libraries()
    import arviz

    return float(np.ravel(arviz.mcse(np.asarray(draws), method="quantile", prob=probability))[0])


def told_priors(priors: Any) -> str:
    """Return priors, a dataclass of numbers, in one line."""
    return "Priors: " + ", ".join(f"{field.name} {getattr(priors, field.name):g}" for field in fields(priors))
