"""Effects over time of every treatment of our own literature, on one scale: the time-course model on the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from sciatrial.evidence import Assumptions, Evidence, arm_estimates, published_contrasts
from sciatrial.foundation import EvidenceError, Problem, Progress, silent
from sciatrial.synthesis.course_models import Correlation, CorrelationKind, TimeCourseModel, TimeCoursePriors
from sciatrial.synthesis.courses import Course, Shape
from sciatrial.synthesis.node_splits import NodeSplits, split_courses, splittable
from sciatrial.synthesis.sampling import Sampler
from sciatrial.synthesis.time_course import TimeCourseResult, fit_time_course
from sciatrial.synthesis.treatments import PLACEBO_PROCEDURE, Level, class_of
from sciatrial.synthesis.trial_arms import PAIN, Reviews, StudyChoice, islands_of, trial_arms

# points of 100. Assumption: no treatment moves pain by more than some 60 points against a placebo procedure, early and
# late part each; trials of one treatment differ by some 10 points
PRIORS = TimeCoursePriors(effect_sd=30.0, reference_sd=1000.0, heterogeneity_scale=10.0, class_sd_scale=10.0)
_LAST_MONTH = 60.0


def fit_literature(
    evidence: Evidence,
    *,
    seed: int,
    outcome: str = PAIN,
    reviews: Reviews | str = Reviews.STAND_IN,
    studies: StudyChoice | str = StudyChoice.RANDOMISED,
    shape: Shape | None = None,
    priors: TimeCoursePriors = PRIORS,
    assumptions: Assumptions | None = None,
    quick: bool = False,
    progress: Progress = silent,
) -> TimeCourseResult:
    """Fit the effects over time of all treatments that trials join to the placebo procedure.

    Parameters
    ----------
    evidence
        Checked tables.
    seed
        Of the sampler.
    outcome
        "pain" or a score of the tables.
    reviews
        Whether a review's pool stands in where no trial compares two treatments (surgery has no other link).
    studies
        Only randomised comparisons, or every controlled one.
    shape
        Of effects over time; None: an early and a late part, 1 - exp(-t/0.7) and 1 - exp(-t/6) in months.
    priors
        In points of 100.
    assumptions
        What the tables do not settle; the correlation over visits is used for errors within an arm.
    quick
        Few draws: the same path, rough numbers that may not converge.
    progress
        Told of every attempt at sampling.

    Returns
    -------
    TimeCourseResult
        Against the placebo procedure. Every visit of every trial has its own placebo response, so only differences
        within trials inform effects; cell products are exchangeable within cell therapy; an arm's true effect is
        shifted between trials by a random amount. Months above 60 are left out.

    Raises
    ------
    EvidenceError
        When no trial compares anything with the placebo procedure.
    """
    assumed = assumptions or Assumptions()
    arms = literature_arms(evidence, outcome=outcome, reviews=reviews, studies=studies, assumptions=assumed)
    model = _model(arms, shape or Shape(Course.TWO_EXPONENTIALS), assumed)
    sampler = Sampler(seed=seed, **(_QUICK if quick else {}))
    return fit_time_course(
        arms, reference=PLACEBO_PROCEDURE, model=model, sampler=sampler, priors=priors, progress=progress
    )


def _model(arms: Any, shape: Shape, assumed: Assumptions) -> TimeCourseModel:
    cells = {name: class_of(name) for name in set(arms["treatment"]) if class_of(name) != name}
    return TimeCourseModel(
        shape=shape,
        correlation=Correlation(CorrelationKind.COMPOUND_SYMMETRY, assumed.correlation_over_visits),
        classes=cells or None,
    )


_QUICK: dict[str, Any] = {"n_warmup": 300, "n_draws": 250, "n_chains": 2}


def check_consistency(
    evidence: Evidence, *, seed: int, month: float = 2.0, outcome: str = PAIN, progress: Progress = silent
) -> NodeSplits | None:
    """Split every comparison that has both direct and indirect evidence, and tell both at one month.

    Parameters
    ----------
    evidence, seed, outcome, progress
        As in `fit_literature`.
    month
        At which direct and indirect effects are told, above 0.

    Returns
    -------
    NodeSplits
        None where no loop of independent evidence exists, so that consistency cannot be checked at all.
    """
    arms = literature_arms(evidence, outcome=outcome)
    if not splittable(arms, reference=PLACEBO_PROCEDURE):
        return None
    model = _model(arms, Shape(Course.TWO_EXPONENTIALS), Assumptions())
    return split_courses(
        arms, reference=PLACEBO_PROCEDURE, model=model, month=month, sampler=Sampler(seed=seed), priors=PRIORS,
        progress=progress,
    )  # fmt: skip


def vary_correlation(
    evidence: Evidence,
    *,
    seed: int,
    correlations: Sequence[float] = (0.3, 0.8),
    months: Sequence[float] = (6.0, 12.0),
    outcome: str = PAIN,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Fit the effects over time under other correlations of one arm's visits, which no table tells.

    Parameters
    ----------
    evidence, seed, outcome, progress
        As in `fit_literature`.
    correlations
        0 to below 1.
    months
        At which effects are told.

    Returns
    -------
    pandas.DataFrame
        ``correlation, treatment, month, median, low, high, converged``.
    """
    frames = []
    for correlation in correlations:
        assumed = Assumptions(correlation_over_visits=correlation)
        made = fit_literature(evidence, seed=seed, outcome=outcome, assumptions=assumed, progress=progress)
        frame = made.frame(tuple(months))[["treatment", "month", "median", "low", "high"]]
        frames.append(frame.assign(correlation=correlation, converged=made.converged))
    return pd.concat(frames, ignore_index=True)


def literature_arms(
    evidence: Evidence,
    *,
    outcome: str = PAIN,
    reviews: Reviews | str = Reviews.STAND_IN,
    studies: StudyChoice | str = StudyChoice.RANDOMISED,
    assumptions: Assumptions | None = None,
) -> pd.DataFrame:
    """Return the visits of all arms in the island of the placebo procedure, cell products told apart.

    Returns
    -------
    pandas.DataFrame
        ``study, treatment, months, estimate, se``.

    Raises
    ------
    EvidenceError
        When no trial has the placebo procedure.
    """
    arms: Any = trial_arms(
        arm_estimates(evidence, assumptions), published_contrasts(evidence), outcome=outcome, level=Level.PRODUCT,
        studies=studies, reviews=reviews,
    )  # fmt: skip
    arms = arms[arms["month"] <= _LAST_MONTH]
    island = next((set(names) for names in islands_of(arms) if PLACEBO_PROCEDURE in names), None)
    if island is None:
        what = Problem("network", "no trial has a placebo procedure", "sham or saline arms", "choose another outcome")
        raise EvidenceError(f"effects over time of {outcome}", what)
    kept = arms[arms["treatment"].isin(island)].rename(columns={"month": "months"})
    return kept[["study", "treatment", "months", "estimate", "se"]].reset_index(drop=True)
