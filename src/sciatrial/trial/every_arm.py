"""What virtual patients of one trial's world would show in every arm at every visit, nobody lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.model import Model
from sciatrial.parameters import Draws, Prior
from sciatrial.population import Cohort, sample_patients
from sciatrial.trial.aims import EndpointMeasure, Strategy
from sciatrial.trial.conduct import conduct, score_column
from sciatrial.trial.conducted import ArmScores
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue, changes_of
from sciatrial.trial.operating import LEAST_ELIGIBLE_SHARE, draws_for, trial_seed, unblinding_of
from sciatrial.trial.response import endpoint_values
from sciatrial.trial.results import Scenario
from sciatrial.trial.time_trend import months_of_truth
from sciatrial.trial.truth import always_seen
from sciatrial.trial.unblinding import Unblinding

_AT_ONCE = 1_000


@dataclass(frozen=True)
class EveryArm:
    """The endpoint of each patient in every arm, as the estimand has it.

    ``values`` has dims ``arm, patient, occasion``: the score at the baseline and at each visit up to the endpoint's; or
    for a response 1 and 0 at each of these visits, and no baseline. NaN in all of an arm where a patient could not be
    solved in it. ``months`` belongs to the occasions, ``arms`` to the arms.
    """

    values: NDArray[np.float64]
    arms: tuple[str, ...]
    months: tuple[float, ...]

    @property
    def n_unsolved(self) -> int:
        """How many patients could not be solved in an arm, each counted in every such arm."""
        return int((~np.isfinite(self.values).all(axis=2)).sum())


def endpoint_in_every_arm(
    model: Model,
    design: Design,
    prior: Prior,
    cohort: Cohort,
    *,
    scenario: Scenario | str,
    trial: int,
    n_patients: int,
    seed: int,
    inclusion_probability: float = 0.5,
    posterior: Draws | None = None,
    unblinding: Unblinding | None = None,
    threads: int | None = None,
) -> EveryArm:
    """Simulate patients of one trial's world in every arm, nobody lost and no visit missed or moved.

    The first of them, as many as the design randomises, are those of the trial with this number. Under a time trend
    each has one of the planned months of randomisation, all equally likely, as the patients of a truth have: whoever
    draws from them draws from the whole enrolment.

    Parameters
    ----------
    model, design, prior, cohort, scenario, trial, seed, inclusion_probability, posterior, unblinding
        As in `trial_in_full`.
    n_patients
        1 to 1 000 000.

    Returns
    -------
    EveryArm

    Raises
    ------
    TrialError
        When the endpoint is neither a change nor a response, or the estimand a principal stratum: then no patient has
        a value of its own in each arm that another simulator could draw.
    CohortError
        When this draw's population cannot fill a trial.
    """
    _refuse(design)
    scenario = Scenario(scenario)
    draws = draws_for(
        prior, scenario, first=trial, count=1, seed=seed, inclusion_probability=inclusion_probability,
        posterior=posterior,
    )  # fmt: skip
    own_seed = trial_seed(seed, trial)
    patients = sample_patients(
        model, draws, cohort, draw=0, n_patients=n_patients, seed=own_seed, least_eligible_share=LEAST_ELIGIBLE_SHARE,
        threads=threads,
    )  # fmt: skip
    world = always_seen(design).model_copy(update={"visit_window_days": 0.0})
    if design.estimand.rescue is Strategy.HYPOTHETICAL:
        world = world.model_copy(update={"rescue": None})
    broken = unblinding_of(design, scenario, unblinding)
    parts = []
    for first in range(0, n_patients, _AT_ONCE):
        some = patients.only(slice(first, first + _AT_ONCE))
        done = conduct(
            model, world, [some], [own_seed], every_arm=True, unblinding=broken,
            months=[months_of_truth(design, some.numbers, own_seed)], threads=threads,
        )[0]  # fmt: skip
        parts.append([_of_arm(design, done.potential[arm]) for arm in design.arms])
    last = 1 + design.visits_months.index(design.endpoint.month)
    is_change = design.endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE
    months = (0.0, *design.visits_months)[0 if is_change else 1 : last + 1]
    values = np.stack([np.concatenate([part[place] for part in parts]) for place in range(len(design.arms))])
    return EveryArm(values, tuple(design.arms), tuple(float(month) for month in months))


def _refuse(design: Design) -> None:
    measure = design.endpoint.measure
    if measure not in (EndpointMeasure.CHANGE_FROM_BASELINE, EndpointMeasure.RESPONSE):
        expected = f"{EndpointMeasure.CHANGE_FROM_BASELINE} or {EndpointMeasure.RESPONSE}"
        hint = "export the datasets of single trials instead"
        raise TrialError("virtual patients", Problem("endpoint.measure", f"is {measure}", expected, hint))
    if design.estimand.rescue is Strategy.PRINCIPAL_STRATUM:
        found, expected = "is a principal stratum, to which nobody belongs in one arm alone", "another strategy"
        hint = "export the datasets of single trials instead"
        raise TrialError("virtual patients", Problem("estimand.rescue", found, expected, hint))


def _of_arm(design: Design, arm: ArmScores) -> NDArray[Any]:
    """Return the endpoint of every patient in one arm; dims ``patient, occasion``."""
    last = 1 + design.visits_months.index(design.endpoint.month)
    if design.endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE:
        score = arm.scores[:, : last + 1, score_column(design.endpoint.outcome)]
        values = score
        if design.estimand.rescue is not Strategy.HYPOTHETICAL:  # its world has no rescue
            after = after_rescue(arm.rescued)[:, : last + 1]
            values = score[:, :1] + changes_of(design.estimand, score - score[:, :1], after)
    else:
        values = np.concatenate(
            [
                endpoint_values(_judged_at(design, month), arm.scores, arm.rescued)
                for month in design.visits_months[:last]
            ],
            axis=1,
        )
    return np.where(arm.is_solved[:, None], values, np.nan)


def _judged_at(design: Design, month: float) -> Design:
    return design.model_copy(update={"endpoint": design.endpoint.model_copy(update={"month": month})})
