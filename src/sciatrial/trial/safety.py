"""How many patients, followed how long, show a harm or exclude it; and when a trial stops for harm."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import ceil, log
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.clinic import hazards, hazards_of, patient_chance
from sciatrial.evidence import Evidence
from sciatrial.foundation import DAYS_PER_MONTH, LONGEST_MONTHS
from sciatrial.parameters import Draw
from sciatrial.statistics import (
    HarmBoundary,
    beta_binomial_boundary,
    harm_stopping,
    patient_years_to_see,
    patients_to_see,
    pocock_harm_boundary,
    upper_limit_of_rate,
    upper_limit_of_share,
)

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.trial.design import Design

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Share = Annotated[float, Field(gt=0, lt=1)]
_LOWEST_RATE = 1e-6  # a million patients or more: no trial
_MOST_IN_AN_ARM = 5000  # of a boundary, which is exact
_MONTHS_A_YEAR = 12.0
ALL_CELLS = "all arms with cells"
# the harm of which the model itself says who has it; counts would contradict it
FLARE = "pain_flare"


class HarmRate(BaseModel):
    """A rate of a harm that the trial should see, or exclude.

    Parameters
    ----------
    event
        What it is called.
    share
        Of patients with the event within the follow-up, one in a million to below 1.
    per_patient_year
        Or events a patient-year, one in a million to 100.
    arm
        Of which arm; left out, of all arms with cells together.
    """

    model_config = _STRICT

    event: Annotated[str, Field(min_length=1, max_length=80)]
    share: Annotated[float, Field(ge=_LOWEST_RATE, lt=1)] | None = None
    per_patient_year: Annotated[float, Field(ge=_LOWEST_RATE, le=100)] | None = None
    arm: str | None = None

    @model_validator(mode="after")
    def _has_one_rate(self) -> Self:
        if (self.share is None) == (self.per_patient_year is None):
            raise ValueError("share: is one of two; share or per_patient_year; give one of them and not both")
        return self


class HarmRule(StrEnum):
    """How a boundary for harm comes about; see `HarmStop`."""

    POCOCK = "pocock"
    BETA_BINOMIAL = "beta_binomial"


class HarmTiming(StrEnum):
    """When an assumed harm comes: on the day of the first dose, or at any time of the follow-up, each as likely."""

    PROCEDURE = "procedure"
    FOLLOW_UP = "follow_up"


class HarmStop(BaseModel):
    """A boundary for harm of one arm, planned before the trial.

    Simulated trials follow it where `counts` or `true_share` says how often the event comes; they need `accrual` then.

    Parameters
    ----------
    event
        What is counted: patients with it.
    arm
        In which arm.
    acceptable
        Share of patients with the event that is still accepted, above 0 and below 1.
    every
        A look after so many further patients of the arm have been observed, 1 or more; the last patient is the last
        look.
    rule
        ``pocock``: the same exact binomial level at every look, so that at the acceptable share the trial stops with a
        probability of at most `alpha`. ``beta_binomial``: the posterior probability of a larger share exceeds
        `threshold`.
    alpha
        ``pocock`` only; 0.05 when left out.
    threshold
        ``beta_binomial`` only; 0.95 when left out.
    prior
        ``beta_binomial`` only: both parameters of the beta prior; Jeffreys' 0.5 and 0.5 when left out.
    counts
        Harms of the clinic's list that count as the event, as ``pain_flare`` or, where several exposures of the arm
        have it, ``pain_flare of into_the_disc``; see `sciatrial show harms`. Each trial draws their chances from what
        the published counts leave open; flares after a procedure are those that the patients have in the simulation,
        none at the reference values.
    true_share
        Instead: share of the arm's patients with the event in simulated trials, 0 to below 1, an assumption.
    true_timing
        ``true_share`` only: ``procedure``, on the day of the first dose, or ``follow_up``, at any time of it; the
        latter when left out.
    """

    model_config = _STRICT

    event: Annotated[str, Field(min_length=1, max_length=80)]
    arm: str
    acceptable: _Share
    every: Annotated[int, Field(ge=1, le=5000)]
    rule: HarmRule = HarmRule.POCOCK
    alpha: _Share | None = None
    threshold: _Share | None = None
    prior: tuple[Annotated[float, Field(gt=0, le=1e6)], Annotated[float, Field(gt=0, le=1e6)]] | None = None
    counts: tuple[str, ...] = ()
    true_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    true_timing: HarmTiming | None = None

    @property
    def is_followed(self) -> bool:
        """Whether simulated trials follow it."""
        return bool(self.counts) or self.true_share is not None

    @model_validator(mode="after")
    def _settings_belong_to_the_rule(self) -> Self:
        of_rule = {"alpha": HarmRule.POCOCK, "threshold": HarmRule.BETA_BINOMIAL, "prior": HarmRule.BETA_BINOMIAL}
        found = [
            f"{name}: has no meaning with rule {self.rule}; no such line; delete it"
            for name, rule in of_rule.items()
            if getattr(self, name) is not None and rule is not self.rule
        ]
        if self.counts and self.true_share is not None:
            found.append("true_share: is one of two; counts or true_share; give one of them and not both")
        if self.true_timing is not None and self.true_share is None:
            found.append("true_timing: has no meaning without true_share; no such line; delete it, or add true_share")
        found += [
            f"counts.{place}: {word!r} is listed twice; each once; leave one out"
            for place, word in enumerate(self.counts)
            if word in self.counts[:place]
        ]
        if found:
            raise ValueError("\n".join(found))
        return self

    def boundary(self, n_arm: int) -> HarmBoundary:
        """Return the boundary for an arm of so many patients."""
        looks = [*range(self.every, n_arm, self.every), n_arm]
        if self.rule is HarmRule.POCOCK:
            return pocock_harm_boundary(looks, self.acceptable, alpha=self.alpha or 0.05)
        return beta_binomial_boundary(
            looks, self.acceptable, threshold=self.threshold or 0.95, prior=self.prior or (0.5, 0.5)
        )

    def followed_in_words(self) -> str:
        """Return by what simulated trials follow it, or that they do not, as a sentence."""
        if self.counts:
            names = ", ".join(word.replace("_", " ") for word in self.counts)
            harms = {word.partition(" of ")[0] for word in self.counts}
            told = []
            if FLARE in harms:
                told.append("flares are those that patients have in the simulation, none at the reference values")
            if harms - {FLARE}:
                told.append("each trial draws the chances from what published counts leave open")
            told.append("a harm of an administration comes on its day, others over the follow-up")
            return f"Simulated trials follow it, counting {names}: {'; '.join(told)}."
        if self.true_share is None:
            return "Simulated trials do not follow it."
        when = "on the day of the first dose" if self.true_timing is HarmTiming.PROCEDURE else "over the follow-up"
        return f"Simulated trials follow it: {100 * self.true_share:g} % of the arm have the event (assumed), {when}."

    def in_words(self) -> str:
        """Return the rule in a sentence."""
        told = f"{self.event} in arm {self.arm}: up to {100 * self.acceptable:g} % of patients accepted; after every "
        told += f"{self.every} patients; "
        if self.rule is HarmRule.POCOCK:
            return told + f"the same exact binomial level at every look, alpha {self.alpha or 0.05:g} over all of them"
        first, second = self.prior or (0.5, 0.5)
        return told + (
            f"stops when the posterior probability of more exceeds {self.threshold or 0.95:g}, prior Beta({first:g}, "
            f"{second:g})"
        )


class Safety(BaseModel):
    """What is planned for harms.

    Parameters
    ----------
    follow_up_months
        How long every patient is followed for harms, above 0 to 60; left out, until the last visit.
    confidence
        0.5 to below 1: an event is seen, or a rate excluded, with that confidence (one-sided).
    rates
        Rates that the trial should see or exclude, beside those of the harms table.
    stopping
        A boundary for harm, or none.
    """

    model_config = _STRICT

    follow_up_months: Annotated[float, Field(gt=0, le=LONGEST_MONTHS)] | None = None
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    rates: tuple[HarmRate, ...] = ()
    stopping: HarmStop | None = None

    def problems(self, sizes: Mapping[str, float], *, has_accrual: bool) -> list[str]:
        """Return what does not fit the arms and their sizes, as ``key: found; expected; next``."""
        arms = tuple(sizes)
        named = [
            (f"safety.rates.{place}.arm", item.arm) for place, item in enumerate(self.rates) if item.arm is not None
        ]
        if self.stopping is not None:
            named.append(("safety.stopping.arm", self.stopping.arm))
        found = [
            f"{where}: {arm!r} is not an arm; one of {', '.join(arms)}; correct it"
            for where, arm in named
            if arm not in arms
        ]
        n_arm = 0.0 if self.stopping is None else sizes.get(self.stopping.arm, 0.0)
        if n_arm > _MOST_IN_AN_ARM:
            told = f"the arm has {n_arm:g} patients; {_MOST_IN_AN_ARM} or fewer for an exact boundary"
            found.append(f"safety.stopping.arm: {told}; randomise fewer, or leave the boundary out")
        if self.stopping is not None and self.stopping.is_followed and not has_accrual:
            told = "is missing; patients a month, from which follows who is randomised before a stop for harm"
            found.append(f"accrual: {told}; add accrual = {{ per_month = … }}")
        return found


def follow_up_of(design: Design) -> float:
    """Return for how many months patients are followed for harms."""
    planned = None if design.safety is None else design.safety.follow_up_months
    return design.visits_months[-1] if planned is None else planned


def years_each(design: Design, months: float) -> float:
    """Return the expected years that a patient is observed within a follow-up, dropout taken off."""
    rate = -log(1 - design.dropout_per_year)
    years = months / _MONTHS_A_YEAR
    return years if rate == 0 else (1 - float(np.exp(-rate * years))) / rate


def safety_sizes(design: Design, evidence: Evidence, draw: Draw) -> pd.DataFrame:
    """Return how many patients show each harm, or exclude its rate, and what this trial can do.

    Parameters
    ----------
    design
        The trial; its ``safety`` holds rates of one's own, the follow-up and the confidence.
    evidence, draw
        The published tables, and any draw, as in `expected_harms`.

    Returns
    -------
    pandas.DataFrame
        One row an arm and harm with a count, then one for each rate of the design. Columns ``arm, event, rate, unit``
        (``share`` of patients or ``per_patient_year``), ``rate_from`` (``median`` of the chance that published counts
        give, ``upper_bound`` where nobody had the event, ``study_file``), ``n_arm`` (planned), ``to_see`` (patients of
        whom one or more has the event at that confidence; as many without any exclude the rate: exact upper limit),
        ``to_exclude_with_one, to_exclude_with_two`` (patients who exclude it with so many events), ``randomised`` (for
        `to_see`, dropout added), ``seen`` (chance of this trial to see one), ``excluded_by_none`` (rate that this trial
        excludes when it sees none), ``to_see_1_year, to_see_2_years, to_see_5_years`` (randomised, followed so long; of
        rates per patient-year).
    """
    import pandas as pd

    safety, months = design.safety or Safety(), follow_up_of(design)
    sizes = design.expected_sizes()
    known = hazards(evidence, draw)
    rows: list[dict[str, Any]] = []
    for arm, protocol in design.arms.items():
        for hazard, times in hazards_of(protocol, known, months * DAYS_PER_MONTH):
            if hazard.is_estimable:
                is_known = hazard.n_with_event > 0
                chance = hazard.chance(0.5) if is_known else hazard.upper_bound
                event = f"{hazard.harm} of {hazard.exposure}".replace("_", " ")
                told = "median" if is_known else "upper_bound"
                share = float(patient_chance(float(chance), times))
                rows.append(_share_row(design, arm, event, share, told, sizes[arm]))
    cells = sum(size for arm, size in sizes.items() if design.arms[arm].is_cell_therapy)
    for item in safety.rates:
        arm, n = (ALL_CELLS, cells) if item.arm is None else (item.arm, sizes[item.arm])
        if item.share is not None:
            rows.append(_share_row(design, arm, item.event, item.share, "study_file", n))
        elif item.per_patient_year is not None:
            rows.append(_rate_row(design, arm, item.event, item.per_patient_year, n))
    return pd.DataFrame(rows, columns=_COLUMNS)


_YEARS = {"to_see_1_year": 1, "to_see_2_years": 2, "to_see_5_years": 5}
_COLUMNS: Any = [
    "arm", "event", "rate", "unit", "rate_from", "n_arm", "to_see", "to_exclude_with_one", "to_exclude_with_two",
    "randomised", "seen", "excluded_by_none", *_YEARS,
]  # fmt: skip


def _share_row(design: Design, arm: str, event: str, share: float, rate_from: str, n: float) -> dict[str, Any]:
    confidence = (design.safety or Safety()).confidence
    staying = design.share_staying(follow_up_of(design))
    followed = int(n * staying)
    needed = [patients_to_see(share, least_events=k, confidence=confidence) for k in (1, 2, 3)]
    return {
        "arm": arm, "event": event, "rate": share, "unit": "share", "rate_from": rate_from, "n_arm": n,
        "to_see": needed[0], "to_exclude_with_one": needed[1], "to_exclude_with_two": needed[2],
        "randomised": ceil(needed[0] / staying), "seen": 1 - (1 - share) ** followed,
        "excluded_by_none": upper_limit_of_share(0, followed, confidence=confidence) if followed else np.nan,
        **dict.fromkeys(_YEARS, np.nan),
    }  # fmt: skip


def _rate_row(design: Design, arm: str, event: str, rate: float, n: float) -> dict[str, Any]:
    confidence = (design.safety or Safety()).confidence
    each = years_each(design, follow_up_of(design))
    needed = [patient_years_to_see(rate, least_events=k, confidence=confidence) for k in (1, 2, 3)]
    patients = [ceil(years / each) for years in needed]
    return {
        "arm": arm, "event": event, "rate": rate, "unit": "per_patient_year", "rate_from": "study_file", "n_arm": n,
        "to_see": patients[0], "to_exclude_with_one": patients[1], "to_exclude_with_two": patients[2],
        "randomised": patients[0], "seen": 1 - float(np.exp(-rate * n * each)),
        "excluded_by_none": upper_limit_of_rate(0, n * each, confidence=confidence) if n else np.nan,
        **{name: ceil(needed[0] / years_each(design, 12.0 * years)) for name, years in _YEARS.items()},
    }  # fmt: skip


def harm_stopping_table(design: Design) -> pd.DataFrame:
    """Return what the design's boundary for harm does at several true shares; empty without a boundary.

    Returns
    -------
    pandas.DataFrame
        One row a true share, multiples of the acceptable one: ``share, stops, expected_patients, expected_events``.
    """
    import pandas as pd

    columns: Any = ["share", "stops", "expected_patients", "expected_events"]
    boundary = boundary_of(design)
    if boundary is None:
        return pd.DataFrame(columns=columns)
    shares = [share for factor in (0.5, 1.0, 1.5, 2.0, 3.0, 4.0) if (share := factor * boundary.acceptable) < 1]
    found = harm_stopping(boundary, shares)
    values = [found.shares, found.stops, found.expected_patients, found.expected_events]
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def boundary_of(design: Design) -> HarmBoundary | None:
    """Return the design's boundary for harm, None without one; its looks are patients of the arm."""
    stop = None if design.safety is None else design.safety.stopping
    return None if stop is None else stop.boundary(round(design.expected_sizes()[stop.arm]))
