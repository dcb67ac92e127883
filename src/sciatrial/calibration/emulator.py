"""Forward runs → a smooth function of the coordinates for each number, with the error that it makes.

A polynomial in the inputs that matter, fitted apart for each cause: linear in many inputs, quadratic in some, cubic in
the few that bend most. Numbers of one cause move together, so the fit is done on their principal components, each by
ridge regression whose strength is chosen by generalised cross-validation. Every run has patients of its own, so what
the regression leaves is their luck and its own misfit; the two are told apart by running some points several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.ensemble import Runs
from sciatrial.calibration.space import Space, inputs_at
from sciatrial.foundation import CalibrationError, Problem, Record

_QUADRATIC_SCALES = (1.0, 0.5, 0.25)
_STRENGTHS = np.geomspace(1e-2, 1e5, 40)
_HELD_OUT = 0.12
_FEWEST_RUNS = 100
_RUNS_FOR_AN_INPUT = 4
_MOST_COMPONENTS = 40
_LEAST_LUCK = 1e-3
_SHRINKAGE = 0.1


@dataclass(frozen=True, repr=False)
class Emulator(Record):
    """A polynomial of the inputs for each number.

    ``value(x) = intercept + x · linear + (x_a x_b) · quadratic + x_c³ · cubic`` with dims of `linear` ``input,
    number``; `first`, `second` are the inputs of each product, `cubed` of each cube. ``error_sd`` (dims ``number``) is
    its own misfit, ``luck_sd`` the spread of one run by its patients' luck, ``explained`` the share of the
    variance between points that it explains, luck left out. ``residuals`` (dims ``run, number``; standardised, of runs
    that were held out) say which numbers are wrong together.
    """

    inputs: tuple[str, ...]
    intercept: NDArray[np.float64] = field(compare=False)
    linear: NDArray[np.float64] = field(compare=False)
    quadratic: NDArray[np.float64] = field(compare=False)
    cubic: NDArray[np.float64] = field(compare=False)
    first: NDArray[np.int64] = field(compare=False)
    second: NDArray[np.int64] = field(compare=False)
    cubed: NDArray[np.int64] = field(compare=False)
    error_sd: NDArray[np.float64] = field(compare=False)
    luck_sd: NDArray[np.float64] = field(compare=False)
    explained: NDArray[np.float64] = field(compare=False)
    residuals: NDArray[np.float64] = field(compare=False)

    def error_correlation(self, keep: NDArray) -> NDArray[np.float64]:
        """Return how the errors of some numbers of one cause are correlated, shrunk a little towards not at all."""
        mine = self.residuals[:, keep]
        n = max(int((mine != 0).any(axis=1).sum()), 1)
        correlation = (1 - _SHRINKAGE) * np.clip(mine.T @ mine / n, -1.0, 1.0)
        np.fill_diagonal(correlation, 1.0)
        return correlation

    def value(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return every number at inputs with dims ``point, input``; dims ``point, number``."""
        pairs = x[:, self.first] * x[:, self.second]
        return self.intercept + x @ self.linear + pairs @ self.quadratic + x[:, self.cubed] ** 3 @ self.cubic

    def of(self, keep: NDArray) -> Emulator:
        """Return the polynomial of some of the numbers."""
        return replace(
            self, intercept=self.intercept[keep], linear=self.linear[:, keep], quadratic=self.quadratic[:, keep],
            cubic=self.cubic[:, keep], error_sd=self.error_sd[keep], luck_sd=self.luck_sd[keep],
            explained=self.explained[keep], residuals=self.residuals[:, keep],
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"Emulator: {len(self.intercept)} numbers, {len(self.inputs)} inputs, {len(self.first)} products\n"
            f"  variance between points explained: median {np.median(self.explained):.2f}, "
            f"lowest twentieth {np.quantile(self.explained, 0.05):.2f}"
        )


def luck_of(runs: Runs, repeats: Sequence[int]) -> NDArray[np.float64]:
    """Return the standard deviation of a run's values by its patients' luck.

    Parameters
    ----------
    runs
        Runs in which the same points come several times in a row.
    repeats
        How often each point comes, in order.

    Returns
    -------
    numpy.ndarray
        dims ``term``: pooled over the points.
    """
    squares, freedom, start = np.zeros(runs.values.shape[1]), np.zeros(runs.values.shape[1]), 0
    for times in repeats:
        part = runs.values[start : start + times]
        start += times
        told = np.isfinite(part).sum(axis=0)
        mean = np.nansum(part, axis=0) / np.maximum(told, 1)
        squares += np.nansum((part - mean) ** 2, axis=0)
        freedom += np.maximum(told - 1, 0)
    return np.sqrt(squares / np.maximum(freedom, 1))


def fit_emulator(
    runs: Runs,
    space: Space,
    *,
    cause: NDArray,
    luck_sd: NDArray[np.float64],
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
    luck_sd
        What `luck_of` gave; dims ``number``.
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
    luck = np.maximum(np.nan_to_num(luck_sd, nan=_LEAST_LUCK), _LEAST_LUCK)
    n = runs.values.shape[1]
    parts = []
    for word in dict.fromkeys(cause.tolist()):
        mine = np.flatnonzero(cause == word)
        y = runs.values[:, mine]
        good = np.isfinite(y).mean(axis=1) > 0.5
        if good.sum() < _FEWEST_RUNS:
            found = f"{int(good.sum())} of {len(good)} runs of {word} gave most numbers"
            raise CalibrationError("emulator", Problem("runs", found, f"{_FEWEST_RUNS} or more", "run more points"))
        # a fact that a run could not tell stands at the mean of the runs that could
        filled = np.where(np.isfinite(y), y, np.nanmean(y[good], axis=0))
        parts.append(_fit_part(x, filled, good, held, heavy, luck[mine], space, n_quadratic, n_cubic, mine))
    return _assembled(parts, space.inputs, n, luck)


@dataclass(frozen=True)
class _Part:
    """The polynomial of one cause's numbers, `mine`."""

    mine: NDArray[np.int64]
    intercept: NDArray[np.float64]
    linear: NDArray[np.float64]
    quadratic: NDArray[np.float64]
    cubic: NDArray[np.float64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    cubed: NDArray[np.int64]
    error: NDArray[np.float64]
    explained: NDArray[np.float64]
    residuals: NDArray[np.float64]


def _fit_part(
    x: NDArray,
    y: NDArray,
    good: NDArray,
    held: NDArray,
    heavy: NDArray,
    luck: NDArray,
    space: Space,
    n_quadratic: int,
    n_cubic: int,
    mine: NDArray,
) -> _Part:
    train = good & ~held
    order = np.argsort(-_importance(x[train], y[train], luck, space))
    n_shifts = int(space.is_shift.sum())
    active = np.sort(order[: n_quadratic + n_shifts])
    # with few runs, what moves nothing would only add noise
    used = np.sort(order[: max(len(active), int(train.sum()) // _RUNS_FOR_AN_INPUT)])
    first, second = (active[part] for part in np.triu_indices(len(active)))
    keep = ~((first == second) & space.is_indicator[first])  # an indicator's square is itself
    first, second = first[keep], second[keep]
    leaders = order[n_shifts : n_shifts + n_cubic]
    cubed = np.sort(leaders[~space.is_indicator[leaders]])
    data = _Data(x[good], y[good], heavy[good], luck, used, first, second, cubed)
    inner = data.without(held[good])
    scale = min(_QUADRATIC_SCALES, key=lambda one: inner.ridge(one)[4])
    test = good & held
    left = y[test] - _value(inner.ridge(scale)[:4], x[test], first, second, cubed)
    between = np.maximum(y[test].var(axis=0) - luck**2, 1e-9)
    error = np.maximum(np.mean(left**2, axis=0) - luck**2, (0.05 * luck) ** 2)
    intercept, linear, quadratic, cubic = data.ridge(scale)[:4]
    explained = 1 - np.minimum(error / between, 1.0)
    residuals = left / np.sqrt(np.mean(left**2, axis=0) + 1e-12)
    return _Part(mine, intercept, linear, quadratic, cubic, first, second, cubed, np.sqrt(error), explained, residuals)


def _assembled(parts: Sequence[_Part], inputs: tuple[str, ...], n: int, luck: NDArray) -> Emulator:
    """Return one polynomial of all numbers; a product that a cause does not use has the coefficient 0 there."""
    pairs = sorted({(int(a), int(b)) for part in parts for a, b in zip(part.first, part.second, strict=True)})
    cubes = sorted({int(c) for part in parts for c in part.cubed})
    place = {pair: row for row, pair in enumerate(pairs)}
    intercept, error, explained = np.zeros(n), np.zeros(n), np.zeros(n)
    residuals = np.zeros((max(len(part.residuals) for part in parts), n))
    linear, quadratic, cubic = np.zeros((len(inputs), n)), np.zeros((len(pairs), n)), np.zeros((len(cubes), n))
    for part in parts:
        intercept[part.mine], error[part.mine], explained[part.mine] = part.intercept, part.error, part.explained
        residuals[: len(part.residuals), part.mine] = part.residuals
        linear[:, part.mine] = part.linear
        rows = [place[int(a), int(b)] for a, b in zip(part.first, part.second, strict=True)]
        quadratic[np.array(rows)[:, None], part.mine] = part.quadratic
        cubes_of = np.array([cubes.index(int(c)) for c in part.cubed], dtype=np.int64)
        cubic[cubes_of[:, None], part.mine] = part.cubic
    first, second = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    return Emulator(
        inputs, intercept, linear, quadratic, cubic, first, second, np.array(cubes, dtype=np.int64), error, luck,
        explained, residuals,
    )  # fmt: skip


def _importance(x: NDArray, y: NDArray, luck_sd: NDArray, space: Space) -> NDArray[np.float64]:
    """Return how much each input moves the numbers, in units of their luck; the shifts of a trial come first."""
    apart = x - x.mean(axis=0)
    slope = apart.T @ (y - y.mean(axis=0)) / np.maximum((apart**2).sum(axis=0), 1e-9)[:, None]
    moved = slope * x.std(axis=0)[:, None] / luck_sd
    weight = (moved**2).sum(axis=1)
    weight[space.is_shift] = np.inf
    return weight


@dataclass(frozen=True)
class _Data:
    """Inputs (dims ``run, input``), values (dims ``run, number``), weights, and which inputs and products are used."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    weight: NDArray[np.float64]
    luck: NDArray[np.float64]
    used: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    cubed: NDArray[np.int64]

    def without(self, out: NDArray[np.bool_]) -> _Data:
        return replace(self, x=self.x[~out], y=self.y[~out], weight=self.weight[~out])

    def ridge(self, scale: float) -> tuple[NDArray, NDArray, NDArray, NDArray, float]:
        """Return intercept, linear, quadratic and cubic coefficients, and the mean of the standardised GCV scores."""
        x = self.x
        # a cube is shrunk like a product: a third of it is about as wide as its input
        pieces = [x[:, self.used], scale * x[:, self.first] * x[:, self.second], scale * x[:, self.cubed] ** 3 / 3]
        features = np.concatenate(pieces, axis=1)
        share = self.weight / self.weight.sum()
        middle, level = share @ features, share @ self.y
        root = np.sqrt(self.weight)[:, None]
        apart = root * (self.y - level) / self.luck
        loadings = np.linalg.svd(apart, full_matrices=False)[2][:_MOST_COMPONENTS]
        target = apart @ loadings.T  # (run, component)
        u, s, vt = np.linalg.svd(root * (features - middle), full_matrices=False)
        projected = u.T @ target  # (direction, component)
        n, total = len(x), (target**2).sum(axis=0)
        best, strength = np.full(target.shape[1], np.inf), np.full(target.shape[1], _STRENGTHS[-1])
        for candidate in _STRENGTHS:
            shrink = s**2 / (s**2 + candidate)
            left = total - ((1 - (1 - shrink) ** 2)[:, None] * projected**2).sum(axis=0)
            score = n * left / (n - 1 - shrink.sum()) ** 2
            better = score < best
            best, strength = np.where(better, score, best), np.where(better, candidate, strength)
        slopes = vt.T @ ((s[:, None] / (s[:, None] ** 2 + strength[None, :])) * projected) @ loadings * self.luck
        linear = np.zeros((x.shape[1], self.y.shape[1]))
        n_linear, n_pairs = len(self.used), len(self.first)
        linear[self.used] = slopes[:n_linear]
        quadratic = scale * slopes[n_linear : n_linear + n_pairs]
        cubic = scale / 3 * slopes[n_linear + n_pairs :]
        return level - middle @ slopes, linear, quadratic, cubic, float(np.sum(best * n) / np.sum(total / n))


def _value(
    parts: tuple[NDArray, NDArray, NDArray, NDArray], x: NDArray, first: NDArray, second: NDArray, cubed: NDArray
) -> NDArray:
    intercept, linear, quadratic, cubic = parts
    return intercept + x @ linear + (x[:, first] * x[:, second]) @ quadratic + x[:, cubed] ** 3 @ cubic
