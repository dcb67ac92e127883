"""Model-based network meta-analysis over time: how far each treatment is from the reference at any month.

Every visit of every arm is used: ``y = reference course of the study + effect(treatment, t) + error``. The reference
course of a study is related to that of no other, either free at each visit or a course with coefficients of its own;
so randomisation is respected (Pedder et al. 2019, doi:10.1002/jrsm.1351). Errors of visits of one arm are correlated.
All but spreads, correlation and the parameter of a course is integrated out exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, Progress, silent
from sciatrial.synthesis.arm_tables import Arms, Likelihood, arms_of
from sciatrial.synthesis.course_models import (
    CourseHeterogeneity,
    TimeCourseModel,
    TimeCoursePriors,
)
from sciatrial.synthesis.course_sampling import sample_courses
from sciatrial.synthesis.courses import basis
from sciatrial.synthesis.fit import Fit, fit_of
from sciatrial.synthesis.sampling import Diagnostics, Draws, Sampler, one_dim, summary


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
        if self.model.heterogeneity is CourseHeterogeneity.CONSTANT:
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
    if model.heterogeneity is CourseHeterogeneity.CONSTANT:
        data["heterogeneity"] = ("draw", values["heterogeneity"][:, 0])
    elif model.heterogeneity is CourseHeterogeneity.COEFFICIENTS:
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
    deviances = one_dim(draws.values["study_deviance"])
    return fit_of(
        pd.DataFrame({"study": network.studies}), deviances, draws.values["deviance_at_mean"], len(network.frame)
    )


def _told(column: NDArray[np.float64]) -> str:
    low, median, high = np.quantile(column, [0.025, 0.5, 0.975])
    return f"{median:.3g} ({low:.3g} to {high:.3g})"
