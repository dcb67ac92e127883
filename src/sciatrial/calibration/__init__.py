"""Which numbers make the model agree with the studies, and how far may it be believed.

Takes the tables, the prior table and the model; gives a `Posterior` and its validation on studies that it never saw.
Never reads a pooled result, never lets two rows speak for the same patients, and never hides a fit that failed.
"""

from sciatrial.calibration.posterior import Posterior, reference_posterior

__all__ = ["Posterior", "reference_posterior"]
