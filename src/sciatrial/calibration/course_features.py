"""Published numbers → a straight line: each as a change of a mean, and what a meta-regression explains it by.

A share of responders becomes the change that would give it if patients scatter by `PATIENT_SD`, a final value the
change from a baseline, a percentage the points that it is of one. Baselines that are not printed are those of the
training studies, so nothing here looks at a study that is left out beyond its design and its printed baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sciatrial.calibration.contrasts import UNTREATED
from sciatrial.calibration.terms import PATIENT_SD, TermKind, Terms
from sciatrial.evidence import RESPONDER_RULES
from sciatrial.foundation import Intervention, Route

# assumptions, months: how fast the two parts of a course come. The early one is quicker than in the synthesis of
# courses: within days of an operation or of tablets most of the change is there
EARLY_MONTHS, LATE_MONTHS = 0.1, 6.0
USUAL_BASELINE = 50.0  # points of 100 at which coefficients are told
_ORAL = (
    Intervention.PLACEBO_ORAL, Intervention.NSAID, Intervention.GABAPENTINOID, Intervention.OPIOID,
    Intervention.ANTIDEPRESSANT, Intervention.ORAL_STEROID,
)  # fmt: skip
_WITHOUT_CONTEXT = (Intervention.USUAL_CARE, Intervention.PHYSIOTHERAPY, Intervention.SURGERY)
_LATE_TOO = (Intervention.EPIDURAL_STEROID, Intervention.SURGERY, Intervention.CELL_THERAPY)
_FEWEST_BASELINES = 2  # studies of a class, below which a wider class is asked
# assumptions: a baseline, and its SD between studies, where training studies print hardly any
_BASELINE_WHERE_UNSAID, _BASELINE_SD_WHERE_UNSAID = 60.0, 10.0
# priors of coefficients, points of 100 at a baseline of 50: mean and SD
_COURSE, _CONTEXT, _UNCONTROLLED, TREATMENT = (-10.0, 15.0), (0.0, 8.0), (-5.0, 10.0), (0.0, 10.0)


@dataclass(frozen=True)
class Baselines:
    """Mean score at entry, and the SD of what is not known of it (0 where printed); dims ``term``."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]


@dataclass(frozen=True)
class Changes:
    """Terms as changes of a mean, points of 100: estimate, standard error and, for shares, the threshold of the rule.

    A patient responds whose change is below minus the threshold. All have dims ``term``.
    """

    estimate: NDArray[np.float64]
    se: NDArray[np.float64]
    threshold: NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """What changes are explained by: values (dims ``term, feature``), names, and priors of their coefficients."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    prior_mean: NDArray[np.float64]
    prior_sd: NDArray[np.float64]


def course_parts(months: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much of the early and of the late part of a course has come by these months."""
    return -np.expm1(-months / EARLY_MONTHS), -np.expm1(-months / LATE_MONTHS)


def known_baselines(terms: Terms, train: NDArray[np.bool_]) -> Baselines:
    """Return baselines of all terms: as printed, or the mean over training studies by cause and score.

    Parameters
    ----------
    terms
        All terms.
    train
        Which are training; dims ``term``.
    """
    rows: Any = terms.rows
    seen = set(rows.loc[train, "study_id"])
    told: Any = terms.baselines.assign(
        study=[terms.arms[arm].study_id for arm in terms.baselines["arm"]],
        cause=[str(terms.arms[arm].cause) for arm in terms.baselines["arm"]],
    )
    told = told[told["study"].isin(seen)].groupby(["study", "cause", "score"], as_index=False)["mean"].mean()
    of_class = told.groupby(["cause", "score"])["mean"]
    freedom = len(told) - of_class.ngroups
    apart = float(np.sqrt(of_class.transform(lambda x: (x - x.mean()) ** 2).sum() / freedom)) if freedom > 0 else 0.0
    mean, sd = rows["baseline"].to_numpy(dtype=float).copy(), np.zeros(len(rows))
    for place in np.flatnonzero(np.isnan(mean)):
        mean[place] = _usual(told, rows["cause"].iloc[place], rows["score"].iloc[place])
        sd[place] = apart or _BASELINE_SD_WHERE_UNSAID
    return Baselines(mean, sd)


def _usual(told: Any, cause: str, score: str) -> float:
    """Return the mean baseline of the narrowest class with enough studies."""
    same_cause, same_score = told["cause"] == cause, told["score"] == score
    for chosen in (same_cause & same_score, same_score, same_cause):
        if chosen.sum() >= _FEWEST_BASELINES:
            return float(told.loc[chosen, "mean"].mean())
    return _BASELINE_WHERE_UNSAID


def thresholds(rows: pd.DataFrame, baseline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many points a patient with this baseline has to be better; dims ``term``, 0 but for shares.

    Of a rule with several criteria the first is asked.
    """
    made = np.zeros(len(rows))
    for place in np.flatnonzero(rows["kind"] == TermKind.SHARE):
        first = RESPONDER_RULES[str(rows["rule"].iloc[place])].criteria[0]
        if first.percent_better is not None:
            made[place] = first.percent_better / 100 * baseline[place]
        elif first.points_better is not None:
            made[place] = first.points_better
        else:
            made[place] = baseline[place] - (first.at_most or 0.0)
    return made


def as_changes(rows: pd.DataFrame, baseline: NDArray[np.float64]) -> Changes:
    """Return terms of any kind but sd as changes of a mean.

    Parameters
    ----------
    rows
        As in `Terms`, without terms of kind sd.
    baseline
        dims ``term``.
    """
    observed, n = rows["observed"].to_numpy(dtype=float), rows["n"].to_numpy(dtype=float)
    se, kind = change_errors(rows, baseline), rows["kind"].to_numpy()
    threshold = thresholds(rows, baseline)
    estimate = np.where(is_value(kind), observed - baseline, observed)
    estimate = np.where(kind == TermKind.PERCENT_CHANGE, observed * baseline / 100, estimate)
    share = kind == TermKind.SHARE
    held = (observed[share] / 100 * n[share] + 1) / (n[share] + 2)  # never 0 or 1
    deviate = ndtri(held)
    density = np.exp(-(deviate**2) / 2) / np.sqrt(2 * np.pi)
    estimate[share] = -(threshold[share] + PATIENT_SD * deviate)
    se[share] = PATIENT_SD * np.sqrt(held * (1 - held) / n[share]) / density
    return Changes(estimate, se, threshold)


def is_value(kind: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which kinds are the score itself rather than its change."""
    return (kind == TermKind.FINAL) | (kind == TermKind.MEDIAN)


def change_errors(rows: pd.DataFrame, baseline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return standard errors of means as changes in points; dims ``term``, 0 for shares, whose luck is in patients."""
    kind, se = rows["kind"].to_numpy(), rows["se"].to_numpy(dtype=float)
    points = np.where(kind == TermKind.PERCENT_CHANGE, se * baseline / 100, se)
    return np.where(kind == TermKind.SHARE, 0.0, points)


def as_published(
    changes: NDArray[np.float64],
    rows: pd.DataFrame,
    baselines: Baselines,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return changes of means as the numbers that are printed; dims ``draw, term`` in both.

    Sampling error of means is in `changes` already; responders of shares are counted here, patient by patient. Nothing
    leaves the scale of 0 to 100.
    """
    kind, baseline = rows["kind"].to_numpy(), baselines.mean
    made = changes.copy()
    value, percent, share = is_value(kind), kind == TermKind.PERCENT_CHANGE, kind == TermKind.SHARE
    made[:, value] = made[:, value] + baseline[value]
    made[:, percent] = 100 * made[:, percent] / baseline[percent]
    chance = ndtr((-changes - thresholds(rows, baseline)) / PATIENT_SD)[:, share]
    made[:, share] = counted_share(chance, rows["n"].to_numpy(dtype=float)[share], generator)
    return within_scale(made, rows)


def within_scale(values: NDArray[np.float64], rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return printed numbers (dims ``draw, term``) kept where their scale ends: nothing can fall below 0 of 100."""
    kind, baseline = rows["kind"].to_numpy(), rows["baseline"].fillna(100.0).to_numpy(dtype=float)
    is_level = np.isin(kind, [TermKind.FINAL, TermKind.MEDIAN])
    lowest = np.select([kind == TermKind.CHANGE, kind == TermKind.PERCENT_CHANGE, is_level], [-baseline, -100.0, 0.0],
                       -np.inf)  # fmt: skip
    highest = np.select([kind == TermKind.CHANGE, is_level], [100.0 - np.where(baseline < 100, baseline, 0.0), 100.0],
                        np.inf)  # fmt: skip
    return np.clip(values, lowest, highest)


def counted_share(
    chance: NDArray[np.float64], n: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return percent of `n` patients (dims ``term``) who respond with these chances (dims ``draw, term``)."""
    patients = np.maximum(np.round(n), 1).astype(int)
    return 100 * generator.binomial(patients, np.clip(chance, 0.0, 1.0)) / patients


def features_of(terms: Terms, places: NDArray[np.int64], baseline: NDArray[np.float64]) -> Features:
    """Return what the changes of some terms are explained by.

    By cause and score an early and a late part; the context of tablets, of needles and of needles into a disc; studies
    without control; and every treatment, early, and where it is known to last or to fade, late. All grow with the
    baseline.

    Parameters
    ----------
    terms
        All terms.
    places
        Which of them; dims ``term``.
    baseline
        Of those; dims ``term``.
    """
    rows: Any = terms.rows.iloc[places]
    made: list[tuple[str, NDArray[np.bool_], bool, tuple[float, float]]] = []
    cause, score, intervention = (rows[column].to_numpy() for column in ("cause", "score", "intervention"))
    for of_cause, of_score in sorted(set(zip(cause, score, strict=True))):
        own = (cause == of_cause) & (score == of_score)
        made += [(f"{of_cause}, {of_score}, {_part(late)}", own, late, _COURSE) for late in (False, True)]
    made += [(f"context of {name}", own, False, _CONTEXT) for name, own in _contexts(terms, rows).items()]
    made.append(("no control", ~rows["is_controlled"].to_numpy(dtype=bool), False, _UNCONTROLLED))
    for treatment in sorted(set(intervention) - set(UNTREATED)):
        parts = (False, True) if treatment in _LATE_TOO else (False,)
        made += [(f"{treatment}, {_part(late)}", intervention == treatment, late, TREATMENT) for late in parts]
    names, members, is_late, priors = zip(*made, strict=True)
    mean, sd = np.asarray(priors).T
    early, late = course_parts(rows["month"].to_numpy(dtype=float))
    parts = np.where(np.asarray(is_late), late[:, None], early[:, None])
    values = np.stack(members, axis=1) * parts * (baseline / USUAL_BASELINE)[:, None]
    return Features(values, names, mean, sd)


def _part(is_late: bool) -> str:
    return "late" if is_late else "early"


def _contexts(terms: Terms, rows: Any) -> dict[str, NDArray[np.bool_]]:
    """Return which terms come with tablets, with a needle, and with a needle into a disc."""
    protocols = [terms.arms[arm].protocol for arm in rows["arm"]]
    into_disc = np.array([p is not None and p.route is Route.INTRADISCAL for p in protocols])
    oral = rows["intervention"].isin(_ORAL).to_numpy()
    other = rows["intervention"].isin(_WITHOUT_CONTEXT).to_numpy()
    return {"tablets": oral, "a needle": ~(oral | into_disc | other), "a needle into a disc": into_disc}
