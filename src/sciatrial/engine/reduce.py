"""What is kept of many patients: sums that can be joined, never the patients themselves.

Each record is made of a block of patients and joined with that of the next. Whole numbers add up exactly; means and
spreads are joined in the order of the patients, block by block, so they are the same whatever the threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine.trajectories import Trajectories
from sciatrial.foundation import Problem, SolverError

if TYPE_CHECKING:
    import pandas as pd


class AbstractReduction(Protocol):
    """What a reduction gives for a block of patients."""

    def joined(self, other: Self) -> Self:
        """Return the reduction of both blocks together."""
        ...


Reducer = Callable[[Trajectories], AbstractReduction]


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and spread of each output at each visit.

    ``mean`` and ``squares`` (the sum of squared distances from the mean) have dims ``visit, output``.
    """

    outputs: tuple[str, ...]
    n: int
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @property
    def sd(self) -> NDArray[np.float64]:
        """Standard deviation between patients; dims ``visit, output``; NaN for fewer than two."""
        if self.n < 2:
            return np.full(self.mean.shape, np.nan)
        return np.sqrt(self.squares / (self.n - 1))

    def joined(self, other: Moments) -> Moments:
        """Return the moments of both blocks together (Chan, Golub and LeVeque 1983, equation 1.5)."""
        n = self.n + other.n
        if n == 0:
            return self
        away = other.mean - self.mean
        return Moments(
            self.outputs,
            n,
            self.mean + away * (other.n / n),
            self.squares + other.squares + away**2 * (self.n * other.n / n),
        )

    def table(self) -> pd.DataFrame:
        """Return one row a visit and output: ``visit, output, n, mean, sd``."""
        import pandas as pd

        visits, outputs = self.mean.shape
        return pd.DataFrame(
            {
                "visit": np.repeat(np.arange(visits), outputs),
                "output": np.tile(np.array(self.outputs, dtype=object), visits),
                "n": self.n,
                "mean": self.mean.ravel(),
                "sd": self.sd.ravel(),
            }
        )


def moments(trajectories: Trajectories) -> Moments:
    """Return the mean and spread of every output at every visit."""
    values = trajectories.values
    shape = values.shape[1:]
    mean = values.mean(axis=0) if len(values) else np.zeros(shape)
    return Moments(trajectories.outputs, len(values), mean, ((values - mean) ** 2).sum(axis=0))


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many patients lie where, for one output.

    ``counts`` has dims ``visit, bin``: the first bin holds all below `low`, the last all at or above `high`, those
    between are of equal width.
    """

    output: str
    low: float
    high: float
    counts: NDArray[np.int64]

    @property
    def width(self) -> float:
        """Width of a bin: how far a quantile may lie from the exact one."""
        return (self.high - self.low) / (self.counts.shape[1] - 2)

    def joined(self, other: Histogram) -> Histogram:
        """Return the histogram of both blocks together."""
        return Histogram(self.output, self.low, self.high, self.counts + other.counts)

    def quantile(self, share: ArrayLike) -> NDArray[np.float64]:
        """Return quantiles: the least value that a share of the patients do not exceed, to a bin's width.

        Parameters
        ----------
        share
            0 to 1; dims ``share``.

        Returns
        -------
        numpy.ndarray
            Dims ``share, visit``; NaN where they lie outside of the range, or nobody is there.

        Raises
        ------
        SolverError
            For a share outside of 0 to 1.
        """
        shares = np.atleast_1d(np.asarray(share, dtype=float))
        if not ((shares >= 0) & (shares <= 1)).all():
            raise SolverError("quantile", [Problem("share", f"is {shares.tolist()}", "0 to 1")])
        found = np.full((len(shares), len(self.counts)), np.nan)
        for visit, counts in enumerate(self.counts):
            up_to, total = np.cumsum(counts), int(counts.sum())
            if total:
                wanted = shares * total
                place = np.searchsorted(
                    up_to, np.maximum(wanted, 1e-9 * total), side="left"
                )  # a bin with somebody in it
                within = (wanted - (up_to[place] - counts[place])) / counts[place]
                value = self.low + self.width * (place - 1 + within)
                found[:, visit] = np.where((place == 0) | (place == len(counts) - 1), np.nan, value)
        return found


def histogram(output: str, *, low: float, high: float, n_bins: int = 1000) -> Callable[[Trajectories], Histogram]:
    """Return what counts one output into bins, for quantiles.

    Parameters
    ----------
    output
        One of the outputs that are simulated.
    low, high
        The range that is divided, in the output's unit.
    n_bins
        1 or more; a quantile is exact to ``(high − low) / n_bins``.

    Raises
    ------
    SolverError
        For an empty range.
    """
    if not (high > low and n_bins >= 1):
        found = f"from {low} to {high} in {n_bins} bins"
        raise SolverError("histogram", [Problem(output, found, "a range above 0 and 1 bin or more")])

    def count(trajectories: Trajectories) -> Histogram:
        values = trajectories[output]
        bins = np.clip(np.floor((values - low) / (high - low) * n_bins) + 1, 0, n_bins + 1).astype(np.int64)
        visits = values.shape[1]
        flat = (bins + (n_bins + 2) * np.arange(visits)).ravel()
        counts = np.bincount(flat, minlength=visits * (n_bins + 2)).reshape(visits, n_bins + 2)
        return Histogram(output, low, high, counts)

    return count


@dataclass(frozen=True, eq=False)
class Shares:
    """How many of `n` patients meet each rule; ``counts`` has dims ``rule, visit``."""

    rules: tuple[str, ...]
    n: int
    counts: NDArray[np.int64]

    @property
    def percent(self) -> NDArray[np.float64]:
        """Percent of patients; dims ``rule, visit``."""
        return 100 * self.counts / self.n if self.n else np.full(self.counts.shape, np.nan)

    def joined(self, other: Shares) -> Shares:
        """Return the counts of both blocks together."""
        return Shares(self.rules, self.n + other.n, self.counts + other.counts)


def responders(
    rules: Mapping[str, Callable[[Trajectories], NDArray[np.bool_]]],
) -> Callable[[Trajectories], Shares]:
    """Return what counts the patients who meet each of some rules at each visit.

    Parameters
    ----------
    rules
        Name → function of trajectories that gives truth values with dims ``patient, visit``; see `falls_by`.

    Raises
    ------
    SolverError
        When there is none.
    """
    if not rules:
        raise SolverError("responders", [Problem("rules", "there is none", "one or more")])

    def count(trajectories: Trajectories) -> Shares:
        met = [np.asarray(rule(trajectories)).sum(axis=0, dtype=np.int64) for rule in rules.values()]
        return Shares(tuple(rules), len(trajectories.values), np.stack(met))

    return count


def falls_by(output: str, percent: float) -> Callable[[Trajectories], NDArray[np.bool_]]:
    """Return the rule that an output has fallen by `percent` (0 to 100) or more of what it was at the first visit.

    Who had none of it at the first visit does not respond.
    """

    def rule(trajectories: Trajectories) -> NDArray[np.bool_]:
        values = trajectories[output]
        return (values <= (1 - percent / 100) * values[:, :1]) & (values[:, :1] > 0)

    return rule
