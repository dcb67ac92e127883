"""Model-based network meta-analysis over time: how far each treatment is from the reference at any month.

Every visit of every arm is used: ``y = reference course of the study + effect(treatment, t) + error``. The reference
course of a study is related to that of no other, either free at each visit or a course with coefficients of its own;
so randomisation is respected (Pedder et al. 2019, doi:10.1002/jrsm.1351). Errors of visits of one arm are correlated.
All but spreads, correlation and the parameter of a course is integrated out exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, Progress, silent
from sciatrial.synthesis.arm_tables import Arms, Likelihood, arms_of
from sciatrial.synthesis.courses import Shape, basis
from sciatrial.synthesis.fit import Fit, fit_of
from sciatrial.synthesis.gaussian import Parts, draw, log_likelihood
from sciatrial.synthesis.network import by_study, places
from sciatrial.synthesis.network_design import random_of
from sciatrial.synthesis.sampling import Diagnostics, Draws, Sampler, libraries, one_dim, posterior, summary


class Reference(StrEnum):
    """What is said about the course of a study's own reference."""

    FREE = "free"  # a value of its own for every visit of every study
    COURSE = "course"  # the same function as effects, with coefficients of its own for every study


class Heterogeneity(StrEnum):
    """How effects of one treatment scatter between studies."""

    NONE = "none"
    CONSTANT = "constant over time"  # an arm's effect is shifted by the same amount at every visit after month 0
    COEFFICIENTS = "coefficients"  # each coefficient of the course scatters by itself


class CorrelationKind(StrEnum):
    """How errors of two visits of one arm are correlated."""

    COMPOUND_SYMMETRY = "compound symmetry"  # by rho, whichever visits
    AUTOREGRESSIVE = "autoregressive"  # by rho to the power of visits between them


@dataclass(frozen=True)
class Correlation:
    """Correlation of errors within an arm: a kind, and its rho from 0 to below 1, or None where it is estimated."""

    kind: CorrelationKind
    rho: float | None

    def __post_init__(self) -> None:
        if self.rho is not None and not 0 <= self.rho < 1:
            raise EvidenceError("correlation", [Problem("rho", f"{self.rho:g}", "from 0 to below 1, or None")])

    def told(self) -> str:
        """Return the correlation in words."""
        how = "estimated, uniform from 0 to 1" if self.rho is None else f"assumed {self.rho:g}"
        return f"correlation within arms: {self.kind}, rho {how}"


@dataclass(frozen=True)
class TimeCoursePriors:
    """What is believed before the data, in units of the estimate.

    Parameters
    ----------
    effect_sd
        Of normal priors about 0 of coefficients and of class means; above 0.
    reference_sd
        Of normal priors of each study's reference: its values about their mean, its coefficients about 0; above 0.
    heterogeneity_scale
        Of half-normal priors of standard deviations between studies; above 0.
    class_sd_scale
        Of half-normal priors of standard deviations within classes, one for each coefficient; above 0.
    """

    effect_sd: float = 100.0
    reference_sd: float = 1000.0
    heterogeneity_scale: float = 10.0
    class_sd_scale: float = 10.0

    def told(self) -> str:
        """Return the priors in one line."""
        return "Priors: " + ", ".join(f"{field.name} {getattr(self, field.name):g}" for field in fields(self))


@dataclass(frozen=True)
class TimeCourseModel:
    """What is assumed.

    Parameters
    ----------
    shape
        Of effects over time.
    correlation
        Of errors within an arm; there is no default, because 0 is an assumption too.
    reference
        Of each study.
    heterogeneity
        Between studies.
    change_from_baseline
        Whether estimates are changes, so that a reference course begins at 0; used with `Reference.COURSE`.
    classes
        Class of each treatment that belongs to one: coefficients are exchangeable about those of the class.
    """

    shape: Shape
    correlation: Correlation
    reference: Reference = Reference.FREE
    heterogeneity: Heterogeneity = Heterogeneity.CONSTANT
    change_from_baseline: bool = False
    classes: Mapping[str, str] | None = None

    def told(self) -> str:
        """Return the model in words."""
        return (
            f"Course {self.shape.told()}; reference {self.reference}; heterogeneity {self.heterogeneity}; "
            f"{self.correlation.told()}"
        )


@dataclass(frozen=True, repr=False)
class TimeCourseResult:
    """Courses of every treatment against the reference.

    Attributes
    ----------
    reference, treatments, model, priors
        What was fitted; the reference comes first.
    last_month
        Of the data; effects beyond it are extrapolated.
    posterior
        `effect` (dims ``draw, treatment, coefficient``; 0 for the reference), and where the model has them
        `heterogeneity` (``draw``, or ``draw, coefficient``), `rho`, the parameter of the course, `class_mean`
        (``draw, class, coefficient``) and `class_sd` (``draw, coefficient``).
    fit, diagnostics
        How well it fits, and whether the draws can be believed.
    observed_months
        First and last month at which each treatment was observed; columns `treatment`, `first`, `last`, `studies`.
    """

    reference: str
    treatments: tuple[str, ...]
    model: TimeCourseModel
    priors: TimeCoursePriors
    last_month: float
    posterior: xr.Dataset
    fit: Fit
    diagnostics: Diagnostics
    observed_months: pd.DataFrame

    @property
    def converged(self) -> bool:
        """Whether the draws can be believed."""
        return self.diagnostics.converged

    def effect(self, months: Any) -> xr.DataArray:
        """Return the effect against the reference at these months (dims ``draw, treatment, month``)."""
        at = np.atleast_1d(np.asarray(months, dtype=float))
        functions = self._functions(at)
        values = np.einsum("dtc,dmc->dtm", self.posterior["effect"].to_numpy(), functions)
        coords = {"treatment": list(self.treatments), "month": at}
        return xr.DataArray(values, dims=("draw", "treatment", "month"), coords=coords)

    def new_trial(self, months: Any, seed: int) -> xr.DataArray:
        """Return the true effect in a new trial at these months (dims ``draw, treatment, month``)."""
        effect = self.effect(months)
        if "heterogeneity" not in self.posterior:
            return effect
        at = effect["month"].to_numpy()
        spread = self.posterior["heterogeneity"].to_numpy().reshape(effect.sizes["draw"], -1)
        deviates = np.random.default_rng(seed).standard_normal((*effect.shape[:2], spread.shape[1]))
        # the reference's own deviate is shared, so two treatments of one trial have correlation 1/2
        deviates = (deviates[:, 1:] + deviates[:, :1]) / np.sqrt(2)
        if self.model.heterogeneity is Heterogeneity.CONSTANT:
            functions = np.broadcast_to((at > 0).astype(float)[None, :, None], (len(spread), len(at), 1))
        else:
            functions = self._functions(at)
        moved = effect.to_numpy().copy()
        moved[:, 1:] += np.einsum("dtc,dc,dmc->dtm", deviates, spread, functions)
        return effect.copy(data=moved)

    def frame(self, months: Any = (1.0, 6.0, 12.0)) -> pd.DataFrame:
        """Return one row for each treatment and month: treatment, month, mean, sd, median, low, high."""
        effect = self.effect(months)
        rows = [
            pd.DataFrame(
                {
                    "treatment": list(self.treatments),
                    "month": float(month),
                    **summary(effect.sel(month=month), "treatment"),
                }
            )
            for month in effect["month"].to_numpy()
        ]
        return pd.concat(rows, ignore_index=True)

    def table(self, months: Any = (1.0, 6.0, 12.0)) -> str:
        """Return the result as text; the first line says whether the draws can be believed."""
        shown = self.frame(months)
        shown = shown[shown["treatment"] != self.reference].to_string(index=False, float_format="%.3f")
        rest = self.posterior.drop_vars(["effect", "class_mean"], errors="ignore")
        numbers = [
            f"{name}: " + "; ".join(_told(column) for column in np.atleast_2d(values.transpose(..., "draw").to_numpy()))
            for name, values in rest.data_vars.items()
        ]
        title = f"Effects against {self.reference}. {self.model.told()}"
        return "\n".join([self.diagnostics.headline(), title, shown, *numbers, self.fit.told(), self.priors.told()])

    def __repr__(self) -> str:
        return self.table()

    def _functions(self, months: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the course's functions (dims ``draw, month, coefficient``)."""
        n_draws = self.posterior.sizes["draw"]
        name = self.model.shape.parameter
        parameter = self.posterior[name].to_numpy()[:, None] if name else 1.0
        return basis(self.model.shape, np.broadcast_to(months, (n_draws, len(months))), parameter, self.last_month)


def fit_time_course(
    arms: pd.DataFrame,
    *,
    reference: str,
    model: TimeCourseModel,
    sampler: Sampler,
    priors: TimeCoursePriors | None = None,
    progress: Progress = silent,
) -> TimeCourseResult:
    """Fit courses over time to all visits of all arms.

    Parameters
    ----------
    arms
        One row for each visit of each arm: columns `study`, `treatment`, `months` (from 0), `estimate` and `se`.
    reference
        The treatment that effects are told against.
    model, sampler
        What is assumed, and how it is sampled.
    priors
        As `TimeCoursePriors` says, if none are given.
    progress
        Told of every attempt at sampling.

    Raises
    ------
    EvidenceError
        With every problem of the table, and each island where the network is not connected.
    """
    priors = priors or TimeCoursePriors()
    network = _network(arms, reference)
    draws = sample_courses(network, model, priors, sampler, progress=progress)
    last = float(network.frame["months"].max())
    by = network.frame.groupby("treatment")
    observed = pd.DataFrame(
        {"first": by["months"].min(), "last": by["months"].max(), "studies": by["study"].nunique()}
    ).reset_index()
    return TimeCourseResult(
        reference=reference,
        treatments=network.treatments,
        model=model,
        priors=priors,
        last_month=last,
        posterior=_dataset(network, model, draws),
        fit=_fit(network, draws),
        diagnostics=draws.diagnostics,
        observed_months=observed,
    )


def sample_courses(
    network: Arms,
    model: TimeCourseModel,
    priors: TimeCoursePriors,
    sampler: Sampler,
    *,
    extra: NDArray[np.float64] | None = None,
    progress: Progress = silent,
    samplers: dict[Sampler, Any] | None = None,
) -> Draws:
    """Return draws of courses: `coefficient` (dims ``chain, draw, treatment x coefficient``) and the rest.

    `extra` (dims ``row``) adds one more course, that of a direct comparison minus the indirect one; its coefficients
    come last.
    """
    jax, numpyro = libraries()
    jnp, distributions = jax.numpy, numpyro.distributions
    shape, n_course = model.shape, len(model.shape.coefficients)
    data, present, middle = _data(network, model, priors, extra)
    last = float(network.frame["months"].max())
    classes = tuple(sorted(set((model.classes or {}).values())))

    def hyper() -> dict[str, Any]:
        """Sample what is not linear."""
        half, chosen = distributions.HalfNormal, {}
        if model.heterogeneity is not Heterogeneity.NONE:
            n_spreads = 1 if model.heterogeneity is Heterogeneity.CONSTANT else n_course
            prior = half(priors.heterogeneity_scale).expand([n_spreads]).to_event(1)
            chosen["heterogeneity"] = numpyro.sample("heterogeneity", prior)
        if classes:
            prior = half(priors.class_sd_scale).expand([n_course]).to_event(1)
            chosen["class_sd"] = numpyro.sample("class_sd", prior)
        if model.correlation.rho is None:
            chosen["rho"] = numpyro.sample("rho", distributions.Uniform(0.0, 1.0))
        if shape.parameter:
            log = numpyro.sample("log_parameter", distributions.Normal(0.0, 1.0))
            value = shape.parameter_median * jnp.exp(shape.parameter_log_sd * log)
            chosen[shape.parameter] = numpyro.deterministic(shape.parameter, value)
        return chosen

    def parts(values: Mapping[str, Any], chosen: Mapping[str, Any]) -> Parts:
        functions = basis(shape, values["months"], chosen.get(shape.parameter, 1.0), last, jnp)  # (study, row, c)
        n_studies, n_rows = values["y"].shape
        design = (values["arm"][:, :, :, None] * functions[:, :, None, :]).reshape(n_studies, n_rows, -1)
        if model.reference is Reference.FREE:
            baseline = values["visit"]
        else:
            present_functions = functions * values["present"][:, :, None]
            own = [] if model.change_from_baseline else [values["present"][:, :, None]]
            baseline = jnp.concatenate([*own, present_functions], axis=2)
        if model.heterogeneity is Heterogeneity.NONE:
            random = jnp.zeros((n_studies, n_rows, 1))
        elif model.heterogeneity is Heterogeneity.CONSTANT:
            random = chosen["heterogeneity"][0] * values["random"] * (values["months"] > 0)[:, :, None]
        else:
            scaled = functions * chosen["heterogeneity"]
            random = (values["random"][:, :, :, None] * scaled[:, :, None, :]).reshape(n_studies, n_rows, -1)
        whiten, log_whiten = _whitening(values, chosen.get("rho", model.correlation.rho), model.correlation.kind, jnp)
        spread = jnp.tile(chosen["class_sd"], values["mean"].shape[0] // n_course) if classes else 0.0
        mixing = values["mean"] + (spread[:, None] * values["spread"] if classes else 0.0)
        return Parts(
            y=values["y"], design=design, expand=values["expand"], mixing=mixing, baseline=baseline, random=random,
            whiten=whiten, log_whiten=log_whiten, prior_sd=values["prior_sd"], baseline_sd=priors.reference_sd,
        )  # fmt: skip

    def sampled_model(values: Mapping[str, Any]) -> None:
        numpyro.factor("visits", log_likelihood(parts(values, hyper())))

    def finish(sampled: dict[str, NDArray[np.float64]], settings: Sampler) -> dict[str, NDArray[np.float64]]:
        count = (settings.n_chains, settings.n_draws)
        n_draws = int(np.prod(count))
        keys = jax.random.split(jax.random.fold_in(jax.random.PRNGKey(settings.seed % 2**32), 10_000), n_draws)
        flat = {name: jnp.asarray(one_dim(value)) for name, value in sampled.items()}
        values = {name: jnp.asarray(value) for name, value in data.items()}

        @jax.jit
        def all_draws(keys: Any, chosen: Any) -> Any:
            return jax.lax.map(lambda one: draw(parts(values, one[1]), one[0]), (keys, chosen))

        drawn = {name: np.asarray(value) for name, value in all_draws(keys, flat).items()}
        made = {
            "coefficient": drawn["effect"].reshape(*count, -1),
            "fitted": (drawn["fitted"][:, present] + middle).reshape(*count, -1),
            "study_deviance": drawn["deviance"].reshape(*count, -1),
        }
        mean_fitted = by_study(made["fitted"].mean((0, 1))[:, None] - middle[:, None], np.empty(0, int), present)
        made["deviance_at_mean"] = _deviance_at(values, parts, flat, mean_fitted[:, :, 0])
        if classes:
            made["class_mean"] = drawn["b"][:, data["mean"].shape[0] :].reshape(*count, -1)
        return {**sampled, **made}

    names = [f"{t}, {c}" for t in network.treatments[1:] for c in shape.coefficients]
    names += [f"direct - indirect, {c}" for c in shape.coefficients] if extra is not None else []
    reported: dict[str, tuple[str, ...]] = {"coefficient": tuple(names)}
    if model.heterogeneity is not Heterogeneity.NONE:
        reported["heterogeneity"] = ("",) if model.heterogeneity is Heterogeneity.CONSTANT else shape.coefficients
    if classes:
        reported |= {
            "class_sd": shape.coefficients,
            "class_mean": tuple(f"{k}, {c}" for k in classes for c in shape.coefficients),
        }
    if model.correlation.rho is None:
        reported["rho"] = ()
    if shape.parameter:
        reported[shape.parameter] = ()
    to_sample = set(reported) - {"coefficient", "class_mean"}
    return posterior(
        sampled_model if to_sample else None, data, sampler, finish=finish, reported=reported, progress=progress,
        samplers=samplers,
    )  # fmt: skip


def _deviance_at(values: Any, parts: Any, flat: Mapping[str, Any], mean_fitted: NDArray[np.float64]) -> Any:
    """Return the deviance of each study at the mean of its fitted values, with rho at its mean where it is sampled."""
    from sciatrial.synthesis.gaussian import deviance

    middle = {name: value.mean(0) for name, value in flat.items()}
    return np.asarray(deviance(values["y"], mean_fitted, parts(values, middle).whiten))


def _network(arms: pd.DataFrame, reference: str) -> Arms:
    network = arms_of(arms, reference=reference, within=("months",), subject="time course")
    problems = []
    if network.likelihood is not Likelihood.NORMAL:
        problems.append(Problem("columns", "hold events", "estimate and se at every visit"))
    if (network.frame["months"] < 0).any():
        problems.append(Problem("months", "are below 0 somewhere", "0 or more"))
    if problems:
        raise EvidenceError("time course", problems)
    return network


def _data(
    network: Arms, model: TimeCourseModel, priors: TimeCoursePriors, extra: NDArray[np.float64] | None
) -> tuple[dict[str, Any], NDArray[np.bool_], NDArray[np.float64]]:
    """Return the arrays of a model, padded by study, which of their rows exist, and what was subtracted from each."""
    frame = network.frame
    place, present = places(network.study)
    padded_from = lambda values: by_study(values, place, present)  # noqa: E731
    estimate, se, months = (frame[name].to_numpy(dtype=float) for name in ("estimate", "se", "months"))
    by_visit = [network.study, months] if model.reference is Reference.FREE else [network.study]
    middle = pd.Series(estimate).groupby(by_visit).transform("mean").to_numpy()
    if model.change_from_baseline and model.reference is Reference.COURSE:
        middle = np.zeros_like(estimate)
    own = np.eye(len(network.treatments))[:, 1:]
    contrast = own[network.treatment] - own[network.base]
    if extra is not None:
        contrast = np.column_stack([contrast, extra])
    visits = pd.Series(months).groupby(network.study).rank("dense").to_numpy(dtype=int) - 1
    visit = np.eye(visits.max() + 1)[visits]
    random = padded_from(random_of(network.study, network.treatment))
    most = max(int((block != 0).any(0).sum()) for block in random)
    compact = np.zeros((*present.shape, most))
    for number, block in enumerate(random):
        used = np.flatnonzero((block != 0).any(0))
        compact[number, :, : len(used)] = block[:, used]
    arm, expand = _local_effects(network, contrast, len(model.shape.coefficients), place, present)
    same, before, visits_of_arm = _within(network, months)
    mean, spread, prior_sd = _mixing(network, model, priors, contrast.shape[1])
    data = {
        "y": padded_from((estimate - middle)[:, None])[:, :, 0],
        "months": padded_from(months[:, None])[:, :, 0],
        "present": present.astype(float),
        "arm": arm,
        "expand": expand,
        "visit": padded_from(visit),
        "random": compact,
        "same": _blocks(same, network.study, present),
        "before": _blocks(before, network.study, present),
        "visits": np.where(present, padded_from(visits_of_arm[:, None])[:, :, 0], 1.0),
        "inverse_se": padded_from(1 / se[:, None])[:, :, 0],
        "first_of_arm": padded_from((before.sum(1) == 0).astype(float)[:, None])[:, :, 0],
        "mean": mean,
        "spread": spread,
        "prior_sd": prior_sd,
    }
    return data, present, middle


def _local_effects(
    network: Arms, contrast: NDArray[np.float64], n_course: int, place: NDArray[np.int64], present: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return which of its study's arms a row is (the first left out), and each such arm's effects in the network's.

    dims ``study, row, arm`` and ``study, arm x coefficient, effect x coefficient``.
    """
    n_studies = len(network.studies)
    most = max(len(np.unique(network.treatment[network.study == number])) for number in range(n_studies)) - 1
    member = np.zeros((len(contrast), most))
    expand = np.zeros((n_studies, most, contrast.shape[1]))
    for number in range(n_studies):
        rows = np.flatnonzero(network.study == number)
        for arm, treatment in enumerate(np.unique(network.treatment[rows])[1:]):
            own = rows[network.treatment[rows] == treatment]
            member[own, arm] = 1.0
            expand[number, arm] = contrast[own[0]]
    each = np.eye(n_course)
    wide = np.einsum("sat,cd->sactd", expand, each).reshape(n_studies, most * n_course, -1)
    return by_study(member, place, present), wide


def _within(
    network: Arms, months: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return which rows are of one arm, which row is the visit before (dims ``row, row``), and visits of each arm."""
    same = (network.study[:, None] == network.study) & (network.treatment[:, None] == network.treatment)
    visit = pd.Series(months).groupby([network.study, network.treatment]).rank().to_numpy()
    before = same & (visit[:, None] - visit == 1)
    return same.astype(float), before.astype(float), same.sum(1).astype(float)


def _whitening(values: Mapping[str, Any], rho: Any, kind: CorrelationKind, jnp: Any) -> tuple[Any, Any]:
    """Return W with ``W D W' = 1`` in closed form, and the part of the logarithm of its determinant that rho changes."""
    one = values["present"][:, :, None] * jnp.eye(values["present"].shape[1])
    if kind is CorrelationKind.COMPOUND_SYMMETRY:
        # D = (1 - rho) 1 + rho J has the root of its inverse in the same two matrices
        visits = values["visits"]
        whole = (1 - rho) / (1 + (visits - 1) * rho)
        share = (1 - jnp.sqrt(whole)) / visits
        root = (one - share[:, :, None] * values["same"]) / jnp.sqrt(1 - rho)
        log = -0.5 * jnp.log1p(-rho) + 0.5 * jnp.log(whole) / visits
    else:
        # each visit less rho times the visit before it
        later = 1 - values["first_of_arm"]
        size = jnp.where(later > 0, 1 / jnp.sqrt(1 - rho**2), 1.0)
        root = size[:, :, None] * (one - rho * values["before"])
        log = jnp.log(size)
    return root * values["inverse_se"][:, None, :], (log * values["present"]).sum()


def _blocks(matrix: NDArray[np.float64], study: NDArray[np.int64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the blocks of a matrix that belong to one study each (dims ``study, row, row``)."""
    padded = np.zeros((*present.shape, present.shape[1]))
    for number in range(len(present)):
        rows = np.flatnonzero(study == number)
        padded[number, : len(rows), : len(rows)] = matrix[np.ix_(rows, rows)]
    return padded


def _mixing(
    network: Arms, model: TimeCourseModel, priors: TimeCoursePriors, n_contrasts: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how coefficients come from independent deviates: mean part, part times the class sd, prior sds."""
    classes = dict(model.classes or {})
    problems = [
        Problem(f"class of {name}", "the treatment is the reference, or in no row", "other treatments of the table")
        for name in classes
        if name not in network.treatments[1:]
    ]
    if problems:
        raise EvidenceError("time course", problems)
    names = sorted(set(classes.values()))
    n_course = len(model.shape.coefficients)
    mean = np.zeros((n_contrasts, n_contrasts + len(names)))
    spread, sd = np.zeros_like(mean), np.full(n_contrasts + len(names), priors.effect_sd)
    for column in range(n_contrasts):
        label = classes.get(network.treatments[column + 1]) if column + 1 < len(network.treatments) else None
        if label is None:
            mean[column, column] = 1.0
        else:
            mean[column, n_contrasts + names.index(label)], spread[column, column], sd[column] = 1.0, 1.0, 1.0
    each = np.eye(n_course)
    return np.kron(mean, each), np.kron(spread, each), np.repeat(sd, n_course)


def _dataset(network: Arms, model: TimeCourseModel, draws: Draws) -> xr.Dataset:
    values = {name: one_dim(value) for name, value in draws.values.items() if value.ndim >= 2}
    n_chains, n_draws = draws.values["coefficient"].shape[:2]
    coefficients = list(model.shape.coefficients)
    own = values["coefficient"].reshape(n_chains * n_draws, -1, len(coefficients))
    whole = np.concatenate([np.zeros_like(own[:, :1]), own], axis=1)
    data: dict[str, Any] = {"effect": (("draw", "treatment", "coefficient"), whole)}
    coords: dict[str, Any] = {
        "chain": ("draw", np.repeat(np.arange(n_chains), n_draws)),
        "treatment": list(network.treatments),
        "coefficient": coefficients,
    }
    if model.heterogeneity is Heterogeneity.CONSTANT:
        data["heterogeneity"] = ("draw", values["heterogeneity"][:, 0])
    elif model.heterogeneity is Heterogeneity.COEFFICIENTS:
        data["heterogeneity"] = (("draw", "coefficient"), values["heterogeneity"])
    for name in ("rho", model.shape.parameter):
        if name in values:
            data[str(name)] = ("draw", values[name])
    if model.classes:
        coords["class"] = sorted(set(model.classes.values()))
        data["class_sd"] = (("draw", "coefficient"), values["class_sd"])
        means = values["class_mean"].reshape(n_chains * n_draws, -1, len(coefficients))
        data["class_mean"] = (("draw", "class", "coefficient"), means)
    return xr.Dataset(data, coords=coords)


def _fit(network: Arms, draws: Draws) -> Fit:
    mean = one_dim(draws.values["study_deviance"]).mean(0)
    return fit_of(pd.DataFrame({"study": network.studies}), mean, draws.values["deviance_at_mean"], len(network.frame))


def _told(column: NDArray[np.float64]) -> str:
    low, median, high = np.quantile(column, [0.025, 0.5, 0.975])
    return f"{median:.3g} ({low:.3g} to {high:.3g})"
