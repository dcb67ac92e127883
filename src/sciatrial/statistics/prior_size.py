"""How many patients a prior is worth."""

from __future__ import annotations

import numpy as np

from sciatrial.statistics.normal_mixture import NormalMixture


def information_size(prior: NormalMixture, patient_sd: float) -> float:
    """Return the expected local information ratio: information of the prior over that of one patient, averaged.

    For a prior with density p this is ``patient_sd² ∫ p'² / p``, since the second derivative integrates to nothing. It
    is the size for which the expected size after n patients is n more.

    Parameters
    ----------
    prior
        Of a mean.
    patient_sd
        Standard deviation between patients, above 0, in the unit of the mean.

    Source
    ------
    Neuenschwander, Weber, Schmidli and O'Hagan (2020), Biometrics 76, 578-587.
    """
    points, steps = prior.nodes()
    return float(patient_sd**2 * (steps * prior.density(points)) @ np.square(prior.score(points)))


def moment_size(prior: NormalMixture, patient_sd: float) -> float:
    """Return the patients whose mean has the variance of the prior.

    Of a prior with heavy tails it is the smaller of the two sizes: the variance hangs on the tails.
    """
    return (patient_sd / prior.sd) ** 2
