"""A pool of virtual patients, each simulated once in every arm, from which trials are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, Progress, Record, TrialError, derived_seed, silent
from sciatrial.model import Model
from sciatrial.parameters import Draws
from sciatrial.population import Cohort, Patients, sample_patients
from sciatrial.trial.aims import Strategy
from sciatrial.trial.conduct import conduct, score_column
from sciatrial.trial.conducted import ArmScores, Conducted
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.truth import Sampled, Truth, always_seen, true_values, truth_of
from sciatrial.trial.worlds import outcomes_by_world

if TYPE_CHECKING:
    import pandas as pd

POOL_RATIO = 50  # patients of a pool for each patient of the largest trial drawn from it
LEAST_ELIGIBLE_SHARE = 0.01
_AT_ONCE = 1_000


@dataclass(frozen=True)
class PatientPool(Record):
    """Patients of one draw with what each would show in every arm, were nobody lost.

    ``scores`` (of the endpoint, as measured) and ``rescued`` have dims ``arm, patient, occasion``, occasion 0 the
    baseline and then the visits; ``is_solved`` dims ``arm, patient``. ``covariates`` has one row a patient. ``window``
    is the size of the largest trial. ``truth`` is the true effect of each comparison in the population, from patients
    who are not in the pool; ``own`` the mean of the pool's patients, around which its
    trials vary (NaN under a hypothetical strategy); each with its
    Monte-Carlo error, dims ``comparison``. ``place`` is the draw's number. ``made_for`` has the settings of the design
    on which all this depends; see `settings_of_pool`.
    """

    place: int
    seed: int
    window: int
    arms: tuple[str, ...]
    visits_months: tuple[float, ...]
    outcome: str
    made_for: Mapping[str, Any]
    scores: NDArray[np.float64]
    rescued: NDArray[np.bool_]
    is_solved: NDArray[np.bool_]
    covariates: pd.DataFrame
    screening: Mapping[str, Any]
    truth: NDArray[np.float64]
    truth_errors: NDArray[np.float64]
    own: NDArray[np.float64]
    own_errors: NDArray[np.float64]

    def __len__(self) -> int:
        return self.scores.shape[1]

    @property
    def baseline(self) -> NDArray[np.float64]:
        """The endpoint's score at entry, the same in every arm; dims ``patient``."""
        return self.scores[0, :, 0]

    @property
    def variance_share(self) -> float:
        """Share of the variance between trials that is missing among those of one pool: the largest size over its."""
        return self.window / len(self)

    def table(self) -> pd.DataFrame:
        """Return the covariates, one row a patient."""
        return self.covariates

    def __repr__(self) -> str:
        effects = ", ".join(
            f"{value:.2f} ± {error:.2f}" for value, error in zip(self.own, self.own_errors, strict=True)
        )
        return f"PatientPool: {len(self)} patients in {len(self.arms)} arms\n  mean difference {effects}"


def settings_of_pool(design: Design) -> dict[str, Any]:
    """Return what the patients of a pool and their truth depend on: key of a study file → value, nested."""
    words = design.model_dump(include={"arms", "visits_months", "endpoint", "estimand", "rescue"})
    return words | {"comparisons": tuple(item.name for item in design.compared())}


def make_pool(
    model: Model,
    design: Design,
    draws: Draws,
    cohort: Cohort,
    *,
    place: int,
    seed: int,
    n_patients: int | None = None,
    window: int | None = None,
    with_truth: bool = True,
    threads: int | None = None,
    progress: Progress = silent,
) -> PatientPool:
    """Simulate the patients of one draw, each in every arm.

    Parameters
    ----------
    model, design, draws, cohort
        The equations; arms, visits, endpoint and rescue; what is believed; who enrols. How the design randomises,
        recruits and loses patients plays no part: that is drawn with the trials.
    place
        The draw's number among the draws.
    seed
        Any whole number; the pool of a draw is the same whatever other pools are made.
    n_patients
        Patients of the pool; left out, 50 times the largest trial.
    window
        Patients of the largest trial that is to be drawn; left out, the design's.
    with_truth
        Whether further patients tell the truth of the population; without, it is NaN, and bias has no meaning.

    Returns
    -------
    PatientPool

    Raises
    ------
    TrialError
        When the pool is smaller than one trial.
    CohortError
        When fewer than 1 in 100 candidates of this draw meet the criteria.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    window = design.size if window is None else window
    n_patients = POOL_RATIO * window if n_patients is None else n_patients
    if n_patients < window:
        found, expected = f"{n_patients} for trials of {window}", f"{window} or more; {POOL_RATIO * window} by default"
        raise TrialError("pool", Problem("n_patients", found, expected, "simulate more patients"))
    own_seed = derived_seed(seed, f"pool {place}")
    design = always_seen(design).model_copy(update={"visit_window_days": 0.0})
    patients = sample_patients(
        model, draws, cohort, draw=place, n_patients=n_patients, seed=own_seed,
        least_eligible_share=LEAST_ELIGIBLE_SHARE, threads=threads, progress=progress,
    )  # fmt: skip
    progress.start("patients in every arm", n_patients)
    parts = []
    for first in range(0, n_patients, _AT_ONCE):
        some = patients.only(slice(first, first + _AT_ONCE))
        parts.append(_in_every_arm(model, design, some, own_seed, threads))
        if not progress.advance(len(some)):
            raise KeyboardInterrupt
    progress.finish()
    arms = {arm: _joined([part[0][arm] for part in parts]) for arm in design.arms}
    own = truth_of(design, np.concatenate([part[1] for part in parts]))
    if design.estimand.rescue is Strategy.HYPOTHETICAL:  # no patient of the pool is in a world without rescue
        own = replace(own, values=np.full_like(own.values, np.nan), errors=np.full_like(own.errors, np.nan))
    truth = Truth(np.full_like(own.values, np.nan), np.full_like(own.errors, np.nan), 0)
    if with_truth:
        errors = np.array([_trial_error(design, arms, item, window) for item in design.compared()])
        truth = true_values(
            model, design, draws, cohort, [Sampled(place, place, own_seed)], errors[None],
            least_eligible_share=LEAST_ELIGIBLE_SHARE, threads=threads,
        )[0]  # fmt: skip
    return PatientPool(
        place=place,
        seed=own_seed,
        window=window,
        arms=tuple(design.arms),
        visits_months=tuple(design.visits_months),
        outcome=str(design.endpoint.outcome),
        made_for=settings_of_pool(design),
        scores=np.stack([arm.scores for arm in arms.values()]),
        rescued=np.stack([arm.rescued for arm in arms.values()]),
        is_solved=np.stack([arm.is_solved for arm in arms.values()]),
        covariates=patients.covariates,
        screening=patients.screening,
        truth=truth.values,
        truth_errors=truth.errors,
        own=own.values,
        own_errors=own.errors,
    )


def _in_every_arm(
    model: Model, design: Design, patients: Patients, seed: int, threads: int | None
) -> tuple[dict[str, ArmScores], NDArray[np.float64]]:
    """Return the endpoint's score of some patients in every arm, and what it shows by comparison."""
    trial: Conducted = conduct(model, design, [patients], [seed], every_arm=True, threads=threads)[0]
    column = score_column(design.endpoint.outcome)
    kept = {
        arm: ArmScores(found.scores[:, :, column], found.rescued, found.is_solved)
        for arm, found in trial.potential.items()
    }
    return kept, outcomes_by_world(design, trial)


def _joined(parts: list[ArmScores]) -> ArmScores:
    names = ("scores", "rescued", "is_solved")
    return ArmScores(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _trial_error(design: Design, arms: Mapping[str, ArmScores], comparison: Comparison, window: int) -> float:
    """Return about the standard error that the largest trial has of a comparison: how exact a truth must be."""
    last = 1 + design.visits_months.index(design.endpoint.month)
    shares = design.ratio
    variance = 0.0
    for arm in (comparison.arm, comparison.control):
        values = arms[arm].scores[arms[arm].is_solved]
        change, baseline = values[:, last] - values[:, 0], values[:, 0]
        explained = np.corrcoef(change, baseline)[0, 1] ** 2 if np.ptp(baseline) > 0 and np.ptp(change) > 0 else 0.0
        variance += change.var() * (1 - explained) * sum(shares.values()) / (window * shares[arm])
    return float(np.sqrt(variance))
