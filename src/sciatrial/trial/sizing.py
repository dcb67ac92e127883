"""How many patients a design needs: the smallest size whose simulated power or assurance reaches a target."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.special import ndtri

from sciatrial.foundation import Problem, Progress, Record, TrialError, silent
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.many_looks import WORDS, monitor_drawn
from sciatrial.trial.monitoring import Decision
from sciatrial.trial.pool import PatientPool
from sciatrial.trial.resampling import draw_trials, refuse_pool

if TYPE_CHECKING:
    import pandas as pd

_NORMAL_95 = 1.959963984540054
_AT_ONCE = 60_000


@dataclass(frozen=True)
class SizeSearch(Record):
    """What was found of the size that a design needs.

    ``n_total`` is the smallest size at which success reaches ``target``, None where the largest does not; ``low`` and
    ``high`` are the sizes at which the ends of the 95 % Monte-Carlo interval reach it, None below the smallest size and
    beyond the largest.
    ``curve``: one row a size, with ``success``, its ``monte_carlo_se``, ``expected_patients`` and ``n_trials``.
    ``ceiling`` is the share of draws under which the arm is better at all, which no size exceeds by more than alpha
    (None with one draw), and ``middle_benefit`` the median true benefit over the draws;
    ``not_enrolled`` draws under which nobody would finish recruiting are left out. ``precision`` is the largest
    Monte-Carlo standard error of success at the answer that was asked for, None where none was.
    """

    comparison: str
    target: float
    n_total: int | None
    low: int | None
    high: int | None
    n_draws: int
    not_enrolled: int
    ceiling: float | None
    middle_benefit: float
    curve: pd.DataFrame
    precision: float | None = None

    @property
    def is_precise(self) -> bool:
        """Whether the error at the answer is no larger than was asked for."""
        return self.precision is None or self.error <= self.precision

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of success at the size that was found, or at the largest one."""
        rows = self.curve if self.n_total is None else self.curve.loc[self.curve["n_total"] == self.n_total]
        return float(rows["monte_carlo_se"].iloc[-1])

    @property
    def quantity(self) -> str:
        """``power`` where all trials meet one draw, ``assurance`` where each meets one of many."""
        return "power" if self.n_draws == 1 else "assurance"

    @property
    def more_of(self) -> str:
        """What makes the answer more precise."""
        return "trials" if self.n_draws == 1 else "draws or trials"

    def table(self) -> pd.DataFrame:
        """Return the curve."""
        return self.curve

    def __repr__(self) -> str:
        return f"SizeSearch: {size_in_words(self)}"


def size_in_words(search: SizeSearch) -> str:
    """Return what was found as a sentence or two, and whether it is as precise as was asked for."""
    told = _found_in_words(search)
    if search.is_precise:
        return told
    return (
        f"{told} The precision that was asked for is not reached: the Monte-Carlo error at this size is "
        f"{search.error:.2%}, above {search.precision:.2%}; try more {search.more_of}."
    )


def _found_in_words(search: SizeSearch) -> str:
    rows = search.curve.iloc[-1]
    largest = f"{rows['success']:.1%} ± {rows['monte_carlo_se']:.1%} with {rows['n_total']:.0f} patients"
    asked = f"{search.target:.0%} {search.quantity} of {search.comparison}"
    if search.n_total is not None:
        found, below = f"{search.n_total} patients", "fewer than the smallest"
        if search.n_total == search.curve["n_total"].min():
            found, below = f"the smallest size, {search.n_total} patients, reaches it already", "fewer than that"
        ends = f"{search.low or below} to {search.high or 'more than the largest'}"
        told = f"{asked}: {found} (95 % Monte-Carlo interval {ends}); {largest}."
        larger = search.curve.loc[search.curve["n_total"] > search.n_total]
        again = larger.loc[larger["success"] < search.target, "n_total"]
        if len(again):
            told += (
                f" A larger size, {again.iloc[-1]}, falls below it again: the size is undetermined at this precision; "
                f"try more {search.more_of}."
            )
        return told
    told = f"{asked} is not reached: {largest}, the largest size."
    if search.ceiling is not None:
        told += (
            f" The arm is better than its control in {search.ceiling:.0%} of the draws, by however little: the middle "
            f"draw has a true benefit of {search.middle_benefit:.1f}."
        )
    return told


def required_size(
    design: Design,
    pools: Sequence[PatientPool],
    *,
    target: float,
    smallest: int,
    trials_of_each: int,
    largest: int | None = None,
    comparison: Comparison | None = None,
    n_sizes: int = 7,
    not_enrolled: int = 0,
    threads: int = 1,
    progress: Progress = silent,
) -> SizeSearch:
    """Search the smallest trial whose share of success reaches a target.

    Every size meets the same patients with the same luck: the smaller trial is the beginning of the larger one. Sizes
    are whole blocks. A grid finds where the target is crossed, bisection does the rest.

    Parameters
    ----------
    design
        Everything but the size.
    pools
        One for power, one a draw for assurance; their window is the largest size.
    target
        Share of success that is wanted, above 0 and below 1.
    smallest
        Patients of the smallest trial that is tried.
    trials_of_each
        Trials of each size and pool.
    largest
        Patients of the largest trial that is tried; left out, or above it, the pools' window.
    comparison
        Whose success counts; left out, the one that decides.
    n_sizes
        Sizes of the grid, 2 or more.
    not_enrolled
        Draws that have no pool, because hardly anybody meets the criteria.

    Returns
    -------
    SizeSearch

    Raises
    ------
    TrialError
        Names what cannot be searched; the smallest or largest size too, when the design cannot have it.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    compared = [(item.arm, item.control) for item in design.compared()]
    arms = design.deciding_arms()  # of one comparison: what more arms decide together no pool has
    chosen = (arms[0], arms[1]) if comparison is None else (comparison.arm, comparison.control)
    _refuse(pools, target, n_sizes, chosen in compared, smallest)
    block = sum(design.ratio.values())
    window = pools[0].window if largest is None else min(largest, pools[0].window)
    first, last = ceil(smallest / block), window // block
    design_of_size(design, first * block)  # told before anything is tried
    at_most = design_of_size(design, last * block)
    for pool in pools:
        refuse_pool(at_most, pool, trials_of_each)
    trying = _Trying(design, pools, trials_of_each, compared.index(chosen), block, threads)
    grid = np.unique(np.linspace(np.sqrt(first), np.sqrt(last), n_sizes) ** 2).round().astype(int)
    steps = int(np.ceil(np.log2(max(2, (last - first) / n_sizes)))) + 1
    progress.start("sizes of a trial", len(grid) + steps)
    found: dict[int, dict[str, float]] = {}

    def success(number: int) -> float:
        if number not in found:
            found[number] = trying.row(number)
            if not progress.advance(1):
                raise KeyboardInterrupt
        return found[number]["success"]

    shares = [success(int(number)) for number in grid]
    above = next((place for place, share in enumerate(shares) if share >= target), None)
    answer = None
    if above is not None:
        low, answer = int(grid[max(above - 1, 0)]), int(grid[above])
        while answer - low > 1:
            middle = (low + answer) // 2
            low, answer = (low, middle) if success(middle) >= target else (middle, answer)
    progress.finish()
    return _search(design, pools, trying, found, answer, target, not_enrolled)


def design_of_size(design: Design, n_total: int) -> Design:
    """Return a design with another number of patients.

    Raises
    ------
    TrialError
        When the design cannot have so few (``smallest``) or so many (``largest``); says how many it can have.
    """
    try:
        return _resized(design, n_total)
    except ValidationError as error:
        told = str(error.errors()[0]["msg"]).removeprefix("Value error, ").partition(";")[0].splitlines()[0]
        is_few = n_total < design.size
        end, more = ("smallest", "more") if is_few else ("largest", "fewer")
        possible = _nearest_possible(design, n_total)
        problem = Problem(
            end, f"a trial of {n_total} patients cannot be: {told}", f"{possible} patients or {more}",
            f"{'raise' if is_few else 'lower'} {end} (--{end} {possible})",
        )  # fmt: skip
        raise TrialError("size of a trial", problem) from error


def _resized(design: Design, n_total: int) -> Design:
    return Design.model_validate(design.model_dump() | {"n_total": n_total, "n_per_arm": None})


def _nearest_possible(design: Design, n_total: int) -> int:
    """Return the size nearest to one that cannot be, on the way to the design's own, which can."""
    wrong, possible = n_total, design.size
    while abs(possible - wrong) > 1:
        middle = (possible + wrong) // 2
        try:
            _resized(design, middle)
        except ValidationError:
            wrong = middle
        else:
            possible = middle
    return possible


@dataclass(frozen=True)
class _Trying:
    """What it takes to try a size."""

    design: Design
    pools: Sequence[PatientPool]
    count: int
    place: int
    block: int
    threads: int

    def row(self, number: int) -> dict[str, float]:
        """Return success of trials of so many blocks, its error, and the patients they are expected to need."""
        design = design_of_size(self.design, number * self.block)
        size = max(1, _AT_ONCE // design.size)
        tasks = [
            (pool, first, min(size, self.count - first)) for pool in self.pools for first in range(0, self.count, size)
        ]

        def shown(task: tuple[PatientPool, int, int]) -> tuple[NDArray[np.bool_], float, float]:
            pool, first, count = task
            done = monitor_drawn(design, pool, draw_trials(design, pool, first, count))
            is_shown = WORDS[done.decision[:, self.place]] == str(Decision.EFFICACY)
            error = done.at_stop(done.looks.standard_error)[:, self.place]
            return is_shown, float(done.n_randomised.sum()), float(np.nanmean(error))

        with ThreadPoolExecutor(max_workers=self.threads) as workers:
            parts = list(workers.map(shown, tasks))
        shares = np.concatenate([part[0] for part in parts]).reshape(len(self.pools), self.count).mean(axis=1)
        share = float(shares.mean())
        return {
            "n_total": design.size,
            "success": share,
            "monte_carlo_se": self._error(shares, float(np.mean([part[2] for part in parts]))),
            "expected_patients": sum(part[1] for part in parts) / (len(self.pools) * self.count),
            "n_trials": len(self.pools) * self.count,
        }

    def _error(self, shares: NDArray[np.float64], standard_error: float) -> float:
        """Return the error of success: between draws, or of the trials and of what a pool's mean may be off."""
        share = float(np.clip(shares.mean(), 1 / (self.count + 2), 1 - 1 / (self.count + 2)))
        if len(shares) > 1:
            between = float(shares.std(ddof=1))
            return (between or np.sqrt(share * (1 - share))) / np.sqrt(len(shares))
        off = np.nan_to_num(self.pools[0].own_errors[self.place])
        steepness = np.exp(-0.5 * ndtri(share) ** 2) / np.sqrt(2 * np.pi) / standard_error
        return float(np.hypot(np.sqrt(share * (1 - share) / self.count), steepness * off))


def _search(
    design: Design, pools: Sequence[PatientPool], trying: _Trying, found: dict[int, dict[str, float]],
    answer: int | None, target: float, not_enrolled: int,
) -> SizeSearch:  # fmt: skip
    import pandas as pd

    curve = pd.DataFrame([found[number] for number in sorted(found)]).astype({"n_total": int, "n_trials": int})
    sign = float(design.benefit_sign)
    effects = np.array([pool.own[trying.place] for pool in pools])
    known = effects[np.isfinite(effects)]
    return SizeSearch(
        comparison=design.compared()[trying.place].name,
        target=float(target),
        n_total=None if answer is None else answer * trying.block,
        low=_crossing(curve, target, trying.block, sign=1.0),
        high=_crossing(curve, target, trying.block, sign=-1.0),
        n_draws=len(pools),
        not_enrolled=not_enrolled,
        ceiling=float((sign * known > 0).mean()) if len(pools) > 1 and len(known) else None,
        middle_benefit=float(np.median(sign * known)) if len(known) else float("nan"),
        curve=curve,
    )


def _crossing(curve: pd.DataFrame, target: float, block: int, *, sign: float) -> int | None:
    """Return the size at which an end of the interval of success reaches the target, between sizes in a line."""
    sizes = curve["n_total"].to_numpy(float)
    ends = curve["success"].to_numpy() + sign * _NORMAL_95 * curve["monte_carlo_se"].to_numpy()
    reached = np.flatnonzero(ends >= target)
    if not len(reached):
        return None
    place = int(reached[0])
    if place == 0 and sign > 0:  # it is reached below the smallest size, nobody knows where
        return None
    size = sizes[place]
    if place > 0:
        share = (target - ends[place - 1]) / (ends[place] - ends[place - 1])
        size = sizes[place - 1] + share * (size - sizes[place - 1])
    return ceil(round(size / block, 9)) * block


def _refuse(pools: Sequence[PatientPool], target: float, n_sizes: int, is_compared: bool, smallest: int) -> None:
    problems: list[Problem] = []

    def wrong(where: str, found: Any, expected: str) -> None:
        problems.append(Problem(where, f"{found}", expected))

    if not pools:
        wrong("pools", "there is none", "one or more")
    elif len({pool.window for pool in pools}) > 1:
        wrong("pools", "have several windows", "the same largest size")
    elif smallest >= pools[0].window:
        wrong("smallest", smallest, f"fewer patients than the largest trial, {pools[0].window}")
    if not 0 < target < 1:
        wrong("target", f"{target:g}", "a share above 0 and below 1")
    if n_sizes < 2:
        wrong("n_sizes", n_sizes, "2 or more")
    if not is_compared:
        wrong("comparison", "is not compared in the design", "one of its comparisons")
    if problems:
        raise TrialError("size of a trial", problems)
