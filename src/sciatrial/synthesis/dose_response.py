"""Model-based network meta-analysis of doses: an agent's effect is a function of its dose (Mawdsley et al. 2016).

``logit p`` (or the mean) of an arm is its study's baseline plus ``f(agent, dose) - f(first arm) + deviate``; f is 0 at
dose 0, so the reference is dose 0 of every agent. An agent whose doses lie on one side of its curve does not tell
maximum and half dose apart: their ratio is known, each of them is not, and the result says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, Progress, silent
from sciatrial.synthesis.arm_tables import Arms, Likelihood, arms_of, islands, starting_logits
from sciatrial.synthesis.fit import Fit, binomial_fit, normal_fit
from sciatrial.synthesis.network_design import Effects, random_of
from sciatrial.synthesis.sampling import (
    Diagnostics,
    Draws,
    Sampler,
    libraries,
    one_dim,
    posterior,
    summary,
    told_priors,
)

# a posterior sd above this share of the prior's says that the prior decides
_PRIOR_DOMINATED = 0.3


class DoseFunction(StrEnum):
    """How an agent's effect grows with its dose."""

    EMAX = "emax"  # maximum dose / (half dose + dose)
    LOG_LINEAR = "log-linear"  # slope log(1 + dose)


@dataclass(frozen=True)
class DosePriors:
    """What is believed before the data, in units of the estimate (log odds for events) and of the dose.

    Parameters
    ----------
    maximum_sd
        Of normal priors about 0 of maxima (or slopes); above 0.
    half_dose_scale
        Of half-normal priors of half doses; above 0.
    baseline_sd
        Of normal priors of study baselines: about 0 for events, about the study's own mean for estimates; above 0.
    heterogeneity_scale
        Of the half-normal prior of the standard deviation between studies; above 0.
    """

    maximum_sd: float = 30.0
    half_dose_scale: float = 30.0
    baseline_sd: float = 30.0
    heterogeneity_scale: float = 5.0

    def told(self) -> str:
        """Return the priors in one line."""
        return told_priors(self)


@dataclass(frozen=True, repr=False)
class DoseResponseResult:
    """Dose-response curves of agents.

    Attributes
    ----------
    agents
        Without the reference.
    function, effects, likelihood, priors
        The model.
    posterior
        `maximum` and `half_dose`, or `slope` (dims ``draw, agent``), and `heterogeneity` (``draw``) of random effects.
    observed_doses
        Columns `agent`, `doses` (how many above 0), `lowest`, `highest`, `studies`.
    warnings
        One sentence for each agent that the data tell little of.
    fit, diagnostics
        How well it fits, and whether the draws can be believed.
    """

    agents: tuple[str, ...]
    function: DoseFunction
    effects: Effects
    likelihood: Likelihood
    priors: DosePriors
    posterior: xr.Dataset
    observed_doses: pd.DataFrame
    warnings: tuple[str, ...]
    fit: Fit
    diagnostics: Diagnostics

    @property
    def converged(self) -> bool:
        """Whether the draws can be believed."""
        return self.diagnostics.converged

    def effect(self, agent: str, doses: Any) -> xr.DataArray:
        """Return the effect of an agent against the reference at these doses (dims ``draw, dose``)."""
        at = np.atleast_1d(np.asarray(doses, dtype=float))
        own = self.posterior.sel(agent=agent)
        if self.function is DoseFunction.EMAX:
            half, top = own["half_dose"].to_numpy()[:, None], own["maximum"].to_numpy()[:, None]
            values = top * at / (half + at)
        else:
            values = own["slope"].to_numpy()[:, None] * np.log1p(at)
        return xr.DataArray(values, dims=("draw", "dose"), coords={"dose": at})

    def frame(self) -> pd.DataFrame:
        """Return one row for each agent and parameter: parameter, agent, mean, sd, median, low, high."""
        names = [name for name in self.posterior.data_vars if "agent" in self.posterior[name].dims]
        rows = [
            pd.DataFrame({"parameter": name, "agent": list(self.agents), **summary(self.posterior[name], "agent")})
            for name in names
        ]
        return pd.concat(rows, ignore_index=True)

    def table(self) -> str:
        """Return the result as text; the first line says whether the draws can be believed."""
        lines = [self.diagnostics.headline(), *(f"WARNING: {warning}" for warning in self.warnings)]
        lines.append(f"{self.function}, {self.effects} effects, {self.likelihood} likelihood")
        lines.append(self.frame().to_string(index=False, float_format="%.3f"))
        if "heterogeneity" in self.posterior:
            low, median, high = np.quantile(self.posterior["heterogeneity"], [0.025, 0.5, 0.975])
            lines.append(f"heterogeneity: {median:.3f} ({low:.3f} to {high:.3f})")
        return "\n".join([*lines, self.fit.told(), self.priors.told()])

    def __repr__(self) -> str:
        return self.table()


def fit_dose_response(
    arms: pd.DataFrame,
    *,
    reference: str,
    sampler: Sampler,
    function: DoseFunction = DoseFunction.EMAX,
    effects: Effects = Effects.RANDOM,
    priors: DosePriors | None = None,
    progress: Progress = silent,
) -> DoseResponseResult:
    """Fit dose-response curves of all agents to all arms.

    Parameters
    ----------
    arms
        One row for each arm: columns `study`, `agent`, `dose` (0 or more; every arm of dose 0 is the reference,
        whatever its agent), and `events` and `n`, or `estimate` and `se`.
    reference
        The agent that has dose 0.
    sampler
        Seed, chains, warm-up and draws.
    function, effects
        The curve, and whether studies scatter about it.
    priors
        As `DosePriors` says, if none are given.
    progress
        Told of every attempt at sampling.

    Raises
    ------
    EvidenceError
        With every problem of the table, and each island where agents are not connected.
    """
    priors = priors or DosePriors()
    network, agents, agent = _network(arms, reference)
    draws = _sample(network, len(agents), agent, function, effects, priors, sampler, progress, agents)
    values = {name: one_dim(value) for name, value in draws.values.items()}
    names = ("maximum", "half_dose") if function is DoseFunction.EMAX else ("slope",)
    data: dict[str, Any] = {name: (("draw", "agent"), values[name]) for name in names}
    if effects is Effects.RANDOM:
        data["heterogeneity"] = ("draw", values["heterogeneity"])
    n_chains, n_draws = draws.values[names[0]].shape[:2]
    coords = {"agent": list(agents), "chain": ("draw", np.repeat(np.arange(n_chains), n_draws))}
    observed = _observed(network, agents, agent)
    return DoseResponseResult(
        agents=agents,
        function=function,
        effects=effects,
        likelihood=network.likelihood,
        priors=priors,
        posterior=xr.Dataset(data, coords=coords),
        observed_doses=observed,
        warnings=_warnings(values, observed, function, priors),
        fit=_fit(network, values["fitted"]),
        diagnostics=draws.diagnostics,
    )


def _network(arms: pd.DataFrame, reference: str) -> tuple[Arms, tuple[str, ...], NDArray[np.int64]]:
    """Return arms (a treatment is an agent with its dose), agents, and the agent of each row (-1 for the reference)."""
    absent = [name for name in ("study", "agent", "dose") if name not in arms.columns]
    if absent:
        what = Problem("columns", f"lack {', '.join(absent)}", "study, agent, dose and (events, n) or (estimate, se)")
        raise EvidenceError("dose response", [what])
    used: Any = arms.assign(dose=pd.to_numeric(arms["dose"], errors="coerce"))
    problems = []
    if not (used["dose"] >= 0).all():
        problems.append(Problem("dose", "is below 0 or none somewhere", "0 or more in every row"))
    if ((used["agent"] == reference) & (used["dose"] > 0)).any():
        problems.append(Problem("dose", f"of the reference {reference!r} is above 0 somewhere", "0"))
    if not (used["dose"] == 0).any():
        problems.append(Problem("dose", "is 0 nowhere", "some arms of the reference"))
    if problems:
        raise EvidenceError("dose response", problems)
    zero = used["dose"] == 0
    used["agent"] = used["agent"].astype(str).where(~zero, reference)
    used["treatment"] = used["agent"].where(zero, used["agent"] + " " + used["dose"].map("{:g}".format))
    parts = islands(used["study"].astype(str), used["agent"])
    if len(parts) > 1:
        told = "; ".join(f"{', '.join(nodes)} (studies {', '.join(studies)})" for nodes, studies in parts)
        what = Problem("agents", f"no study joins {told}", "one network", "analyse one island, or add a study")
        raise EvidenceError("dose response", [what])
    network = arms_of(used, reference=reference, numbers=("dose",), subject="dose response", connected=False)
    agents = tuple(sorted(set(used["agent"]) - {reference}))
    number = {name: place for place, name in enumerate(agents)} | {reference: -1}
    return network, agents, network.frame["agent"].map(number).to_numpy(dtype=np.int64)


def _observed(network: Arms, agents: tuple[str, ...], agent: NDArray[np.int64]) -> pd.DataFrame:
    frame = network.frame[agent >= 0]
    by = frame.groupby("agent")
    return pd.DataFrame(
        {
            "doses": by["dose"].nunique(),
            "lowest": by["dose"].min(),
            "middle": by["dose"].median(),
            "highest": by["dose"].max(),
            "studies": by["study"].nunique(),
        }
    ).loc[list(agents)].reset_index()  # fmt: skip


def _sample(
    network: Arms,
    n_agents: int,
    agent: NDArray[np.int64],
    function: DoseFunction,
    effects: Effects,
    priors: DosePriors,
    sampler: Sampler,
    progress: Progress,
    agents: tuple[str, ...],
) -> Draws:
    jax, numpyro = libraries()
    jnp, distributions = jax.numpy, numpyro.distributions
    frame: Any = network.frame
    dose = frame["dose"].to_numpy(dtype=float)
    first = np.array([int(np.flatnonzero(network.study == number)[0]) for number in network.study])
    middle = _observed(network, agents, agent)["middle"].to_numpy(dtype=float)
    own = np.eye(n_agents + 1)[:, :-1][agent]  # the reference has the last place, which is dropped
    binomial = network.likelihood is Likelihood.BINOMIAL
    data: dict[str, Any] = {"dose": dose, "own": own, "random": random_of(network.study, network.treatment)}
    data |= {"study": network.study, "first": first, "middle": middle}
    if binomial:
        data |= {name: frame[name].to_numpy(dtype=float) for name in ("events", "n")}
        data["start"] = starting_logits(data["events"], data["n"], network.study)
    else:
        data |= {name: frame[name].to_numpy(dtype=float) for name in ("estimate", "se")}
        data["start"] = frame["estimate"].astype(float).groupby(network.study).mean().to_numpy()

    def curve(values: Mapping[str, Any]) -> Any:
        """Sample each agent's curve; return the effect of each row against dose 0."""
        normal = distributions.Normal(0.0, priors.maximum_sd)
        if function is DoseFunction.LOG_LINEAR:
            slope = numpyro.sample("slope", normal.expand([n_agents]).to_event(1))
            return (values["own"] @ slope) * jnp.log1p(values["dose"])
        half_prior = distributions.HalfNormal(priors.half_dose_scale).expand([n_agents]).to_event(1)
        half = numpyro.sample("half_dose", half_prior)
        # what the data tell is the effect at a dose that was given; the prior is of the maximum, hence the Jacobian
        flat = distributions.ImproperUniform(distributions.constraints.real, (), (n_agents,))
        given = numpyro.sample("given", flat)
        stretch = (half + values["middle"]) / values["middle"]
        top = numpyro.deterministic("maximum", given * stretch)
        numpyro.factor("prior of the maximum", normal.log_prob(top).sum() + jnp.log(stretch).sum())
        return values["own"] @ top * values["dose"] / (values["own"] @ half + values["dose"] + (values["dose"] == 0))

    def model(values: Mapping[str, Any]) -> None:
        effect = curve(values)
        shift = numpyro.sample(
            "shift",
            distributions.Normal(-values["start"] if binomial else 0.0 * values["start"], priors.baseline_sd).to_event(
                1
            ),
        )
        mean = (values["start"] + shift)[values["study"]] + effect - effect[values["first"]]
        if effects is Effects.RANDOM:
            spread = numpyro.sample("heterogeneity", distributions.HalfNormal(priors.heterogeneity_scale))
            n_deviates = values["random"].shape[1]
            deviate = numpyro.sample("deviate", distributions.Normal(0.0, 1.0).expand([n_deviates]).to_event(1))
            mean = mean + spread * (values["random"] @ deviate)
        numpyro.deterministic("fitted", mean)
        if binomial:
            log_p, log_q = -jax.nn.softplus(-mean), -jax.nn.softplus(mean)
            numpyro.factor("arms", (values["events"] * log_p + (values["n"] - values["events"]) * log_q).sum())
        else:
            numpyro.factor("arms", -0.5 * (((values["estimate"] - mean) / values["se"]) ** 2).sum())

    names = ("maximum", "half_dose") if function is DoseFunction.EMAX else ("slope",)
    reported: dict[str, tuple[str, ...]] = dict.fromkeys(names, agents)
    if effects is Effects.RANDOM:
        reported["heterogeneity"] = ()
    return posterior(
        model,
        data,
        sampler,
        finish=lambda sampled, _: dict(sampled),
        reported=reported,
        progress=progress,
        one_by_one=False,
    )


def _warnings(
    values: Mapping[str, NDArray[np.float64]], observed: pd.DataFrame, function: DoseFunction, priors: DosePriors
) -> tuple[str, ...]:
    told = []
    for place, row in enumerate(observed.to_dict("records")):
        reasons = []
        if function is DoseFunction.EMAX:
            half_prior = priors.half_dose_scale * np.sqrt(1 - 2 / np.pi)
            shares = {
                "maximum": values["maximum"][:, place].std() / priors.maximum_sd,
                "half dose": values["half_dose"][:, place].std() / half_prior,
            }
            reasons += [
                f"its {name} is decided by the prior (posterior sd {share:.0%} of the prior's)"
                for name, share in shares.items()
                if share > _PRIOR_DOMINATED
            ]
            if row["doses"] == 1:
                reasons.append("it was given in one dose only")
        elif values["slope"][:, place].std() / priors.maximum_sd > _PRIOR_DOMINATED:
            reasons.append("its slope is decided by the prior")
        if reasons:
            told.append(
                f"{row['agent']}: {'; '.join(reasons)}. Read its effect at doses that were given, not its curve."
            )
    return tuple(told)


def _fit(network: Arms, fitted: NDArray[np.float64]) -> Fit:
    rows = network.frame[["study", "treatment"]]
    if network.likelihood is Likelihood.NORMAL:
        estimate, se = (network.frame[name].to_numpy(dtype=float) for name in ("estimate", "se"))
        return normal_fit(rows, estimate, se, fitted)
    events, n = (network.frame[name].to_numpy(dtype=float) for name in ("events", "n"))
    return binomial_fit(rows, events, n, 1 / (1 + np.exp(-fitted)))
