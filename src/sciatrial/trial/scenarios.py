"""What a scenario makes of the draws that its trials meet: which cell effects are there, and how large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.parameters import CELL_EFFECTS, Draws, Prior, PriorRow, prior_quantile, without_effects
from sciatrial.trial.attribution import CELL_PARTS
from sciatrial.trial.results import Scenario

UPPER_SHARE = 0.95
# fewer draws tell no upper end of their own
_ENOUGH_DRAWS = 40
_ONLY = {Scenario(f"only_{part}"): numbers for part, numbers in CELL_PARTS.items()}


def with_cell_effects(prior: Prior, draws: Draws, scenario: Scenario, *, posterior: Draws | None = None) -> Draws:
    """Return the draws with cell effects as a scenario has them; all other numbers stay.

    Parameters
    ----------
    prior
        The rows of the draws.
    draws
        Draws of the prior, or of the posterior.
    scenario
        See `Scenario`.
    posterior
        All draws of the posterior, which tell how large an effect may plausibly be; left out, the prior does.
    """
    if scenario in (Scenario.NO_CELL_EFFECT, Scenario.UNBLINDED_NULL):
        return without_effects(prior, draws, CELL_EFFECTS)
    if scenario is Scenario.OPTIMISTIC:
        return _with_upper_values(draws, upper_cell_effects(prior, posterior))
    if scenario in _ONLY:
        return _with_only(prior, draws, _ONLY[scenario])
    return draws


def upper_cell_effects(prior: Prior, posterior: Draws | None = None) -> dict[str, float]:
    """Return the upper plausible value of each number of a cell effect: key → value, in the number's own unit.

    It is the value that 95 % of the posterior's draws do not exceed among those in which the effect is present; where
    fewer than 40 have it, and without a posterior, that of the prior given that the effect is present.
    """
    return {row.key: _upper_value(row, posterior) for row in _rows_of_cells(prior)}


def _rows_of_cells(prior: Prior) -> list[PriorRow]:
    return [row for row in prior.entries if row.inclusion in CELL_EFFECTS]


def _upper_value(row: PriorRow, posterior: Draws | None) -> float:
    if posterior is not None:
        mine = posterior.included[:, posterior.groups.index(row.inclusion)]
        if mine.sum() >= _ENOUGH_DRAWS:
            return float(np.quantile(posterior.values[mine, posterior.keys.index(row.key)], UPPER_SHARE))
    return float(prior_quantile(row, np.array(UPPER_SHARE)))


def _with_upper_values(draws: Draws, upper: dict[str, float]) -> Draws:
    values, included = draws.values.copy(), draws.included.copy()
    for key, value in upper.items():
        values[:, draws.keys.index(key)] = value
    included[:, [draws.groups.index(group) for group in CELL_EFFECTS]] = True
    return replace(draws, values=values, included=included)


def _with_only(prior: Prior, draws: Draws, numbers: tuple[str, ...]) -> Draws:
    """Return the draws in which of all cell effects only these numbers are left as they are."""
    values, included = draws.values.copy(), draws.included.copy()
    for row in _rows_of_cells(prior):
        if row.name not in numbers:
            values[:, draws.keys.index(row.key)] = 0.0
    for group in CELL_EFFECTS:
        included[:, draws.groups.index(group)] = _any_left(prior, values, draws, group)
    return replace(draws, values=values, included=included)


def _any_left(prior: Prior, values: NDArray[np.float64], draws: Draws, group: str) -> NDArray[np.bool_]:
    columns = [draws.keys.index(row.key) for row in _rows_of_cells(prior) if row.inclusion == group]
    return (values[:, columns] != 0).any(axis=1)
