"""What the clinic sees of a patient: scores that fluctuate, are misjudged, rounded, and end at a floor and a ceiling.

Two errors, added: a fluctuation of days to weeks, which is real for the patient but not part of the modelled disease
and is remembered from one visit to the next when they are close; and the error of a single measurement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.clinic import equations
from sciatrial.clinic.numbers import Numbers
from sciatrial.foundation import Score, normals, scale_of, uniforms

SCORES: tuple[Score, ...] = tuple(Score)

# ten items of 0 to 5 make the Oswestry index a multiple of 2; the Roland-Morris score counts sentences
_STEP = {Score.DISABILITY: 2.0, Score.ROLAND_MORRIS: 1.0, Score.QUALITY_OF_LIFE: 0.001}
# who answers a scale of 0 to 100 in tens, and who in fives; the others use every point
_HABITS = (("tens", 10.0), ("fives", 5.0))
_LEAST_FLUCTUATION_DAYS = 1.0


def measurement_errors(
    score: Score, days: ArrayLike, *, numbers: Numbers, seed: int, patients: ArrayLike
) -> NDArray[np.float64]:
    """Return the errors of a patient's measurements, in the score's points.

    The error belongs to patient, score and day alone, so it is the same in every arm and whatever else is measured.

    Parameters
    ----------
    score
        What is measured.
    days
        Days after entry, 0 or more; dims ``visit``. Day 0 is the measurement at entry.
    numbers
        One draw; gives the standard deviations, the memory of the fluctuation and how far scores fluctuate together.
    seed
        Any whole number.
    patients
        Patient numbers; dims ``patient``.

    Returns
    -------
    numpy.ndarray
        dims ``patient, visit``. The fluctuation is a normal process with the same variance on every day; over many
        patients, two visits are correlated the more the closer they are, whenever the first one is, and not at all
        when two memories lie between them.
    """
    visits = np.atleast_1d(np.asarray(days, dtype=float))
    fluctuation = numbers.value("fluctuation_sd", (str(score),))
    error = numbers.value("measurement_sd", (str(score),))
    memory = max(numbers.value("fluctuation_days"), _LEAST_FLUCTUATION_DAYS)
    shared = numbers.value("fluctuation_shared_fraction")
    # on a bad day every score is worse, and only of quality of life that is a lower one
    worse = -1.0 if score == Score.QUALITY_OF_LIFE else 1.0
    columns = []
    for day in visits:
        columns.append(
            equations.measurement_error.value(
                fluctuation_sd=fluctuation,
                worse=worse,
                fluctuation_shared_fraction=shared,
                common_fluctuation=_fluctuation("all scores", day, memory, seed, patients),
                own_fluctuation=_fluctuation(str(score), day, memory, seed, patients),
                measurement_sd=error,
                single_luck=normals(seed, f"measurement of {score} on day {day:.6g}", patients),
            )
        )
    return np.stack(columns, axis=1)


def _fluctuation(what: str, day: float, memory: float, seed: int, patients: ArrayLike) -> NDArray[np.float64]:
    """Return a standard normal process on one day: neighbours on a grid of one memory, mixed by distance.

    Each patient's grid begins at a point of its own, so that no day of a trial is special.
    """
    numbers = np.asarray(patients)
    place = day / memory + uniforms(seed, f"beginning of the fluctuation of {what}", numbers)
    before = np.floor(place).astype(np.int64)
    share = place - before
    early, late = np.empty(numbers.shape), np.empty(numbers.shape)
    for period in np.unique(before):
        mine = before == period
        early[mine] = normals(seed, f"fluctuation of {what}, period {period}", numbers[mine])
        late[mine] = normals(seed, f"fluctuation of {what}, period {period + 1}", numbers[mine])
    return equations.fluctuation.value(share_of_period=share, luck_before=early, luck_after=late)


def answer_steps(score: Score, *, numbers: Numbers, seed: int, patients: ArrayLike) -> NDArray[np.float64]:
    """Return the step in which each patient answers a scale; dims ``patient``.

    A scale of 0 to 100 is answered in tens, in fives or in single points, by habit; an index has its own steps.
    """
    if score in _STEP:
        return np.full(np.shape(patients), _STEP[score])
    luck = uniforms(seed, "habit of answering a scale", patients)
    steps = np.ones(luck.shape)
    below = 0.0
    for habit, step in _HABITS:
        share = numbers.value("answers_in_steps_fraction", (habit,))
        steps[(luck >= below) & (luck < below + share)] = step
        below += share
    return steps


def measured(
    score: Score, true: NDArray[np.float64], error: NDArray[np.float64], steps: ArrayLike
) -> NDArray[np.float64]:
    """Return the score as the clinic records it, within the scale's floor and ceiling and rounded to its step.

    Parameters
    ----------
    score
        What is measured.
    true, error
        The model's score and the error of the measurement; the same dims, ``patient`` first.
    steps
        Step of each patient's answers; dims ``patient`` or anything that fits `true`.
    """
    low, high, _ = scale_of(score)
    step = np.asarray(steps, dtype=float)
    return np.clip(np.round(np.clip(true + error, low, high) / step) * step, low, high)


def true_score_above(above: float, error: NDArray[np.float64], steps: ArrayLike) -> NDArray[np.float64]:
    """Return the true score beyond which the recorded one exceeds `above`; dims of `error`."""
    step = np.asarray(steps, dtype=float)
    return (np.floor(above / step + 1e-9) + 0.5) * step - error
