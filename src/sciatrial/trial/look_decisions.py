"""What a look says of each of several hypotheses of which some may be dropped."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import Selection, selected_arms
from sciatrial.trial.monitoring import Decision


def decisions_at(
    before: Sequence[Decision],
    active: NDArray[np.bool_],
    shown: NDArray[np.bool_],
    values: NDArray[np.float64],
    *,
    selection: Selection | None,
    stops: bool,
) -> tuple[Decision, ...]:
    """Return what the look says of each; of one that stopped before, what that look said.

    Parameters
    ----------
    before
        What the looks so far said.
    active, shown, values
        Which are still tested, which are shown at this look, and by what they are selected; dims ``hypothesis``.
    selection
        The rule of an interim look, None at the last one.
    stops
        Whether the trial stops at this look whatever the rule selects.
    """
    goes_on = shown if selection is None else selected_arms(np.where(active, values, nan), selection)
    said = []
    for place, is_active in enumerate(active):
        if not is_active:
            said.append(before[place])
        elif shown[place]:
            said.append(Decision.EFFICACY)
        elif stops:
            said.append(Decision.ENDED)
        elif goes_on[place] or not isfinite(values[place]):  # a look that cannot estimate it says nothing of it
            said.append(Decision.CONTINUE)
        elif selection is not None and not values[place] > selection.above_z:
            said.append(Decision.FUTILITY)
        else:
            said.append(Decision.DROPPED)
    return tuple(said)
