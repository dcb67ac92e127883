"""Which numbers make the model agree with what is known.

Takes parameter rows, gives draws: population values, spreads between patients and trial-level shifts. Nothing is
fitted to trials yet, so draws are prior draws and are called so. Never reads a pooled result, never simulates.
"""

from sciatrial.calibration.behaviours import read_behaviours
from sciatrial.calibration.priors import (
    CELL_EFFECTS,
    Draw,
    Draws,
    Prior,
    PriorRow,
    draw_parameters,
    from_scale,
    onto_scale,
    prior_quantile,
    read_prior,
    reference_draw,
    without_effects,
)
from sciatrial.calibration.vocabulary import words_of_numbers

__all__ = [
    "CELL_EFFECTS",
    "Draw",
    "Draws",
    "Prior",
    "PriorRow",
    "draw_parameters",
    "from_scale",
    "onto_scale",
    "prior_quantile",
    "read_behaviours",
    "read_prior",
    "reference_draw",
    "without_effects",
    "words_of_numbers",
]
