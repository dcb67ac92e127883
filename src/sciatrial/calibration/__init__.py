"""Which numbers make the model agree with the studies, and how far may it be believed.

Takes the tables, the prior table and the model; gives a `Posterior` and its validation on studies that it never saw.
Never reads a pooled result, never lets two rows speak for the same patients, and never hides a fit that failed.
"""

from sciatrial.calibration.arms import CAUSE_OF
from sciatrial.calibration.blind import N_DRAWS, N_QUICK_DRAWS, SEED, BlindPredictions, blind_predictions
from sciatrial.calibration.blind_scores import BlindValidation, score_blind
from sciatrial.calibration.contrasts import contrast_pairs
from sciatrial.calibration.credibility import Credibility, assess_credibility, risk_matrix
from sciatrial.calibration.enrolled import POPULATION, kept_population, posterior_population, reference_population
from sciatrial.calibration.fit import Settings
from sciatrial.calibration.fitted_to import fit_uses
from sciatrial.calibration.numerical_checks import sampler_check
from sciatrial.calibration.posterior import Posterior, reference_posterior
from sciatrial.calibration.questions import ABOUT_CELLS
from sciatrial.calibration.run import Fit, calibrate, prepare_calibration
from sciatrial.calibration.space import table_of
from sciatrial.calibration.terms import Terms
from sciatrial.calibration.validation import MECHANISM, Validation, reference_validation, validate_externally

__all__ = [
    "ABOUT_CELLS",
    "CAUSE_OF",
    "MECHANISM",
    "N_DRAWS",
    "N_QUICK_DRAWS",
    "POPULATION",
    "SEED",
    "BlindPredictions",
    "BlindValidation",
    "Credibility",
    "Fit",
    "Posterior",
    "Settings",
    "Terms",
    "Validation",
    "assess_credibility",
    "blind_predictions",
    "calibrate",
    "contrast_pairs",
    "fit_uses",
    "kept_population",
    "posterior_population",
    "prepare_calibration",
    "reference_population",
    "reference_posterior",
    "reference_validation",
    "risk_matrix",
    "sampler_check",
    "score_blind",
    "table_of",
    "validate_externally",
]
