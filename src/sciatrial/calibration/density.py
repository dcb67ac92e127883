"""The density of printed numbers at one point of the parameters, with NumPy and by JAX.

All trial effects are integrated out, the emulator is a polynomial, and arrays keep their shapes when terms are masked.
What JAX compiles is kept small, since compiling takes longer than a short chain: few operations, few sizes of blocks,
and nothing in it that is known before the first draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.problem import Block, Likelihood


def _height_at_0(n: Any, freedom: float) -> Any:
    """Return the log density at their means of `n` numbers of a group, but for the determinant; see `_height`."""
    from scipy.special import gammaln

    if np.isinf(freedom):
        return -0.5 * n * np.log(2 * np.pi)
    return gammaln((freedom + n) / 2) - gammaln(freedom / 2) - 0.5 * n * np.log(freedom * np.pi)


def _height(square: Any, n: Any, freedom: float, at_0: Any, xp: Any) -> Any:
    """Return the log density of `n` numbers of a group by Student's t, but for the determinant.

    `square` is the sum of their squares once they are white; infinite freedom is the normal.
    """
    if np.isinf(freedom):
        return at_0 - 0.5 * square
    return at_0 - 0.5 * (freedom + n) * xp.log1p(square / freedom)


def log_likelihood_at(
    problem: Likelihood,
    mean: NDArray[np.float64],
    shifts: NDArray[np.float64],
    spreads: NDArray[np.float64],
    shift_sds: NDArray[np.float64],
    mask: NDArray[np.bool_],
    groups: Iterable[str],
    se: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the log likelihood of some groups of studies at one point, without JAX.

    Parameters
    ----------
    problem
        The likelihood.
    mean, shifts
        As `means_of` gives them.
    spreads, shift_sds, mask
        As in `Sample` and `Task` of the sampler, of one draw.
    groups
        Names among ``problem.studies``.
    se
        As in `Task`.

    Returns
    -------
    numpy.ndarray
        dims ``group``, in their order in the problem.
    """
    wanted, names = set(groups), iter(problem.studies)
    errors = problem.se if se is None else se
    told = []
    for block in problem.blocks:
        for row in range(len(block.place)):
            if next(names) not in wanted:
                continue
            slots = np.flatnonzero(block.is_real[row])
            slots = slots[mask[block.place[row, slots]]]
            place, grid = block.place[row, slots], np.ix_(slots, slots)
            moved = shift_sds[:, None] * shifts[:, place]
            total = block.sampling[row][grid] * np.outer(errors[place], errors[place]) + block.fixed[row][grid]
            total = total + np.einsum("p,pij->ij", spreads**2, block.parts[:, row][:, slots][:, :, slots])
            total = total + moved.T @ moved
            left = problem.observed[place] - mean[place]
            square, n = left @ np.linalg.solve(total, left), len(place)
            height = _height(square, n, problem.scales.freedom, _height_at_0(n, problem.scales.freedom), np)
            told.append(height - 0.5 * np.linalg.slogdet(total)[1])
    return np.array(told)


class BlockTold(NamedTuple):
    """What a block of studies is once it is known which numbers count, and how precise they are.

    ``fixed`` and ``parts`` are 0 where a number does not count, with a variance of 1 of its own; so are ``observed``
    and ``counts``. ``n`` and ``height`` (see `_height_at_0`) are of each study.
    """

    place: NDArray[np.int64]
    counts: NDArray[np.float64]
    observed: NDArray[np.float64]
    fixed: NDArray[np.float64]
    parts: NDArray[np.float64]
    n: NDArray[np.float64]
    height: NDArray[np.float64]


def block_told(
    block: Block, observed: NDArray[np.float64], mask: NDArray[np.bool_], se: NDArray[np.float64], freedom: float
) -> BlockTold:
    """Return all of a block that does not change from draw to draw; the first three have dims ``number``."""
    use = block.is_real & mask[block.place]
    both = use[:, :, None] & use[:, None, :]
    errors = np.where(use, se[block.place], 0.0)
    fixed = np.where(both, block.sampling * errors[:, :, None] * errors[:, None, :] + block.fixed, 0.0)
    n = use.sum(axis=1).astype(float)
    return BlockTold(
        block.place, use.astype(float), np.where(use, observed[block.place], 0.0),
        fixed + np.eye(use.shape[1]) * ~use[:, :, None], both * block.parts, n, _height_at_0(n, freedom),
    )  # fmt: skip


def log_likelihood(
    jax: Any, freedom: float, mean: Any, shifts: Any, spreads: Any, shift_sds: Any, blocks: Sequence[BlockTold]
) -> Any:
    """Return the log likelihood of each group of studies at one point, by JAX; dims ``group``.

    `mean` and `shifts` as `means_of` gives them.
    """
    jnp = jax.numpy
    numbers = jnp.concatenate([mean[None], shift_sds[:, None] * shifts])
    ends = np.cumsum([block.place.size for block in blocks])
    taken = jnp.take(numbers, jnp.concatenate([block.place.ravel() for block in blocks]), axis=1, mode="clip")
    parts = []
    for block, here in zip(blocks, jnp.split(taken, ends[:-1], axis=1), strict=True):
        here = here.reshape(-1, *block.place.shape) * block.counts  # (mean and shifts, study, slot)
        left, moved = block.observed - here[0], here[1:]
        total = block.fixed + jnp.einsum("p,psij->sij", spreads**2, block.parts)
        total += jnp.einsum("ksi,ksj->sij", moved, moved)
        root = jax.lax.linalg.cholesky(total, symmetrize_input=False)
        white = jax.lax.linalg.triangular_solve(root, left[..., None], left_side=True, lower=True)[..., 0]
        height = _height((white**2).sum(axis=1), block.n, freedom, block.height, jnp)
        parts.append(height - jnp.log(jnp.diagonal(root, axis1=1, axis2=2)).sum(axis=1))
    return jnp.concatenate(parts)


class Polynomials(NamedTuple):
    """The polynomial of the means, and their derivatives by each shift at shifts of 0.

    `factors` (dims ``monomial, 3``) as in `Emulator`, first of the means, then of each shift, as many of each; the
    coefficients of a column of the regression stand behind those of the monomials.
    """

    intercept: NDArray[np.float64]
    factors: NDArray[np.int64]
    coefficients: NDArray[np.float64]  # (monomial or column, term)
    by_shift: NDArray[np.float64]  # (shift, monomial, term)

    @classmethod
    def of(cls, problem: Likelihood) -> Polynomials:
        """Return those of a problem."""
        e, one, columns = problem.emulator, len(problem.emulator.inputs), problem.columns.values
        shifts = np.flatnonzero(problem.space.is_shift)
        # monomials that hold a shift once, without it
        mine = [np.flatnonzero((e.factors == shift).sum(axis=1) == 1) for shift in shifts]
        most = max(map(len, mine), default=0)
        factors = np.full((len(shifts), most, e.factors.shape[1]), one)
        by_shift = np.zeros((len(shifts), most, len(e.intercept)))
        for place, (shift, rows) in enumerate(zip(shifts, mine, strict=True)):
            factors[place, : len(rows)] = np.where(e.factors[rows] == shift, one, e.factors[rows])
            by_shift[place, : len(rows)] = e.coefficients[rows]
        return cls(
            e.intercept, np.concatenate([e.factors, *factors]), np.concatenate([e.coefficients, columns.T]),
            by_shift * problem.is_term,  # a fact is about people at large, not one trial
        )  # fmt: skip

    def at(self, x: Any, of_columns: Any, xp: Any) -> tuple[Any, Any]:
        """Return means and effects of shifts, as `means_of` says."""
        taken = xp.take(xp.concatenate([x, xp.ones(1)]), self.factors, mode="clip")
        monomials = taken[:, 0] * taken[:, 1] * taken[:, 2]
        n_shifts, most, _ = self.by_shift.shape
        of_mean, of_shifts = monomials[: -n_shifts * most], monomials[-n_shifts * most :].reshape(n_shifts, 1, most)
        mean = self.intercept + xp.concatenate([of_mean, of_columns]) @ self.coefficients
        return mean, (of_shifts @ self.by_shift)[:, 0]


def means_of(problem: Likelihood) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Return a function of inputs (with a trial's shifts at 0) and coefficients → means and effects of shifts.

    The function takes one point (dims ``input``) and gives means (dims ``term``) and what a unit of each shift does
    (dims ``shift, term``).
    """
    return partial(Polynomials.of(problem).at, xp=np)


def population_inputs(problem: Likelihood, xp: Any = np) -> Callable[[Any, Any], Any]:
    """Return a function of coordinates and indicators (one point) → inputs with the shifts of a trial at 0."""
    space = problem.space
    gate = np.maximum(space.gate, 0)
    gated = space.gate >= 0
    is_shift = space.is_shift[: len(space.keys)]

    def inputs(z: Any, present: Any) -> Any:
        counts = xp.where(gated, present[gate], 1.0) * (~is_shift)
        return xp.concatenate([z * counts, xp.zeros(1), present])

    return inputs
