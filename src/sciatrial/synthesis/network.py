"""Network meta-analysis of arms: every treatment against the reference, from comparisons within studies alone.

Each study has a baseline of its own that is related to no other, so only differences between arms of one study inform
effects (Lu and Ades 2004, doi:10.1002/sim.1875; Dias et al., NICE DSU technical support documents 2 to 4). Random
effects of arms of one study have correlation 1/2. With a normal likelihood, all but the heterogeneity is integrated out
exactly; with a binomial one, everything is sampled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sciatrial.foundation import Progress, silent
from sciatrial.synthesis.arm_tables import Arms, Likelihood, arms_of, starting_logits
from sciatrial.synthesis.fit import Fit, binomial_fit, normal_fit
from sciatrial.synthesis.gaussian import Parts, draw, log_likelihood
from sciatrial.synthesis.network_design import Consistency, Design, Effects, design_of
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


@dataclass(frozen=True)
class NetworkPriors:
    """What is believed before the data, in units of the estimate (log odds for events).

    Parameters
    ----------
    effect_sd
        Of normal priors about 0 of effects, class means and differences of direct and indirect effects; above 0.
    baseline_sd
        Of normal priors of study baselines: about 0 for events, about the study's own mean for estimates; above 0.
    heterogeneity_scale
        Of the half-normal prior of the standard deviation between studies; above 0.
    class_sd_scale
        Of the half-normal prior of the standard deviation of treatments within a class, one for all classes; above 0.
    covariate_sd
        Of normal priors about 0 of coefficients of covariates; above 0.
    """

    effect_sd: float = 100.0
    baseline_sd: float = 100.0
    heterogeneity_scale: float = 5.0
    class_sd_scale: float = 5.0
    covariate_sd: float = 100.0

    def told(self) -> str:
        """Return the priors in one line."""
        return told_priors(self)


@dataclass(frozen=True, repr=False)
class NetworkResult:
    """Effects of every treatment against the reference.

    Attributes
    ----------
    reference, treatments
        The reference, and all treatments with the reference first.
    likelihood, effects, consistency, priors
        The model.
    posterior
        `effect` (dims ``draw, treatment``, 0 for the reference; with unrelated mean effects ``draw, comparison``),
        and where the model has them `heterogeneity` (``draw``), `coefficient` (``draw, covariate``), `class_mean`
        (``draw, class``) and `class_sd` (``draw``). `chain` tells of which chain a draw is.
    fit
        Residual deviance, leverage and DIC.
    diagnostics
        Whether the draws can be believed.
    covariate_means
        Where covariates are centred: effects hold at these values.
    """

    reference: str
    treatments: tuple[str, ...]
    likelihood: Likelihood
    effects: Effects
    consistency: Consistency
    priors: NetworkPriors
    posterior: xr.Dataset
    fit: Fit
    diagnostics: Diagnostics
    covariate_means: Mapping[str, float]

    @property
    def converged(self) -> bool:
        """Whether the draws can be believed."""
        return self.diagnostics.converged

    def frame(self) -> pd.DataFrame:
        """Return one row for each reported number: parameter, name, mean, sd, median, low, high (95 % interval)."""
        rows = []
        for name, values in self.posterior.data_vars.items():
            dim = next((str(d) for d in values.dims if d != "draw"), None)
            whole = values if dim else values.expand_dims("all")
            labels = [str(label) for label in values[dim].to_numpy()] if dim else [""]
            rows.append(pd.DataFrame({"parameter": str(name), "name": labels, **summary(whole, dim or "all")}))
        return pd.concat(rows, ignore_index=True)

    def table(self) -> str:
        """Return the result as text; the first line says whether the draws can be believed."""
        kind = f"{self.effects} effects, {self.likelihood} likelihood, {self.consistency}, against {self.reference}"
        shown = self.frame().to_string(index=False, float_format="%.3f")
        return "\n".join([self.diagnostics.headline(), kind, shown, self.fit.told(), self.priors.told()])

    def __repr__(self) -> str:
        return self.table()


def fit_network(
    arms: pd.DataFrame,
    *,
    reference: str,
    sampler: Sampler,
    effects: Effects = Effects.RANDOM,
    consistency: Consistency = Consistency.CONSISTENT,
    classes: Mapping[str, str] | None = None,
    covariates: Sequence[str] = (),
    priors: NetworkPriors | None = None,
    progress: Progress = silent,
) -> NetworkResult:
    """Fit a network meta-analysis.

    Parameters
    ----------
    arms
        One row for each arm: columns `study`, `treatment`, and `estimate` and `se`, or `events` and `n`; and those of
        `covariates`, one value a study.
    reference
        The treatment that effects are told against.
    sampler
        Seed, chains, warm-up and draws.
    effects
        Common, or random with one standard deviation between studies for every comparison.
    consistency
        Consistent, or unrelated mean effects.
    classes
        Class of each treatment that belongs to one: their effects are exchangeable about the mean of the class.
    covariates
        Columns that change every treatment's effect against the reference by the same amount per unit; centred.
    priors
        As `NetworkPriors` says, if none are given.
    progress
        Told of every attempt at sampling.

    Raises
    ------
    EvidenceError
        With every problem of the table, and each island where the network is not connected.
    """
    priors = priors or NetworkPriors()
    network = arms_of(arms, reference=reference, numbers=tuple(covariates))
    design = design_of(network, consistency=consistency, classes=classes, covariates=covariates)
    draws = sample_design(network, design, effects, priors, sampler, progress)
    return NetworkResult(
        reference=reference,
        treatments=network.treatments,
        likelihood=network.likelihood,
        effects=effects,
        consistency=consistency,
        priors=priors,
        posterior=_dataset(network, design, draws, consistency),
        fit=_fit(network, draws),
        diagnostics=draws.diagnostics,
        covariate_means=dict(design.covariate_means),
    )


def sample_design(
    network: Arms,
    design: Design,
    effects: Effects,
    priors: NetworkPriors,
    sampler: Sampler,
    progress: Progress = silent,
    samplers: dict[Sampler, Any] | None = None,
) -> Draws:
    """Return draws of a design: `effect` (dims ``chain, draw, column``), `fitted` (``chain, draw, row``) and the rest.

    `samplers` keeps compiled samplers between calls with designs of the same shape and the same model.
    """
    sds = {
        "effect": priors.effect_sd,
        "covariate": priors.covariate_sd,
        "class mean": priors.effect_sd,
        "deviate": 1.0,
    }
    prior_sd = np.array([sds[kind] for kind in design.prior_kind])
    reported: dict[str, tuple[str, ...]] = {"effect": design.columns}
    if effects is Effects.RANDOM:
        reported["heterogeneity"] = ()
    if design.classes:
        reported |= {"class_sd": (), "class_mean": design.classes}
    make = _normal if network.likelihood is Likelihood.NORMAL else _binomial
    model, data, finish = make(network, design, effects, priors, prior_sd)
    return posterior(
        model,
        data,
        sampler,
        finish=finish,
        reported=reported,
        progress=progress,
        samplers=samplers,
        one_by_one=False,
    )


def _hyper(effects: Effects, has_classes: bool, priors: NetworkPriors) -> tuple[Any, Any]:
    """Sample the standard deviations between studies and within classes; 0 where the model has none."""
    _, numpyro = libraries()
    half = numpyro.distributions.HalfNormal
    spread = numpyro.sample("heterogeneity", half(priors.heterogeneity_scale)) if effects is Effects.RANDOM else 0.0
    class_sd = numpyro.sample("class_sd", half(priors.class_sd_scale)) if has_classes else 0.0
    return spread, class_sd


def _normal(
    network: Arms, design: Design, effects: Effects, priors: NetworkPriors, prior_sd: NDArray[np.float64]
) -> tuple[Any, Any, Any]:
    """Return model, data and finisher where everything but standard deviations is integrated out."""
    jax, numpyro = libraries()
    jnp = jax.numpy
    present = padding(network.study)
    estimate = network.frame["estimate"].to_numpy(dtype=float)
    se = network.frame["se"].to_numpy(dtype=float)
    middle = pd.Series(estimate).groupby(network.study).transform("mean").to_numpy()
    random = by_study(design.random, present)
    widest = max(1, int((random != 0).any(1).sum(1).max()))
    compact = np.zeros((*present.shape, widest))
    for number, block in enumerate(random):  # a study uses its own deviates only
        own = np.flatnonzero((block != 0).any(0))
        compact[number, :, : len(own)] = block[:, own]
    inverse = by_study(1 / se[:, None], present)
    data = {
        "y": by_study((estimate - middle)[:, None], present)[:, :, 0],
        "design": by_study(design.matrix, present),
        "expand": np.broadcast_to(np.eye(len(design.columns)), (len(present), *2 * [len(design.columns)])),
        "baseline": present[:, :, None].astype(float),
        "random": compact,
        "whiten": inverse * np.eye(present.shape[1]),
        "mean": design.mixing_mean,
        "spread": design.mixing_spread,
        "prior_sd": prior_sd,
    }

    def parts(values: Mapping[str, Any], spread: Any, class_sd: Any) -> Parts:
        return Parts(
            y=values["y"],
            design=values["design"],
            expand=values["expand"],
            mixing=values["mean"] + class_sd * values["spread"] if design.classes else None,
            baseline=values["baseline"],
            random=spread * values["random"],
            whiten=values["whiten"],
            log_whiten=0.0,  # the same for every spread
            prior_sd=values["prior_sd"],
            baseline_sd=priors.baseline_sd,
        )

    def model(values: Mapping[str, Any]) -> None:
        spread, class_sd = _hyper(effects, bool(design.classes), priors)
        numpyro.factor("arms", log_likelihood(parts(values, spread, class_sd)))

    def finish(sampled: dict[str, NDArray[np.float64]], settings: Sampler) -> dict[str, NDArray[np.float64]]:
        shape = (settings.n_chains, settings.n_draws)
        zeros = jnp.zeros(shape).ravel()
        hyper = [
            jnp.asarray(sampled[name]).ravel() if name in sampled else zeros for name in ("heterogeneity", "class_sd")
        ]
        keys = jax.random.split(jax.random.fold_in(jax.random.PRNGKey(settings.seed % 2**32), 10_000), zeros.size)
        values = {name: jnp.asarray(value) for name, value in data.items()}

        @jax.jit
        def all_draws(keys: Any, spread: Any, class_sd: Any) -> Any:
            return jax.lax.map(lambda one: draw(parts(values, one[1], one[2]), one[0]), (keys, spread, class_sd))

        drawn = {name: np.asarray(value) for name, value in all_draws(keys, *hyper).items()}
        fitted = drawn["fitted"][:, present] + middle
        made = {
            "effect": drawn["effect"].reshape(*shape, -1),
            "fitted": fitted.reshape(*shape, -1),
        }
        if design.classes:
            made["class_mean"] = drawn["b"][:, len(design.columns) :].reshape(*shape, -1)
        return {**sampled, **made}

    needed = effects is Effects.RANDOM or bool(design.classes)
    return (model if needed else None), data, finish


def _binomial(
    network: Arms, design: Design, effects: Effects, priors: NetworkPriors, prior_sd: NDArray[np.float64]
) -> tuple[Any, Any, Any]:
    """Return model, data and finisher of events: everything is sampled, deviates apart from their spread."""
    jax, numpyro = libraries()
    distributions = numpyro.distributions
    events, n = (network.frame[name].to_numpy(dtype=float) for name in ("events", "n"))
    # a coefficient is sampled in units in which its covariate is about 1, so that steps suit it
    wide = np.abs(design.matrix @ design.mixing_mean).max(0)
    scale = np.where(np.array(design.prior_kind) == "covariate", np.where(wide > 0, wide, 1.0), 1.0)
    data = {
        "scale": scale,
        "events": events,
        "n": n,
        "study": network.study,
        "design": design.matrix,
        "random": design.random,
        "start": starting_logits(events, n, network.study),
        "mean": design.mixing_mean,
        "spread": design.mixing_spread,
        "prior_sd": prior_sd,
    }

    def model(values: Mapping[str, Any]) -> None:
        spread, class_sd = _hyper(effects, bool(design.classes), priors)
        start = values["start"]  # sampling starts where each study's events are; the prior is about 0 all the same
        shift = numpyro.sample("shift", distributions.Normal(-start, priors.baseline_sd).to_event(1))
        scaled = numpyro.sample("scaled", distributions.Normal(0.0, values["prior_sd"] * values["scale"]).to_event(1))
        b = numpyro.deterministic("b", scaled / values["scale"])
        effect = numpyro.deterministic("effect", (values["mean"] + class_sd * values["spread"]) @ b)
        logit = (start + shift)[values["study"]] + values["design"] @ effect
        if effects is Effects.RANDOM:
            n_deviates = values["random"].shape[1]
            deviate = numpyro.sample("deviate", distributions.Normal(0.0, 1.0).expand([n_deviates]).to_event(1))
            logit = logit + spread * (values["random"] @ deviate)
        numpyro.deterministic("fitted", logit)
        log_p, log_q = -jax.nn.softplus(-logit), -jax.nn.softplus(logit)
        numpyro.factor("arms", (values["events"] * log_p + (values["n"] - values["events"]) * log_q).sum())

    def finish(sampled: dict[str, NDArray[np.float64]], _: Sampler) -> dict[str, NDArray[np.float64]]:
        made = dict(sampled)
        if design.classes:
            made["class_mean"] = sampled["b"][..., len(design.columns) :]
        return made

    return model, data, finish


def padding(study: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a table of rows padded by study holds a row (dims ``study, row``); rows are sorted by study."""
    counts = np.bincount(study)
    return np.arange(counts.max()) < counts[:, None]


def by_study(values: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return rows (dims ``row, column``) padded to dims ``study, row, column``."""
    padded = np.zeros((*present.shape, values.shape[1]))
    padded[present] = values
    return padded


def _dataset(network: Arms, design: Design, draws: Draws, consistency: Consistency) -> xr.Dataset:
    values = {name: one_dim(value) for name, value in draws.values.items()}
    n_chains, n_draws = draws.values["effect"].shape[:2]
    coords: dict[str, Any] = {"chain": ("draw", np.repeat(np.arange(n_chains), n_draws))}
    effect = values["effect"]
    n_covariates = len(design.covariate_means)
    n_effects = effect.shape[1] - n_covariates
    if consistency is Consistency.UNRELATED:
        data: dict[str, Any] = {"effect": (("draw", "comparison"), effect)}
        coords["comparison"] = list(design.columns)
    else:
        whole = np.concatenate([np.zeros((len(effect), 1)), effect[:, :n_effects]], axis=1)
        data = {"effect": (("draw", "treatment"), whole)}
        coords["treatment"] = list(network.treatments)
    if n_covariates:
        data["coefficient"] = (("draw", "covariate"), effect[:, n_effects:])
        coords["covariate"] = list(design.covariate_means)
    if design.classes:
        data["class_mean"] = (("draw", "class"), values["class_mean"])
        data["class_sd"] = ("draw", values["class_sd"])
        coords["class"] = list(design.classes)
    if "heterogeneity" in values:
        data["heterogeneity"] = ("draw", values["heterogeneity"])
    return xr.Dataset(data, coords=coords)


def _fit(network: Arms, draws: Draws) -> Fit:
    rows = network.frame[["study", "treatment"]]
    fitted = one_dim(draws.values["fitted"])
    if network.likelihood is Likelihood.NORMAL:
        estimate, se = (network.frame[name].to_numpy(dtype=float) for name in ("estimate", "se"))
        return normal_fit(rows, estimate, se, fitted)
    events, n = (network.frame[name].to_numpy(dtype=float) for name in ("events", "n"))
    return binomial_fit(rows, events, n, 1 / (1 + np.exp(-fitted)))
