"""What published patients look like at the door, and weights that make virtual ones look like them.

A target is a row of the facts table: age, sex, duration, a score at entry, its spread, or how two scores go together.
``tables/plausibility.csv`` says of whom it speaks, from what distance on it is a miss, and whether weights may use it
or it is held back to check them. Only means and shares are used; every spread and every correlation is held back.
Weights are those nearest to equal ones in relative entropy (doi:10.1093/pan/mpr025), as prevalence weights of a virtual
population (doi:10.1002/psp4.12063): nobody is made up, and a number that no patient comes near is refused.

Which facts are left out, and why, stands in ``tables/plausibility_left_out.csv``.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sciatrial.foundation import CohortError, Problem, Score, unknown_word
from sciatrial.population.cohort import Cohort

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Evidence

_COVARIATES = ("age_years", "is_female", "symptom_months")
_TO_SCALE = {"0-10": 10.0}  # printed unit → points of the score; every other unit is the score's own
_SPREAD = re.compile(r"SD (\d+(?:\.\d+)?)")  # at the beginning of a row's notes
_TOLERANCE = 0.5  # of the distance: weights aim well inside it, so that they end inside it
LEAST_EFFECTIVE = 0.05
_NEWTON_STEPS = 30


class Statistic(StrEnum):
    """What a published number says of a group."""

    MEAN = "mean"
    SHARE = "share"
    SD = "sd"
    MEDIAN = "median"
    CORRELATION = "correlation"


class Use(StrEnum):
    """What a target is for."""

    WEIGHTS = "weights"
    CHECK = "check"


class Target(BaseModel):
    """One published number that virtual patients should have.

    `fact` is a slug of the facts table, `cohort` a name of ``plausibility_cohorts.toml``, `of` a covariate or a score,
    and `beside` the second score of a correlation. A share, in percent, is of those below `below` or from `at_least`
    on; of a yes or no it needs neither. `distance` is what a match allows, in the unit of the statistic, and `reason`
    says why that much: a slug of the facts table or an assumption. `published` is on the scale of the covariate or
    score (pain and disability 0 to 100, Roland-Morris 0 to 24, EQ-5D index, years, months, percent).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    fact: str = Field(min_length=1)
    cohort: str
    statistic: Statistic
    of: str
    beside: str
    at_least: float | None
    below: float | None
    distance: Annotated[float, Field(gt=0)]
    use: Use
    reason: str = Field(min_length=1)
    why: str
    published: float

    @model_validator(mode="after")
    def _fits_the_statistic(self) -> Target:
        if bool(self.beside) != (self.statistic is Statistic.CORRELATION):
            raise ValueError("a correlation has a second score, and nothing else has one")
        limits = (self.at_least is not None) + (self.below is not None)
        if limits != (self.statistic is Statistic.SHARE and self.of != "is_female"):
            raise ValueError("a share has one limit, at_least or below; a yes or no and other statistics have none")
        if self.use is Use.WEIGHTS and self.statistic not in (Statistic.MEAN, Statistic.SHARE):
            raise ValueError("weights use means and shares only; hold back what says how patients spread")
        return self


@cache
def _groups() -> dict[str, tuple[Cohort, ...]]:
    text = files("sciatrial.population").joinpath("tables", "plausibility_cohorts.toml").read_text(encoding="utf-8")
    return {
        name: tuple(Cohort(name=f"{name}, {part['cause']}", **part) for part in parts)
        for name, parts in tomllib.loads(text).items()
    }


def cohorts_of(group: str) -> tuple[Cohort, ...]:
    """Return the cohorts, in equal parts, of whom a target speaks."""
    return _groups()[group]


def read_targets(evidence: Evidence) -> tuple[Target, ...]:
    """Return the shipped targets with what the facts table prints.

    Raises
    ------
    CohortError
        With every row that names an unknown fact, cohort, covariate or score, or prints no number to compare with.
    """
    text = files("sciatrial.population").joinpath("tables", "plausibility.csv").read_text(encoding="utf-8")
    return targets_of_rows(list(csv.DictReader(text.splitlines())), evidence)


def targets_of_rows(rows: Sequence[Mapping[str, str]], evidence: Evidence) -> tuple[Target, ...]:
    """Return targets of rows of text, as they stand in ``tables/plausibility.csv``; raises as `read_targets`."""
    facts = {row["name"]: row for row in evidence.facts.to_dict("records")}
    targets: list[Target] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        where = f"row {number}, {row['fact']}"
        found = _unknown_words(where, row, facts)
        published = None if found else _published(row, facts[row["fact"]])
        if not found and published is None:
            found = [
                Problem(where, f"the facts table prints no {row['statistic']} for it", "a value, or an SD in notes")
            ]
        problems += found
        if found:
            continue
        limits = {name: row[name] or None for name in ("at_least", "below")}
        try:
            targets.append(Target.model_validate({**row, **limits, "published": published}))
        except ValidationError as error:
            problems += [Problem(where, e["msg"], "see the docstring of Target") for e in error.errors()]
    if problems:
        raise CohortError("tables/plausibility.csv", problems)
    return tuple(targets)


def _unknown_words(where: str, row: Mapping[str, str], facts: Mapping[str, Any]) -> list[Problem]:
    columns = [*_COVARIATES, *map(str, Score)]
    asked = {"fact": facts, "cohort": _groups(), "statistic": list(Statistic), "use": list(Use), "of": columns}
    if row["beside"]:
        asked["beside"] = columns
    if not row["reason"].startswith("assumption:"):
        # the last word is the slug: "half of MIC_consensus_ODI"
        asked["reason"] = {**facts, row["reason"]: None} if row["reason"].split(" ")[-1] in facts else facts
    return [
        unknown_word(f"{where}: {column}", row[column], known, column)
        for column, known in asked.items()
        if row[column] not in known
    ]


def _published(row: Mapping[str, str], fact: Mapping[str, Any]) -> float | None:
    """Return the published number on the scale of the score, None where there is none."""
    value = float(fact["value"])
    if row["statistic"] == Statistic.SD:
        spread = _SPREAD.match(fact["notes"])
        value = float(spread.group(1)) if spread else np.nan
    return None if np.isnan(value) else value * _TO_SCALE.get(fact["unit"], 1.0)


def balanced_weights(
    start: NDArray[np.float64],
    values: NDArray[np.float64],
    targets: NDArray[np.float64],
    tolerances: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights nearest to `start` whose means are the targets, within their tolerance.

    Nearest in relative entropy: the weights of an exponential tilt, found by Newton's method on the convex dual. A
    tolerance is soft: it is the distance from a target that costs as much as half a nat of relative entropy.

    Parameters
    ----------
    start
        Above 0; dims ``patient``, sum 1.
    values
        In points, such that their spread between patients is some ten to thirty; dims ``patient, target``.
    targets, tolerances
        In the same points; dims ``target``.

    Returns
    -------
    tuple
        Weights (dims ``patient``, sum 1), and what is left between their means and the targets (dims ``target``).
    """
    if values.shape[1] == 0:
        return start, np.zeros(0)
    apart = values - targets  # (patient, target)
    scale = 20.0
    x, soft = apart / scale, (tolerances / scale) ** 2
    tilt = np.zeros(x.shape[1])
    log_start = np.log(start)

    def weighted(at: NDArray) -> NDArray:
        logs = log_start + x @ at
        logs -= logs.max()
        w = np.exp(logs)
        return w / w.sum()

    def dual(at: NDArray) -> float:
        logs = log_start + x @ at
        top = logs.max()
        return float(top + np.log(np.exp(logs - top).sum()) + 0.5 * np.sum(soft * at**2))

    for _ in range(_NEWTON_STEPS):
        w = weighted(tilt)
        mean = w @ x
        gradient = mean + soft * tilt
        if np.max(np.abs(gradient)) < 1e-6:
            break
        centred = x - mean
        curvature = (centred * w[:, None]).T @ centred + np.diag(soft)
        step = np.linalg.solve(curvature, gradient)
        size, before = 1.0, dual(tilt)
        while dual(tilt - size * step) > before - 1e-4 * size * float(gradient @ step) and size > 1e-4:
            size /= 2
        tilt = tilt - size * step
    w = weighted(tilt)
    return w, (w @ x) * scale


def plausibility_weights(
    covariates: pd.DataFrame, targets: Sequence[Target], *, least_effective_share: float = LEAST_EFFECTIVE
) -> NDArray[np.float64]:
    """Return the weights nearest to equal ones whose means and shares are the published ones.

    Parameters
    ----------
    covariates
        One row a patient, as `Patients.covariates`.
    targets
        Of one group. Those held back are not looked at.
    least_effective_share
        0 to 1: share of the patients whose worth must be left, 1 / Σ weight² over their number.

    Returns
    -------
    numpy.ndarray
        Dims ``patient``, sum 1. Every target that is used is met within its distance.

    Raises
    ------
    CohortError
        When no weights meet the targets, or only those of a few patients do.
    """
    used = [target for target in targets if target.use is Use.WEIGHTS]
    n = len(covariates)
    values = np.zeros((n, len(used)))  # (patient, target), in points of which each distance is ten
    for column, target in enumerate(used):
        values[:, column] = _ten_a_distance(target, _numbers(target, covariates))
    goals = np.array([_ten_a_distance(target, target.published) for target in used])
    weights, gaps = balanced_weights(np.full(n, 1 / n), values, goals, np.full(len(used), 10 * _TOLERANCE))
    problems = [
        Problem(
            f"{target.fact} ({target.statistic} of {target.of})",
            f"the nearest weights give {measure(target, covariates, weights):.4g}",
            f"{target.published:.4g} within {target.distance:g}",
            "see whom the target speaks of, or hold it back; patients are not made up",
        )
        for target, gap in zip(used, gaps, strict=True)
        if abs(gap) > 10
    ]
    left = effective_share(weights)
    if left < least_effective_share:
        found = f"the weights leave the worth of {left * n:.1f} of {n} patients"
        problems.append(
            Problem("weights", found, f"{least_effective_share:.0%} or more", "take more, or other, patients")
        )
    if problems:
        raise CohortError("plausibility weights", problems)
    return weights


def _ten_a_distance(target: Target, value: Any) -> Any:
    return 10 * value / target.distance


def effective_share(weights: NDArray[np.float64]) -> float:
    """Return the share of the patients whose worth the weights leave; `weights` has dims ``patient``, sum 1."""
    return float(1 / np.sum(weights**2) / len(weights))


def _numbers(target: Target, covariates: pd.DataFrame) -> NDArray[np.float64]:
    """Return what a target looks at, of a share 100 or 0; dims ``patient``."""
    values = covariates[target.of].to_numpy(dtype=float)
    if target.statistic is not Statistic.SHARE:
        return values
    if target.below is not None:
        values = (values < target.below).astype(float)
    if target.at_least is not None:
        values = (values >= target.at_least).astype(float)
    return 100.0 * values


def _mean(x: NDArray, weights: NDArray) -> float:
    return float(weights @ x)


def _sd(x: NDArray, weights: NDArray) -> float:
    # as many as the weights leave, less one
    return float(np.sqrt(weights @ (x - weights @ x) ** 2 / max(1 - np.sum(weights**2), 1e-12)))


def _median(x: NDArray, weights: NDArray) -> float:
    order = np.argsort(x, kind="stable")
    reached = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(0.5, reached, x[order]))


_OF_ONE: Mapping[Statistic, Callable[[NDArray, NDArray], float]] = {
    Statistic.MEAN: _mean,
    Statistic.SHARE: _mean,
    Statistic.SD: _sd,
    Statistic.MEDIAN: _median,
}


def measure(target: Target, covariates: pd.DataFrame, weights: NDArray[np.float64]) -> float:
    """Return what the weighted patients have; NaN for a correlation with a score that nobody varies."""
    x = _numbers(target, covariates)
    if target.statistic is not Statistic.CORRELATION:
        return _OF_ONE[target.statistic](x, weights)
    y = covariates[target.beside].to_numpy(dtype=float)
    x, y = x - weights @ x, y - weights @ y
    spread = np.sqrt((weights @ x**2) * (weights @ y**2))
    return float(weights @ (x * y) / spread) if spread > 0 else np.nan
