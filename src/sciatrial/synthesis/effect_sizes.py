"""Effect sizes of studies and their variances, from counts or from means.

Ratios are on the natural log scale. Sources: Fleiss & Berlin 2009 (counts), Yusuf and others 1985 (Peto), Hedges 1981
and 1982 (standardised mean difference with the exact small-sample factor), Hedges, Gurevitch & Curtis 1999 (ratio of
means), Freeman & Tukey 1950 and Miller 1978 (double arcsine).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from sciatrial.foundation import EvidenceError, Problem, unknown_word
from sciatrial.synthesis.weighted import Floats


class EffectMeasure(StrEnum):
    """What is compared, or measured in one arm.

    ``RR`` log risk ratio, ``OR`` log odds ratio, ``RD`` risk difference, ``PETO`` Peto's log odds ratio; ``MD`` mean
    difference, ``SMD`` Hedges' g, ``ROM`` log ratio of means; ``PR`` proportion, ``PLO`` its logit, ``PFT`` its
    Freeman-Tukey double arcsine.
    """

    RR = "RR"
    OR = "OR"
    RD = "RD"
    PETO = "PETO"
    MD = "MD"
    SMD = "SMD"
    ROM = "ROM"
    PR = "PR"
    PLO = "PLO"
    PFT = "PFT"


class DoubleZero(StrEnum):
    """What becomes of a study without any event, or with nothing else, in both arms."""

    KEEP = "keep"
    DROP = "drop"


@dataclass(frozen=True)
class ArmCounts:
    """Patients with the event, and all patients, of one arm of each study; dims ``study``."""

    events: ArrayLike
    total: ArrayLike


@dataclass(frozen=True)
class ArmMeans:
    """Mean, standard deviation (same unit) and patients of one arm of each study; dims ``study``."""

    mean: ArrayLike
    standard_deviation: ArrayLike
    size: ArrayLike


@dataclass(frozen=True, eq=False)
class EffectSizes:
    """Effect sizes and their variances; dims ``study``.

    ``is_informative`` is False where both arms had no event, or nothing else: the number then comes from the continuity
    correction alone. Dropped studies are NaN in both arrays.
    """

    measure: EffectMeasure
    estimates: Floats
    variances: Floats
    is_informative: NDArray[np.bool_]


OF_MEANS = (EffectMeasure.MD, EffectMeasure.SMD, EffectMeasure.ROM)
OF_ONE_ARM = (EffectMeasure.PR, EffectMeasure.PLO, EffectMeasure.PFT)


def effect_sizes(
    measure: EffectMeasure,
    treated: ArmCounts | ArmMeans,
    control: ArmCounts | ArmMeans | None = None,
    *,
    continuity: float = 0.5,
    double_zero: DoubleZero = DoubleZero.KEEP,
) -> EffectSizes:
    """Return effect sizes, treated less control (or treated over control, as a log).

    Parameters
    ----------
    measure
        What is computed; proportions need the first arm only.
    treated, control
        Counts or means of both arms; every array has dims ``study``.
    continuity
        What is added to each cell of a study with an empty cell (``RR``, ``OR``, ``RD``, ``PR``, ``PLO``), 0 or more.
        Peto's odds ratio and the double arcsine need none and get none.
    double_zero
        Whether a study with no event, or nothing else, in both arms is kept or set to NaN.

    Raises
    ------
    EvidenceError
        With every problem: a wrong kind of arm, counts that are no counts, spreads that are not above 0.
    """
    if str(measure) not in {str(known) for known in EffectMeasure}:
        raise EvidenceError("effect sizes", unknown_word("measure", str(measure), EffectMeasure, "measure"))
    measure = EffectMeasure(measure)
    arms = [treated] if measure in OF_ONE_ARM else [treated, control]
    kind = ArmMeans if measure in OF_MEANS else ArmCounts
    if not all(isinstance(arm, kind) for arm in arms) or continuity < 0:
        raise EvidenceError(
            "effect sizes",
            Problem(
                f"measure {measure}",
                f"{', '.join(type(arm).__name__ for arm in arms)}; continuity {continuity:g}",
                f"{len(arms)} of {kind.__name__}; continuity 0 or more",
                "give each arm as that record",
            ),
        )
    if measure in OF_MEANS:
        return _from_means(measure, treated, control)  # pyright: ignore[reportArgumentType]
    checked = [_counts(arm, name) for arm, name in zip(arms, ("treated", "control"), strict=False)]  # pyright: ignore[reportArgumentType]
    if measure in OF_ONE_ARM:
        return _proportions(measure, *checked[0], continuity)
    found = _from_counts(measure, *checked[0], *checked[1], continuity)
    if double_zero == DoubleZero.KEEP:
        return found
    kept = found.is_informative
    return EffectSizes(
        measure, np.where(kept, found.estimates, np.nan), np.where(kept, found.variances, np.nan), found.is_informative
    )


def _counts(arm: ArmCounts, name: str) -> tuple[Floats, Floats]:
    events, total = np.atleast_1d(np.asarray(arm.events, float)), np.atleast_1d(np.asarray(arm.total, float))
    if events.shape != total.shape or ((events < 0) | (events > total) | (total <= 0)).any():
        raise EvidenceError(
            "effect sizes",
            Problem(name, "counts that cannot be", "0 <= events <= total, total above 0", "correct the counts"),
        )
    return events, total


def _from_counts(
    measure: EffectMeasure, events: Floats, total: Floats, control_events: Floats, control_total: Floats, add: float
) -> EffectSizes:
    a, b, c, d = events, total - events, control_events, control_total - control_events
    informative = ~(((a == 0) & (c == 0)) | ((b == 0) & (d == 0)))
    if measure is EffectMeasure.PETO:
        return EffectSizes(measure, *_peto(a, b, c, d), informative)
    extra = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), add, 0.0)
    a, b, c, d = a + extra, b + extra, c + extra, d + extra
    n, m = a + b, c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure is EffectMeasure.RR:
            y, v = np.log(a / n) - np.log(c / m), 1 / a - 1 / n + 1 / c - 1 / m
        elif measure is EffectMeasure.OR:
            y, v = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
        else:
            y, v = a / n - c / m, a * b / n**3 + c * d / m**3
    usable = np.isfinite(y) & np.isfinite(v) & (v > 0)
    return EffectSizes(measure, np.where(usable, y, np.nan), np.where(usable, v, np.nan), informative)


def _peto(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[Floats, Floats]:
    n, m, events = a + b, c + d, a + c
    everybody = n + m
    spread = n * m * events * (b + d) / (everybody**2 * (everybody - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        y, v = (a - n * events / everybody) / spread, 1 / spread
    return np.where(spread > 0, y, np.nan), np.where(spread > 0, v, np.nan)


def _from_means(measure: EffectMeasure, treated: ArmMeans, control: ArmMeans) -> EffectSizes:
    values = [
        np.atleast_1d(np.asarray(x, float))
        for arm in (treated, control)
        for x in (arm.mean, arm.standard_deviation, arm.size)
    ]
    mean, sd, n, other_mean, other_sd, m = values
    problems = []
    if (sd <= 0).any() or (other_sd <= 0).any() or (n < 2).any() or (m < 2).any():
        problems.append(
            Problem(
                "standard_deviation, size", "a spread or size too small", "spread above 0, 2 patients", "correct it"
            )
        )
    if measure is EffectMeasure.ROM and (mean * other_mean <= 0).any():
        problems.append(
            Problem("mean", "means of unlike sign, or 0", "two means of one sign for a ratio", "use MD or SMD")
        )
    if problems:
        raise EvidenceError("effect sizes", problems)
    if measure is EffectMeasure.MD:
        y, v = mean - other_mean, sd**2 / n + other_sd**2 / m
    elif measure is EffectMeasure.ROM:
        y, v = np.log(mean / other_mean), sd**2 / (n * mean**2) + other_sd**2 / (m * other_mean**2)
    else:
        df = n + m - 2
        pooled = np.sqrt(((n - 1) * sd**2 + (m - 1) * other_sd**2) / df)
        factor = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2)
        y = factor * (mean - other_mean) / pooled
        v = 1 / n + 1 / m + y**2 / (2 * (n + m))
    return EffectSizes(measure, y, v, np.ones(y.shape, bool))


def _proportions(measure: EffectMeasure, events: Floats, total: Floats, add: float) -> EffectSizes:
    informative = np.ones(events.shape, bool)
    if measure is EffectMeasure.PFT:
        y = (np.arcsin(np.sqrt(events / (total + 1))) + np.arcsin(np.sqrt((events + 1) / (total + 1)))) / 2
        return EffectSizes(measure, y, 1 / (4 * total + 2), informative)
    extra = np.where((events == 0) | (events == total), add, 0.0)
    x, n = events + extra, total + 2 * extra
    p = x / n
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure is EffectMeasure.PR:
            y, v = p, p * (1 - p) / n
        else:
            y, v = np.log(p / (1 - p)), 1 / x + 1 / (n - x)
    usable = np.isfinite(y) & np.isfinite(v) & (v > 0)
    return EffectSizes(measure, np.where(usable, y, np.nan), np.where(usable, v, np.nan), informative)
