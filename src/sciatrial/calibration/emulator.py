"""Forward runs → a smooth function of the coordinates for each number, with the error that it makes.

A polynomial in the inputs that matter, fitted apart for each cause: linear in many inputs, quadratic in some, cubic in
the few that bend most. Numbers of one cause move together, so the fit is done on their principal components, each by
ridge regression whose strength is chosen by generalised cross-validation. Every run has patients of its own, so what
the regression leaves is their luck and its own misfit; the two are told apart by running some points several times.

What cells change is small beside what else differs between runs, and would be lost there. It is emulated apart, from
the differences between the same patients with cells that act and cells that do nothing, with a polynomial for each
mechanism; where no mechanism is there it is exactly nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.ensemble import Runs
from sciatrial.calibration.space import Space, inputs_at
from sciatrial.foundation import CalibrationError, Problem, Record
from sciatrial.parameters import CELL_EFFECTS

_QUADRATIC_SCALES = (1.0, 0.5, 0.25)
_STRENGTHS = np.geomspace(1e-2, 1e5, 40)
_HELD_OUT = 0.12
_HELD_OUT_OF_CELLS = 0.2
_FEWEST_RUNS = 100
_RUNS_FOR_AN_INPUT = 4
_INPUTS_OF_A_MECHANISM = 7
_WIDEST = 100.0
_MOST_COMPONENTS = 40
_LEAST_LUCK = 1e-3
_DEGREE = 3


@dataclass(frozen=True)
class Luck:
    """How the luck of a run's patients moves its numbers.

    ``deviations`` (dims ``repeat, number``) of runs of one point from their mean, ``freedom`` how many of them are
    free: their products over it are the covariance.
    """

    deviations: NDArray[np.float64]
    freedom: int

    @property
    def sd(self) -> NDArray[np.float64]:
        """Standard deviations; dims ``number``."""
        return np.sqrt((self.deviations**2).sum(axis=0) / self.freedom)

    def of(self, keep: NDArray) -> Luck:
        """Return the luck of some of the numbers."""
        return replace(self, deviations=self.deviations[:, keep])


@dataclass(frozen=True)
class Misfit:
    """What an emulator left of runs that it had not seen (dims ``run, number``), and the luck in it.

    ``n`` says of how many runs each number is told (dims ``number``); others are 0.
    """

    left: NDArray[np.float64]
    n: NDArray[np.int64]
    luck: Luck

    def covariance(self, keep: NDArray) -> NDArray[np.float64]:
        """Return the covariance of an emulator's own errors in some numbers: what is left, less the luck in it."""
        mine, n = self.left[:, keep], max(int(self.n[keep].max(initial=0)), 1)
        luck = self.luck.deviations[:, keep]
        own = mine.T @ mine / n - luck.T @ luck / self.luck.freedom
        # a difference of two estimates need not be a covariance: its negative directions are luck through and through
        size, direction = np.linalg.eigh(own)
        return (direction * np.maximum(size, 0.0)) @ direction.T

    def of(self, keep: NDArray) -> Misfit:
        """Return that of some of the numbers."""
        return Misfit(self.left[:, keep], self.n[keep], self.luck.of(keep))


@dataclass(frozen=True, repr=False)
class Emulator(Record):
    """A polynomial of the inputs for each number.

    ``value(x) = intercept + m(x) · coefficients`` with dims of `coefficients` ``monomial, number``. A monomial is a
    product of up to three inputs: `factors` (dims ``monomial, 3``) has their places, and the place behind the last
    input, where a 1 stands, for a factor that is not there. ``error_sd`` (dims ``number``) is its own misfit,
    ``luck_sd`` the spread of one run by its patients' luck, ``explained`` the share of the variance between points that
    it explains, luck left out. `misfits` say which numbers are wrong together; they add.
    """

    inputs: tuple[str, ...]
    intercept: NDArray[np.float64] = field(compare=False)
    factors: NDArray[np.int64] = field(compare=False)
    coefficients: NDArray[np.float64] = field(compare=False)
    error_sd: NDArray[np.float64] = field(compare=False)
    luck_sd: NDArray[np.float64] = field(compare=False)
    explained: NDArray[np.float64] = field(compare=False)
    misfits: tuple[Misfit, ...] = field(default=(), compare=False)

    def error_covariance(self, keep: NDArray) -> NDArray[np.float64]:
        """Return the covariance of its errors in some numbers of one cause."""
        if not self.misfits:
            return np.diag(self.error_sd[keep] ** 2)
        return np.sum([misfit.covariance(keep) for misfit in self.misfits], axis=0)

    def with_luck(self, luck: Luck, place: NDArray[np.int64]) -> Emulator:
        """Return this polynomial, whose numbers at `place` err by some luck as well."""
        n = luck.deviations.shape[1]
        zero, nothing = np.zeros(n), Luck(np.zeros((1, n)), 1)
        error = Emulator(
            self.inputs, zero, np.zeros((0, _DEGREE), dtype=np.int64), np.zeros((0, n)), luck.sd, zero, zero,
            (Misfit(luck.deviations, np.full(n, luck.freedom), nothing),),
        )  # fmt: skip
        return self.plus(error, place)

    def value(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return every number at inputs with dims ``point, input``; dims ``point, number``."""
        return self.intercept + _monomials(x, self.factors) @ self.coefficients

    def of(self, keep: NDArray) -> Emulator:
        """Return the polynomial of some of the numbers."""
        return replace(
            self, intercept=self.intercept[keep], coefficients=self.coefficients[:, keep],
            error_sd=self.error_sd[keep], luck_sd=self.luck_sd[keep], explained=self.explained[keep],
            misfits=tuple(misfit.of(keep) for misfit in self.misfits),
        )  # fmt: skip

    def plus(self, other: Emulator, place: NDArray[np.int64]) -> Emulator:
        """Return the sum of this polynomial and of another one, whose numbers are those at `place` here."""
        n = len(self.intercept)

        def spread(values: NDArray) -> NDArray:
            made = np.zeros((*values.shape[:-1], n))
            made[..., place] = values
            return made

        misfits = tuple(
            Misfit(
                spread(one.left), spread(one.n).astype(np.int64),
                replace(one.luck, deviations=spread(one.luck.deviations)),
            )
            for one in other.misfits
        )  # fmt: skip
        return replace(
            self, intercept=self.intercept + spread(other.intercept),
            factors=np.concatenate([self.factors, other.factors]),
            coefficients=np.concatenate([self.coefficients, spread(other.coefficients)]),
            error_sd=np.hypot(self.error_sd, spread(other.error_sd)), misfits=(*self.misfits, *misfits),
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"Emulator: {len(self.intercept)} numbers, {len(self.inputs)} inputs, {len(self.factors)} monomials\n"
            f"  variance between points explained: median {np.median(self.explained):.2f}, "
            f"lowest twentieth {np.quantile(self.explained, 0.05):.2f}"
        )


def _monomials(x: NDArray[np.float64], factors: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return products of inputs; dims ``point, monomial``."""
    with_one = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    made = with_one[:, factors[:, 0]]
    for column in range(1, _DEGREE):
        made = made * with_one[:, factors[:, column]]
    return made


def luck_of(runs: Runs, repeats: Sequence[int]) -> Luck:
    """Return how patients' luck moves the numbers of a run.

    Parameters
    ----------
    runs
        Runs in which the same points come several times in a row.
    repeats
        How often each point comes, in order.

    Returns
    -------
    Luck
        Pooled over the points; a number that a run could not tell counts as no deviation.
    """
    deviations, start = [], 0
    for times in repeats:
        part = runs.values[start : start + times]
        start += times
        told = np.isfinite(part)
        mean = np.where(told, part, 0.0).sum(axis=0) / np.maximum(told.sum(axis=0), 1)
        deviations.append(np.where(told, part - mean, 0.0))
    return Luck(np.concatenate(deviations), max(sum(times - 1 for times in repeats), 1))


def fit_emulator(
    runs: Runs,
    space: Space,
    *,
    cause: NDArray,
    luck: Luck,
    n_quadratic: int = 16,
    n_cubic: int = 8,
    weight: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> Emulator:
    """Fit the emulator.

    Parameters
    ----------
    runs
        Forward runs at points of the prior, or of anything as wide, on the scale on which numbers are fitted.
    cause
        The cause that each number belongs to; dims ``number``.
    luck
        What `luck_of` gave for these numbers.
    n_quadratic, n_cubic
        How many inputs of a cause, beside the shifts of a trial, may enter by squares and products, and by cubes:
        those that move its numbers most, relative to the spread that luck leaves.
    weight
        How much each run counts, dims ``run``; all the same when left out. The error is measured on the heaviest.
    seed
        Chooses the runs that are held out to measure the error.

    Raises
    ------
    CalibrationError
        When too few runs succeeded.
    """
    x = inputs_at(space, runs.z, runs.present, runs.duration)
    heavy = np.ones(len(x)) if weight is None else weight
    rng = np.random.default_rng(seed)
    held = (rng.random(len(x)) < (_HELD_OUT if weight is None else 0.3)) & (heavy == heavy.max())
    parts = []
    for mine, y, good in _by_cause(runs, cause):
        of_luck = np.maximum(luck.sd[mine], _LEAST_LUCK)
        train = good & ~held
        chosen = _choose(x[train], y[train], of_luck, space, n_quadratic, n_cubic)
        fitted = _fit_part(x, y, good, held, heavy, of_luck, chosen)
        parts.append((mine, chosen.factors, fitted))
    return _assembled(parts, space, luck, runs.values.shape[1], held)


def fit_cell_effects(
    differences: Runs,
    space: Space,
    *,
    cause: NDArray,
    luck: Luck,
    weight: NDArray[np.float64] | None = None,
    n_inputs: int = _INPUTS_OF_A_MECHANISM,
    seed: int = 0,
) -> Emulator:
    """Fit what cells change: for each mechanism a quadratic of the inputs that move it most, where it is there.

    Parameters
    ----------
    differences
        Runs whose values are differences between cells that act and cells that do nothing, on the scale on which
        numbers are fitted.
    cause, luck, weight, seed
        As in `fit_emulator`, for the differences.
    n_inputs
        Inputs of each mechanism.

    Returns
    -------
    Emulator
        Exactly 0 where no mechanism of cells is there.

    Raises
    ------
    CalibrationError
        When too few runs succeeded.
    """
    x = inputs_at(space, differences.z, differences.present, differences.duration)
    heavy = np.ones(len(x)) if weight is None else weight
    held = (np.random.default_rng(seed).random(len(x)) < _HELD_OUT_OF_CELLS) & (heavy == heavy.max())
    parts = []
    for mine, y, good in _by_cause(differences, cause):
        train = good & ~held
        factors, width = zip(*_gated(x[train], y[train], space, n_inputs), strict=True)
        # in points: arms in which cells change much lead
        alike = np.ones(y.shape[1])
        factors = np.array(factors, dtype=np.int64)
        fitted = _fit_part(x, y, good, held, heavy, alike, _Chosen(factors, np.array(width), False))
        parts.append((mine, factors, fitted))
    return _assembled(parts, space, luck, differences.values.shape[1], held)


def _by_cause(runs: Runs, cause: NDArray) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Give the numbers of each cause, their values with gaps filled (dims ``run, number``), and which runs are good."""
    for word in dict.fromkeys(cause.tolist()):
        mine = np.flatnonzero(cause == word)
        y = runs.values[:, mine]
        good = np.isfinite(y).mean(axis=1) > 0.5
        if good.sum() < _FEWEST_RUNS:
            found = f"{int(good.sum())} of {len(good)} runs of {word} gave most numbers"
            raise CalibrationError("emulator", Problem("runs", found, f"{_FEWEST_RUNS} or more", "run more points"))
        # a fact that a run could not tell stands at the mean of the runs that could
        yield mine, np.where(np.isfinite(y), y, np.nanmean(y[good], axis=0)), good


@dataclass(frozen=True)
class _Chosen:
    """Monomials, how wide each is beside an input, and whether a constant stands beside them."""

    factors: NDArray[np.int64]
    width: NDArray[np.float64]
    has_constant: bool = True


def _choose(x: NDArray, y: NDArray, luck: NDArray, space: Space, n_quadratic: int, n_cubic: int) -> _Chosen:
    """Return the inputs, products and cubes that a cause's numbers may use."""
    one = len(space.inputs)
    # cells do nothing in these numbers: whatever a regression found of them would be luck
    may = np.setdiff1d(np.arange(one), inputs_of_cells(space))
    order = may[np.argsort(-_importance(x, y, luck, space)[may])]
    n_shifts = int(space.is_shift.sum())
    active = np.sort(order[: n_quadratic + n_shifts])
    # with few runs, what moves nothing would only add noise
    used = np.sort(order[: max(len(active), len(x) // _RUNS_FOR_AN_INPUT)])
    # an indicator's square is itself
    pairs = [(a, b) for a, b in combinations_with_replacement(active, 2) if a != b or not space.is_indicator[a]]
    leaders = order[n_shifts : n_shifts + n_cubic]
    cubes = np.sort(leaders[~space.is_indicator[leaders]])
    listed = [*((a, one, one) for a in used), *((a, b, one) for a, b in pairs), *((a, a, a) for a in cubes)]
    # a cube is shrunk like a product: a third of it is about as wide as its input
    width = np.repeat([1.0, 1.0, 3.0], [len(used), len(pairs), len(cubes)])
    return _Chosen(np.array(listed, dtype=np.int64), width)


def inputs_of_cells(space: Space) -> NDArray[np.int64]:
    """Return the places of inputs that say what cells do: indicators of their mechanisms, and what these gate."""
    groups = [space.groups.index(group) for group in CELL_EFFECTS if group in space.groups]
    flags = [space.inputs.index(f"{space.groups[group]} present") for group in groups]
    return np.concatenate([np.flatnonzero(np.isin(space.gate, groups)), flags]).astype(np.int64)


def _gated(x: NDArray, y: NDArray, space: Space, n_inputs: int) -> Iterator[tuple[tuple[int, int, int], float]]:
    """Give the monomials of what cells change, each with the indicator of a mechanism in it, and their widths.

    A mechanism that does little where it is alone is wide, so that it is shrunk: it would learn the luck of others.
    """
    one = len(space.inputs)
    flags = [space.inputs.index(f"{group} present") for group in CELL_EFFECTS if group in space.groups]
    alone = {flag: (x[:, flag] > 0) & (x[:, flags].sum(axis=1) == 1) for flag in flags}
    size = {flag: float(np.sqrt(np.mean(y[runs] ** 2))) if runs.any() else 1.0 for flag, runs in alone.items()}
    width = {flag: min(max(size.values()) / max(size[flag], 1e-9), _WIDEST) for flag in flags}
    for flag in flags:
        there = x[:, flag] > 0
        if not there.any():
            continue
        moved = _moved(x[there], y[there])
        moved[flags] = 0.0
        chosen = np.sort(np.argsort(-moved)[:n_inputs])
        yield (flag, one, one), width[flag]
        yield from (((flag, int(a), one), width[flag]) for a in chosen)
        yield from (((flag, int(a), int(b)), width[flag]) for a, b in combinations_with_replacement(chosen, 2)
                    if a != b or not space.is_indicator[a])  # fmt: skip
    yield from (((a, b, one), width[a] * width[b]) for a, b in combinations(flags, 2))


@dataclass(frozen=True)
class _Fitted:
    """The polynomial of one cause's numbers, what it left of the runs that were held out, and the variance there."""

    intercept: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    left: NDArray[np.float64]
    n: int
    variance: NDArray[np.float64]


def _fit_part(
    x: NDArray, y: NDArray, good: NDArray, held: NDArray, heavy: NDArray, unit: NDArray, chosen: _Chosen
) -> _Fitted:
    """Fit numbers in some unit of each; and without the runs that are held out, to see what that leaves of them."""
    features = _monomials(x, chosen.factors) / chosen.width
    is_linear = (chosen.factors == x.shape[1]).sum(axis=1) == _DEGREE - 1
    test, train = good & held, good & ~held

    def fit(rows: NDArray, scale: float) -> tuple[NDArray, NDArray, float]:
        shrunk = np.where(is_linear, 1.0, scale) if chosen.has_constant else np.ones(len(is_linear))
        level, slopes, score = _ridge(features[rows] * shrunk, y[rows], heavy[rows], unit, chosen.has_constant)
        return level, slopes * shrunk[:, None], score

    scale = min(_QUADRATIC_SCALES, key=lambda one: fit(train, one)[2]) if chosen.has_constant else 1.0
    level, slopes, _ = fit(train, scale)
    left = y[test] - level - features[test] @ slopes
    level, slopes, _ = fit(good, scale)
    whole = np.zeros((int(held.sum()), y.shape[1]))
    whole[good[held]] = left
    return _Fitted(level, slopes / chosen.width[:, None], whole, int(test.sum()), y[test].var(axis=0))


def _assembled(
    parts: Sequence[tuple[NDArray, NDArray, _Fitted]], space: Space, luck: Luck, n: int, held: NDArray
) -> Emulator:
    """Return one polynomial of all numbers; a monomial that a cause does not use has the coefficient 0 there."""
    listed = sorted({tuple(sorted(row)) for _, factors, _ in parts for row in factors.tolist()})
    place = {row: number for number, row in enumerate(listed)}
    intercept, coefficients = np.zeros(n), np.zeros((len(listed), n))
    left, variance, told = np.zeros((int(held.sum()), n)), np.zeros(n), np.zeros(n, dtype=np.int64)
    for mine, factors, fitted in parts:
        rows = np.array([place[tuple(sorted(row))] for row in factors.tolist()])
        coefficients[rows[:, None], mine] = fitted.coefficients
        intercept[mine], left[:, mine], variance[mine] = fitted.intercept, fitted.left, fitted.variance
        told[mine] = fitted.n
    own = luck.sd
    error = np.maximum((left**2).sum(axis=0) / np.maximum(told, 1) - own**2, (0.05 * own) ** 2)
    between = np.maximum(variance - own**2, 1e-9)
    return Emulator(
        space.inputs, intercept, np.array(listed, dtype=np.int64).reshape(-1, _DEGREE), coefficients, np.sqrt(error),
        own,
        1 - np.minimum(error / between, 1.0), (Misfit(left, told, luck),),
    )  # fmt: skip


def _moved(x: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Return how much each input moves the numbers, in their unit."""
    apart = x - x.mean(axis=0)
    slope = apart.T @ (y - y.mean(axis=0)) / np.maximum((apart**2).sum(axis=0), 1e-9)[:, None]
    return ((slope * x.std(axis=0)[:, None]) ** 2).sum(axis=1)


def _importance(x: NDArray, y: NDArray, luck_sd: NDArray, space: Space) -> NDArray[np.float64]:
    """Return how much each input moves the numbers, in units of their luck; the shifts of a trial come first."""
    return np.where(space.is_shift, np.inf, _moved(x, y / luck_sd))


def _ridge(
    features: NDArray, y: NDArray, weight: NDArray, unit: NDArray, has_constant: bool
) -> tuple[NDArray, NDArray, float]:
    """Return constant (dims ``number``), slopes (dims ``feature, number``) and the mean of standardised GCV scores."""
    share = weight / weight.sum()
    middle = share @ features if has_constant else np.zeros(features.shape[1])
    level = share @ y if has_constant else np.zeros(y.shape[1])
    root = np.sqrt(weight)[:, None]
    apart = root * (y - level) / unit
    loadings = np.linalg.svd(apart, full_matrices=False)[2][:_MOST_COMPONENTS]
    target = apart @ loadings.T  # (run, component)
    u, s, vt = np.linalg.svd(root * (features - middle), full_matrices=False)
    projected = u.T @ target  # (direction, component)
    n, total = len(y), np.maximum((target**2).sum(axis=0), 1e-300)
    best, strength = np.full(target.shape[1], np.inf), np.full(target.shape[1], _STRENGTHS[-1])
    for candidate in _STRENGTHS:
        shrink = s**2 / (s**2 + candidate)
        left = total - ((1 - (1 - shrink) ** 2)[:, None] * projected**2).sum(axis=0)
        score = n * left / (n - 1 - shrink.sum()) ** 2
        better = score < best
        best, strength = np.where(better, score, best), np.where(better, candidate, strength)
    slopes = vt.T @ ((s[:, None] / (s[:, None] ** 2 + strength[None, :])) * projected) @ loadings * unit
    return level - middle @ slopes, slopes, float(np.sum(best * n) / np.sum(total / n))
