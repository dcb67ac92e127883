"""The prior as standard normal numbers and indicators: the space in which a fit moves.

Every row of the prior table with a range is one coordinate, standard normal under the prior. The centre is the middle
of the row's range on its scale, never its reference value: references were set by hand on what some of these trials
found, and a fit that starts from them has seen part of what it is tested on. An effect that may be absent has an
indicator; the coordinates of its rows count only where it is present.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import normals, uniforms
from sciatrial.parameters import Draws, Prior, PriorRow, from_scale, onto_scale, prior_quantile

_NORMAL_90 = 1.6448536269514722  # half the width of the middle 90 % of a standard normal

TRIAL_SHIFTS = ("trial_context_shift", "trial_recovery_shift", "trial_severity_shift")
DURATION = "trial_duration_shift"


@dataclass(frozen=True)
class Space:
    """Coordinates of the prior.

    ``keys`` of the prior rows that vary (dims ``coordinate``), `groups` the effects that may be absent; ``gate`` is the
    place of a coordinate's group, −1 for none. ``shifts`` are the coordinates of one trial, not of the population.
    """

    prior: Prior
    keys: tuple[str, ...]
    groups: tuple[str, ...]
    gate: NDArray[np.int64]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what `inputs_at` returns: coordinates, the trial's duration, indicators."""
        return (*self.keys, DURATION, *(f"{group} present" for group in self.groups))

    @property
    def is_shift(self) -> NDArray[np.bool_]:
        """Which inputs belong to one trial; dims ``input``."""
        return np.array([name in TRIAL_SHIFTS or name == DURATION for name in self.inputs])

    @property
    def is_indicator(self) -> NDArray[np.bool_]:
        """Which inputs are indicators; dims ``input``."""
        return np.arange(len(self.inputs)) > len(self.keys)


def space_of(prior: Prior) -> Space:
    """Return the coordinates of a prior: its rows with a range."""
    rows = [row for row in prior.entries if row.low is not None and row.high is not None and row.low < row.high]
    gate = np.array([prior.groups.index(row.inclusion) if row.inclusion else -1 for row in rows], dtype=np.int64)
    return Space(prior, tuple(row.key for row in rows), prior.groups, gate)


def prior_points(
    space: Space, *, first: int, count: int, seed: int, inclusion_probability: float = 0.5
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Draw points of the prior; point number `i` is the same whatever `count` is.

    Returns
    -------
    tuple
        Coordinates (dims ``point, coordinate``), indicators (dims ``point, group``), durations of a trial (``point``).
    """
    numbers = np.arange(first, first + count)
    z = np.stack([normals(seed, f"coordinate {key}", numbers) for key in space.keys], axis=1)
    present = np.stack(
        [uniforms(seed, f"inclusion {group}", numbers) < inclusion_probability for group in space.groups], axis=1
    )
    return z, present, normals(seed, "coordinate of a trial's duration", numbers)


def inputs_at(space: Space, z: NDArray, present: NDArray, duration: NDArray) -> NDArray[np.float64]:
    """Return what an emulator sees: gated coordinates, the trial's duration, indicators; dims ``point, input``."""
    gates = np.where(space.gate[None, :] >= 0, present[:, np.maximum(space.gate, 0)], True)
    return np.concatenate([z * gates, duration[:, None], present.astype(float)], axis=1)


def centred(row: PriorRow) -> PriorRow:
    """Return a row whose reference is the middle of its range on its scale."""
    if row.low is None or row.high is None:
        return row
    scale = row.scale
    if scale in ("log", "logit"):
        middle = float(from_scale(scale, (onto_scale(scale, row.low) + onto_scale(scale, row.high)) / 2))
    else:
        middle = (row.low + row.high) / 2
    return row.model_copy(update={"reference": min(max(middle, row.low), row.high)})


def draws_at(space: Space, z: NDArray[np.float64], present: NDArray[np.bool_]) -> Draws:
    """Return the parameters at points of the space.

    Parameters
    ----------
    z
        Coordinates; dims ``point, coordinate``.
    present
        Indicators; dims ``point, group``.

    Returns
    -------
    Draws
        One a point; what has no range keeps its reference value, an absent effect is 0. A trial's own shifts are not
        bounded by their ranges: how far trials spread is fitted, and the likelihood knows no bound either.
    """
    from scipy.special import ndtr

    place = {key: column for column, key in enumerate(space.keys)}
    columns, sds = [], []
    spread = np.ones(len(z))
    if "patient_spread_factor" in place:
        row = next(row for row in space.prior.entries if row.key == "patient_spread_factor")
        spread = prior_quantile(centred(row), ndtr(z[:, place[row.key]]))
    for row in space.prior.entries:
        if row.key in TRIAL_SHIFTS and row.key in place:
            value = _unbounded(row, z[:, place[row.key]])
        elif row.key in place:
            value = prior_quantile(centred(row), ndtr(z[:, place[row.key]]))
        else:
            value = np.full(len(z), row.reference)
        if row.inclusion:
            value = np.where(present[:, space.groups.index(row.inclusion)], value, 0.0)
        columns.append(value)
        sds.append(row.patient_sd * spread)
    return Draws(
        tuple(row.key for row in space.prior.entries),
        tuple(row.scale for row in space.prior.entries),
        np.stack(columns, axis=1),
        np.stack(sds, axis=1),
        space.groups,
        np.asarray(present, dtype=bool),
    )


def _unbounded(row: PriorRow, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a trial's shift: the middle of its range and as many standard deviations, of which it holds 90 %."""
    low, high = row.low or 0.0, row.high or 0.0
    return (low + high) / 2 + (high - low) / (2 * _NORMAL_90) * z


def table_of(space: Space) -> list[dict[str, object]]:
    """Return one row a coordinate: what its prior is, in words and numbers."""
    rows = {row.key: row for row in space.prior.entries}
    told = []
    for key in space.keys:
        row = rows[key]
        told.append(
            {
                "key": key, "low": row.low, "middle": centred(row).reference, "high": row.high, "scale": row.scale,
                "reference": row.reference, "basis": row.basis, "sources": row.sources, "inclusion": row.inclusion,
            }
        )  # fmt: skip
    return told
