"""Designs and a posterior → what trials of these designs would print, each draw simulated by the model itself.

No emulator stands between: arms that nobody has seen before were never emulated. A trial's own shifts are part of the
posterior's draws; what trials differ by beyond the mechanism, and sampling error, are added here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import Sizes, plan_arms
from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.discrepancy import discrepancy_columns
from sciatrial.calibration.ensemble import run_ensemble
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.predictive import shares_as_percent, within_scale
from sciatrial.calibration.problem import covariances, fitted_scale
from sciatrial.calibration.space import draws_at, space_of
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.foundation import CalibrationError, Cause, Problem, Progress, derived_seed, normals, uniforms
from sciatrial.parameters import Prior

TRIALS_A_RUN = 4  # trials whose luck is drawn around each run of the simulator


@dataclass(frozen=True)
class Simulated:
    """What the mechanism says of each number.

    ``values`` and ``without_cells`` (the same draws with every effect of cells taken out) have dims ``draw, number``
    and the units of the terms, NaN where a run failed; ``effective_size`` and ``gap`` have dims ``draw, arm``; ``draw``
    tells the posterior's draw of each row.
    """

    draw: NDArray[np.int64]
    values: NDArray[np.float64]
    without_cells: NDArray[np.float64]
    effective_size: NDArray[np.float64]
    gap: NDArray[np.float64]

    def only(self, draws: NDArray[np.bool_], numbers: NDArray[np.bool_]) -> Simulated:
        """Return some draws of some numbers, of all arms."""
        values, without_cells = (array[np.ix_(draws, numbers)] for array in (self.values, self.without_cells))
        return Simulated(self.draw[draws], values, without_cells, self.effective_size[draws], self.gap[draws])


@dataclass(frozen=True)
class Drawn:
    """What trials would print, in the units of the terms, dims ``draw, number``.

    ``mechanism`` is drawn, ``without_cells`` has the same luck; ``from_discrepancy`` (dims ``number``) is the part of
    the mean of `mechanism` that no mechanism gives.
    """

    mechanism: NDArray[np.float64]
    without_cells: NDArray[np.float64]
    from_discrepancy: NDArray[np.float64]


def simulate_numbers(
    terms: Terms,
    posterior: Posterior,
    prior: Prior,
    *,
    n_draws: int,
    seed: int,
    usual: Mapping[Cause, float],
    sizes: Sizes | None,
    workers: int,
    progress: Progress,
) -> Simulated:
    """Run the simulator for the arms of some terms at draws of a posterior.

    Parameters
    ----------
    terms
        Whose ``observed`` nobody reads.
    posterior, prior
        The draws, and the prior table that they were made from.
    n_draws
        As many draws are chosen at random; all when there are fewer.
    seed
        Of patients and of how long trials' patients have had symptoms.
    usual
        Main pain at entry of trials that print none.
    sizes, workers, progress
        As in `run_ensemble`.

    Raises
    ------
    CalibrationError
        When the posterior belongs to another prior table.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    total = len(posterior)
    keep = np.sort(np.random.default_rng(derived_seed(seed, "draws")).choice(total, min(n_draws, total), replace=False))
    _refuse_other_prior(posterior, prior, keep)
    space, coordinates, present = space_of(prior), posterior.coordinates[keep], posterior.included[keep]
    duration = posterior.shift_sds[keep, -1] * normals(seed, "duration of symptoms in a new trial", keep)
    plan = plan_arms(terms, usual=usual)

    values, without = np.full((len(keep), len(terms)), np.nan), np.full((len(keep), len(terms)), np.nan)
    effective, gap = np.zeros((len(keep), len(terms.arms))), np.full((len(keep), len(terms.arms)), np.inf)
    # cause by cause: where one kind of patients cannot be found, the others are still predicted
    for of_cause in plan.causes:
        runs = run_ensemble(
            replace(plan, causes=(of_cause,)), space, (coordinates, present, duration), sizes=sizes,
            seed=derived_seed(seed, "patients"), workers=workers, progress=progress,
            label=f"trials of {of_cause.cause}",
        )  # fmt: skip
        numbers, arms = np.concatenate([arm.terms for arm in of_cause.arms]), [arm.arm for arm in of_cause.arms]
        values[:, numbers], without[:, numbers] = runs.values[:, numbers], plan.idle(runs.values)[:, numbers]
        effective[:, arms], gap[:, arms] = runs.effective_size[:, arms], runs.gap[:, arms]
    return Simulated(keep, values, without, effective, gap)


def _refuse_other_prior(posterior: Posterior, prior: Prior, keep: NDArray[np.int64]) -> None:
    space = space_of(prior)
    is_same = space.keys == posterior.coordinate_keys and space.groups == posterior.groups
    if is_same:
        made = draws_at(space, posterior.coordinates[keep], posterior.included[keep])
        is_same = made.keys == posterior.keys and np.allclose(made.values, posterior.values[keep])
    if not is_same:
        what = Problem(
            "posterior", "was made from another prior table", "draws of the numbers of this version",
            "calibrate again with this version",
        )  # fmt: skip
        raise CalibrationError("blind predictions", what)


def draw_trials(terms: Terms, simulated: Simulated, posterior: Posterior, *, seed: int) -> Drawn:
    """Draw what trials print around what the mechanism says of them.

    Of arms of cells that nothing stands beside, the mechanism says what idle cells would do: the rest is in the
    discrepancy, as in the fit.

    Parameters
    ----------
    terms
        The numbers, with their standard errors and numbers of patients.
    simulated
        Of these numbers; no NaN.
    posterior
        Gives discrepancy and spreads of the same draws.
    seed
        Of the trials' luck; each study has its own, whoever else is predicted.

    Raises
    ------
    CalibrationError
        When the posterior knows another discrepancy.
    """
    columns = discrepancy_columns(terms)
    if columns.names != posterior.columns:
        what = Problem("posterior", "has another discrepancy", "that of this version", "calibrate again")
        raise CalibrationError("blind predictions", what)
    left = posterior.discrepancy[simulated.draw] @ columns.values.T  # (draw, number)
    luck = _luck(terms, posterior.spreads[simulated.draw], seed, posterior.freedom)  # (draw, trial, number)
    is_share = (terms.rows["kind"] == TermKind.SHARE).to_numpy()
    acting = np.where(uncontrolled_cells(terms.rows), simulated.without_cells, simulated.values)

    def printed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = (fitted_scale(is_share, values) + left)[:, None] + luck
        return _printed(drawn.reshape(len(simulated.draw) * TRIALS_A_RUN, len(terms)), terms, is_share, seed)

    mechanism = fitted_scale(is_share, acting)
    part = shares_as_percent(mechanism + left, is_share) - shares_as_percent(mechanism, is_share)
    return Drawn(printed(acting), printed(simulated.without_cells), part.mean(axis=0))


def _luck(terms: Terms, spreads: NDArray[np.float64], seed: int, freedom: float) -> NDArray[np.float64]:
    """Return what trials differ by, with the sampling errors of means; dims ``draw, trial, number``.

    A trial's own shifts are part of the posterior's draws, and normal: by them alone no trial is unlike all others.
    """
    from scipy.stats import chi2

    sampling, fixed, parts = covariances(terms)
    parts = np.stack(parts)
    rows = terms.rows
    # who responds is counted, patient by patient
    error = np.where(rows["kind"] == TermKind.SHARE, 0.0, rows["se"])
    luck = np.empty((len(spreads), TRIALS_A_RUN, len(rows)))
    studies = rows["group"].to_numpy()  # those that share patients are alike
    for study in dict.fromkeys(studies):
        mine = np.flatnonzero(studies == study)
        grid = np.ix_(mine, mine)
        of_all = fixed[grid] + sampling[grid] * np.outer(error[mine], error[mine]) + 1e-9 * np.eye(len(mine))
        shape = (len(spreads), TRIALS_A_RUN, len(mine))
        chance = normals(seed, f"what trials like {study} differ by", np.arange(np.prod(shape))).reshape(shape)
        for draw, widths in enumerate(spreads):
            covariance = of_all + np.einsum("p,pij->ij", widths**2, parts[:, mine[:, None], mine[None, :]])
            luck[draw][:, mine] = chance[draw] @ np.linalg.cholesky(covariance).T
        wider = uniforms(seed, f"how unlike others {study} is", np.arange(np.prod(shape[:2]))).reshape(shape[:2])
        luck[:, :, mine] *= np.sqrt(freedom / chi2.ppf(wider, freedom))[:, :, None] if np.isfinite(freedom) else 1.0
    return luck


def _printed(drawn: NDArray[np.float64], terms: Terms, is_share: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    """Return numbers as they are printed: responders counted among the patients; dims ``draw, number``."""
    from scipy.stats import binom

    made = shares_as_percent(drawn, is_share)
    rows = terms.rows
    patients = np.maximum(rows["n"].to_numpy(dtype=float).round(), 1).astype(int)
    for place in np.flatnonzero(is_share):
        row = rows.iloc[place]
        purpose = f"who responds: {row['study_id']}, {row['arm_id']}, {row['rule']}, {row['month']:g}"
        chance = uniforms(seed, purpose, np.arange(len(made)))
        made[:, place] = 100 * binom.ppf(chance, patients[place], made[:, place] / 100) / patients[place]
    return within_scale(made, rows)
