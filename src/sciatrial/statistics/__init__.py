"""What a statistician computes from a trial's data, for one trial or for thousands at once.

Takes outcomes by patient and visit, gives estimates with intervals and tests. Never draws patients, never imputes, and
never drops a fit that failed: it says why instead.
"""

from sciatrial.statistics.ancova import fit_ancova
from sciatrial.statistics.contrasts import Estimates, JointTests, contrasts, joint_contrasts
from sciatrial.statistics.covariance import Covariance
from sciatrial.statistics.likelihood import Likelihood
from sciatrial.statistics.mixed_model import Information, MixedFits, SmallSample, fit_mixed_models
from sciatrial.statistics.repeated_measures import (
    RepeatedMeasures,
    arm_means,
    fit_repeated_measures,
    treatment_differences,
)

__all__ = [
    "Covariance",
    "Estimates",
    "Information",
    "JointTests",
    "Likelihood",
    "MixedFits",
    "RepeatedMeasures",
    "SmallSample",
    "arm_means",
    "contrasts",
    "fit_ancova",
    "fit_mixed_models",
    "fit_repeated_measures",
    "joint_contrasts",
    "treatment_differences",
]
