"""Designs and a posterior → what trials of these designs would print, each draw simulated by the model itself.

No emulator stands between: arms that nobody has seen before were never emulated. Trials that share patients are
simulated together, with shifts of their own; what trials differ by beyond the mechanism, and sampling error, are added.

In the likelihood the numbers of one group of studies, all together, follow a t: its trial's shifts, what it differs by
beyond them, and sampling error. So here one chi-square a group and draw widens all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import Sizes, plan_arms
from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.course_features import within_scale
from sciatrial.calibration.discrepancy import discrepancy_columns
from sciatrial.calibration.ensemble import run_ensemble
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.predictive import responders, shares_as_percent
from sciatrial.calibration.problem import covariances, fitted_scale
from sciatrial.calibration.space import DURATION, TRIAL_SHIFTS, Space, draws_at, space_of
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.foundation import CalibrationError, Cause, Problem, Progress, derived_seed, normals, uniforms
from sciatrial.parameters import Prior

TRIALS_A_RUN = 4  # trials whose luck is drawn around each run of the simulator


@dataclass(frozen=True)
class Simulated:
    """What the mechanism says of each number.

    ``values`` and ``without_cells`` (the same draws with every effect of cells taken out) have dims ``draw, number``
    and the units of the terms, NaN where a run failed; ``wider`` (the same dims) is by what all that a trial differs by
    is wider than a normal, the same for every number of a group of studies; ``effective_size`` and ``gap`` have dims
    ``draw, arm``; ``draw`` tells the posterior's draw of each row.
    """

    draw: NDArray[np.int64]
    values: NDArray[np.float64]
    without_cells: NDArray[np.float64]
    wider: NDArray[np.float64]
    effective_size: NDArray[np.float64]
    gap: NDArray[np.float64]

    def only(self, draws: NDArray[np.bool_], numbers: NDArray[np.bool_]) -> Simulated:
        """Return some draws of some numbers, of all arms."""
        grid = np.ix_(draws, numbers)
        return Simulated(
            self.draw[draws], self.values[grid], self.without_cells[grid], self.wider[grid],
            self.effective_size[draws], self.gap[draws],
        )  # fmt: skip


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
    """Run the simulator for the arms of some terms at draws of a posterior, each group of studies by itself.

    A trial's shifts are drawn afresh for every group and draw, from the t of the likelihood.

    Parameters
    ----------
    terms
        Whose ``observed`` nobody reads.
    posterior, prior
        The draws, and the prior table that they were made from.
    n_draws
        As many draws are chosen at random; all when there are fewer.
    seed
        Of patients and of trials' shifts; each group of studies has its own, whoever else is predicted.
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
    values, without = np.full((len(keep), len(terms)), np.nan), np.full((len(keep), len(terms)), np.nan)
    wider = np.ones_like(values)
    effective, gap = np.zeros((len(keep), len(terms.arms))), np.full((len(keep), len(terms.arms)), np.inf)
    groups = terms.rows["group"].to_numpy(dtype=str)
    for group in dict.fromkeys(groups):
        mine = np.flatnonzero(groups == group)
        factor = _unlikeness(seed, group, keep, posterior.freedom)
        wider[:, mine] = factor[:, None]
        z, duration = _shifted(space, coordinates, factor[:, None] * posterior.shift_sds[keep], seed, group, keep)
        plan = plan_arms(terms.only(groups == group), usual=usual)
        places = np.array(list(dict.fromkeys(terms.rows["arm"].to_numpy(dtype=int)[mine])))
        # cause by cause: where one kind of patients cannot be found, the others are still predicted
        for of_cause in plan.causes:
            runs = run_ensemble(
                replace(plan, causes=(of_cause,)), space, (z, present, duration), sizes=sizes,
                seed=derived_seed(seed, f"patients of {group}"), workers=workers, progress=progress,
                label=f"trials of {of_cause.cause}: {group}",
            )  # fmt: skip
            numbers = np.concatenate([arm.terms for arm in of_cause.arms])
            arms = [arm.arm for arm in of_cause.arms]
            values[:, mine[numbers]] = runs.values[:, numbers]
            without[:, mine[numbers]] = plan.idle(runs.values)[:, numbers]
            effective[:, places[arms]], gap[:, places[arms]] = runs.effective_size[:, arms], runs.gap[:, arms]
    return Simulated(keep, values, without, wider, effective, gap)


def _unlikeness(seed: int, group: str, draws: NDArray[np.int64], freedom: float) -> NDArray[np.float64]:
    """Return by what a group's luck is wider than the normal's in each draw, as `predictive.unlikeness` does."""
    from scipy.stats import chi2

    if np.isinf(freedom):
        return np.ones(len(draws))
    return np.sqrt(freedom / chi2.ppf(uniforms(seed, f"how unlike others {group} is", draws), freedom))


def _shifted(
    space: Space,
    coordinates: NDArray[np.float64],
    widths: NDArray[np.float64],
    seed: int,
    group: str,
    draws: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates with shifts of one trial (dims ``draw, coordinate``) and its duration's (dims ``draw``)."""
    z, names = coordinates.copy(), [name for name in space.inputs if name in (*TRIAL_SHIFTS, DURATION)]
    drawn = {
        name: widths[:, place] * normals(seed, f"{name} of {group}", draws) for place, name in enumerate(names)
    }  # fmt: skip
    for name in set(names) - {DURATION}:
        z[:, space.keys.index(name)] = drawn[name]
    return z, drawn[DURATION]


def _refuse_other_prior(posterior: Posterior, prior: Prior, keep: NDArray[np.int64]) -> None:
    space = space_of(prior)
    is_same = space.keys == posterior.coordinate_keys and space.groups == posterior.groups
    if is_same:
        made = draws_at(space, posterior.coordinates[keep], posterior.included[keep])
        own = ~np.isin(made.keys, TRIAL_SHIFTS)  # trials' shifts are drawn afresh
        is_same = made.keys == posterior.keys and np.allclose(made.values[:, own], posterior.values[keep][:, own])
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
        Of these numbers; no NaN. The trial's luck is as much wider as its shifts were.
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
    luck = _luck(terms, posterior.spreads[simulated.draw], seed) * simulated.wider[:, None]  # (draw, trial, number)
    wider = np.repeat(simulated.wider, TRIALS_A_RUN, axis=0)
    is_share = (terms.rows["kind"] == TermKind.SHARE).to_numpy()
    acting = np.where(uncontrolled_cells(terms.rows), simulated.without_cells, simulated.values)

    def printed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = (fitted_scale(is_share, values) + left)[:, None] + luck
        return _printed(drawn.reshape(len(simulated.draw) * TRIALS_A_RUN, len(terms)), terms, is_share, wider, seed)

    mechanism = fitted_scale(is_share, acting)
    part = shares_as_percent(mechanism + left, is_share) - shares_as_percent(mechanism, is_share)
    return Drawn(printed(acting), printed(simulated.without_cells), part.mean(axis=0))


def _luck(terms: Terms, spreads: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return what trials differ by beyond their shifts, with sampling errors of means; dims ``draw, trial, number``."""
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
    return luck


def _printed(
    drawn: NDArray[np.float64], terms: Terms, is_share: NDArray[np.bool_], wider: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """Return numbers as they are printed: responders counted among the patients; dims ``draw, number``."""
    from scipy.stats import binom

    made = shares_as_percent(drawn, is_share)
    rows = terms.rows
    patients = np.maximum(rows["n"].to_numpy(dtype=float).round(), 1).astype(int)
    for place in np.flatnonzero(is_share):
        row = rows.iloc[place]
        purpose = f"who responds: {row['study_id']}, {row['arm_id']}, {row['rule']}, {row['month']:g}"
        chance = made[:, place] / 100
        counted = binom.ppf(uniforms(seed, purpose, np.arange(len(made))), patients[place], chance)
        made[:, place] = responders(chance, counted, patients[place], wider[:, place])
    return within_scale(made, rows)
