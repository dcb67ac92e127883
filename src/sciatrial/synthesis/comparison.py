"""One question → the trials that answer it, what they say together, and how far that hangs on what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr

from sciatrial.evidence import (
    ArmEstimates,
    Assumptions,
    Evidence,
    Phase,
    arm_estimates,
    difference_from_shares,
    harmonise,
    predictive_sds,
    published_contrasts,
)
from sciatrial.foundation import EvidenceError, FigureFrom, Problem, Progress, Record, silent, unknown_word
from sciatrial.synthesis.bias import traffic_lights
from sciatrial.synthesis.effect_sizes import ArmCounts, EffectMeasure, effect_sizes
from sciatrial.synthesis.heterogeneity import TauMethod
from sciatrial.synthesis.pool import PooledEffect, Test, pool_effects
from sciatrial.synthesis.question import RESPONDER, Question
from sciatrial.synthesis.r_call import r_predict
from sciatrial.synthesis.rare_events import rare_effect
from sciatrial.synthesis.responders import PAIN_RULES, trial_shares
from sciatrial.synthesis.small_pool import SmallPoolPrior, pool_small
from sciatrial.synthesis.treatments import Level, treatment_of
from sciatrial.synthesis.trial_arms import PAIN, StudyChoice, at_visit, trial_arms

POINTS, LOG_ODDS = "points of 100", "log odds ratio"
_STUDY_COLUMNS = [
    "study", "month", "outcome", "estimate", "se", "low", "high", "weight", "n_treatment", "n_comparator",
    "value_treatment", "value_comparator", "kind", "condition", "route", "dose_million_cells", "dose_basis",
    "cell_type", "donor", "source", "is_imputed", "factor", "bias", "bias_source",
]  # fmt: skip
_EFFECT_COLUMNS = [
    "model", "estimate", "low", "high", "prediction_low", "prediction_high", "tau", "tau_low", "tau_high", "i2", "q",
    "q_p", "p", "probability_better", "n_studies", "note",
]  # fmt: skip


@dataclass(frozen=True, repr=False)
class Pooled(Record):
    """What the trials say of one question.

    `scale` is "points of 100" (negative favours the treatment) or "log odds ratio" (of a response: positive favours
    it). `studies` has one row a trial; `effects` one row a model ("random effects": REML with truncated Hartung-Knapp
    intervals; "prior on the spread": Bayesian; "common effect"); `leave_one_out` one row a trial; `sensitivity` one row
    an assumption that was varied; `unanswered` says why nothing could be pooled, "" when something could.
    """

    outcome: str
    month: int
    treatment: str
    comparator: str
    scale: str
    studies: pd.DataFrame = field(compare=False)
    effects: pd.DataFrame = field(compare=False)
    leave_one_out: pd.DataFrame = field(compare=False)
    sensitivity: pd.DataFrame = field(compare=False)
    assumed: pd.DataFrame = field(compare=False)
    unanswered: str = ""
    notes: tuple[str, ...] = ()
    method: str = TauMethod.REML.value
    test: str = Test.HARTUNG_KNAPP_TRUNCATED.value
    tau_scale: float = 10.0

    @property
    def question(self) -> Question:
        """What was asked."""
        return Question(self.outcome, self.month, self.treatment, self.comparator)

    @property
    def main(self) -> dict[str, Any]:
        """The row of `effects` to quote: the model that can be estimated from so many trials.

        From three trials on random effects, of two the model with a prior on the spread; of one the trial itself, with
        that prior for a new trial.

        Raises
        ------
        EvidenceError
            When nothing could be pooled.
        """
        if self.unanswered:
            raise EvidenceError(self.question.in_words(), Problem("trials", self.unanswered, "a trial with numbers"))
        n = len(self.studies)
        model = SINGLE if n == 1 else RANDOM if n >= _FEWEST_FOR_RANDOM else PRIOR
        return self.effects[self.effects["model"] == model].iloc[0].to_dict()

    def table(self) -> pd.DataFrame:
        """Return the effects, one row a model."""
        return self.effects

    def __repr__(self) -> str:
        """Tell the question, the answer and how many trials stand behind it."""
        if self.unanswered:
            return f"Pooled: {self.question.in_words()}\n  no answer: {self.unanswered}"
        best = self.main
        return (
            f"Pooled: {self.question.in_words()}\n"
            f"  {best['estimate']:.3g} {self.scale} ({best['low']:.3g} to {best['high']:.3g}), "
            f"a new trial {best['prediction_low']:.3g} to {best['prediction_high']:.3g}\n"
            f"  {'one trial' if len(self.studies) == 1 else f'{len(self.studies)} trials'}, {best['model']}"
        )


class _Estimates:
    """The estimates under each set of assumptions, made once for all the questions of one call."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.lights = traffic_lights(evidence).set_index("study_id")
        self._made: dict[str, ArmEstimates] = {}
        self._arms: dict[tuple[str, ...], pd.DataFrame] = {}

    def under(self, assumptions: Assumptions) -> ArmEstimates:
        key = repr(assumptions)
        if key not in self._made:
            self._made[key] = arm_estimates(self.evidence, assumptions)
        return self._made[key]

    def arms(self, assumptions: Assumptions, outcome: str, level: Level, choice: StudyChoice) -> pd.DataFrame:
        key = (repr(assumptions), outcome, level, choice)
        if key not in self._arms:
            made = self.under(assumptions)
            published = published_contrasts(self.evidence, assumptions.standard_error_factor)
            self._arms[key] = trial_arms(made, published, outcome=outcome, level=level, studies=choice)
        return self._arms[key]


RANDOM, PRIOR, COMMON, SINGLE = "random effects", "prior on the spread", "common effect", "the trial itself"
_FEWEST_FOR_RANDOM = 3


def synthesise(
    evidence: Evidence,
    question: Question | None = None,
    *,
    assumptions: Assumptions | None = None,
    prior: SmallPoolPrior | None = None,
    method: TauMethod = TauMethod.REML,
    test: Test = Test.HARTUNG_KNAPP_TRUNCATED,
    with_sensitivity: bool = True,
) -> Pooled:
    """Pool the randomised trials that compare one treatment with another.

    Parameters
    ----------
    evidence
        Checked tables.
    question
        What is asked; None: cells against a placebo procedure, pain at 12 months.
    assumptions
        What the tables do not settle.
    prior
        Of the effect and of the spread between trials, for the model that has one.
    method, test
        How the spread is estimated and the interval made, from three trials on. The default interval is Hartung and
        Knapp's, never narrower than the plain one: a few trials that happen to agree prove less than they seem to.
    with_sensitivity
        Repeat with each assumption varied.

    Returns
    -------
    Pooled
        With `unanswered` filled when no trial has numbers: that is a finding, not an error.
    """
    return synthesise_many(
        evidence, [question or Question()], assumptions=assumptions, prior=prior, method=method, test=test,
        with_sensitivity=with_sensitivity,
    )[0]  # fmt: skip


def synthesise_many(
    evidence: Evidence,
    questions: Sequence[Question],
    *,
    assumptions: Assumptions | None = None,
    prior: SmallPoolPrior | None = None,
    method: TauMethod = TauMethod.REML,
    test: Test = Test.HARTUNG_KNAPP_TRUNCATED,
    with_sensitivity: bool = True,
    progress: Progress = silent,
) -> list[Pooled]:
    """Answer several questions from one set of estimates; see `synthesise` for the parameters.

    The answers stand in the order of the questions. `progress` counts questions, and may stop between two: what is
    finished is returned.
    """
    _check_treatments(evidence, questions)
    estimates = _Estimates(evidence)
    answers = []
    progress.start("synthesis", len(questions))
    for asked in questions:
        answers.append(_answer(estimates, asked, assumptions or Assumptions(), prior or SmallPoolPrior(), method, test,
                               with_sensitivity=with_sensitivity))  # fmt: skip
        if not progress.advance(1):
            break
    progress.finish()
    return answers


def _check_treatments(evidence: Evidence, questions: Sequence[Question]) -> None:
    arms = evidence.arms.to_dict("records")
    known = {treatment_of(arm, level) for arm in arms for level in Level}
    asked = {
        name: side for one in questions for side, name in (("treatment", one.treatment), ("comparator", one.comparator))
    }
    problems = [unknown_word(side, name, sorted(known)) for name, side in asked.items() if name not in known]
    if problems:
        raise EvidenceError("question", problems)


def _answer(
    estimates: _Estimates, asked: Question, base: Assumptions, believed: SmallPoolPrior, method: TauMethod, test: Test,
    *, with_sensitivity: bool,
) -> Pooled:  # fmt: skip
    arms_of = partial(_contrasts, estimates, asked)
    studies, assumed = arms_of(base), estimates.under(base).assumed
    lights = estimates.lights
    studies = studies.assign(
        bias=[lights["overall"].get(study, "not_assessed") for study in studies["study"]],
        bias_source=[lights["source"].get(study, "none") for study in studies["study"]],
    )
    scale = LOG_ODDS if asked.outcome == RESPONDER else POINTS
    named = {"outcome": asked.outcome, "month": asked.month, "treatment": asked.treatment,
             "comparator": asked.comparator, "scale": scale, "assumed": assumed, "method": TauMethod(method).value,
             "test": Test(test).value, "tau_scale": believed.tau_scale}  # fmt: skip
    if studies.empty:
        empty = pd.DataFrame()
        why = "no randomised trial in the tables compares the two at this visit with numbers that can be used"
        return Pooled(**named, studies=studies, effects=pd.DataFrame(columns=_EFFECT_COLUMNS), leave_one_out=empty,
                      sensitivity=_sensitivity(arms_of, base, believed, scale, asked) if with_sensitivity else empty,
                      unanswered=why)  # fmt: skip
    pooled = pool_effects(studies["estimate"], studies["se"] ** 2, method=method, test=test)
    return Pooled(
        **named,
        studies=_weighed(studies, pooled),
        effects=_effects(studies, pooled, believed, scale),
        leave_one_out=_left_out(studies, believed, scale),
        sensitivity=_sensitivity(arms_of, base, believed, scale, asked) if with_sensitivity else pd.DataFrame(),
        notes=tuple(pooled.notes),
    )


def _contrasts(
    estimates: _Estimates, asked: Question, assumptions: Assumptions, choice: StudyChoice = StudyChoice.RANDOMISED,
    *, shares_too: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Return one row a trial: treatment less comparator."""
    made = estimates.under(assumptions)
    if asked.outcome == RESPONDER:
        return _odds(trial_shares(made, asked, assumptions.standard_error_factor, choice=choice))
    level = Level.PRODUCT if ":" in asked.treatment + asked.comparator else Level.CLASS
    arms: Any = estimates.arms(assumptions, asked.outcome, level, choice)
    arms = arms[arms["treatment"].isin([asked.treatment, asked.comparator])]
    # a visit at which only one of the two was seen is no visit of this comparison
    arms = arms[arms.groupby(["study", "month"])["treatment"].transform("nunique") > 1]
    rows = [_difference(visit, asked) for _, visit in at_visit(arms, asked.month).groupby("study")]
    kept = [row for row in rows if row is not None]
    if shares_too:
        known = {row["study"] for row in kept}
        spread = predictive_sds(harmonise(estimates.evidence), estimates.evidence)["pain", Phase.CHANGE].median
        shares = trial_shares(made, asked, assumptions.standard_error_factor, rules=PAIN_RULES, choice=choice)
        kept += [row for row in _from_shares(shares, spread) if row["study"] not in known]
    return _frame(kept)


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=_STUDY_COLUMNS)
    return frame.sort_values("study").reset_index(drop=True)


def _difference(visit: Any, asked: Question) -> dict[str, Any] | None:
    by_name = {arm["treatment"]: arm for arm in visit.to_dict("records")}
    if asked.treatment not in by_name or asked.comparator not in by_name:
        return None
    arm, control = by_name[asked.treatment], by_name[asked.comparator]
    estimate, se = arm["estimate"] - control["estimate"], float(np.hypot(arm["se"], control["se"]))
    return {
        **{name: arm[name] for name in ("study", "month", "outcome", "condition", "route", "dose_million_cells",
                                        "dose_basis", "cell_type", "donor", "source")},
        "estimate": estimate, "se": se, "low": estimate - _Z * se, "high": estimate + _Z * se, "weight": float("nan"),
        "n_treatment": arm["n"], "n_comparator": control["n"], "value_treatment": arm["estimate"],
        "value_comparator": control["estimate"], "kind": arm["kind"],
        "is_imputed": bool(arm["is_imputed"] or control["is_imputed"]), "factor": 1.0,
    }  # fmt: skip


_Z = 1.959964


def _odds(shares: Any) -> pd.DataFrame:
    """Return log odds ratios of responding; half a patient is added where a cell is empty."""
    if shares.empty:
        return _frame([])
    sizes = effect_sizes(
        EffectMeasure.OR, treated=ArmCounts(shares["events_treatment"], shares["n_treatment"]),
        control=ArmCounts(shares["events_comparator"], shares["n_comparator"]),
    )  # fmt: skip
    se = np.sqrt(np.asarray(sizes.variances)) * shares["factor"].to_numpy(dtype=float)
    estimate = np.asarray(sizes.estimates)
    frame = shares.assign(
        estimate=estimate, se=se, low=estimate - _Z * se, high=estimate + _Z * se, weight=float("nan"),
        value_treatment=100 * shares["events_treatment"] / shares["n_treatment"],
        value_comparator=100 * shares["events_comparator"] / shares["n_comparator"], kind="share",
        outcome=shares["rule"], source="arms",
    )  # fmt: skip
    return _frame(frame.to_dict("records"))


def _from_shares(shares: Any, sd: float) -> list[dict[str, Any]]:
    """Read responder shares of pain as a difference of mean changes, for a labelled sensitivity analysis."""
    rows = []
    for one in shares.to_dict("records"):
        n, m = one["n_treatment"], one["n_comparator"]
        estimate, se = difference_from_shares(
            one["events_treatment"] / n, n, one["events_comparator"] / m, m, sd
        )  # fmt: skip
        rows.append(
            one
            | {
                "estimate": estimate,
                "se": se * one["factor"],
                "outcome": one["rule"],
                "kind": "share",
                "source": "arms",
            }
        )
    return rows


def _weighed(studies: pd.DataFrame, pooled: PooledEffect) -> pd.DataFrame:
    return studies.assign(weight=np.asarray(pooled.weights) / np.sum(pooled.weights) * 100)


def _effects(studies: Any, pooled: PooledEffect, prior: SmallPoolPrior, scale: str) -> pd.DataFrame:
    y, v = studies["estimate"].to_numpy(), studies["se"].to_numpy() ** 2
    common = pool_effects(y, v, method=TauMethod.EE)
    better = 1 if scale == LOG_ODDS else -1
    # of one trial there is no spread to tell
    tau, i2 = (np.sqrt(pooled.tau2), pooled.i2) if len(y) > 1 else (np.nan, np.nan)
    rows = [
        {"model": RANDOM, "estimate": pooled.estimate, "low": pooled.low[0], "high": pooled.high[0],
         "prediction_low": pooled.hts_low, "prediction_high": pooled.hts_high, "tau": tau,
         "tau_low": np.sqrt(pooled.tau2_low), "tau_high": np.sqrt(pooled.tau2_high), "i2": i2, "q": pooled.q,
         "q_p": pooled.q_p, "p": pooled.p_values[0], "probability_better": _chance(pooled, better),
         "note": "; ".join(pooled.notes)},
        _with_prior(y, v, prior, better) if scale == POINTS else _exact(studies),
        {"model": COMMON, "estimate": common.estimate, "low": common.low[0], "high": common.high[0],
         "p": common.p_values[0], "tau": 0.0, "note": "as if every trial had one true effect"},
    ]  # fmt: skip
    if len(studies) == 1:
        # what one trial found needs no belief about others; what a new trial may see does
        chance = float(ndtr(better * y[0] / np.sqrt(v[0])))
        rows.insert(0, rows[2] | {"model": SINGLE, "tau": float("nan"), "probability_better": chance,
                                  "prediction_low": rows[1]["prediction_low"], "p": common.p_values[0],
                                  "prediction_high": rows[1]["prediction_high"],
                                  "note": f"a new trial: {rows[1]['note']}"})  # fmt: skip
    return pd.DataFrame(rows, columns=_EFFECT_COLUMNS).assign(n_studies=len(studies))


def _chance(pooled: PooledEffect, better: int) -> float:
    """Return the one-sided confidence that the mean effect is a benefit, by the test of the interval."""
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.float64(better * pooled.estimate) / pooled.standard_error
    return float(ndtr(score) if np.isinf(pooled.df) else stdtr(pooled.df, score))


def _with_prior(y: np.ndarray, v: np.ndarray, prior: SmallPoolPrior, better: int) -> dict[str, Any]:
    made = pool_small(y, v, prior=prior)
    chance = made.below_zero if better < 0 else 1 - made.below_zero
    return {
        "model": PRIOR, "estimate": made.median, "low": made.low, "high": made.high, "prediction_low": made.new_low,
        "prediction_high": made.new_high, "tau": made.tau_median, "tau_low": made.tau_low, "tau_high": made.tau_high,
        "probability_better": chance,
        "note": f"spread between trials half-normal({prior.tau_scale:g}), effect {_effect_prior(prior)}",
    }  # fmt: skip


def _effect_prior(prior: SmallPoolPrior) -> str:
    return "uniform" if np.isinf(prior.sd) else f"normal({prior.mean:g}, {prior.sd:g}²)"


def _exact(studies: Any) -> dict[str, Any]:
    """Return the log odds ratio by exact conditional likelihoods, which need no correction of empty cells."""

    def counts(side: str) -> ArmCounts:
        # a source that is trusted less counts fewer patients
        n = studies[f"n_{side}"] / studies["factor"] ** 2
        return ArmCounts((studies[f"value_{side}"] / 100 * n).round(), n.round())

    made = rare_effect(counts("treatment"), counts("comparator"))
    return {
        "model": PRIOR, "estimate": made.median, "low": made.low, "high": made.high, "prediction_low": made.new_low,
        "prediction_high": made.new_high, "tau": made.tau_median, "tau_low": made.tau_low, "tau_high": made.tau_high,
        "probability_better": 1 - made.below_zero,
        "note": (
            "exact conditional likelihood, counts rounded; spread between trials "
            f"half-normal({made.prior.tau_scale:g}), log odds ratio normal({made.prior.mean:g}, "
            f"{made.prior.mean_sd:g}²)"
        ),
    }  # fmt: skip


def _by_prior(studies: Any, prior: SmallPoolPrior, scale: str) -> dict[str, Any]:
    """Return the model that any number of trials can have, so that a table of variations compares like with like."""
    if scale == LOG_ODDS:
        return _exact(studies)
    return _with_prior(studies["estimate"].to_numpy(), studies["se"].to_numpy() ** 2, prior, -1)


_TOLD = ["estimate", "low", "high", "probability_better"]


def _left_out(studies: Any, prior: SmallPoolPrior, scale: str) -> pd.DataFrame:
    """Repeat without each trial; where one was all, the prior is what is left."""
    rows = []
    for study in studies["study"]:
        rest = studies[studies["study"] != study]
        found = _by_prior(rest, prior, scale) if len(rest) else {}
        rows.append({"without": study, "n_studies": len(rest)} | {name: found.get(name) for name in _TOLD})
    return pd.DataFrame(rows, columns=["without", *_TOLD, "n_studies"])


def _sensitivity(
    arms_of: Callable[..., pd.DataFrame], base: Assumptions, prior: SmallPoolPrior, scale: str, asked: Question
) -> pd.DataFrame:
    """Repeat with one assumption changed at a time, by the model with a prior on the spread."""
    rows = []
    for name, made in _variations(arms_of, base, asked).items():
        studies = made()
        found = _by_prior(studies, prior, scale) if len(studies) else {}
        rows.append({"variation": name, "n_studies": len(studies)} | {key: found.get(key) for key in _TOLD})
    studies = arms_of(base) if scale == POINTS else ()
    for factor in (0.5, 2.0) if len(studies) else ():
        other = SmallPoolPrior(prior.mean, prior.sd, prior.tau_scale * factor)
        found = _by_prior(studies, other, scale)
        name = f"spread between trials half-normal({other.tau_scale:g})"
        rows.append({"variation": name, "n_studies": len(studies)} | {key: found[key] for key in _TOLD})
    return pd.DataFrame(rows, columns=["variation", *_TOLD, "n_studies"])


def _variations(arms_of: Any, base: Assumptions, asked: Question) -> Mapping[str, Callable[[], pd.DataFrame]]:
    def changed(**fields: Any) -> Callable[[], pd.DataFrame]:
        return lambda: arms_of(replace(base, **fields))

    named = {
        "as asked": changed(),
        "no dropout where none is told": changed(dropout_per_year=0.0),
        "dropout of 30 % a year where none is told": changed(dropout_per_year=0.3),
        "arms without n share the study's total": changed(share_total=True),
        "controlled studies that were not randomised too": lambda: arms_of(base, StudyChoice.CONTROLLED),
    }
    named["reviews and press trusted as papers"] = changed(standard_error_factor=dict.fromkeys(FigureFrom, 1.0))
    if asked.outcome == RESPONDER:
        return named
    named |= {
        "correlation before and after 0.3": changed(correlation_before_after=0.3),
        "correlation before and after 0.7": changed(correlation_before_after=0.7),
        "rows that print neither n nor spread left out": changed(fill_both=False),
        "percent changes left out": changed(use_percent_changes=False),
        "medians left out": changed(use_medians=False),
        "predicted spreads 0.7 times as large": changed(predicted_sd_factor=0.7),
        "predicted spreads 1.4 times as large": changed(predicted_sd_factor=1.4),
    }
    if asked.outcome == PAIN:  # a rule of response does not say which pain, and disability has rules of its own
        named["responder shares read as differences"] = lambda: arms_of(base, shares_too=True)
    return named


def r_of_answer(answer: Pooled) -> str:
    """Return the R code that gives an answer: "random effects", and the quoted model where that is another one.

    The code of the model with a prior on the spread is that of the package bayesmeta; it is not run in our tests.
    """
    if answer.unanswered:
        return ""
    y, se = answer.studies["estimate"].to_numpy(), answer.studies["se"].to_numpy()
    again = pool_effects(y, se**2, method=TauMethod(answer.method), test=Test(answer.test))
    code = r_predict(again)
    if len(y) >= _FEWEST_FOR_RANDOM:  # the interval for a new trial is by t(k - 2)
        code = code.replace("predict(res)", 'predict(res, pi.type = "riley")')
    told = f"# the row 'random effects': estimate, interval, interval for a new trial\n{code}"
    if len(y) < _FEWEST_FOR_RANDOM and answer.scale == POINTS:
        numbers = ", ".join(f"{value:.12g}" for value in y), ", ".join(f"{value:.12g}" for value in se)
        told += (
            "\n# the row 'prior on the spread' (package bayesmeta, not run in our tests)\nlibrary(bayesmeta)\n"
            f"bayesmeta(y = c({numbers[0]}), sigma = c({numbers[1]}),\n"
            f"          tau.prior = function(t) dhalfnormal(t, scale = {answer.tau_scale:g}))\n"
        )
    return told
