"""Terms, emulator and discrepancy → the arrays of one likelihood.

Arm means of a trial err together: its patients are more or less ill than those of other trials, recover faster or
slower, answer its context more or less. These trial effects are normal and enter linearly, so they are integrated out:
each study is one block with a covariance. What a trial-level shift does to each term comes from the simulator; the rest
of what trials differ by has a fast, a slow, a score's, an arm's and a visit's own part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from sciatrial.calibration.differences import taken_apart
from sciatrial.calibration.discrepancy import ColumnKind, Columns, courses, discrepancy_columns, worth
from sciatrial.calibration.emulator import Emulator
from sciatrial.calibration.facts import FactTerms, held_out
from sciatrial.calibration.space import Space
from sciatrial.calibration.terms import PATIENT_SD, TermKind, Terms, error_correlation

SPREADS = ("study, fast", "study, slow", "study and score", "arm", "visit")
SD_SPREADS = ("printed SD: study", "printed SD: visit")
# assumptions: what a study is not known by adds this much, the same in all its arms
_UNKNOWN_LEVEL = 9.0  # points: a final mean alone, of a trial that does not print where it began
_UNKNOWN_BASELINE = 6.0  # points: a change from a baseline that is not printed
# assumption: of sampling errors of two rules by which the same patients respond at one visit
_SAME_VISIT = 0.9
_LEAST_SHARE = 0.02  # below it a share says only that hardly anybody responds
_BLOCK_SIZES = (4, 16, 32, 64)


@dataclass(frozen=True)
class Scales:
    """Priors of what is not in the prior table, in points of 100 unless said otherwise.

    `spread`: half-normal, of what trials differ by beyond the mechanism. `level`, `design`, `treatment`,
    `uncontrolled`: standard deviations of the discrepancy's coefficients. `sd_spread`: half-normal, of printed SDs in
    logarithms. `shift`: half-normal, of how far the shifts of trials spread beside the ranges of the prior table.
    `freedom`: of the t by which the numbers of one group of studies, together, lie about their means, so that a few
    studies that are unlike all others do not widen what is said of the rest; infinite is the normal.
    """

    spread: float = 8.0
    level: float = 12.0
    design: float = 6.0
    treatment: float = 5.0
    uncontrolled: float = 10.0
    sd_spread: float = 0.3
    shift: float = 1.0
    freedom: float = 5.0

    @property
    def of_spreads(self) -> NDArray[np.float64]:
        """Scales in the order of `SPREADS`, then `SD_SPREADS`."""
        return np.array([self.spread] * len(SPREADS) + [self.sd_spread] * len(SD_SPREADS))

    def of_column(self, kind: ColumnKind) -> float:
        """Return the scale of a column of the discrepancy."""
        return {
            ColumnKind.LEVEL: self.level, ColumnKind.DESIGN: self.design, ColumnKind.UNCONTROLLED: self.uncontrolled,
        }.get(kind, self.treatment)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """Studies of about one size, padded: ``place`` of each term (dims ``study, slot``; 0 where ``is_real`` is False).

    ``sampling`` (dims ``study, slot, slot``) is the correlation of sampling errors, ``fixed`` what is unknown whatever
    the size of a study; ``parts`` (dims ``part, study, slot, slot``) multiply squared `SPREADS` and `SD_SPREADS`.
    """

    place: NDArray[np.int64]
    is_real: NDArray[np.bool_]
    sampling: NDArray[np.float64]
    fixed: NDArray[np.float64]
    parts: NDArray[np.float64]


@dataclass(frozen=True)
class Likelihood:
    """Everything that the sampler needs; `observed` and a mask of the terms are given to it apart."""

    terms: Terms
    facts: FactTerms | None
    space: Space
    emulator: Emulator
    columns: Columns
    scales: Scales
    blocks: tuple[Block, ...]
    studies: tuple[str, ...]  # the group of each block's row, in order

    @property
    def observed(self) -> NDArray[np.float64]:
        """What is printed, on the scale on which it is fitted (see `fitted_scale`); dims ``number``: terms, facts."""
        rows = self.terms.rows
        values = np.where(self.is_share[: len(rows)], share_points(_held(rows)), rows["observed"].to_numpy(float))
        return values if self.facts is None else np.concatenate([values, self.facts.rows["observed"].to_numpy(float)])

    @property
    def se(self) -> NDArray[np.float64]:
        """Sampling errors of `observed`; dims ``number``."""
        rows = self.terms.rows
        held, n = _held(rows), rows["n"].to_numpy(float)
        density = np.exp(-0.5 * (share_points(held) / PATIENT_SD) ** 2) / np.sqrt(2 * np.pi)
        of_share = PATIENT_SD * np.sqrt(held * (1 - held) / (n + 1)) / density
        values = np.where(self.is_share[: len(rows)], of_share, rows["se"].to_numpy(float))
        return values if self.facts is None else np.concatenate([values, self.facts.rows["se"].to_numpy(float)])

    @property
    def is_share(self) -> NDArray[np.bool_]:
        """Which numbers are shares of responders; dims ``number``."""
        shares = (self.terms.rows["kind"] == TermKind.SHARE).to_numpy()
        return np.pad(shares, (0, 0 if self.facts is None else len(self.facts.rows)))

    @property
    def is_term(self) -> NDArray[np.bool_]:
        """Which numbers are of trials, and not facts; dims ``term``, then facts."""
        return np.arange(len(self.observed)) < len(self.terms)

    def without(self, studies: Iterable[str]) -> NDArray[np.bool_]:
        """Return which numbers are left when studies, and all that shares patients or a source with them, are out."""
        named = set(studies)
        keep = ~self.terms.of_studies(named)
        if self.facts is None:
            return keep
        shared = set(self.terms.rows.loc[~keep, "study_id"]) | named
        return np.concatenate([keep, ~held_out(self.facts, shared)])


def _held(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return shares of responders from 0 to 1, a half where a number is no share; dims ``term``."""
    share = np.where(rows["kind"] == TermKind.SHARE, rows["observed"], 50.0) / 100
    n = rows["n"].to_numpy(float)
    # half a patient on each side: no responder among ten is no proof that there are none
    return np.clip((share * n + 0.5) / (n + 1), _LEAST_SHARE, 1 - _LEAST_SHARE)


def share_points(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shares from 0 to 1 as points of a mean: how far a normal crowd has moved past the rule."""
    return PATIENT_SD * ndtri(np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE))


def fitted_scale(is_share: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers (dims ``run, number``) on the scale on which they are fitted: shares in points, all else as is."""
    return np.where(is_share, share_points(values / 100), values)


def likelihood(
    terms: Terms,
    space: Space,
    emulator: Emulator,
    scales: Scales | None = None,
    facts: FactTerms | None = None,
    *,
    single_arms: bool = False,
) -> Likelihood:
    """Lay out the likelihood of terms and facts; the emulator gives the terms first, then the facts.

    With `single_arms`, cells act in every arm; otherwise what arms of cells show that stand alone has columns of its
    own.
    """
    sampling, fixed, parts = covariances(terms)
    group = terms.rows["group"].to_numpy().astype(object)
    if facts is not None:
        n, more = len(terms), len(facts.rows)
        sampling = np.block([[sampling, np.zeros((n, more))], [np.zeros((more, n)), np.eye(more)]])
        fixed = np.pad(fixed, (0, more))
        parts = [np.pad(part, (0, more)) for part in parts]
        group = np.concatenate([group, [f"fact: {name}" for name in facts.rows["fact"]]])
    names = list(dict.fromkeys(group))
    members = {name: np.flatnonzero(group == name) for name in names}
    blocks, order = [], []
    smallest = 0
    for largest in _BLOCK_SIZES:
        mine = [name for name in names if smallest < len(members[name]) <= largest]
        smallest = largest
        if not mine:
            continue
        place = np.zeros((len(mine), largest), dtype=np.int64)
        real = np.zeros((len(mine), largest), dtype=bool)
        for row, name in enumerate(mine):
            place[row, : len(members[name])] = members[name]
            real[row, : len(members[name])] = True
        wrong = np.zeros((len(mine), largest, largest))
        for row, name in enumerate(mine):
            m = len(members[name])
            wrong[row, :m, :m] = emulator.error_covariance(members[name])
        both = (real[:, :, None] & real[:, None, :]).astype(float)
        left, right = place[:, :, None], place[:, None, :]
        grids = [both * part[left, right] for part in (sampling, fixed)]
        blocks.append(
            Block(place, real, grids[0], grids[1] + wrong, both * np.stack([part[left, right] for part in parts]))
        )
        order += mine
    columns = discrepancy_columns(terms, single_arms=single_arms)
    if facts is not None:
        columns = replace(columns, values=np.pad(columns.values, ((0, len(facts.rows)), (0, 0))))
    return Likelihood(terms, facts, space, emulator, columns, scales or Scales(), tuple(blocks), tuple(order))


def _same(words: Any) -> NDArray[np.float64]:
    codes = np.unique(np.asarray(words, dtype=str), return_inverse=True)[1]
    return (codes[:, None] == codes[None, :]).astype(float)


def covariances(terms: Terms) -> tuple[NDArray, NDArray, list[NDArray]]:
    """Return correlation of sampling errors, fixed covariance, what multiplies each spread squared; ``term, term``.

    What trials differ by falls away in a difference of two arms, but for what arms and visits have of their own; its
    sampling error is correlated with others as those of its arms are, all of one size.
    """
    terms, of_numbers = taken_apart(terms)
    rows = terms.rows
    fast, slow = courses(terms)
    size = worth(terms)
    is_sd = (rows["kind"] == TermKind.SD).to_numpy()
    study, arm = _same(rows["study_id"]), _same(rows["arm"])
    score = _same(rows["score"])
    sign = np.where(is_sd, 0.0, np.sign(size))
    visit = arm * score * _same(rows["month"])
    correlation = arm * np.where(visit > 0, _SAME_VISIT, error_correlation(score > 0))
    sampling = correlation * np.outer(sign, sign)
    np.fill_diagonal(sampling, 1.0)
    unknown = rows["baseline"].isna().to_numpy()
    final = rows["kind"].isin([TermKind.FINAL, TermKind.MEDIAN]).to_numpy()
    missing = np.where(unknown & final, _UNKNOWN_LEVEL, np.where(unknown, _UNKNOWN_BASELINE, 0.0)) * size
    fixed = study * score * np.outer(missing, missing)
    late = is_sd.astype(float)
    parts = [
        study * np.outer(size * fast, size * fast),
        study * np.outer(size * slow, size * slow),
        study * score * np.outer(size, size),
        arm * np.outer(size * fast, size * fast),
        visit * np.outer(size, size),
        study * np.outer(late, late),
        np.diag(late),
    ]
    sampling, fixed, *parts = (of_numbers @ part @ of_numbers.T for part in (sampling, fixed, *parts))
    width = np.sqrt(np.diag(sampling))
    return sampling / np.outer(width, width), fixed, parts
