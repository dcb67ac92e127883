"""One draw of the parameters → what becomes of patients of whom facts are told.

A fact is predicted by patients who are sampled, treated and followed by the functions that a trial uses; one group of
patients, a scene, serves many facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from sciatrial.clinic import Protocol, answer_steps, measured, measurement_errors
from sciatrial.engine import Events, Status, simulate
from sciatrial.foundation import (
    DAYS_PER_MONTH,
    WEEKS_PER_MONTH,
    Cause,
    CohortError,
    Intervention,
    Route,
    Score,
    SolverError,
)
from sciatrial.population import HERNIATION_CLASSES, AgeYears, Cohort, sample_patients, treated_patients

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sciatrial.calibration.facts import FactTerms
    from sciatrial.model import Model
    from sciatrial.parameters import Draw

_FEWEST = 8  # patients behind a share; of fewer it is not computed
LEAST_PERCENT, MOST_PERCENT = 1.0, 99.0
_LEAST_ELIGIBLE = 0.02  # of those screened; a scene for which fewer qualify is not computed
_MOST_UNSOLVED = 0.05
_CHRONIC_MONTHS = 3.0
_AGES = AgeYears.model_validate({"mean": 45, "sd": 11, "from": 18, "to": 85})
_HERNIATED = "herniated_volume"
_SCORES = (Score.LEG_PAIN, Score.BACK_PAIN, Score.NUMBNESS, Score.TINGLING, Score.WEAKNESS)
OUTPUTS = (*map(str, _SCORES), _HERNIATED)

WAITING, SHAM, SURGERY = "waiting", "sham", "surgery"
_PROTOCOLS: Mapping[str, Protocol | None] = {
    WAITING: None,
    SHAM: Protocol(intervention=Intervention.SHAM, route=Route.EPIDURAL_CAUDAL),
    # an assumption: who is given early surgery waits two weeks for it
    SURGERY: Protocol(intervention=Intervention.SURGERY, weeks_until_treatment=2),
}


@dataclass(frozen=True)
class Scene:
    """Who is followed, under which arms, and when somebody looks.

    `symptom_months` at entry and `eligible` (score → lowest and highest measured value) as in a cohort; `months` after
    entry; `size` is the share of the asked number of patients.
    """

    cause: Cause
    symptom_months: tuple[float, float]
    eligible: Mapping[Score, tuple[float, float]]
    months: tuple[float, ...]
    arms: tuple[str, ...] = (WAITING,)
    size: float = 1.0


_SIX_WEEKS = 6 / WEEKS_PER_MONTH
# an assumption: patients are asked at the visits that trials of surgery commonly have
_VISITS_TO_HALF_A_YEAR = tuple(week / WEEKS_PER_MONTH for week in (0, 2, 4, 8, 12, 26))

SCENES: Mapping[str, Scene] = MappingProxyType(
    {
        # whoever falls ill, from the first days
        "from_onset": Scene(
            Cause.HERNIATION,
            (0.1, 0.1),
            {},
            (0.0, 0.15, 1.15, *(float(month) for month in range(2, 25))),
        ),
        # as in the trial of early surgery: 6 to 12 weeks of sciatica that has not eased
        "severe_sciatica": Scene(
            Cause.HERNIATION,
            (1.4, 2.8),
            {Score.LEG_PAIN: (40, 100)},
            (*_VISITS_TO_HALF_A_YEAR, 12.0, 24.0),
            (WAITING, SURGERY),
            size=0.75,
        ),
        # six weeks to two years, with the visits of SPORT
        "long_sciatica": Scene(
            Cause.HERNIATION,
            (1.4, 24.0),
            {Score.LEG_PAIN: (30, 100)},
            (0.0, _SIX_WEEKS, 3.0, 6.0, 12.0, 24.0, 36.0, 48.0),
            (WAITING, SHAM),
            size=0.75,
        ),
        "stenosis": Scene(Cause.STENOSIS, (6.0, 60.0), {Score.LEG_PAIN: (30, 100)}, (0.0, 36.0, 49.0), size=0.5),
        # three months to a year; nobody is turned away
        "persistent_back_pain": Scene(Cause.DISCOGENIC, (3.0, 12.0), {}, (0.0,), size=0.5),
    }
)


@dataclass(frozen=True)
class _Course:
    """Patients of a scene and what became of them: arm → values with dims ``patient, month, output``."""

    draw: Draw
    seed: int
    numbers: NDArray[np.int64]
    covariates: pd.DataFrame
    months: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]

    def at(self, month: float) -> int:
        """Return the place of the look nearest to a month."""
        return int(np.argmin(np.abs(self.months - month)))

    def of(self, rows: NDArray[np.bool_]) -> _Course:
        """Return some of the patients; `rows` has dims ``patient``."""
        values = {arm: of_arm[rows] for arm, of_arm in self.values.items()}
        return replace(self, numbers=self.numbers[rows], covariates=self.covariates.loc[rows], values=values)

    def true(self, arm: str, output: str) -> NDArray[np.float64]:
        """Return an output as it is; dims ``patient, month``."""
        return self.values[arm][:, :, OUTPUTS.index(output)]

    def seen(self, row: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return the score of a fact in its arm, as it is or as the clinic records it; dims ``patient, month``."""
        true = self.true(row["arm"], row["score"])
        if row["look"] == "true":
            return true
        score = Score(row["score"])
        luck: dict[str, Any] = {"numbers": self.draw, "seed": self.seed, "patients": self.numbers}
        errors = measurement_errors(score, self.months * DAYS_PER_MONTH, **luck)
        return measured(score, true, errors, answer_steps(score, **luck)[:, None])


def _percent(flags: NDArray[np.bool_]) -> float:
    """Return the share of a few as seen from many: with half a patient more on each side its logit has no bias."""
    return float(100 * (flags.sum() + 0.5) / (len(flags) + 1)) if len(flags) >= _FEWEST else np.nan


def _among(course: _Course, row: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Return whom a fact is about; dims ``patient``."""
    word = row["among"]
    if word == "all":
        return np.ones(len(course.numbers), dtype=bool)
    if word == "chronic":
        return course.covariates["symptom_months"].to_numpy(dtype=float) >= _CHRONIC_MONTHS
    return course.covariates["herniation_class"].to_numpy() == word


def _share_above(course: _Course, row: Mapping[str, Any]) -> float:
    return _percent(course.seen(row)[:, course.at(row["months"])] > row["threshold"])


def _share_at_most(course: _Course, row: Mapping[str, Any]) -> float:
    return _percent(course.seen(row)[:, course.at(row["months"])] <= row["threshold"])


def _share_halved(course: _Course, row: Mapping[str, Any]) -> float:
    scores = course.seen(row)
    return _percent(scores[:, course.at(row["months"])] <= scores[:, course.at(row["since"])] / 2)


def _share_still_above(course: _Course, row: Mapping[str, Any]) -> float:
    """Return how many of those above the threshold at first are above it later."""
    above = course.seen(row) > row["threshold"]
    return _percent(above[above[:, course.at(row["since"])], course.at(row["months"])])


def _share_cleared(course: _Course, row: Mapping[str, Any]) -> float:
    return 100 - _share_still_above(course, row)


def _share_shrunk(course: _Course, row: Mapping[str, Any]) -> float:
    """Return for how many the herniation has lost `threshold` percent or more of its volume."""
    volume = course.seen(row)
    left = volume[:, course.at(row["months"])] / volume[:, 0]
    return _percent(left <= 1 - row["threshold"] / 100)


def _fall_of_mean(course: _Course, row: Mapping[str, Any]) -> float:
    scores = course.seen(row)
    before, after = scores[:, course.at(row["since"])].mean(), scores[:, course.at(row["months"])].mean()
    return float(100 * (1 - after / before)) if before > 0 else np.nan


def _mean(course: _Course, row: Mapping[str, Any]) -> float:
    return float(course.seen(row)[:, course.at(row["months"])].mean())


def _change(course: _Course, row: Mapping[str, Any]) -> NDArray[np.float64]:
    scores = course.seen(row)
    return scores[:, course.at(row["months"])] - scores[:, course.at(row["since"])]


def _share_unchanged(course: _Course, row: Mapping[str, Any]) -> float:
    return _percent(np.abs(_change(course, row)) < row["threshold"])


def _share_worse(course: _Course, row: Mapping[str, Any]) -> float:
    return _percent(_change(course, row) >= row["threshold"])


def _share_better(course: _Course, row: Mapping[str, Any]) -> float:
    return _percent(_change(course, row) <= -row["threshold"])


def _months_to_threshold(course: _Course, row: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return when each patient is first seen at or below the threshold; infinity where never up to `months`."""
    looks = (course.months > 0) & (course.months <= row["months"] + 1e-6)
    below = course.seen(row)[:, looks] <= row["threshold"]
    return np.where(below.any(axis=1), course.months[looks][below.argmax(axis=1)], np.inf)


def _share_recovered(course: _Course, row: Mapping[str, Any]) -> float:
    return _percent(np.isfinite(_months_to_threshold(course, row)))


def _recovery_rate_ratio(course: _Course, row: Mapping[str, Any]) -> float:
    """Return recoveries a month of the fact's arm over those of waiting; half a recovery added to each."""
    rates = []
    for arm in (row["arm"], WAITING):
        when = _months_to_threshold(course, {**row, "arm": arm})
        rates.append((np.isfinite(when).sum() + 0.5) / np.minimum(when, row["months"]).sum())
    return float(rates[0] / rates[1])


def _share_resolved(course: _Course, row: Mapping[str, Any]) -> float:
    """Return how many are at or below the threshold at any later look."""
    return _percent((course.seen(row)[:, 1:] <= row["threshold"]).any(axis=1))


def _share_recurred(course: _Course, row: Mapping[str, Any]) -> float:
    """Return how many of those who resolved are seen at `returns_at` or more within `months` after it.

    Resolved is who was at `returns_at` or more and then is at or below the threshold, at `looks_in_a_row`.
    """
    scores, looks = course.seen(row), round(row["looks_in_a_row"])
    well, bad = scores <= row["threshold"], scores >= row["returns_at"]
    n_starts = well.shape[1] - looks + 1
    resolved = np.logical_or.accumulate(bad, axis=1)[:, :n_starts]
    resolved &= np.all([well[:, look : look + n_starts] for look in range(looks)], axis=0)
    came_back: list[bool] = []
    for patient in np.flatnonzero(resolved.any(axis=1)):
        place = int(resolved[patient].argmax()) + looks - 1
        ahead = (course.months > course.months[place]) & (course.months <= course.months[place] + row["months"] + 1e-6)
        if course.months[-1] >= course.months[place] + row["months"] - 1e-6:
            came_back.append(bool(bad[patient, ahead].any()))
    return _percent(np.array(came_back, dtype=bool))


_Statistic = Callable[[_Course, Mapping[str, Any]], float]
# each with the columns that it needs
STATISTICS: Mapping[str, tuple[_Statistic, tuple[str, ...]]] = MappingProxyType(
    {
        "share_above": (_share_above, ("months", "threshold")),
        "share_at_most": (_share_at_most, ("months", "threshold")),
        "share_halved": (_share_halved, ("since", "months")),
        "share_still_above": (_share_still_above, ("since", "months", "threshold")),
        "share_cleared": (_share_cleared, ("since", "months", "threshold")),
        "share_shrunk": (_share_shrunk, ("months", "threshold")),
        "fall_of_mean": (_fall_of_mean, ("since", "months")),
        "mean": (_mean, ("months",)),
        "share_unchanged": (_share_unchanged, ("since", "months", "threshold")),
        "share_worse": (_share_worse, ("since", "months", "threshold")),
        "share_better": (_share_better, ("since", "months", "threshold")),
        "share_recovered": (_share_recovered, ("threshold",)),
        "recovery_rate_ratio": (_recovery_rate_ratio, ("months", "threshold")),
        "share_resolved": (_share_resolved, ("threshold",)),
        "share_recurred": (_share_recurred, ("months", "threshold", "returns_at", "looks_in_a_row")),
    }
)

AMONG = ("all", "chronic", *HERNIATION_CLASSES)


def forward_facts(
    model: Model,
    facts: FactTerms,
    draw: Draw,
    *,
    seed: int,
    n_patients: int = 400,
    tolerance: float = 1e-3,
    threads: int | None = None,
) -> NDArray[np.float64]:
    """Predict every fact under one draw.

    Parameters
    ----------
    model, facts, draw
        The equations, what to predict, and population values with spreads.
    seed
        Of the patients' luck; any whole number.
    n_patients
        In the largest scene; the others have half to three quarters as many.
    tolerance
        Of the solver.
    threads
        By default as many as there are cores for this process.

    Returns
    -------
    numpy.ndarray
        dims ``fact``, on the transformed scale of the facts; shares are held within 1 and 99 %. NaN where the scene
        finds too few patients, or too few of them are concerned.
    """
    values = np.full(len(facts), np.nan)
    scenes = facts.rows["scene"].to_numpy()
    for word in dict.fromkeys(scenes):
        size = max(_FEWEST, round(n_patients * SCENES[word].size))
        try:
            course = _followed(model, draw, word, n_patients=size, seed=seed, tolerance=tolerance, threads=threads)
        except (CohortError, SolverError):
            continue  # told by the NaN that it leaves
        for place in np.flatnonzero(scenes == word):
            row = {str(name): value for name, value in facts.rows.iloc[place].items()}
            statistic, _ = STATISTICS[row["statistic"]]
            concerned = course.of(_among(course, row))
            values[place] = transformed(row["transform"], statistic(concerned, row))
    return values


def _followed(
    model: Model, draw: Draw, word: str, *, n_patients: int, seed: int, tolerance: float, threads: int | None
) -> _Course:
    """Sample the patients of a scene and follow them under each of its arms, all in one batch."""
    scene = SCENES[word]
    cohort = Cohort(
        name=word,
        cause=scene.cause,
        symptom_months=scene.symptom_months,
        age_years=_AGES,
        percent_female=50,
        eligible=dict(scene.eligible),
    )
    patients = sample_patients(
        model, draw, cohort, n_patients=n_patients, seed=seed, least_eligible_share=_LEAST_ELIGIBLE, threads=threads
    )
    n, days = len(patients), np.round(np.array(scene.months) * DAYS_PER_MONTH, 6)
    chance = patients.later_events(model, days[-1])
    parameters, events = [], []
    for place, arm in enumerate(scene.arms):
        mine, given = patients.parameters, Events.none()
        protocol = _PROTOCOLS[arm]
        if protocol is not None:
            mine, given = treated_patients(model, patients, protocol, seed=seed, last_day=days[-1])
        both = Events.joined(chance, given)
        parameters.append(mine)
        events.append(Events(both.patient + place * n, both.day, both.state, both.factor, both.amount))
    run = simulate(
        model,
        np.concatenate(parameters),
        np.tile(patients.entry_states, (len(scene.arms), 1)),
        times_days=days,
        events=Events.joined(*events),
        outputs=OUTPUTS,
        tolerance=tolerance,
        threads=threads,
        max_failed_fraction=_MOST_UNSOLVED,
    )
    is_solved = np.all(
        [run.status[place * n : (place + 1) * n] == Status.SOLVED for place in range(len(scene.arms))], axis=0
    )
    return _Course(
        draw,
        seed,
        patients.numbers[is_solved],
        patients.covariates.loc[is_solved],
        np.array(scene.months),
        {arm: run.values[place * n : (place + 1) * n][is_solved] for place, arm in enumerate(scene.arms)},
    )


def transformed(transform: str, value: float) -> float:
    """Return a printed or simulated value on the scale on which a fact is fitted; shares within 1 and 99 %."""
    if transform == "logit":
        share = np.clip(value, LEAST_PERCENT, MOST_PERCENT) / 100
        return float(np.log(share / (1 - share)))
    return float(np.log(value)) if transform == "log" else float(value)
