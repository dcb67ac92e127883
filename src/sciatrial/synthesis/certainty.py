"""How sure a pooled result is: GRADE for one comparison, outcome and visit, every step with its rule and its numbers.

A drafted judgement: a person may override any domain, and must then say why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import Evidence
from sciatrial.foundation import EvidenceError, Outcome, Problem, Record, Route, StudyDesign
from sciatrial.synthesis.bias import Light
from sciatrial.synthesis.comparison import LOG_ODDS, RANDOM, Pooled
from sciatrial.synthesis.directness import EPIDURAL, RADICULAR
from sciatrial.synthesis.question import RESPONDER
from sciatrial.synthesis.treatments import Level, treatment_of
from sciatrial.synthesis.trial_arms import VISITS, outcome_words


class Domain(StrEnum):
    """What may lower the certainty."""

    RISK_OF_BIAS = "risk_of_bias"
    INCONSISTENCY = "inconsistency"
    INDIRECTNESS = "indirectness"
    IMPRECISION = "imprecision"
    PUBLICATION_BIAS = "publication_bias"


class Grade(StrEnum):
    """How sure a result is; `none` where there is no direct evidence at all."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    VERY_LOW = "very_low"
    NONE = "none"


_LADDER = (Grade.VERY_LOW, Grade.LOW, Grade.MODERATE, Grade.HIGH)
_RULES = {
    Domain.RISK_OF_BIAS: (
        "one step down when trials with half of the weight or more are unclear, of some concern or not assessed; two "
        "when they are at high risk"
    ),
    Domain.INCONSISTENCY: (
        "one step down when I² is above 50 % or the test of heterogeneity rejects at 10 %; two when I² is above 75 % "
        "and a new trial may see anything from an important benefit to an important harm; one trial cannot show it"
    ),
    Domain.INDIRECTNESS: (
        "one step down when half of the weight or more is of patients without an irritated root, or of another pain "
        "than was asked; one more when the route is not the one that was asked"
    ),
    Domain.IMPRECISION: (
        "one step down when the interval holds no effect or the smallest important one, or fewer than 400 patients "
        "were compared; two when it reaches from an important benefit to an important harm; one more with fewer than "
        "100 patients"
    ),
    Domain.PUBLICATION_BIAS: (
        "one step down when trials of the comparison that were followed for so long and have no number for this "
        "outcome hold half of its patients or more, or when an asymmetry test of ten trials or more rejects at 10 %"
    ),
}
# optimal information size of a moderate effect (0.3 SD, 80 % power, two sides 5 %): 2 × 175 patients, rounded up
_ENOUGH_PATIENTS = 400
_VERY_FEW_PATIENTS = 100
# an odds ratio of 2 halves or doubles the odds: assumption, no table gives a minimal important odds ratio
_IMPORTANT_LOG_ODDS = float(np.log(2))
_FACT_OF_DIFFERENCE = {"pain": "MIC_consensus_VAS", Outcome.DISABILITY.value: "MIC_consensus_ODI"}


@dataclass(frozen=True)
class Override:
    """What a person decides instead of the rule, and why.

    Parameters
    ----------
    domain
        A word of `Domain`.
    steps_down
        0 to 3.
    reason
        At least three words.
    """

    domain: Domain
    steps_down: int
    reason: str

    def __post_init__(self) -> None:
        """Refuse a step that is none, and a reason that says nothing.

        Raises
        ------
        EvidenceError
            With both.
        """
        problems = []
        if self.steps_down not in (0, 1, 2, 3):
            problems.append(Problem("steps_down", f"is {self.steps_down}", "0, 1, 2 or 3"))
        if len(self.reason.split()) < _FEWEST_WORDS:
            what = f"says {self.reason!r}"
            problems.append(Problem("reason", what, "three words or more", "say what the rule does not see"))
        if problems:
            raise EvidenceError(f"override of {self.domain}", problems)


_FEWEST_WORDS = 3


@dataclass(frozen=True, repr=False)
class Certainty(Record):
    """The certainty of one answer: `grade`, where it `starts`, and one row a domain.

    `domains` has ``domain, rule, numbers, steps_down, judgement, drafted, reason``: `drafted` is what the rule gave,
    `reason` is filled where a person decided otherwise. `missing` names the trials of the comparison that have no
    number here. `important_difference` is in the scale of the result.
    """

    question: str
    starts: str
    grade: str
    important_difference: float
    important_difference_source: str
    domains: pd.DataFrame = field(compare=False)
    missing: str = ""

    def table(self) -> pd.DataFrame:
        """Return one row a domain."""
        return self.domains

    def __repr__(self) -> str:
        """Tell the grade and what lowered it."""
        rows = self.domains.to_dict("records")
        told = ", ".join(f"{row['domain']} −{row['steps_down']}" for row in rows if row["steps_down"])
        grade = self.grade.replace("_", " ")
        return f"Certainty: {self.question}: {grade}\n  starts {self.starts}; {told or 'nothing lowers it'}"


def certainty_of(
    evidence: Evidence,
    pooled: Pooled,
    *,
    asked_routes: Sequence[str] = (),
    about_leg_pain: bool = True,
    important_difference: float | None = None,
    asymmetry_p: float | None = None,
    overrides: Sequence[Override] = (),
) -> Certainty:
    """Draft the certainty of a pooled result.

    Parameters
    ----------
    evidence
        The tables that were pooled.
    pooled
        What `synthesise` made.
    asked_routes
        The routes that the question is about; empty: any.
    about_leg_pain
        The question is one of sciatica, so back pain alone is indirect.
    important_difference
        Smallest difference that matters to a patient, above 0, in the scale of the result; None: 15 points of pain and
        10 of disability (facts.csv), an odds ratio of 2.
    asymmetry_p
        P value of a test for small-study effects, where ten trials or more allow one.
    overrides
        Decisions of a person.

    Returns
    -------
    Certainty
        With the grade "none" and no domain when there is no direct evidence.

    Raises
    ------
    EvidenceError
        For a minimal important difference that is not above 0.

    Source
    ------
    Domains and levels: Guyatt and colleagues 2011, Journal of Clinical Epidemiology 64, the GRADE series; the cut-offs
    are ours and are printed with every judgement.
    """
    difference, source = _important_difference(evidence, pooled, important_difference)
    named = {"question": pooled.question.in_words(), "important_difference": difference,
             "important_difference_source": source}  # fmt: skip
    studies: Any = pooled.studies
    designs: Any = evidence.studies.set_index("study_id")["design"]
    if pooled.unanswered:
        missing = _missing_words(*_other_trials(evidence, pooled))[0]
        return Certainty(
            **named, starts=Grade.NONE.value, grade=Grade.NONE.value, domains=pd.DataFrame(), missing=missing
        )
    trials = [designs.get(study, StudyDesign.RCT.value) for study in studies["study"]]
    starts = Grade.HIGH if all(design == StudyDesign.RCT for design in trials) else Grade.LOW
    drafted = {
        Domain.RISK_OF_BIAS: _bias(studies),
        Domain.INCONSISTENCY: _inconsistency(pooled, difference),
        Domain.INDIRECTNESS: _indirectness(studies, asked_routes, about_leg_pain=about_leg_pain),
        Domain.IMPRECISION: _imprecision(pooled, difference),
        Domain.PUBLICATION_BIAS: _publication(evidence, pooled, asymmetry_p),
    }
    by_person = {override.domain: override for override in overrides}
    rows = []
    for domain, (steps, numbers) in drafted.items():
        decided = by_person.get(domain)
        taken = steps if decided is None else decided.steps_down
        rows.append(
            {"domain": domain.value, "rule": _RULES[domain], "numbers": numbers, "steps_down": taken,
             "judgement": _JUDGEMENTS[taken], "drafted": _JUDGEMENTS[steps],
             "reason": "" if decided is None else decided.reason}
        )  # fmt: skip
    down = sum(row["steps_down"] for row in rows)
    grade = _LADDER[max(_LADDER.index(starts) - down, 0)]
    return Certainty(**named, starts=starts.value, grade=grade.value, domains=pd.DataFrame(rows))


_JUDGEMENTS = ("not serious", "serious", "very serious", "extremely serious")


def _important_difference(evidence: Evidence, pooled: Pooled, given: float | None) -> tuple[float, str]:
    if given is not None:
        if not given > 0:
            what = Problem("important_difference", f"is {given:g}", "above 0", "give it as a size, not a direction")
            raise EvidenceError("certainty", what)
        return given, "given"
    if pooled.scale == LOG_ODDS:
        return _IMPORTANT_LOG_ODDS, "assumption: an odds ratio of 2"
    name = _FACT_OF_DIFFERENCE.get(pooled.outcome, _FACT_OF_DIFFERENCE["pain"])
    found: Any = evidence.facts.loc[evidence.facts["name"] == name, ["value", "citation"]]
    if len(found):
        return float(found["value"].iloc[0]), f"facts.csv, {name} ({found['citation'].iloc[0]})"
    default = 10.0 if pooled.outcome == Outcome.DISABILITY else 15.0
    return default, f"assumption: {default:g} points of 100"


def _share(studies: Any, mask: Any) -> float:
    """Return the share of the weight, 0 to 1."""
    return float(studies.loc[mask, "weight"].sum() / studies["weight"].sum())


def _bias(studies: Any) -> tuple[int, str]:
    high = _share(studies, studies["bias"] == Light.HIGH)
    low = _share(studies, studies["bias"] == Light.LOW)
    unassessed = _share(studies, studies["bias"] == Light.NOT_ASSESSED)
    steps = 2 if high >= _HALF else 1 if 1 - low >= _HALF else 0
    return steps, f"weight at low risk {low:.0%}, at high risk {high:.0%}, not assessed {unassessed:.0%}"


_HALF = 0.5


def _inconsistency(pooled: Pooled, difference: float) -> tuple[int, str]:
    k = len(pooled.studies)
    if k == 1:
        return 0, "one trial: cannot be judged"
    main = pooled.main
    random = pooled.effects.set_index("model").loc[RANDOM]
    i2, q_p = float(random["i2"]), float(random["q_p"])
    spans = main["prediction_low"] < -difference and main["prediction_high"] > difference
    steps = 2 if i2 > _LARGE_I2 and spans else 1 if i2 > _SOME_I2 or q_p < _HETEROGENEITY_LEVEL else 0
    told = f"I² {i2:.0f} %, test p {q_p:.2g}, {k} trials; a new trial "
    return steps, told + f"{main['prediction_low']:.3g} to {main['prediction_high']:.3g}"


_HETEROGENEITY_LEVEL = 0.1
_SOME_I2, _LARGE_I2 = 50.0, 75.0


def _indirectness(studies: Any, asked_routes: Sequence[str], *, about_leg_pain: bool) -> tuple[int, str]:
    # a difference as printed carries no condition: its studies are of sciatica
    elsewhere = ~studies["condition"].isin([*RADICULAR, ""])
    # disability and a rule of response name no pain: the condition says whether a root was irritated
    names_a_pain = studies["outcome"].isin([Outcome.LEG_PAIN, Outcome.BACK_PAIN, Outcome.PAIN_UNSPECIFIED])
    other_pain = names_a_pain & (studies["outcome"] != Outcome.LEG_PAIN)
    indirect = _share(studies, elsewhere | other_pain) if about_leg_pain else 0.0
    steps, told = int(indirect >= _HALF), f"weight without leg pain from a root {indirect:.0%}"
    if asked_routes:
        other_route = _share(studies, ~studies["route"].isin(list(asked_routes)))
        steps += int(other_route >= _HALF)
        told += f", by another route than asked {other_route:.0%}"
    return steps, told


def _imprecision(pooled: Pooled, difference: float) -> tuple[int, str]:
    main = pooled.main
    n = float(np.nansum(pooled.studies[["n_treatment", "n_comparator"]].to_numpy(dtype=float)))
    low, high = main["low"], main["high"]
    important_both = low <= -difference and high >= difference
    holds = any(low <= edge <= high for edge in (-difference, 0.0, difference))
    steps = 2 if important_both else 1 if holds or n < _ENOUGH_PATIENTS else 0
    steps += int(n < _VERY_FEW_PATIENTS)
    return steps, f"{low:.3g} to {high:.3g} against an important difference of {difference:.3g}, {n:.0f} patients"


def _publication(evidence: Evidence, pooled: Pooled, asymmetry_p: float | None) -> tuple[int, str]:
    missing, unusable = _other_trials(evidence, pooled)
    n = _patients_of(evidence, pooled.studies["study"])
    told, n_missing = _missing_words(missing, unusable)
    share = n_missing / (n + n_missing) if n + n_missing else 0.0
    told += f", {share:.0%} of the patients" if missing else ""
    if asymmetry_p is not None and len(pooled.studies) >= _ENOUGH_FOR_ASYMMETRY:
        told += f"; asymmetry p {asymmetry_p:.2g}"
    else:
        told += "; too few trials to test asymmetry"
    rejects = (
        asymmetry_p is not None and len(pooled.studies) >= _ENOUGH_FOR_ASYMMETRY and asymmetry_p < _ASYMMETRY_LEVEL
    )
    return int(share >= _HALF or rejects), told


_ENOUGH_FOR_ASYMMETRY, _ASYMMETRY_LEVEL = 10, 0.1


def _missing_words(missing: Mapping[str, float], unusable: Mapping[str, float]) -> tuple[str, float]:
    """Return which trials of the comparison have no number, or none that can be used, and the patients of the first."""
    n_missing = sum(missing.values())
    none = _trials(missing)
    told = f"{none[:1].upper()}{none[1:]} of the comparison, followed for so long, without any number for this outcome"
    told += f" ({', '.join(sorted(missing))}; {n_missing:.0f} patients)" if missing else ""
    told += (
        f"; {_trials(unusable)} with numbers that cannot be used ({', '.join(sorted(unusable))})" if unusable else ""
    )
    return told, n_missing


def _trials(found: Mapping[str, float]) -> str:
    return {0: "no randomised trial", 1: "one randomised trial"}.get(len(found), f"{len(found)} randomised trials")


def _patients_of(evidence: Evidence, studies: Any) -> float:
    totals: Any = evidence.studies.set_index("study_id")["n_total"]
    return float(np.nansum([totals.get(study, np.nan) for study in studies]))


def _other_trials(evidence: Evidence, pooled: Pooled) -> tuple[dict[str, float], dict[str, float]]:
    """Return the randomised trials that compare the two and were not pooled, with their patients.

    First those without any number for the outcome in the tables, then those whose numbers cannot be used. Trials that
    were not followed until the visit are neither; of studies that share patients the largest counts.
    """
    used = set(pooled.studies["study"])
    groups = dict(zip(evidence.studies["study_id"], evidence.studies["overlap_group"], strict=True))
    used_groups = {groups.get(study, "") for study in used} - {""}
    level = Level.PRODUCT if ":" in pooled.treatment + pooled.comparator else Level.CLASS
    words = (RESPONDER,) if pooled.outcome == RESPONDER else outcome_words(pooled.outcome)
    told: Any = evidence.outcomes[evidence.outcomes["outcome"].isin(words) & (evidence.outcomes["month"] > 0)]
    own: Any = evidence.arms[evidence.arms["is_pooled"] != "yes"]
    studies: Any = evidence.studies[evidence.studies["design"] == StudyDesign.RCT]
    found: dict[str, tuple[str, float]] = {}
    for study in studies.to_dict("records"):
        name, group = study["study_id"], study["overlap_group"]
        names = {treatment_of(arm, level) for arm in own[own["study_id"] == name].to_dict("records")}
        # a trial of disc pain that tells no leg pain holds nothing back
        if pooled.outcome == Outcome.LEG_PAIN and study["condition"] not in RADICULAR:
            continue
        long_enough = np.isnan(study["followup_months"]) or study["followup_months"] >= VISITS[pooled.month][0]
        if (
            not {pooled.treatment, pooled.comparator} <= names
            or name in used
            or group in used_groups
            or not long_enough
        ):
            continue
        n = 0.0 if np.isnan(study["n_total"]) else float(study["n_total"])
        key = group or name
        if key not in found or n > found[key][1]:
            found[key] = (name, n)
    has_numbers = set(told["study_id"])
    return (
        {name: n for name, n in found.values() if name not in has_numbers},
        {name: n for name, n in found.values() if name in has_numbers},
    )


def epidural_routes() -> tuple[str, ...]:
    """Return the routes to the root, for `asked_routes`."""
    return tuple(Route(route).value for route in EPIDURAL)
