"""What is thought of every number before anything is fitted to trials.

Takes the rows of the prior table, gives priors and draws from them: population values, spreads between patients and
trial-level shifts. Never fits, never reads a trial or a pooled result, never simulates.
"""

from sciatrial.parameters.behaviours import read_behaviours
from sciatrial.parameters.priors import (
    CELL_EFFECTS,
    Draw,
    Draws,
    Prior,
    PriorRow,
    cell_effect_keys,
    draw_parameters,
    from_scale,
    onto_scale,
    prior_quantile,
    read_prior,
    reference_draw,
    refuse_other_numbers,
    without_effects,
)
from sciatrial.parameters.vocabulary import words_of_numbers

__all__ = [
    "CELL_EFFECTS",
    "Draw",
    "Draws",
    "Prior",
    "PriorRow",
    "cell_effect_keys",
    "draw_parameters",
    "from_scale",
    "onto_scale",
    "prior_quantile",
    "read_behaviours",
    "read_prior",
    "reference_draw",
    "refuse_other_numbers",
    "without_effects",
    "words_of_numbers",
]
