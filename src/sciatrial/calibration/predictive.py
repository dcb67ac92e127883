"""Posterior draws → what a study would print, trial effects and sampling error included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sciatrial.calibration.course_features import within_scale
from sciatrial.calibration.density import means_of, population_inputs
from sciatrial.calibration.problem import Likelihood
from sciatrial.calibration.sampler import Sample, libraries
from sciatrial.calibration.terms import PATIENT_SD
from sciatrial.foundation import derived_seed


@dataclass(frozen=True)
class Predicted:
    """Predictions of some numbers, from one posterior.

    ``place`` (dims ``number``) says which numbers of the likelihood; ``mean`` (dims ``draw, number``) is mechanism and
    discrepancy, ``discrepancy`` the second part alone, ``drawn`` what a new study would print.
    """

    place: NDArray[np.int64]
    mean: NDArray[np.float64]
    discrepancy: NDArray[np.float64]
    drawn: NDArray[np.float64]


def predict_numbers(
    problem: Likelihood,
    sample: Sample,
    place: NDArray[np.int64],
    *,
    seed: int,
    se: NDArray[np.float64] | None = None,
    most_draws: int = 1000,
    added: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None,
) -> Predicted:
    """Predict numbers of whole groups of studies as if nobody had seen those studies.

    Parameters
    ----------
    problem, sample
        The likelihood and a posterior of it.
    place
        Which numbers, terms first and then facts; dims ``number``.
    seed
        Of the trials' luck.
    se
        Sampling errors of all numbers, dims as the likelihood's; None takes those of the likelihood. Responders are
        counted among the patients at the predicted chance (see `responders`).
    most_draws
        As many draws are chosen at random; all when there are fewer.
    added
        Numbers, and what is added to the mean of each in every draw of the sample (dims ``draw, number``), on the scale
        on which they are fitted.

    Returns
    -------
    Predicted
        Numbers of one group are drawn together, so that arms of one trial share its luck. All that a group's numbers
        differ from their means by, a trial's shifts and sampling error included, is `unlikeness` times as wide, one of
        them a group and draw: together they follow the t of the likelihood.
    """
    libraries()
    from threadpoolctl import threadpool_limits

    # the matrices are small, and threads would only wait for one another
    with threadpool_limits(1):
        return _predicted(problem, sample, place, seed, se, most_draws, added)


def _predicted(
    problem: Likelihood,
    sample: Sample,
    place: NDArray[np.int64],
    seed: int,
    se: NDArray[np.float64] | None,
    most_draws: int,
    added: tuple[NDArray[np.int64], NDArray[np.float64]] | None,
) -> Predicted:
    means, inputs = means_of(problem), population_inputs(problem)
    total = sample.flat("z").shape[0]
    # at random: an indicator that data say little of changes at every step, and every second draw would be the same
    keep = np.sort(np.random.default_rng(derived_seed(seed, "draws")).choice(total, min(most_draws, total), False))
    z, present, coefficients = (sample.flat(name)[keep] for name in ("z", "present", "discrepancy"))
    spreads, shift_sds = sample.flat("spreads")[keep], sample.flat("shift_sds")[keep]
    rng = np.random.default_rng(seed)
    groups = _groups(problem, place)
    errors = (problem.se if se is None else se)[place]
    is_share = problem.is_share[place]
    # who responds is counted below, patient by patient
    errors = np.where(is_share, 0.0, errors)
    mean = np.empty((len(keep), len(place)))
    left, drawn, wider = np.empty_like(mean), np.empty_like(mean), np.empty_like(mean)
    patients = np.maximum(np.nan_to_num(_patients(problem)[place], nan=1.0).round(), 1).astype(int)
    for draw in range(len(keep)):
        of_all, shifts = means(inputs(z[draw], present[draw].astype(float)), coefficients[draw])
        if added is not None:
            of_all = of_all.copy()
            of_all[added[0]] += added[1][keep[draw]]
        mean[draw] = of_all[place]
        left[draw] = (problem.columns.values @ coefficients[draw])[place]
        for block, row, columns, slots in groups:
            grid = np.ix_(slots, slots)
            own = errors[columns]
            fixed = (
                problem.blocks[block].sampling[row][grid] * np.outer(own, own) + problem.blocks[block].fixed[row][grid]
            )
            parts = problem.blocks[block].parts[:, row][:, slots][:, :, slots]
            moved = shift_sds[draw][:, None] * shifts[:, place[columns]]
            covariance = fixed + np.einsum("p,pij->ij", spreads[draw] ** 2, parts) + moved.T @ moved
            root = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(slots)))
            luck = root @ rng.standard_normal(len(slots))
            wider[draw, columns] = unlikeness(rng, problem.scales.freedom)
            drawn[draw, columns] = mean[draw, columns] + luck * wider[draw, columns]
    without = shares_as_percent(mean - left, is_share)
    mean, drawn = shares_as_percent(mean, is_share), shares_as_percent(drawn, is_share)
    chance = drawn[:, is_share] / 100
    counted = rng.binomial(patients[is_share], chance)
    drawn[:, is_share] = responders(chance, counted, patients[is_share], wider[:, is_share])
    of_terms = place < len(problem.terms)
    drawn[:, of_terms] = within_scale(drawn[:, of_terms], problem.terms.rows.iloc[place[of_terms]])
    return Predicted(place, mean, mean - without, drawn)


def unlikeness(rng: np.random.Generator, freedom: float, shape: tuple[int, ...] = ()) -> NDArray[np.float64]:
    """Return by what a study's luck is wider than the normal's: with it, luck follows Student's t."""
    return np.ones(shape) if np.isinf(freedom) else np.sqrt(freedom / rng.chisquare(freedom, shape))


def responders(
    chance: NDArray[np.float64], counted: NDArray[Any], patients: NDArray[Any], wider: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return percent of patients who respond, in whole patients, their luck so many times as wide as a binomial's.

    In the likelihood the sampling error of a share is inside the t of its group of studies, as that of a mean is.

    Parameters
    ----------
    chance
        Of one patient, from 0 to 1; any dims.
    counted
        A binomial draw among `patients`.
    patients
        From 1.
    wider
        `unlikeness` of the group and draw.
    """
    expected = chance * patients
    return 100 * np.clip(np.rint(expected + wider * (counted - expected)), 0, patients) / patients


def shares_as_percent(values: NDArray[np.float64], is_share: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return shares in points of a mean as percent, and all else as it is; dims ``draw, number``."""
    result = values.copy()
    result[:, is_share] = 100 * ndtr(values[:, is_share] / PATIENT_SD)
    return result


def _patients(problem: Likelihood) -> NDArray[np.float64]:
    """Return the patients behind each number, NaN for facts; dims ``number``."""
    n = problem.terms.rows["n"].to_numpy(dtype=float)
    return np.concatenate([n, np.full(len(problem.observed) - len(n), np.nan)])


def _groups(problem: Likelihood, place: NDArray[np.int64]) -> list[tuple[int, int, NDArray, NDArray]]:
    """Return block, row, columns of `place` and slots of the block, for each group that is asked for."""
    column_of = {int(p): column for column, p in enumerate(place)}
    found = []
    for number, block in enumerate(problem.blocks):
        for row in range(len(block.place)):
            slots = [s for s in np.flatnonzero(block.is_real[row]) if int(block.place[row, s]) in column_of]
            if slots:
                columns = np.array([column_of[int(block.place[row, s])] for s in slots])
                found.append((number, row, columns, np.array(slots)))
    return found
