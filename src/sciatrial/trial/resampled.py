"""Many trials drawn from pools → the operating characteristics of a design, with Monte-Carlo errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sciatrial.foundation import Problem, Progress, Record, TrialError, silent
from sciatrial.statistics import Binding, Sides, estimates_of_many
from sciatrial.trial.design import Design
from sciatrial.trial.many_looks import WORDS, ManyMonitored, alike, monitor_drawn
from sciatrial.trial.monitoring import Decision
from sciatrial.trial.pool import PatientPool
from sciatrial.trial.resampling import draw_trials, refuse_pool
from sciatrial.trial.run import endpoint_words
from sciatrial.trial.summaries import share_of, stopping_by_look, summarise

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

# patients of a batch of trials: enough to be quick, few enough for a processor's cache
_AT_ONCE = 60_000
_BLOCKS = 50  # of draws, for the errors
_ONE_A_DRAW = ("mean_truth", "truth_error", "truth_low", "truth_high")


@dataclass(frozen=True)
class ResampledTrials(Record):
    """Trials of one pool.

    ``trials``: one row a trial and comparison, as the contrasts of `TrialResult`, with draw, trial number and truth.
    ``looks``: one row a trial, comparison and look until it stopped. ``pool``: one row a comparison.
    """

    trials: pd.DataFrame
    looks: pd.DataFrame
    pool: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return one row a trial and comparison."""
        return self.trials


@dataclass(frozen=True)
class ResampledCharacteristics(Record):
    """How often a trial of a design would be right, from trials drawn out of pools.

    ``summary``: one row a comparison and quantity with its Monte-Carlo standard error. ``stopping``: one row a
    comparison, look and quantity. ``trials``: one row a trial and comparison. ``pools``: one row a draw and comparison;
    see `resampled_characteristics`.
    """

    alpha: float
    alpha_of_a_side: float
    endpoint: Mapping[str, Any]
    n_draws: int
    trials: pd.DataFrame
    summary: pd.DataFrame
    stopping: pd.DataFrame
    pools: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return the summary."""
        return self.summary

    def __repr__(self) -> str:
        success = self.summary.loc[self.summary["quantity"] == "success"]
        told = "\n".join(
            f"  {row.comparison}: success {row.value:.4f} ± {row.monte_carlo_se:.4f}" for row in success.itertuples()
        )
        n_trials = int(success["n_trials"].max()) if len(success) else 0
        return f"ResampledCharacteristics: {n_trials} trials of {self.n_draws} draws\n{told}"


def resample_trials(
    design: Design,
    pool: PatientPool,
    *,
    count: int,
    first: int = 0,
    adjusted: bool = True,
    threads: int = 1,
    progress: Progress = silent,
) -> ResampledTrials:
    """Draw trials from a pool and analyse each look of them.

    Trial number `i` of a pool is the same in whatever batch it is drawn, and on whatever number of threads.

    Parameters
    ----------
    design
        With the arms, visits and endpoint of the pool, and no more patients than the pool's window.
    pool
        The patients.
    count, first
        How many trials, and the number of the first one, from 0.
    adjusted
        Whether trials that stop after their first look get estimates that allow for the looks.
    threads
        1 or more.

    Returns
    -------
    ResampledTrials

    Raises
    ------
    TrialError
        When the pool is not of this design, or too small; see `refuse_pool`.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    import pandas as pd

    refuse_pool(design, pool, first + count)

    def rows_of(batch: tuple[int, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
        found = monitor_drawn(design, pool, draw_trials(design, pool, *batch))
        numbers = np.arange(batch[0], batch[0] + batch[1])
        estimates = adjusted_estimates(design, found) if adjusted else _not_adjusted(found)
        return _trial_rows(design, pool, found, estimates, numbers), _look_rows(design, pool, found, numbers)

    progress.start("trials from a pool", count)
    parts = list(in_batches(rows_of, design, first, count, threads, progress))
    progress.finish()
    trials, looks = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    return ResampledTrials(trials, looks, _pool_rows(design, pool))


def in_batches(work: Any, design: Design, first: int, count: int, threads: int, progress: Progress) -> Iterator[Any]:
    """Yield what `work` makes of each batch of trial numbers ``(first, count)``, in order."""
    size = max(1, _AT_ONCE // design.size)
    batches = [(start, min(size, first + count - start)) for start in range(first, first + count, size)]
    with ThreadPoolExecutor(max_workers=threads) as workers:
        waiting = [workers.submit(work, batch) for batch in batches]
        for future, batch in zip(waiting, batches, strict=True):
            yield future.result()
            if not progress.advance(batch[1]):
                workers.shutdown(cancel_futures=True)
                raise KeyboardInterrupt


def adjusted_estimates(design: Design, found: ManyMonitored) -> dict[str, Floats]:
    """Return median-unbiased estimates and stage-wise intervals, as `monitor`; dims ``trial, comparison``.

    A trial that stops at the first look that tests it has Student's.
    """
    plain = {name: found.at_stop(getattr(found.looks, column)) for name, column in _STUDENT.items()}
    tested = found.at_stop(found.is_tested)
    made = {name: np.where(tested, values, np.nan) for name, values in plain.items()}
    bounds, looks = design.bounds(), np.arange(found.shares.shape[1])
    counts = bounds.rules.binding is Binding.BINDING or bounds.rules.sides is Sides.TWO
    sign = float(design.benefit_sign)
    estimate, error, z = (found.at_stop(getattr(found.looks, name)) for name in ("estimate", "standard_error", "z"))
    for comparison in range(estimate.shape[1]):
        so_far = found.is_tested[:, :, comparison] & (looks <= found.place[:, comparison, None])
        able = np.flatnonzero((so_far.sum(axis=1) > 1) & np.isfinite(z[:, comparison]) & tested[:, comparison])
        for places, some in alike(so_far[able]):
            rows = able[some]
            block = (rows[:, None], np.array(places), comparison)
            upper = found.efficacy_z[block][:, :-1]
            lower = found.lower_z[block][:, :-1] if counts else np.full(upper.shape, -np.inf)
            at = z[rows, comparison]
            told = estimates_of_many(found.shares[block], upper, lower, at, level=design.level)
            unit = sign * error[rows, comparison]
            is_clear = np.abs(at) > _NO_STATISTIC
            unit[is_clear] = sign * np.abs(estimate[rows, comparison][is_clear] / at[is_clear])
            ends = np.sort(np.stack([unit * told.low, unit * told.high]), axis=0)
            p = told.p_value
            made["adjusted_estimate"][rows, comparison] = unit * told.median_unbiased
            made["adjusted_low"][rows, comparison], made["adjusted_high"][rows, comparison] = ends
            made["adjusted_p_value"][rows, comparison] = (
                np.minimum(1.0, 2 * np.minimum(p, 1 - p)) if bounds.rules.sides is Sides.TWO else p
            )
    return made


_STUDENT = {
    "adjusted_estimate": "estimate", "adjusted_low": "low", "adjusted_high": "high", "adjusted_p_value": "p_value",
}  # fmt: skip
_NAIVE = {
    "estimate": "estimate", "standard_error": "standard_error", "degrees_of_freedom": "degrees_of_freedom",
    "ci_low": "low", "ci_high": "high", "p_value": "p_value", "z": "z", "n_arm": "n_arm", "n_control": "n_control",
    "why_not": "why_not",
}  # fmt: skip
_FINAL = {"estimate": "estimate", "standard_error": "standard_error", "ci_low": "low", "ci_high": "high", "z": "z"}
# below this z the ratio of Student's to the normal statistic is lost in rounding, and is 1 to a few per cent
_NO_STATISTIC = 1e-6


def _not_adjusted(found: ManyMonitored) -> dict[str, Floats]:
    return {name: np.full(found.place.shape, np.nan) for name in _STUDENT}


def _trial_rows(
    design: Design, pool: PatientPool, found: ManyMonitored, estimates: dict[str, Floats], numbers: NDArray[np.int64]
) -> pd.DataFrame:
    """Return one row a trial and comparison."""
    import pandas as pd

    compared = design.compared()
    n_trials, n_compared = found.place.shape
    at_stop = {name: found.at_stop(getattr(found.looks, column)) for name, column in _NAIVE.items()}
    bound = found.at_stop(found.efficacy_z)
    overrun = found.final.n_arm + found.final.n_control - at_stop["n_arm"] - at_stop["n_control"]
    columns: dict[str, Any] = {
        "draw": np.full(found.place.shape, pool.place),
        "trial": np.repeat(numbers[:, None], n_compared, axis=1),
        "comparison": np.tile(np.array([item.name for item in compared], dtype=object), (n_trials, 1)),
        "arm": np.tile(np.array([item.arm for item in compared], dtype=object), (n_trials, 1)),
        "control": np.tile(np.array([item.control for item in compared], dtype=object), (n_trials, 1)),
        "truth": np.tile(pool.truth, (n_trials, 1)),
        "truth_error": np.tile(pool.truth_errors, (n_trials, 1)),
        **at_stop,
        "decision": WORDS[found.decision],
        "look": found.place + 1,
        "efficacy_z": np.where(np.isfinite(bound), bound, np.nan),
        **estimates,
        "n_overrun": overrun,
        **{f"final_{name}": getattr(found.final, column) for name, column in _FINAL.items()},
        "final_efficacy_z": found.final_efficacy_z,
        "n_randomised": np.repeat(found.n_randomised[:, None], n_compared, axis=1),
        "months": np.repeat(found.months[:, None], n_compared, axis=1),
    }
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def _look_rows(design: Design, pool: PatientPool, found: ManyMonitored, numbers: NDArray[np.int64]) -> pd.DataFrame:
    """Return one row a trial, comparison and look, until the comparison stops."""
    import pandas as pd

    names = np.array([item.name for item in design.compared()], dtype=object)
    looks = np.arange(found.shares.shape[1])[:, None]
    trial, look, comparison = np.nonzero(found.is_tested & (looks <= found.place[:, None, :]))
    cell = (trial, look, comparison)
    stopped = look == found.place[trial, comparison]
    decision = np.where(stopped, WORDS[found.decision[trial, comparison]], str(Decision.CONTINUE))
    futility = found.lower_z[cell] if design.sides is Sides.ONE else np.full(len(trial), np.nan)
    efficacy = found.efficacy_z[cell]
    return pd.DataFrame(
        {
            "draw": pool.place, "trial": numbers[trial], "comparison": names[comparison], "look": look + 1,
            "information": found.shares[cell], "month": found.calendar.months[trial, look],
            "n_recruited": found.calendar.n_recruited[trial, look],
            **{name: getattr(found.looks, name)[cell] for name in _OF_A_LOOK},
            "efficacy_z": np.where(np.isfinite(efficacy), efficacy, np.nan),
            "futility_z": np.where(np.isfinite(futility), futility, np.nan), "decision": decision,
        }
    )  # fmt: skip


_OF_A_LOOK = ("n_arm", "n_control", "estimate", "standard_error", "z")


def _pool_rows(design: Design, pool: PatientPool) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "draw": pool.place,
            "comparison": [item.name for item in design.compared()],
            "patients": len(pool),
            "variance_share": pool.variance_share,
            "truth": pool.truth,
            "truth_error": pool.truth_errors,
            "own": pool.own,
            "own_error": pool.own_errors,
        }
    )


def resampled_characteristics(
    design: Design,
    pools: Iterable[PatientPool],
    *,
    trials_of_each: int,
    adjusted: bool = True,
    threads: int = 1,
    progress: Progress = silent,
) -> ResampledCharacteristics:
    """Say how often a trial of a design would be right: power with one pool, assurance with one a draw.

    Bias and coverage are against the truth of the population. Estimates vary around the pool's own mean instead, so
    that bias carries the difference of the two: ``pools`` has both, with the Monte-Carlo error of each, and the share
    of the variance between trials that a finite pool leaves out (trial over pool).

    With one pool, the error of success joins the luck of the trials and what the pool's own mean may be off. With more,
    trials of a draw are alike, and errors are those between draws (a jackknife over at most 50 groups of them).

    Parameters
    ----------
    design
        The design.
    pools
        One for each draw; a generator makes and forgets them one by one.
    trials_of_each
        Trials drawn from each pool.
    adjusted, threads
        As in `resample_trials`.

    Returns
    -------
    ResampledCharacteristics

    Raises
    ------
    TrialError
        When there is no pool, a draw is there twice, or a pool cannot be used.
    """
    import pandas as pd

    parts = [
        resample_trials(design, pool, count=trials_of_each, adjusted=adjusted, threads=threads, progress=progress)
        for pool in pools
    ]
    places = [int(part.pool["draw"].iloc[0]) for part in parts]
    if not parts or len(set(places)) < len(places):
        found = "there is none" if not parts else "a draw is there twice"
        raise TrialError("trials from pools", Problem("pools", found, "one or more, each of another draw"))
    trials, looks, told = (
        pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in ("trials", "looks", "pool")
    )
    summary, stopping = _summaries(trials), _stopping(looks, trials)
    if len(parts) == 1:
        summary = _with_error_of_pool(summary, told)
    return ResampledCharacteristics(
        alpha=design.alpha,
        alpha_of_a_side=design.bounds().rules.alpha_of_a_side,
        endpoint=endpoint_words(design),
        n_draws=len(parts),
        trials=trials,
        summary=summary,
        stopping=stopping,
        pools=told,
    )


def _summaries(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the summary; with several draws, errors between draws."""
    import pandas as pd

    def table(some: pd.DataFrame) -> pd.DataFrame:
        return summarise(some.assign(scenario="pool")).drop(columns="scenario")

    draws = trials["draw"].to_numpy()
    found = table(trials)
    if len(np.unique(draws)) == 1:
        return found
    found["monte_carlo_se"] = _jackknife(lambda keep: table(trials.loc[keep])["value"], draws)
    _believe_no_error_of_0(found, draws)
    # the truth is the same in all trials of a draw
    single = table(trials.drop_duplicates(["draw", "comparison"]))
    mine = found["quantity"].isin(_ONE_A_DRAW)
    found = pd.concat([found.loc[~mine], single.loc[single["quantity"].isin(_ONE_A_DRAW)]])
    return found.sort_index().reset_index(drop=True)


def _stopping(looks: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    keys = ["comparison", "look", "quantity"]

    def table(some: pd.DataFrame, of: pd.DataFrame) -> pd.DataFrame:
        return stopping_by_look(some.assign(scenario="pool"), of.assign(scenario="pool")).drop(columns="scenario")

    draws, found = trials["draw"].to_numpy(), table(looks, trials)
    if len(np.unique(draws)) == 1:
        return found
    by_look = looks["draw"].to_numpy()

    def without(keep: NDArray[np.bool_]) -> Any:
        kept = np.unique(draws[keep])
        part = table(looks.loc[np.isin(by_look, kept)], trials.loc[keep])
        return part.set_index(keys)["value"].reindex(found.set_index(keys).index)

    found["monte_carlo_se"] = _jackknife(without, draws)
    _believe_no_error_of_0(found, draws)
    return found


def _jackknife(value_without: Any, draws: NDArray[np.int64]) -> Floats:
    """Return the standard error of values whose trials are alike within draws, leaving out a group of draws each."""
    order = np.unique(draws, return_inverse=True)[1]
    n_groups = min(_BLOCKS, int(order.max()) + 1)
    values = np.array([np.asarray(value_without(order % n_groups != group), float) for group in range(n_groups)])
    return np.sqrt((n_groups - 1) * values.var(axis=0))


def _believe_no_error_of_0(table: pd.DataFrame, draws: NDArray[np.int64]) -> None:
    """Give shares that are 0 or 1 in every draw the error of such a share among the draws (the caller's own table)."""
    n_draws = len(np.unique(draws))
    never = table["quantity"].isin(_SHARES) & table["value"].isin([0.0, 1.0])
    table.loc[never, "monte_carlo_se"] = share_of(np.zeros(n_draws))[1]


_SHARES = (
    "success", "rejection", "futility", "coverage", "adjusted_coverage", "final_coverage", "reversed_by_overrun",
    "reached", "efficacy", "other_direction", "success_so_far",
)  # fmt: skip


def _with_error_of_pool(summary: pd.DataFrame, pools: pd.DataFrame) -> pd.DataFrame:
    """Add to the error of success and of bias what the pool's own mean may be off.

    Success changes with the effect as a normal's tail: its density at success over the trial's standard error.
    """
    found = summary.set_index(["comparison", "quantity"])
    errors = pools.set_index("comparison")["own_error"].fillna(0.0)
    for comparison, off in errors.items():
        success, se = (
            found.loc[(comparison, "success"), "value"],
            found.loc[(comparison, "mean_standard_error"), "value"],
        )
        steepness = float(np.exp(-0.5 * ndtri(np.clip(success, 1e-9, 1 - 1e-9)) ** 2) / np.sqrt(2 * np.pi) / se)
        for quantity, times in (("success", steepness), ("rejection", steepness), *((name, 1.0) for name in _BIASES)):
            place = (comparison, quantity)
            found.loc[place, "monte_carlo_se"] = float(np.hypot(found.loc[place, "monte_carlo_se"], times * off))
    return found.reset_index()


_BIASES = ("bias", "adjusted_bias", "final_bias")
