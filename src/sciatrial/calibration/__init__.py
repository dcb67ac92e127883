"""Which numbers make the model agree with the studies, and how far may it be believed.

Takes the tables, the prior table and the model; gives a `Posterior` and its validation on studies that it never saw.
Never reads a pooled result, never lets two rows speak for the same patients, and never hides a fit that failed.
"""

from sciatrial.calibration.blind import N_DRAWS, N_QUICK_DRAWS, SEED, BlindPredictions, blind_predictions
from sciatrial.calibration.blind_scores import BlindValidation, score_blind
from sciatrial.calibration.fit import prepare_calibration
from sciatrial.calibration.posterior import Posterior, reference_posterior
from sciatrial.calibration.validation import validate_externally

__all__ = [
    "N_DRAWS",
    "N_QUICK_DRAWS",
    "SEED",
    "BlindPredictions",
    "BlindValidation",
    "Posterior",
    "blind_predictions",
    "prepare_calibration",
    "reference_posterior",
    "score_blind",
    "validate_externally",
]
