"""Mixed models for repeated measures, many trials at once: what is asked for, and the record of the fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.climb import Climbed, climb
from sciatrial.statistics.covariance import Covariance, derivatives, matrices, n_parameters, second_derivatives, start
from sciatrial.statistics.likelihood import Likelihood, slope_weights, weights_of
from sciatrial.statistics.moments import AbstractMoments, free_moments
from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]

# pivots below this, relative to their diagonal, tell that two columns repeat one another
_SINGULAR = 1e-10
# trials fitted side by side: enough for long arrays, few enough for the processor's cache
_SIDE_BY_SIDE = 64
# numbers held at a time for the sums over patients, eight bytes each; some arrays of this size live together
_NUMBERS = 20_000_000
_MOST_VISITS = 60


class SmallSample(StrEnum):
    """How small samples are allowed for in tests of the coefficients.

    ``satterthwaite``: degrees of freedom that match the variance of the estimated variance. ``kenward_roger``: a larger
    covariance of the coefficients too, which allows for weights that are themselves estimated.
    """

    SATTERTHWAITE = "satterthwaite"
    KENWARD_ROGER = "kenward_roger"


class Information(StrEnum):
    """Whose inverse is the covariance of the covariance parameters, on which degrees of freedom rest.

    ``observed``: the likelihood's own second derivatives, as SAS has it. ``expected``: their expectation, as
    Kenward and Roger (1997) have it. Where no visit is missing the two are equal.
    """

    OBSERVED = "observed"
    EXPECTED = "expected"


@dataclass(frozen=True)
class Asked:
    """What a fit is asked for."""

    structure: Covariance
    likelihood: Likelihood
    small_sample: SmallSample
    information: Information


@dataclass(frozen=True, eq=False)
class MixedFits:
    """Fitted mixed models of many trials; a fit that failed is NaN throughout and says why.

    Attributes
    ----------
    coefficients
        Dims ``trial, coefficient``.
    covariance
        Of the coefficients, (X'V⁻¹X)⁻¹; dims ``trial, coefficient, coefficient``.
    adjusted_covariance
        The same with Kenward and Roger's adjustment; equal to it under Satterthwaite.
    parameters
        Of the residual covariance; dims ``trial, parameter``.
    residual_covariance
        Between the visits of one patient, in squared units of the outcome; dims ``trial, visit, visit``.
    deviance
        −2 log-likelihood, restricted or full; dims ``trial``.
    information
        About the parameters, observed or expected; dims ``trial, parameter, parameter``.
    slopes
        Minus the derivatives of X'V⁻¹X by the parameters; dims ``trial, parameter, coefficient, coefficient``.
    n_steps
        Likelihoods evaluated; dims ``trial``.
    reasons
        Why a trial has no fit, empty where it has; one a trial.
    asked
        What was asked for.
    """

    coefficients: Floats
    covariance: Floats
    adjusted_covariance: Floats
    parameters: Floats
    residual_covariance: Floats
    deviance: Floats
    information: Floats
    slopes: Floats
    n_steps: Floats
    reasons: tuple[str, ...]
    asked: Asked

    @property
    def is_fitted(self) -> Floats:
        """Whether each trial has a fit; dims ``trial``."""
        return np.array([not reason for reason in self.reasons])

    def __repr__(self) -> str:
        asked, fitted = self.asked, int(self.is_fitted.sum())
        failed = next((reason for reason in self.reasons if reason), "")
        told = f"  first failure: {failed}" if failed else f"  median deviance {np.median(self.deviance):.6g}"
        return (
            f"MixedFits: {fitted} of {len(self.reasons)} trials fitted\n"
            f"  {asked.structure.value} covariance, {asked.likelihood.value} likelihood, {asked.small_sample.value}\n"
            f"{told}"
        )


def fit_mixed_models(
    outcome: ArrayLike,
    design: ArrayLike,
    *,
    structure: Covariance = Covariance.UNSTRUCTURED,
    likelihood: Likelihood = Likelihood.RESTRICTED,
    small_sample: SmallSample = SmallSample.SATTERTHWAITE,
    information: Information = Information.OBSERVED,
) -> MixedFits:
    """Fit a mixed model with any fixed effects to each of many trials.

    Parameters
    ----------
    outcome
        Dims ``patient, visit`` or ``trial, patient, visit``, NaN where missing at random; 1 to 60 visits.
    design
        Columns of the fixed effects, constant included; dims ``patient, visit, coefficient`` for all trials or ``trial,
        patient, visit, coefficient``. Finite wherever the outcome is.
    structure
        Residual covariance between the visits of one patient. A random intercept is compound symmetry.
    likelihood
        Restricted (REML) or full (ML).
    small_sample, information
        How `contrasts` will allow for small samples.

    Returns
    -------
    MixedFits
        One fit a trial; those that fail say why.

    Raises
    ------
    TrialError
        With every problem: shapes that do not pair, a design that lacks values, a visit that nobody attends in any
        trial.

    Source
    ------
    Jennrich and Schluchter (1986), Biometrics 42, 805-820.
    """
    y = checked_outcome(outcome)
    x: Floats = np.asarray(design, float)
    if x.ndim == 3:
        x = np.broadcast_to(x, (len(y), *x.shape))
    if x.ndim != 4 or x.shape[:3] != y.shape:
        problem = Problem(
            "design",
            f"shape {np.shape(design)}",
            f"a row of coefficients for each patient and visit of {y.shape}",
            "pair the design with the outcome",
        )
        raise TrialError("mixed model", problem)
    if not np.isfinite(x[np.isfinite(y)]).all():
        raise TrialError(
            "mixed model",
            Problem("design", "missing values beside an outcome", "finite numbers", "leave the outcome out (NaN)"),
        )
    asked = Asked(structure, likelihood, small_sample, information)
    return fit_in_chunks(lambda trials: free_moments(y[trials], x[trials]), y.shape, x.shape[3], asked)


def checked_outcome(outcome: ArrayLike) -> Floats:
    """Return the outcome with dims ``trial, patient, visit``.

    Raises
    ------
    TrialError
        When dims or values cannot be used, or a visit has no outcome in any trial.
    """
    y: Floats = np.asarray(outcome, float)
    y = y[None] if y.ndim == 2 else y
    if y.ndim != 3 or not y.size or y.shape[2] > _MOST_VISITS:
        problem = Problem(
            "outcome",
            f"shape {np.shape(outcome)}",
            f"trials, patients and 1 to {_MOST_VISITS} visits",
            "give dims patient, visit or trial, patient, visit",
        )
        raise TrialError("mixed model", problem)
    problems = []
    if np.isinf(y).any():
        problems.append(Problem("outcome", "infinite values", "finite numbers, NaN where missing", "mark them as NaN"))
    for visit in np.flatnonzero(np.isnan(y).all(axis=(0, 1))).tolist():
        problems.append(
            Problem(f"visit {visit + 1}", "nobody attends it in any trial", "an outcome or more", "leave the visit out")
        )
    if problems:
        raise TrialError("mixed model", problems)
    return y


def fit_in_chunks(
    moments_of: Callable[[slice], AbstractMoments], shape: tuple[int, ...], n_coefficients: int, asked: Asked
) -> MixedFits:
    """Fit all trials, some side by side; `moments_of` gives the moments of a slice, `shape` is that of the outcome."""
    n_trials, patients, visits = shape
    patterns = min(patients, 2**visits)
    width = max(n_coefficients**2, n_parameters(asked.structure, visits))
    side_by_side = int(np.clip(_NUMBERS // (patterns * visits**2 * width), 1, _SIDE_BY_SIDE))
    parts = [
        _fit(moments_of(slice(first, first + side_by_side)), n_coefficients, asked)
        for first in range(0, n_trials, side_by_side)
    ]
    arrays = [field.name for field in fields(MixedFits) if field.name not in _PLAIN]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    reasons = tuple(reason for part in parts for reason in part.reasons)
    return MixedFits(**joined, reasons=reasons, asked=asked)


_PLAIN = ("reasons", "asked")


def _fit(moments: AbstractMoments, n_coefficients: int, asked: Asked) -> MixedFits:
    trials, _, visits = moments.seen.shape
    structure = asked.structure
    reasons = _why_not(moments, structure)
    pairwise, pivot = _pairwise(moments)
    too_simple = (np.diagonal(pairwise, axis1=1, axis2=2) <= 0).any(axis=1)
    _note(reasons, np.asarray(pivot < _SINGULAR), "the fixed effects cannot be told apart: a column repeats others")
    _note(reasons, np.asarray(too_simple), "the outcome of a visit does not vary about the fixed effects")

    able = np.flatnonzero([not reason for reason in reasons])
    found = _blank(trials, n_coefficients, n_parameters(structure, visits), visits)
    n_steps = np.zeros(trials, int)
    if len(able):
        chosen = moments if len(able) == trials else moments.chosen(able)
        best = climb(chosen, structure, start(structure, pairwise[able]), asked.likelihood)
        n_steps[able] = best.n_steps
        for trial, reason in zip(able.tolist(), best.reasons, strict=True):
            reasons[trial] = reason
        good = np.flatnonzero([not reason for reason in best.reasons])
        for name, value in _summary(chosen, best, asked).items():
            found[name][able[good]] = value[good]
    return MixedFits(
        **found,
        n_steps=n_steps,
        reasons=tuple(reasons),
        asked=asked,
    )


def _blank(trials: int, width: int, n: int, visits: int) -> dict[str, Floats]:
    shapes = {
        "coefficients": (width,),
        "covariance": (width, width),
        "adjusted_covariance": (width, width),
        "parameters": (n,),
        "residual_covariance": (visits, visits),
        "deviance": (),
        "information": (n, n),
        "slopes": (n, width, width),
    }
    return {name: np.full((trials, *shape), np.nan) for name, shape in shapes.items()}


def _note(reasons: list[str], concerned: Floats, reason: str) -> None:
    """Give a reason to those trials that have none yet (the list is the caller's own)."""
    for trial in np.flatnonzero(concerned).tolist():
        reasons[trial] = reasons[trial] or reason


def _why_not(moments: AbstractMoments, structure: Covariance) -> list[str]:
    """Return why each trial cannot be fitted, as far as the pattern of missing visits tells."""
    together = moments.seen.swapaxes(1, 2) @ (moments.count[..., None] * moments.seen)
    reasons = [""] * len(together)
    for trial in np.flatnonzero((together == 0).any(axis=(1, 2))).tolist():
        empty = np.flatnonzero(np.diagonal(together[trial]) == 0).tolist()
        if empty:
            reasons[trial] = f"visit {empty[0] + 1}: nobody attends it"
        elif structure is Covariance.UNSTRUCTURED:
            first, second = (np.argwhere(together[trial] == 0)[0] + 1).tolist()
            reasons[trial] = f"visits {first} and {second}: no patient attends both, so their covariance is unknown"
    return reasons


def _pairwise(moments: AbstractMoments) -> tuple[Floats, Floats]:
    """Return moments of ordinary residuals between visits, and the smallest relative pivot of X'X."""
    equal = moments.seen[..., None] * np.eye(moments.seen.shape[-1])
    swept = sweep(moments.information(equal[:, :, :, None])[:, 0])
    coefficients = (swept.inverse @ moments.side(equal[:, :, :, None])[:, 0, :, None])[..., 0]
    both = moments.seen[..., None] * moments.seen[:, :, None]
    products = (moments.residual(coefficients) * both).sum(axis=1)
    scale = np.diagonal((moments.outcome * both).sum(axis=1), axis1=1, axis2=2)
    number = np.maximum((moments.count[..., None, None] * both).sum(axis=1), 1)
    pairwise = products / number
    variance = np.diagonal(products, axis1=1, axis2=2)
    exact = variance <= 1e-20 * scale
    pairwise[exact.any(axis=1)] = 0.0
    return pairwise, swept.pivot


def _summary(moments: AbstractMoments, best: Climbed, asked: Asked) -> dict[str, Floats]:
    at, structure = best.evaluation, asked.structure
    visits = moments.seen.shape[-1]
    is_adjusted = asked.small_sample is SmallSample.KENWARD_ROGER
    information = at.expected if asked.information is Information.EXPECTED else at.observed
    return {
        "coefficients": at.coefficients,
        "covariance": at.covariance,
        "adjusted_covariance": _adjusted(moments, structure, best, information) if is_adjusted else at.covariance,
        "parameters": best.parameters,
        "residual_covariance": matrices(structure, best.parameters, visits),
        "deviance": at.deviance,
        "information": information,
        "slopes": at.slopes,
    }


def _adjusted(moments: AbstractMoments, structure: Covariance, best: Climbed, information: Floats) -> Floats:
    """Return Kenward and Roger's covariance of the coefficients.

    Φ + 2Φ{Σ U(Q − PΦP − R/4)}Φ with U the inverse information, Q = X'V⁻¹DV⁻¹DV⁻¹X, P = X'V⁻¹DV⁻¹X and R the
    same with second derivatives, which vanish where the covariance is linear in its parameters.

    Source
    ------
    Kenward and Roger (1997), Biometrics 53, 983-997, equation 5.
    """
    at, visits = best.evaluation, moments.seen.shape[-1]
    spread = sweep(information).inverse
    slopes = derivatives(structure, best.parameters, visits)
    slopes = np.broadcast_to(slopes, (len(spread), *slopes.shape[1:]))
    weights, _ = weights_of(moments, matrices(structure, best.parameters, visits))
    middle = np.einsum("bij,biac,bpcd,bjde->bpae", spread, slopes, weights, slopes, optimize=True)
    inner = moments.information((weights @ middle @ weights)[:, :, :, None])[:, 0]
    product = at.slopes @ at.covariance[:, None]
    inner = inner - np.einsum("bij,bixy,bjyz->bxz", spread, product, at.slopes, optimize=True)
    bend = second_derivatives(structure, best.parameters, visits)
    if bend is not None:
        bent = np.einsum("bij,bijvw->bvw", spread, bend)
        inner = inner - moments.information(slope_weights(weights, bent[:, None]))[:, 0] / 4
    return at.covariance + 2 * at.covariance @ inner @ at.covariance
