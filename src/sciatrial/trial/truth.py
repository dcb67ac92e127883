"""The true value of a trial's estimand: many more patients under the same draw, each simulated in every arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import CohortError, derived_seed
from sciatrial.model import Model
from sciatrial.parameters import Draws
from sciatrial.population import Cohort, Patients, sample_patients
from sciatrial.trial.conduct import ArmScores, Conducted, conduct, score_column
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import Strategy, after_rescue, changes_of
from sciatrial.trial.randomisation import Randomisation

# the Monte-Carlo error of a truth is at most this share of the trial's standard error, as far as the limits below allow
_SHARE_OF_ERROR = 0.1
_FIRST_PATIENTS, _MOST_PATIENTS = 100, 4_000
# the spread is estimated from the first patients; a fifth more patients than it asks for cover its doubt
_MARGIN = 1.2


@dataclass(frozen=True)
class Truth:
    """The true value of each comparison's estimand, its Monte-Carlo error and the patients behind it."""

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    n_patients: int


@dataclass(frozen=True)
class Sampled:
    """Where the patients of a truth come from: those of trial `trial`, whose draw is at `place` among the draws."""

    place: int
    trial: int
    seed: int  # of the trial


def true_values(
    model: Model,
    design: Design,
    draws: Draws,
    cohort: Cohort,
    sampled: Sequence[Sampled],
    standard_errors: NDArray[np.float64],
    *,
    least_eligible_share: float,
    threads: int | None = None,
) -> list[Truth]:
    """Return the truth of each trial's estimand under the draw that it meets.

    Patients are independent of the trial's own, follow its visits, and are simulated in every arm with the same luck; a
    hypothetical estimand without rescue is simulated without rescue. One hundred patients tell the spread of the
    differences between a patient's worlds, and then as many are simulated, 4000 at most, as bring the error below a
    tenth of the trial's standard error.

    Parameters
    ----------
    sampled
        One a trial.
    standard_errors
        Of the trials' estimates, NaN where there is none; dims ``trial, comparison``.
    least_eligible_share
        As in `sample_patients`.

    Returns
    -------
    list
        One `Truth` a trial; NaN where no further patients could be found.
    """
    world = world_of(design)

    def patients_of(item: Sampled, n: int) -> Patients | None:
        try:
            return sample_patients(
                model, draws, cohort, draw=item.place, n_patients=n, seed=derived_seed(item.seed, "truth"),
                least_eligible_share=least_eligible_share, threads=threads,
            )  # fmt: skip
        except CohortError:
            return None

    first = [patients_of(item, _FIRST_PATIENTS) for item in sampled]
    found: list[NDArray[np.float64]] = [np.empty((0, len(design.compared()))) for _ in sampled]
    able = [place for place, patients in enumerate(first) if patients is not None]
    groups = [patients for patients in first if patients is not None]
    seeds = [derived_seed(sampled[place].seed, "truth") for place in able]
    for place, trial in zip(able, conduct(model, world, groups, seeds, every_arm=True, threads=threads), strict=True):
        found[place] = differences(design, trial)
    for place, seed in zip(able, seeds, strict=True):
        needed = _needed(found[place], standard_errors[place])
        more = patients_of(sampled[place], needed) if needed > _FIRST_PATIENTS else None
        if more is not None:
            rest = more.only(slice(_FIRST_PATIENTS, None))
            trial = conduct(model, world, [rest], [seed], every_arm=True, threads=threads)[0]
            found[place] = np.concatenate([found[place], differences(design, trial)])
    return [_truth(values) for values in found]


def world_of(design: Design) -> Design:
    """Return the design under which the truth of its estimand is simulated.

    Everybody is in every arm and always seen: nobody is randomised, comes to a site or leaves.
    """
    everybody = {
        "randomisation": Randomisation(), "accrual": None, "dropout_per_year": 0.0, "dropout_hazard": None,
        "missing_visits": None,
    }  # fmt: skip
    without_rescue = {"rescue": None} if design.estimand.rescue is Strategy.HYPOTHETICAL else {}
    return design.model_copy(update=everybody | without_rescue)


def differences(design: Design, trial: Conducted) -> NDArray[np.float64]:
    """Return arm minus control at the endpoint within each patient; dims ``patient, comparison``.

    NaN where a patient could not be solved in one of the two.
    """
    columns = [
        _changes(design, trial.potential[item.arm]) - _changes(design, trial.potential[item.control])
        for item in design.compared()
    ]
    return np.stack(columns, axis=1)


def _changes(design: Design, arm: ArmScores) -> NDArray[np.float64]:
    """Return the change at the endpoint in one arm, as the estimand has it; dims ``patient``."""
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    scores = arm.scores[:, :, score_column(design.endpoint.outcome)]
    change = scores - scores[:, :1]
    if design.estimand.rescue is not Strategy.HYPOTHETICAL:  # its world has no rescue
        change = changes_of(design.estimand, change, after_rescue(arm.rescued))
    return np.where(arm.is_solved, change[:, occasion], np.nan)


def _needed(values: NDArray[np.float64], standard_errors: NDArray[np.float64]) -> int:
    """Return how many patients bring the error of every comparison below its share of the trial's."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nanstd(values, axis=0, ddof=1) / (_SHARE_OF_ERROR * standard_errors)
    finite = ratio[np.isfinite(ratio)]
    return min(_MOST_PATIENTS, ceil(_MARGIN * float(finite.max()) ** 2)) if len(finite) else 0


def _truth(values: NDArray[np.float64]) -> Truth:
    n = np.isfinite(values).sum(axis=0)
    enough = n > 1
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=0)
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=enough)
    squares = np.where(np.isfinite(values), (values - mean) ** 2, 0.0).sum(axis=0)
    error = np.sqrt(np.divide(squares, (n - 1) * n, out=np.full(n.shape, np.nan), where=enough))
    return Truth(mean, error, len(values))
