"""Who gets which arm: permuted blocks within strata, minimisation, or a draw for each patient alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sciatrial.foundation import uniforms
from sciatrial.trial.factors import factor_of, word_problems

_MOST_STRATA = 1_000


class RandomisationMethod(StrEnum):
    """How patients are assigned to arms.

    ``permuted_blocks``: the ratio is exact at the end of every block, in each stratum. ``minimisation``: each patient
    most likely gets the arm that leaves the factors most even (Pocock and Simon). ``simple``: each patient alone.
    """

    PERMUTED_BLOCKS = "permuted_blocks"
    MINIMISATION = "minimisation"
    SIMPLE = "simple"


class Randomisation(BaseModel):
    """How patients are assigned to arms, in the order of enrolment.

    Parameters
    ----------
    method
        ``permuted_blocks``, ``minimisation`` or ``simple``.
    strata
        ``sex``, ``site`` (needs `accrual.sites`), ``herniation_class``, or a number known at entry cut in two, such as
        ``leg_pain>=60``, ``symptom_months>=6``, ``age_years>=50``. Blocks are filled in each combination of them;
        minimisation keeps each of them even by itself, and needs one.
    block_multiples
        ``permuted_blocks`` only: a block is one of these multiples (1 to 10) of the sum of the ratio, each as likely.
    follow_probability
        ``minimisation`` only: probability, 0.5 to 1, that a patient gets the arm that leaves the factors most even,
        0.8 when left out; the others share the rest. A ratio other than 1 : 1 is minimised over as many equal arms as
        its sum, which are then joined, so that every patient has the ratio's chances.

    Source
    ------
    Pocock and Simon (1975), Biometrics 31, 103-115, with the range as measure of unevenness and equal weights;
    Kuznetsova and Tymofyeyev (2012), Statistics in Medicine 31, 701-723, for ratios other than 1 : 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: RandomisationMethod = RandomisationMethod.PERMUTED_BLOCKS
    strata: tuple[str, ...] = ()
    block_multiples: tuple[Annotated[int, Field(ge=1, le=10)], ...] = (1,)
    follow_probability: Annotated[float, Field(ge=0.5, le=1)] | None = None

    def problems(self, *, n_sites: int) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        key = "randomisation"
        found = word_problems(f"{key}.strata", self.strata, n_sites=n_sites, may_be_numbers=False)
        method = self.method
        if method is not RandomisationMethod.MINIMISATION and self.follow_probability is not None:
            told = f"has no meaning with {method}; minimisation; delete it"
            found.append(f"{key}.follow_probability: {told}")
        # as left out: a study that was written out with its defaults is the same study
        if method is not RandomisationMethod.PERMUTED_BLOCKS and self.block_multiples != (1,):
            found.append(f"{key}.block_multiples: has no meaning with {method}; permuted_blocks; delete it")
        if not self.block_multiples or len(set(self.block_multiples)) < len(self.block_multiples):
            found.append(f"{key}.block_multiples: {list(self.block_multiples)}; each multiple once; for example [1, 2]")
        if method is RandomisationMethod.SIMPLE and self.strata:
            found.append(f"{key}.strata: have no meaning with simple; no strata; delete them, or choose blocks")
        if method is RandomisationMethod.MINIMISATION and not self.strata:
            found.append(f"{key}.strata: are missing; one factor or more that minimisation keeps even; add them")
        if not found and self.n_strata(n_sites) > _MOST_STRATA and method is RandomisationMethod.PERMUTED_BLOCKS:
            told = f"make {self.n_strata(n_sites)} strata; {_MOST_STRATA} or fewer; choose fewer, or minimisation"
            found.append(f"{key}.strata: {told}")
        return found

    @property
    def followed(self) -> float:
        """The probability of the arm that leaves the factors most even."""
        return 0.8 if self.follow_probability is None else self.follow_probability

    def n_levels(self, n_sites: int) -> tuple[int, ...]:
        """Return how many levels each factor has."""
        return tuple(factor.levels(n_sites) for factor in map(factor_of, self.strata) if factor is not None)

    def n_strata(self, n_sites: int) -> int:
        """Return how many combinations of levels there are."""
        return int(np.prod(self.n_levels(n_sites), initial=1, dtype=float))


def strata_of_levels(levels: NDArray[np.int64], n_levels: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the stratum of each patient, from 0; dims ``…, patient``, those of `levels` ``…, patient, factor``."""
    strata = np.zeros(levels.shape[:-1], dtype=np.int64)
    for place, n in enumerate(n_levels):
        strata = strata * n + levels[..., place]
    return strata


def places_in_strata(strata: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many patients of the same stratum came before each one; dims ``…, patient``."""
    order = np.argsort(strata, axis=-1, kind="stable")
    ordered = np.take_along_axis(strata, order, axis=-1)
    place = np.broadcast_to(np.arange(strata.shape[-1]), strata.shape)
    is_first = np.ones(strata.shape, dtype=bool)
    is_first[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(is_first, place, 0), axis=-1)
    within = np.empty_like(strata)
    np.put_along_axis(within, order, place - first, axis=-1)
    return within


def blocked(ratio: tuple[int, ...], luck: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return sequences of blocks, all of one size; dims ``…, place``.

    Parameters
    ----------
    ratio
        Of the arms, in whole numbers.
    luck
        Uniform; dims ``…, block, place in the block``. The block's size is a multiple of the ratio's sum.
    """
    block = np.repeat(np.arange(len(ratio)), ratio)
    order = np.argsort(luck, axis=-1)
    return block[order % len(block)].reshape(*luck.shape[:-2], -1)


def blocked_at_random(
    ratio: tuple[int, ...], multiples: tuple[int, ...], luck: NDArray[np.float64], size_luck: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return sequences of blocks whose sizes are drawn; dims ``…, place``, as many as every draw of sizes fills.

    Parameters
    ----------
    ratio, multiples
        Ratio of the arms, and the multiples of its sum that a block may be.
    luck
        Uniform; dims ``…, block, place in the longest block``.
    size_luck
        Uniform; dims ``…, block``.
    """
    block = np.repeat(np.arange(len(ratio)), ratio)
    chosen = np.array(multiples)[np.minimum((size_luck * len(multiples)).astype(int), len(multiples) - 1)]
    sizes = chosen * len(block)
    is_there = np.arange(luck.shape[-1]) < sizes[..., None]
    order = np.argsort(np.where(is_there, luck, 2.0), axis=-1)
    arms = block[order % len(block)].reshape(*luck.shape[:-2], -1)
    kept = is_there.reshape(arms.shape)
    # the places that are there, moved to the front in their order
    front = np.argsort(~kept, axis=-1, kind="stable")[..., : int(kept.sum(axis=-1).min())]
    return np.take_along_axis(arms, front, axis=-1)


def simple(ratio: tuple[int, ...], luck: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the arm of patients each drawn alone; `luck` is uniform, dims ``…, patient`` of both."""
    return np.searchsorted(np.cumsum(ratio)[:-1] / sum(ratio), luck, side="right")


@dataclass(frozen=True)
class Assigned:
    """Patients who have an arm already: ``levels`` of the factors, dims ``patient, factor``; ``arms``, ``patient``."""

    levels: NDArray[np.int64]
    arms: NDArray[np.int64]


def minimised(
    ratio: tuple[int, ...], n_levels: tuple[int, ...], followed: float,
    levels: NDArray[np.int64], luck: NDArray[np.float64], before: Assigned | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """Return the arm of each patient by minimisation, many trials side by side; dims ``trial, patient``.

    Parameters
    ----------
    ratio, n_levels, followed
        Ratio of the arms, levels of each factor, probability of the arm that leaves them most even.
    levels
        From 0; dims ``trial, patient, factor``.
    luck
        Uniform; dims ``trial, patient``.
    before
        Patients who are there already in each trial.
    """
    # equal arms, joined at the end
    n_arms, arm_of = sum(ratio), np.repeat(np.arange(len(ratio)), ratio)
    n_trials, n_patients, n_factors = levels.shape
    # one row a level of a factor, all factors below one another
    first = np.concatenate([[0], np.cumsum(n_levels)[:-1]]).astype(np.int64)
    rows = levels + first
    start = np.zeros((int(sum(n_levels)), n_arms))
    if before is not None:
        # of equal arms that are joined, each has its part
        parts = (before.arms[:, None] == arm_of) / np.array(ratio)[arm_of]
        for factor in range(n_factors):
            np.add.at(start, before.levels[:, factor] + first[factor], parts)
    counts = np.tile(start, (n_trials, 1, 1))
    assigned = np.empty((n_trials, n_patients), dtype=np.int64)
    trials, added = np.arange(n_trials), np.eye(n_arms)
    others = (1 - followed) / (n_arms - 1)
    for patient in range(n_patients):
        mine = rows[:, patient]
        after = counts[trials[:, None], mine][:, :, None, :] + added  # trial, factor, candidate, arm
        uneven = np.ptp(after, axis=-1).sum(axis=1)  # trial, candidate
        is_best = uneven == uneven.min(axis=1, keepdims=True)
        # where arms tie, each is the only best one equally often
        probability = others + is_best * (followed - others) / is_best.sum(axis=1, keepdims=True)
        arm = (luck[:, patient, None] > np.cumsum(probability, axis=1)[:, :-1]).sum(axis=1)
        assigned[:, patient] = arm_of[arm]
        for factor in range(n_factors):
            counts[trials, mine[:, factor], arm] += 1
    return assigned


def assigned_arms(
    how: Randomisation,
    ratio: tuple[int, ...],
    levels: NDArray[np.int64],
    n_sites: int,
    seed: int,
    before: Assigned | None = None,
    *,
    further_levels: tuple[int, ...] = (),
) -> NDArray[np.int64]:
    """Return the arm of each patient of one trial, in the order of enrolment; dims ``patient``.

    Parameters
    ----------
    how, ratio, n_sites
        How patients are assigned, the ratio of the arms in lowest terms, the number of sites.
    levels
        Of the factors in `how.strata`, then of further ones; dims ``patient, factor``. A patient's arm depends on who
        came before alone.
    seed
        Of the trial's luck.
    before
        Patients of these arms who came before: minimisation goes on from them, blocks begin anew.
    further_levels
        How many levels each factor beside those in `how.strata` has.
    """
    n = len(levels)
    if how.method is RandomisationMethod.SIMPLE:
        return simple(ratio, uniforms(seed, "allocation", np.arange(n)))
    n_levels = (*how.n_levels(n_sites), *further_levels)
    if how.method is RandomisationMethod.MINIMISATION:
        luck = uniforms(seed, "allocation", np.arange(n))
        return minimised(ratio, n_levels, how.followed, levels[None], luck[None], before)[0]
    n_strata = int(np.prod(n_levels, initial=1, dtype=float))
    strata = strata_of_levels(levels, n_levels)
    places = places_in_strata(strata)
    longest = int(places.max(initial=0)) + 1
    smallest, largest = (sum(ratio) * multiple for multiple in (min(how.block_multiples), max(how.block_multiples)))
    n_blocks = -(-longest // smallest)
    # place by place, strata side by side: the luck of a place does not depend on how many follow
    numbers = np.arange(n_blocks * largest * n_strata)
    luck = np.moveaxis(uniforms(seed, "allocation", numbers).reshape(n_blocks, largest, n_strata), -1, 0)
    if smallest == largest:
        return blocked(ratio, luck)[strata, places]
    sizes = uniforms(seed, "size of blocks", np.arange(n_blocks * n_strata)).reshape(n_blocks, n_strata).T
    return blocked_at_random(ratio, how.block_multiples, luck, sizes)[strata, places]
