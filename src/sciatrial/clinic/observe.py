"""What the clinic sees of a patient: scores with measurement error, a floor and a ceiling."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.clinic.treat import Numbers
from sciatrial.foundation import Score, normals

SCORES: tuple[Score, ...] = tuple(Score)

# EQ-5D-3L index of the United Kingdom value set: worst and best health state
_RANGE = {score: (0.0, 100.0) for score in Score} | {Score.QUALITY_OF_LIFE: (-0.594, 1.0)}


def measurement_error(
    score: Score, occasion: str, *, numbers: Numbers, seed: int, patients: ArrayLike
) -> NDArray[np.float64]:
    """Return the error of one measurement in each patient, in the score's points.

    The error belongs to patient, score and occasion alone, so it is the same in every arm.

    Parameters
    ----------
    score
        What is measured.
    occasion
        When, in words, for example ``"month 6"``.
    numbers
        One draw; gives the standard deviation.
    seed
        Any whole number.
    patients
        Patient numbers; dims ``patient``.
    """
    sd = numbers.value("measurement_sd", (str(score),))
    return sd * normals(seed, f"measurement of {score} at {occasion}", patients)


def measured(score: Score, true: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the score as the clinic records it: 0 to 100, or an EQ-5D index of -0.594 to 1."""
    low, high = _RANGE[score]
    return np.clip(true + error, low, high)
