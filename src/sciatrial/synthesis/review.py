"""Everything that the trials say together, for one report: answers, certainty, maps, networks, harms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sciatrial.evidence import ArmEstimates, Assumptions, Evidence, arm_estimates, published_contrasts
from sciatrial.foundation import Progress, silent
from sciatrial.synthesis.bias import traffic_lights
from sciatrial.synthesis.certainty import Certainty, certainty_of, epidural_routes
from sciatrial.synthesis.change import QUESTIONS
from sciatrial.synthesis.comparison import Pooled, synthesise_many
from sciatrial.synthesis.directness import evidence_map, speaks_of
from sciatrial.synthesis.harms import pool_harms
from sciatrial.synthesis.moderators import Moderator, Regression, regress_effects
from sciatrial.synthesis.question import Question
from sciatrial.synthesis.treatments import Level
from sciatrial.synthesis.trial_arms import PAIN, Reviews, islands_of, trial_arms


@dataclass(frozen=True)
class Review:
    """What a systematic reviewer would want on one page.

    `answers` and `certainties` stand in the order of the questions; `network` is what `trial_arms` gave for pain, with
    reviews standing in where no trial has a row, `visits` the same with cell products told apart, and `islands` the
    connected parts.
    """

    fingerprint: str
    answers: tuple[Pooled, ...]
    certainties: tuple[Certainty, ...]
    mapped: pd.DataFrame
    speaks: pd.DataFrame
    lights: pd.DataFrame
    network: pd.DataFrame
    visits: pd.DataFrame
    islands: tuple[tuple[str, ...], ...]
    regressions: tuple[Regression, ...]
    harms: pd.DataFrame
    estimates: ArmEstimates

    def summary(self) -> pd.DataFrame:
        """Return one row a question: what was found, from how many trials, how sure."""
        rows = []
        for answer, certainty in zip(self.answers, self.certainties, strict=True):
            row: dict[str, Any] = {
                "outcome": answer.outcome, "month": answer.month, "treatment": answer.treatment,
                "comparator": answer.comparator, "n_trials": len(answer.studies), "scale": answer.scale,
                "certainty": certainty.grade,
            }  # fmt: skip
            if not answer.unanswered:
                names = ("estimate", "low", "high", "prediction_low", "prediction_high", "model")
                row |= {name: answer.main[name] for name in names}
                row["probability_better"] = answer.effects["probability_better"].dropna().iloc[0]
            rows.append(row)
        return pd.DataFrame(rows, columns=_SUMMARY)


_SUMMARY = [
    "outcome", "month", "treatment", "comparator", "n_trials", "estimate", "low", "high", "prediction_low",
    "prediction_high", "probability_better", "scale", "model", "certainty",
]  # fmt: skip


def review_evidence(
    evidence: Evidence,
    *,
    questions: Sequence[Question] = QUESTIONS,
    assumptions: Assumptions | None = None,
    progress: Progress = silent,
) -> Review:
    """Answer the usual questions about cells, and say how sure each answer is.

    Parameters
    ----------
    evidence
        Checked tables.
    questions
        What is asked; default: cells against a placebo procedure at 6 and 12 months.
    assumptions
        What the tables do not settle.
    progress
        Counts questions.
    """
    assumed = assumptions or Assumptions()
    estimates = arm_estimates(evidence, assumed)
    answers = synthesise_many(evidence, questions, assumptions=assumed, progress=progress)
    network, visits = (
        trial_arms(estimates, published_contrasts(evidence), outcome=PAIN, level=level, reviews=Reviews.STAND_IN)
        for level in (Level.CLASS, Level.PRODUCT)
    )
    return Review(
        fingerprint=evidence.fingerprint(),
        answers=tuple(answers),
        certainties=tuple(certainty_of(evidence, answer, asked_routes=epidural_routes()) for answer in answers),
        mapped=evidence_map(evidence),
        speaks=speaks_of(evidence),
        lights=traffic_lights(evidence),
        network=network,
        visits=visits,
        islands=tuple(islands_of(network)),
        regressions=tuple(regress_effects(evidence, moderator, assumptions=assumed) for moderator in Moderator),
        harms=pool_harms(evidence),
        estimates=estimates,
    )
