"""Sample courses over time: all but spreads, correlation and the parameter of a course is integrated out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Progress, silent
from sciatrial.synthesis.arm_tables import Arms
from sciatrial.synthesis.course_design import arrays_of, whitening
from sciatrial.synthesis.course_models import (
    CourseHeterogeneity,
    Reference,
    TimeCourseModel,
    TimeCoursePriors,
)
from sciatrial.synthesis.courses import basis
from sciatrial.synthesis.gaussian import Parts, draw, log_likelihood
from sciatrial.synthesis.network import by_study
from sciatrial.synthesis.sampling import Draws, Sampler, libraries, one_dim, posterior

# numbers in the padded blocks of all studies, from which a step costs more than starting it
_MANY = 20_000


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
    data, present, middle = arrays_of(network, model, priors, extra)
    last = float(network.frame["months"].max())
    classes = tuple(sorted(set((model.classes or {}).values())))

    def hyper() -> dict[str, Any]:
        """Sample what is not linear."""
        half, chosen = distributions.HalfNormal, {}
        if model.heterogeneity is not CourseHeterogeneity.NONE:
            n_spreads = 1 if model.heterogeneity is CourseHeterogeneity.CONSTANT else n_course
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
        functions = basis(shape, values["months"], chosen.get(shape.parameter or "", 1.0), last, jnp)  # (study, row, c)
        n_studies, n_rows = values["y"].shape
        design = (values["arm"][:, :, :, None] * functions[:, :, None, :]).reshape(n_studies, n_rows, -1)
        if model.reference is Reference.FREE:
            baseline = values["visit"]
        else:
            present_functions = functions * values["present"][:, :, None]
            own = [] if model.change_from_baseline else [values["present"][:, :, None]]
            baseline = jnp.concatenate([*own, present_functions], axis=2)
        if model.heterogeneity is CourseHeterogeneity.NONE:
            random = jnp.zeros((n_studies, n_rows, 1))
        elif model.heterogeneity is CourseHeterogeneity.CONSTANT:
            random = chosen["heterogeneity"][0] * values["random"] * (values["months"] > 0)[:, :, None]
        else:
            scaled = functions * chosen["heterogeneity"]
            random = (values["random"][:, :, :, None] * scaled[:, :, None, :]).reshape(n_studies, n_rows, -1)
        whiten, log_whiten = whitening(values, chosen.get("rho", model.correlation.rho), model.correlation.kind, jnp)
        mixing = None
        if classes:
            spread = jnp.tile(chosen["class_sd"], values["mean"].shape[0] // n_course)
            mixing = values["mean"] + spread[:, None] * values["spread"]
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
        mean_fitted = by_study(made["fitted"].mean((0, 1))[:, None] - middle[:, None], present)
        made["deviance_at_mean"] = _deviance_at(values, parts, flat, mean_fitted[:, :, 0])
        if classes:
            made["class_mean"] = drawn["b"][:, data["mean"].shape[0] :].reshape(*count, -1)
        return {**sampled, **made}

    names = [f"{t}, {c}" for t in network.treatments[1:] for c in shape.coefficients]
    names += [f"direct - indirect, {c}" for c in shape.coefficients] if extra is not None else []
    reported: dict[str, tuple[str, ...]] = {"coefficient": tuple(names)}
    if model.heterogeneity is not CourseHeterogeneity.NONE:
        reported["heterogeneity"] = ("",) if model.heterogeneity is CourseHeterogeneity.CONSTANT else shape.coefficients
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
        samplers=samplers, one_by_one=data["same"].size > _MANY,
    )  # fmt: skip


def _deviance_at(values: Any, parts: Any, flat: Mapping[str, Any], mean_fitted: NDArray[np.float64]) -> Any:
    """Return the deviance of each study at the mean of its fitted values, with rho at its mean where it is sampled."""
    from sciatrial.synthesis.gaussian import deviance

    middle = {name: value.mean(0) for name, value in flat.items()}
    return np.asarray(deviance(values["y"], mean_fitted, parts(values, middle).whiten))
