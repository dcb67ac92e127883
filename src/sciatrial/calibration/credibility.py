"""May the model be believed, for one question and one use? Goals set by the risk, evidence from records, by rule.

After ASME V&V 40-2018, the FDA guidance on credibility of 2023 and the assessment table of ICH M15. What nobody did
reads "not done", what the numbers do not show is not met: no sentence here praises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.calibration.applicability import RULES, WORSE_SHARE, Verdict, applicability, compared, n_scored, scored
from sciatrial.calibration.blind import SEED
from sciatrial.calibration.blind_scores import BlindValidation
from sciatrial.calibration.credibility_factors import FACTORS, LEVELS, NOT_DONE, Records, door_words, factors_of
from sciatrial.calibration.numerical_checks import N_PATIENTS, numerical_checks
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.problem import SD_SPREADS, SPREADS
from sciatrial.calibration.questions import ABOUT_CELLS, QUESTIONS
from sciatrial.calibration.scores import FEWEST_STUDIES, What
from sciatrial.calibration.self_check import JointTest
from sciatrial.calibration.space import TRIAL_SHIFTS
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.calibration.validation import Validation
from sciatrial.evidence import Evidence, read_evidence
from sciatrial.foundation import CalibrationError, Problem, Record, fingerprint
from sciatrial.parameters import CELL_EFFECTS, read_prior
from sciatrial.population import PopulationComparison

QUESTION = (
    "In people with discogenic back pain or sciatica, does an injection of stem cells lessen pain and disability more "
    "than its carrier or a sham, and how many patients would a trial need to show it?"
)
CONTEXT_OF_USE = (
    "Planning of trials: the model predicts courses of pain, disability and response in the arms of a trial, to choose "
    "endpoint, visits, number of patients and comparator. It stands beside published trials and their pooled results, "
    "and before a trial, never in place of one. Not for choosing a treatment for a patient."
)


class Rating(StrEnum):
    """Of model influence, of consequence, of model risk and of model impact."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_INFLUENCE_WORDS = {
    Rating.LOW: "a small part of the evidence for the decision",
    Rating.MEDIUM: "one part of the evidence, beside published trials",
    Rating.HIGH: "most or all of the evidence for the decision",
}
_CONSEQUENCE_WORDS = {
    Rating.LOW: "a wrong decision harms nobody and costs little",
    Rating.MEDIUM: "a wrong decision wastes a trial, or exposes patients to a minor harm",
    Rating.HIGH: "a wrong decision puts patients through injections and operations that help nobody, or lets a trial "
    "miss what would help them",
}
_IMPACT_WORDS = {
    Rating.LOW: "as regulators expect for such a question",
    Rating.MEDIUM: "goes beyond usual practice: trials of cells are commonly planned without a mechanism",
    Rating.HIGH: "takes the place of what regulators expect",
}
# risk from 1 to 5, influence by row and consequence by column: V&V 40 weighs the two alike
RISK_WORDS = {1: Rating.LOW, 2: Rating.LOW, 3: Rating.MEDIUM, 4: Rating.HIGH, 5: Rating.HIGH}
GOAL_OF_RISK = {1: "b", 2: "b", 3: "c", 4: "d", 5: "e"}
_FACTOR_COLUMNS = ["factor", "activity", *(f"level_{level}" for level in LEVELS), "goal", "level", "met", "evidence"]


def model_risk(influence: Rating | str, consequence: Rating | str) -> int:
    """Return the model risk from 1 to 5.

    Raises
    ------
    CalibrationError
        When a word is none of low, medium and high.
    """
    ratings, problems = list(Rating), []
    for name, word in (("influence", influence), ("consequence", consequence)):
        if word not in ratings:
            problems.append(Problem(name, f"is {word!r}", "low, medium or high"))
    if problems:
        raise CalibrationError("credibility", problems)
    return ratings.index(Rating(influence)) + ratings.index(Rating(consequence)) + 1


def risk_matrix() -> pd.DataFrame:
    """Return the model risk by influence (rows) and consequence: columns ``influence, low, medium, high``."""
    rows = []
    for influence in Rating:
        risks = {str(word): model_risk(influence, word) for word in Rating}
        rows.append({"influence": str(influence)} | {
            word: f"{risk} ({RISK_WORDS[risk]}), goal {GOAL_OF_RISK[risk]}" for word, risk in risks.items()
        })  # fmt: skip
    return pd.DataFrame(rows)


@dataclass(frozen=True, repr=False)
class Credibility(Record):
    """Goals and evidence for one question and one context of use.

    ``context`` has ``item, content, rating``; ``factors`` the thirteen of V&V 40: ``factor, activity, level_a …
    level_e`` (what each level asks for), ``goal, level, met, evidence``; ``m15`` the rows of the assessment table of
    ICH M15: ``stage, element, rating, content``; ``uncertainty`` has ``source, quantity, found, unit``;
    ``applicability`` as `applicability` gives it; ``limits`` has ``limit, found``; ``numerical`` as `numerical_checks`
    gives it; ``rules`` has ``about, rule``.
    """

    context: pd.DataFrame = field(compare=False)
    factors: pd.DataFrame = field(compare=False)
    m15: pd.DataFrame = field(compare=False)
    uncertainty: pd.DataFrame = field(compare=False)
    applicability: pd.DataFrame = field(compare=False)
    limits: pd.DataFrame = field(compare=False)
    numerical: pd.DataFrame = field(compare=False)
    rules: pd.DataFrame = field(compare=False)
    made_with: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        """Whether every goal is met."""
        return bool(self.factors["met"].all())

    @property
    def not_met(self) -> list[str]:
        """Names of the factors whose goal is not met."""
        return self.factors.loc[~self.factors["met"].astype(bool), "factor"].tolist()

    def table(self) -> pd.DataFrame:
        """Return goal, level and evidence of each factor."""
        return pd.DataFrame({name: self.factors[name] for name in ("factor", "goal", "level", "met", "evidence")})

    def __repr__(self) -> str:
        met = len(self.factors) - len(self.not_met)
        count = self.applicability["verdict"].value_counts()
        return (
            f"Credibility: {met} of {len(self.factors)} goals met\n"
            f"  not met: {', '.join(self.not_met) or 'none'}\n"
            f"  domains: {', '.join(f'{word} {n}' for word, n in count.items())}"
        )


def assess_credibility(
    posterior: Posterior,
    validation: Validation | None = None,
    blind: BlindValidation | None = None,
    *,
    question: str | None = None,
    context_of_use: str | None = None,
    influence: Rating | str = Rating.MEDIUM,
    consequence: Rating | str = Rating.HIGH,
    impact: Rating | str = Rating.MEDIUM,
    evidence: Evidence | None = None,
    checks: pd.DataFrame | None = None,
    self_check: JointTest | None = None,
    sensitivity: pd.DataFrame | None = None,
    population: PopulationComparison | None = None,
    seed: int = SEED,
    n_patients: int = N_PATIENTS,
) -> Credibility:
    """Assess whether a posterior may be believed for one use.

    Parameters
    ----------
    posterior
        What is assessed.
    validation, blind
        Studies left out of the fit, and studies predicted blind; what is left out reads "not done".
    question, context_of_use
        What is asked, and what the answer is used for; None takes `QUESTION` and `CONTEXT_OF_USE`.
    influence, consequence
        Of the model on the decision, and of a wrong decision: low, medium or high. They set the goals.
    impact
        How far the use departs from what regulators expect: low, medium or high.
    evidence
        The tables of the fit; None takes the shipped ones.
    checks
        As `numerical_checks` gives them; None computes them, which takes seconds.
    self_check
        As `sampler_check` gives it.
    sensitivity
        As ``Fit.sensitivity``.
    population
        Patients of this posterior beside published ones, as `posterior_population` gives them; one of another posterior
        reads "not done".
    seed, n_patients
        Of `numerical_checks`.

    Raises
    ------
    CalibrationError
        When a rating is none of low, medium and high.
    """
    risk = model_risk(influence, consequence)
    if impact not in list(Rating):
        raise CalibrationError("credibility", [Problem("impact", f"is {impact!r}", "low, medium or high")])
    evidence = evidence or read_evidence()
    checks = numerical_checks(posterior, seed=seed, n_patients=n_patients) if checks is None else checks
    held = _without_known(blind)
    domains = applicability(likelihood_terms(evidence), validation if validation is not None else held)
    if population is not None and not population.is_of(posterior.fingerprint()):
        population = None
    records = Records(
        posterior, validation, blind, checks, self_check, sensitivity, _is_as_fitted(posterior, evidence), domains,
        population,
    )  # fmt: skip
    factors = _factors(records, GOAL_OF_RISK[risk])
    asked = {"question": question or QUESTION, "context": context_of_use or CONTEXT_OF_USE}
    ratings = {"influence": Rating(influence), "consequence": Rating(consequence), "impact": Rating(impact)}
    context = _context(asked, ratings, risk)
    made_with = {
        "posterior": posterior.fingerprint(), "evidence": evidence.fingerprint(), "seed": seed, "risk": risk,
        "validation": None if validation is None else validation.fingerprint(),
        "blind": None if blind is None else blind.fingerprint(),
        "population": None if population is None else population.fingerprint(),
    }  # fmt: skip
    return Credibility(
        context, factors, _m15(context, ratings, risk, factors, domains), _uncertainty(records), domains,
        _limits(records), checks, _rules(), made_with,
    )  # fmt: skip


def _without_known(blind: BlindValidation | None) -> Validation | None:
    """Return blind predictions as a validation, None where the studies were known."""
    if blind is None or blind.made_with.get("known") or not len(blind.predictions):
        return None
    return blind.validation


def _is_as_fitted(posterior: Posterior, evidence: Evidence) -> bool:
    made, rows = posterior.made_with, read_prior().rows
    same_prior = made.get("prior table") == fingerprint(rows.astype(str))
    return same_prior and made.get("evidence") == evidence.fingerprint()


def _factors(records: Records, goal: str) -> pd.DataFrame:
    found, rows = factors_of(records), []
    for factor in FACTORS:
        level, evidence = found[factor.name]
        asked = (NOT_DONE, *factor.steps)
        rows.append((factor.name, factor.activity, *asked, goal, level, level >= goal, evidence))
    return pd.DataFrame(rows, columns=_FACTOR_COLUMNS)


def _context(asked: Mapping[str, str], ratings: Mapping[str, Rating], risk: int) -> pd.DataFrame:
    told = f"{risk} of 5: goal {GOAL_OF_RISK[risk]} for every factor"
    rows = [
        ("question of interest", asked["question"], ""),
        ("context of use", asked["context"], ""),
        ("model influence", _INFLUENCE_WORDS[ratings["influence"]], str(ratings["influence"])),
        ("consequence of a wrong decision", _CONSEQUENCE_WORDS[ratings["consequence"]], str(ratings["consequence"])),
        ("model risk", told, str(RISK_WORDS[risk])),
    ]
    return pd.DataFrame(rows, columns=["item", "content", "rating"])


def _m15(
    context: pd.DataFrame, ratings: Mapping[str, Rating], risk: int, factors: pd.DataFrame, domains: pd.DataFrame
) -> pd.DataFrame:
    not_met = factors.loc[~factors["met"].astype(bool)]
    asked: Any = domains[domains["is_question"].astype(bool)]
    suits = "; ".join(f"{row['domain']}: {row['verdict']} ({row['why']})" for row in asked.to_dict("records"))
    missing = "; ".join(f"{row['factor']}: {row['level']}, goal {row['goal']}" for row in not_met.to_dict("records"))
    met = f"{len(factors) - len(not_met)} of {len(factors)} technical criteria met"
    outcome = (
        "Every criterion is met: the outcomes may stand as evidence of the stated influence." if not len(not_met) else
        f"The criteria are not met ({len(not_met)} of {len(factors)}): the outcomes may not stand as evidence of the "
        "stated influence. They may show what a trial would have to find out."
    )  # fmt: skip
    planning = [("planning", row["item"], row["rating"] or "not rated", row["content"])
                for row in context.to_dict("records")]  # fmt: skip
    rows = [
        *planning,
        ("planning", "model impact", str(ratings["impact"]), _IMPACT_WORDS[ratings["impact"]]),
        ("planning", "technical criteria", "not rated",
         f"level {GOAL_OF_RISK[risk]} or higher of each of {len(factors)} factors, by written rules (below)"),
        ("planning", "appropriateness of the proposed approach", "not rated", suits),
        ("submission", "evaluation of model and outcomes", "not rated", f"{met}. Not met: {missing or 'none'}"),
        ("submission", "outcome of the assessment", "not rated", outcome),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["stage", "element", "rating", "content"])


def _uncertainty(records: Records) -> pd.DataFrame:
    return pd.DataFrame(list(_sources(records)), columns=["source", "quantity", "found", "unit"])


def _sources(records: Records) -> Iterator[tuple[str, str, str, str]]:
    posterior = records.posterior
    if len(posterior.parameters):
        contraction = posterior.parameters["contraction"].to_numpy(dtype=float)
        yield "parameters", "numbers that vary", str(len(contraction)), ""
        yield "parameters", "contraction of the prior variance, median", f"{np.nanmedian(contraction):.2f}", "0 to 1"
    for row in posterior.effects.to_dict("records"):
        if row["group"] not in CELL_EFFECTS:
            continue
        told = f"{row['posterior']:.2f} (before: {row['prior']:.2f}; Monte-Carlo error {row['error']:.2f})"
        yield "is there an effect at all", str(row["group"]).replace("_", " "), told, "probability"
    told = f"{posterior.probability_of_no_cell_effect:.2f}"
    yield "is there an effect at all", "no effect of cells at all", told, "probability"
    if records.validation is not None and len(records.validation.without_trial):
        yield from _answers(records.validation.without_trial, records.applicability)
    yield from _spans("between trials", TRIAL_SHIFTS, posterior.shift_sds, "standard deviations of the prior")
    yield from _spans("what no mechanism gives", (*SPREADS, *SD_SPREADS), posterior.spreads, "unit of the number")
    for how, one in records.validations.items():
        for what in (What.ARMS, What.VERSUS_CONTROL, What.CELLS):
            spread = scored(one, "all", what, "median_sd")
            if np.isfinite(spread):
                yield how, f"standard deviation of a prediction, {what}, median", f"{spread:.1f}", "unit of the number"
    if not records.validations:
        yield "predictions", "standard deviation of a prediction", NOT_DONE, ""


def _answers(table: pd.DataFrame, domains: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Give what cells change with every trial, how far that moves without one, and whether it may be claimed."""
    asked: Any = domains[domains["is_question"].astype(bool)]
    reasons = {
        name: f"; NO CLAIM: {row['verdict']}, {row['why']}" if row["verdict"] == Verdict.NOT_APPLICABLE else ""
        for name, row in zip(QUESTIONS, asked.to_dict("records"), strict=True)
    }
    key: Any
    for key, part in table.groupby(["question", "month", "against"], sort=False):
        name, month, against = key
        left, whole = part[part["without"] != ""], part[part["without"] == ""].iloc[0]
        told = f"{_tenths(whole['median'])} (90 % interval {_tenths(whole['low'])} to {_tenths(whole['high'])})"
        if len(left):
            told += f"; without one trial {_tenths(left['median'].min())} to {_tenths(left['median'].max())}"
        said = f"{name}, month {month:g}, against {against}"
        yield "what cells change (below 0 is less)", said, told + reasons.get(name, ""), "points of 100"


def _tenths(value: Any) -> str:
    return f"{round(float(value), 1) + 0.0:.1f}".replace("-", "−")


def _spans(source: str, names: tuple[str, ...], values: Any, unit: str) -> Iterator[tuple[str, str, str, str]]:
    for place in range(values.shape[1]):
        low, middle, high = np.quantile(values[:, place], (0.05, 0.5, 0.95))
        name = names[place] if place < len(names) else "duration of symptoms"
        yield source, f"spread: {name.replace('_', ' ')}", f"{middle:.2f} ({low:.2f} to {high:.2f})", unit


def _limits(records: Records) -> pd.DataFrame:
    return pd.DataFrame(list(_found_limits(records)), columns=["limit", "found"])


def _found_limits(records: Records) -> Iterator[tuple[str, str]]:
    posterior = records.posterior
    failed: Any = posterior.checks.loc[~posterior.checks["holds"].astype(bool)]
    for row in failed.to_dict("records"):
        yield "THE FIT DOES NOT HOLD", f"{row['check']}: {row['found']}, wanted {row['wanted']}"
    yield "what the posterior says of cells", ABOUT_CELLS
    if not records.is_as_fitted:
        yield "tables or prior at hand are not those of the fit", "domains and terms may differ from what was fitted"
    if records.blind is not None and records.blind.made_with.get("known"):
        yield "NOT BLIND", f"the fit has seen {', '.join(records.blind.made_with['known'])}; not counted"
    yield "patients at the door beside published ones", door_words(records.population)
    for how, one in records.validations.items():
        for what in (What.ARMS, What.CONTRASTS, What.VERSUS_CONTROL, What.CELLS):
            for other in compared(one, "all", what):
                if other.is_worse:
                    n = n_scored(one, "all", what)
                    few = f"; untested: {n} studies" if n < FEWEST_STUDIES else ""
                    yield f"predicts {what} worse than a simpler model", f"{how}: {other.in_words()}{few}"
        if len(one.fallbacks):
            yield "where baselines had to guess", f"{how}: {len(one.fallbacks)}"
    if not records.validations:
        yield "prediction of unseen studies", NOT_DONE
    if records.validation is not None and len(records.validation.cited_by_prior):
        cited = records.validation.cited_by_prior
        yield ("prior rows that cite a study of the fit: left out, their ranges are wider, their middles stay",
               f"{len(cited)} rows, {cited['study_id'].nunique()} studies")  # fmt: skip
    cut = posterior.made_with.get("numbers of cell arms without a control, cut")
    if cut is not None:
        yield "numbers of cell arms without a control, which say nothing about cells", str(cut)
    if records.blind is not None:
        yield "numbers of blind studies that could not be predicted", str(len(records.blind.not_predicted))
    for text in posterior.made_with.get("assumptions", ()):
        yield "assumed", str(text)


def _rules() -> pd.DataFrame:
    rows = [
        ("model risk", "influence and consequence count alike: low 0, medium 1, high 2; risk is their sum plus 1"),
        ("goals", "risk 1 and 2: level b; 3: c; 4: d; 5: e; the same for every factor"),
        ("level of a factor", "a, and one further for each step that holds, up to the first that does not"),
        ("a validation of each kind", "for the comparison of outputs the lower level counts, else the larger number"),
        ("worse than a baseline", "90 % interval (over studies) of the difference of the error (CRPS) is above 0, or "
         f"the difference is more than {100 * WORSE_SHARE:.0f} % of the baseline's error"),
        ("better than a baseline", "the whole 90 % interval is below 0"),
        *((f"domain: {verdict}", RULES[verdict]) for verdict in Verdict),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["about", "rule"])


GRADATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {factor.name: (NOT_DONE, *factor.steps) for factor in FACTORS}
)
