"""Which dose: shapes fitted to estimates by dose, the best or their average, and the smallest dose that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse
from sciatrial.statistics.dose_shapes import DoseShape, dose_curve, search_bounds
from sciatrial.statistics.dose_test import checked_doses

Floats = NDArray[Any]

# a first look at this many values of each number of a curve, then a closer one around the best, again and again
_FIRST, _CLOSER = {1: 80, 2: 28}, 7
_ROUNDS, _ROUNDS_OF_RESAMPLE = 20, 4
_DOSES = 300  # on which a curve is searched for its target


class DoseChoice(StrEnum):
    """What is made of the fitted shapes. ``best``: that of the least AIC. ``average``: all, weighted by exp(−AIC/2)."""

    BEST = "best"
    AVERAGE = "average"


@dataclass(frozen=True, eq=False)
class DoseFits:
    """Shapes fitted to the estimates of some trials.

    Attributes
    ----------
    shapes, largest
        As given.
    base, size
        Dims ``trial, shape``, in units of the estimates: base + size × `dose_curve`.
    numbers
        Of the curves, NaN where a shape has fewer; dims ``trial, shape, number``.
    deviance
        Weighted sum of squares of what is left; dims ``trial, shape``.
    aic
        Deviance + 2 × numbers estimated; dims ``trial, shape``.
    """

    shapes: tuple[DoseShape, ...]
    largest: float
    base: Floats
    size: Floats
    numbers: Floats
    deviance: Floats
    aic: Floats

    def weights(self, choice: DoseChoice) -> Floats:
        """Return the weight of each shape; dims ``trial, shape``, summing to 1."""
        least = self.aic.min(axis=1, keepdims=True)
        if choice is DoseChoice.BEST:
            return (np.arange(len(self.shapes)) == self.aic.argmin(axis=1)[:, None]).astype(float)
        raw = np.exp(-(self.aic - least) / 2)
        return raw / raw.sum(axis=1, keepdims=True)

    def effects(self, doses: ArrayLike) -> Floats:
        """Return the fitted effect over dose 0 of each shape; dims ``trial, shape, dose``."""
        at = np.asarray(doses, float)
        found = np.empty((len(self.base), len(self.shapes), len(at)))
        for place, shape in enumerate(self.shapes):
            own = [self.numbers[:, place, number, None] for number in range(len(shape.numbers))]
            curve = dose_curve(shape, at, own, largest=self.largest)
            start = dose_curve(shape, np.zeros(1), own, largest=self.largest)
            found[:, place] = self.size[:, place, None] * (curve - start)
        return found


def fit_doses(
    shapes: Sequence[DoseShape],
    doses: ArrayLike,
    estimates: ArrayLike,
    covariance: ArrayLike,
    *,
    is_rough: bool = False,
) -> DoseFits:
    """Fit shapes to estimates by dose by generalised least squares.

    Parameters
    ----------
    shapes
        One or more.
    doses
        Distinct, 0 or above; dims ``dose``.
    estimates
        Dims ``dose`` or ``trial, dose``, larger where better.
    covariance
        Of the estimates, the same of all trials; dims ``dose, dose``.
    is_rough
        Numbers of curves to some 1 % of their range only, for many resamples.

    Source
    ------
    Pinheiro, Bornkamp, Glimm and Bretz (2014), section 2.3: the generalised AIC.
    """
    at, spread = checked_doses(doses, covariance)
    y = np.atleast_2d(np.asarray(estimates, float))
    largest = float(at.max())
    root = np.linalg.inv(np.linalg.cholesky(spread))
    white = y @ root.T
    ones = root @ np.ones(len(at))
    n, most = len(y), max(2, *(len(shape.numbers) for shape in shapes))
    base, size, deviance = (np.empty((n, len(shapes))) for _ in range(3))
    numbers = np.full((n, len(shapes), most), np.nan)
    for place, shape in enumerate(shapes):
        if shape is DoseShape.QUADRATIC:
            found = _parabola(at / largest, largest, root, white)
        else:
            found = _searched(shape, at, largest, root, ones, white, _ROUNDS_OF_RESAMPLE if is_rough else _ROUNDS)
        base[:, place], size[:, place], deviance[:, place] = found[:3]
        numbers[:, place, : found[3].shape[1]] = found[3]
    aic = deviance + 2 * np.array([shape.n_parameters for shape in shapes])
    return DoseFits(tuple(shapes), largest, base, size, numbers, deviance, aic)


def _parabola(share: Floats, largest: float, root: Floats, white: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    columns = root @ np.stack([np.ones_like(share), share, share**2], axis=1)
    fitted, *_ = np.linalg.lstsq(columns, white.T, rcond=None)
    rest = white.T - columns @ fitted
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = -fitted[1] / (2 * fitted[2]) * largest
    return fitted[0], fitted[1], (rest**2).sum(axis=0), peak[:, None]


def _searched(
    shape: DoseShape, at: Floats, largest: float, root: Floats, ones: Floats, white: Floats, rounds: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return base, size, deviance and numbers of a shape whose base and size follow from the numbers of its curve."""

    def solved(own: Sequence[Floats], outcome: Floats) -> tuple[Floats, Floats, Floats]:
        """Fit base and size; dims of each number ``…, point``, of the outcome ``…, 1, dose``."""
        curve = dose_curve(shape, at, [value[..., None] for value in own], largest=largest)
        column = curve @ root.T
        across = column @ ones / (ones @ ones)
        free = column - across[..., None] * ones
        level = (outcome @ ones) / (ones @ ones)
        left = outcome - level[..., None] * ones
        squares = (free * free).sum(axis=-1)
        usable = squares > 1e-14 * (column * column).sum(axis=-1)
        product_ = (free * left).sum(axis=-1)
        size = np.where(usable, product_ / np.where(usable, squares, 1.0), 0.0)
        deviance = (left * left).sum(axis=-1) - size * product_
        return level - size * across, size, deviance

    bounds = search_bounds(shape, largest)
    n = len(white)
    if not bounds:
        none = np.zeros((n, 0))
        base, size, deviance = solved([], white)
        return base, size, deviance, none
    low, high = np.log(np.array(bounds)).T
    steps = _FIRST[len(bounds)]
    ends = (high - low) / (steps - 1)
    first = np.array(list(product(*(np.linspace(a, b, steps) for a, b in zip(low, high, strict=True)))))
    best = np.empty((n, len(bounds)))
    for start in range(0, n, 64):  # what is held at a time stays small
        part = white[start : start + 64]
        _, _, deviance = solved([np.exp(first[:, number]) for number in range(len(bounds))], part[:, None, :])
        best[start : start + 64] = first[deviance.argmin(axis=1)]
    offsets = np.array(list(product(np.linspace(-1, 1, _CLOSER), repeat=len(bounds))))
    reach = ends.copy()
    for _ in range(rounds):
        points = np.clip(best[:, None] + offsets * reach, low, high)
        _, _, deviance = solved([np.exp(points[..., number]) for number in range(len(bounds))], white[:, None, :])
        best = points[np.arange(n), deviance.argmin(axis=1)]
        reach = reach / 2
    own = np.exp(best)
    base, size, deviance = solved([own[:, number, None] for number in range(len(bounds))], white[:, None, :])
    return base[:, 0], size[:, 0], deviance[:, 0], own


def target_doses(fits: DoseFits, relevant: float, *, choice: DoseChoice = DoseChoice.BEST) -> Floats:
    """Return the smallest dose with a relevant effect over dose 0.

    Parameters
    ----------
    fits
        From `fit_doses`.
    relevant
        Effect in units of the estimates, above 0.
    choice
        Of the best shape, or of the curve averaged over shapes.

    Returns
    -------
    numpy.ndarray
        Dims ``trial``, above 0 to the largest dose; infinite where no dose up to the largest is enough.
    """
    if not relevant > 0:
        refuse("target dose", [Problem("relevant", f"{relevant:g}", "above 0", "give points")])
    grid = search_grid(fits.largest)
    weights = fits.weights(choice)
    curve = np.einsum("ts,tsd->td", weights, fits.effects(grid))
    return first_reaching(grid, curve, relevant)


def search_grid(largest: float) -> Floats:
    """Return doses from 0 to the largest, close together where curves may be steep; dims ``dose``."""
    return np.unique(np.concatenate([np.linspace(0, largest, _DOSES + 1), np.geomspace(1e-4, 1, _DOSES) * largest]))


def first_reaching(doses: Floats, effects: Floats, relevant: float) -> Floats:
    """Return the smallest dose at which effects reach a value, straight between doses; infinite where none does.

    Parameters
    ----------
    doses
        Increasing from 0; dims ``dose``.
    effects
        Dims ``trial, dose``.
    """
    reached = effects >= relevant
    place = np.maximum(reached.argmax(axis=1), 1)
    row = np.arange(len(effects))
    before, after = effects[row, place - 1], effects[row, place]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (relevant - before) / (after - before)
        found = doses[place - 1] + share * (doses[place] - doses[place - 1])
    return np.where(reached.any(axis=1), found, np.inf)


def target_dose_interval(
    shapes: Sequence[DoseShape],
    doses: ArrayLike,
    estimates: ArrayLike,
    covariance: ArrayLike,
    relevant: float,
    *,
    seed: int,
    choice: DoseChoice = DoseChoice.BEST,
    level: float = 0.95,
    n_resamples: int = 500,
) -> tuple[float, float]:
    """Return an interval of the target dose: fitting, choosing and searching again on resampled estimates.

    Estimates are drawn around those of the trial with their covariance (a parametric bootstrap), so that the doubt
    about the shape counts. The interval has its level approximately at best: a target that few trials reach, or that
    lies between control and the smallest dose, is told by the shapes more than by the data.

    Parameters
    ----------
    shapes, doses, estimates, covariance
        Of one trial, as in `fit_doses`.
    relevant, choice
        As in `target_doses`.
    seed
        Whole number; equal seeds give equal intervals.
    level
        Above 0 and below 1.
    n_resamples
        100 or more.

    Returns
    -------
    tuple
        Low and high; infinite where the quantile lies beyond the largest dose.
    """
    spread = np.asarray(covariance, float)
    drawn = np.random.default_rng(seed).multivariate_normal(
        np.asarray(estimates, float), spread, size=n_resamples, method="cholesky"
    )
    found = target_doses(fit_doses(shapes, doses, drawn, spread, is_rough=True), relevant, choice=choice)
    outside = (1 - level) / 2
    # between a dose and infinity there is nothing to interpolate
    low, high = np.quantile(found, [outside, 1 - outside], method="inverted_cdf")
    return float(low), float(high)
