"""Draws of a posterior → what cells do there in the simulator itself, and what follows for the posterior.

The emulator is good enough to find the posterior, and not to say what cells do: it is smooth where effects have long
tails. So the simulator is run at draws of each posterior, for the arms of cells that something stands beside and for
the questions. Draws are weighted by how well those arms fit with the simulator's own differences, beside how well they
fitted with the emulator's; the weights' Pareto k says whether the one is close enough to the other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import Plan, plan_arms, usual_pain
from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.density import log_likelihood_at, means_of, population_inputs
from sciatrial.calibration.ensemble import plan_parts, run_ensemble
from sciatrial.calibration.problem import Likelihood, fitted_scale, likelihood
from sciatrial.calibration.questions import answers, cell_effects, with_questions
from sciatrial.calibration.sampler import Sample, libraries
from sciatrial.foundation import CalibrationError, Problem, Progress, derived_seed, fingerprint, silent
from sciatrial.parameters import CELL_EFFECTS

if TYPE_CHECKING:
    from sciatrial.calibration.fit import Calibration


@dataclass(frozen=True)
class CellDraws:
    """What the simulator says of cells at draws of a posterior.

    ``kept`` says which draws (dims ``draw``, places among all of them), ``weights`` how much each counts (they sum to
    1), ``drawn`` what cells change (see `cell_effects`); ``pareto_k`` of the weights, NaN where all count alike.
    ``present`` (dims ``draw, effect``) has the mechanisms of cells that are there; ``changed`` (dims ``draw, term``)
    what cells change, on the scale on which numbers are fitted, in the numbers ``terms`` that have a say about them.
    At ``n_failed`` of the draws the simulator gave no number: their weight is 0, and no answer has them.
    """

    kept: NDArray[np.int64]
    weights: NDArray[np.float64]
    drawn: pd.DataFrame
    present: NDArray[np.bool_]
    pareto_k: float
    terms: NDArray[np.int64]
    changed: NDArray[np.float64]
    n_failed: int

    @property
    def effective_size(self) -> float:
        """How many draws of equal weight tell as much."""
        return float(1 / np.sum(self.weights**2))

    @property
    def told_k(self) -> str:
        """The weights' Pareto k in words."""
        return "no arm of cells with a control" if np.isnan(self.pareto_k) else f"{self.pareto_k:.2f}"

    @property
    def no_effect(self) -> float:
        """Probability that no mechanism of cells is there at all."""
        return float(self.weights @ ~self.present.any(axis=1))

    def resampled(self, n: int, seed: int) -> NDArray[np.int64]:
        """Return `n` places among the draws, each as often as its weight says, give or take one."""
        start = np.random.default_rng(seed).random()
        places = np.searchsorted(np.cumsum(self.weights), (np.arange(n) + start) / n)
        return places.clip(max=len(self.weights) - 1)

    def error(self, share: float) -> float:
        """Return the Monte-Carlo standard error of a share of the draws."""
        size = self.effective_size
        return float(np.sqrt(max(share * (1 - share), 0.25 / size) / size))

    def answers(self) -> pd.DataFrame:
        """Return `questions.answers`, and, the same in every row, ``… present`` of each effect and ``no_cell_effect``.

        ``no_cell_effect_error`` is the Monte-Carlo standard error of the last, ``n_draws`` counts the draws and
        ``n_failed`` those among them that the simulator gave no number for.
        """
        table = answers(self.drawn, self.weights)
        for group, flags in zip(CELL_EFFECTS, self.present.T, strict=True):
            table[f"{group} present"] = float(self.weights @ flags)
        table["no_cell_effect"] = self.no_effect
        table["no_cell_effect_error"] = self.error(self.no_effect)
        table["n_draws"], table["n_failed"] = len(self.kept), self.n_failed
        return table


def cell_draws(
    calibration: Calibration,
    sample: Sample,
    *,
    n_draws: int,
    mask: NDArray[np.bool_] | None = None,
    se: NDArray[np.float64] | None = None,
    single_arms: bool = False,
    folder: Path | None = None,
    workers: int = 1,
    progress: Progress = silent,
    label: str = "cells at draws",
) -> CellDraws:
    """Run the simulator for cells at draws of a posterior, and weigh the draws by it.

    Parameters
    ----------
    calibration, sample
        What was fitted, and a posterior of its `problem`, or of `single_arms`.
    n_draws
        Draws, chosen at random without return.
    mask
        The numbers that the posterior has seen, dims ``number``; None: it has seen nothing, and nothing is weighed.
    se
        The sampling errors that it was told, as in `Task`.
    single_arms
        Whether arms of cells that nothing stands beside have a say about cells.
    folder
        Of the calibration's runs, where those at draws are kept too, so that an interrupted one goes on; None keeps
        nothing.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of runs; may ask to stop.

    Raises
    ------
    CalibrationError
        When the simulator gave numbers at no draw.
    KeyboardInterrupt
        When `progress` asks to stop; what is finished is kept.
    """
    space, seed = calibration.space, calibration.settings.seed
    total = sample.flat("z").shape[0]
    rng = np.random.default_rng(derived_seed(seed, "draws at which cells are simulated"))
    kept = np.sort(rng.choice(total, min(n_draws, total), replace=False))
    z, present = sample.flat("z")[kept].copy(), sample.flat("present")[kept]
    z[:, space.is_shift[: len(space.keys)]] = 0.0  # in a usual trial
    plan, terms = _plan(calibration, single_arms)
    runs = run_ensemble(
        plan, space, (z, present, np.zeros(len(kept))), seed=derived_seed(seed, "cells at draws"),
        sizes=calibration.settings.sizes, folder=None if folder is None else folder / _name(plan, z, present),
        workers=workers, progress=progress, label=label,
    )  # fmt: skip
    failed = np.isnan(runs.values).any(axis=1)
    if failed.all():
        what = Problem(label, f"failed in the simulator, all {len(kept)}", "numbers at some draws at least")
        raise CalibrationError("cells at draws of a posterior", [what])
    asked = plan.terms.rows.iloc[len(terms) :].reset_index(drop=True)
    drawn = cell_effects(asked, runs.values[:, len(terms) : len(plan.terms)])
    changed = plan.changed(fitted_scale(plan.is_share, runs.values))[:, : len(terms)]
    weights, pareto_k = np.where(failed, 0.0, 1 / np.sum(~failed)), np.nan
    if mask is not None and mask[terms].any():
        weights[~failed], pareto_k = _weights(
            calibration, single_arms, sample, kept[~failed], mask, se, terms, changed[~failed]
        )
    columns = [space.groups.index(group) for group in CELL_EFFECTS]
    return CellDraws(kept, weights, drawn, present[:, columns], pareto_k, terms, changed, int(failed.sum()))


def _name(plan: Plan, z: NDArray[np.float64], present: NDArray[np.bool_]) -> str:
    """Return what the folder of some runs at draws is called: other arms or other draws have another."""
    return f"cells-at-draws-{fingerprint([*plan_parts(plan), z, present])[:16]}"


def idle_problem(calibration: Calibration, *, single_arms: bool = False, luck_in: NDArray | None = None) -> Likelihood:
    """Return the likelihood in which no cells act; numbers `luck_in` err by the luck of what cells change as well."""
    base = calibration.base
    if luck_in is not None:
        mine = np.isin(calibration.plan.of_cells, luck_in)
        base = base.with_luck(calibration.cells.misfits[0].luck.of(mine), luck_in)
    return likelihood(
        calibration.terms, calibration.space, base, calibration.settings.scales, calibration.facts,
        single_arms=single_arms,
    )  # fmt: skip


def as_the_simulator_says(sample: Sample, cells: CellDraws, n: int, seed: int) -> tuple[Sample, NDArray[np.float64]]:
    """Return `n` draws of a posterior by the simulator's weights (as one chain), and what cells change in each.

    The second has dims ``draw, term`` of ``cells.terms``.
    """
    places = cells.resampled(n, seed)
    names = [one.name for one in fields(Sample) if one.name != "seconds"]
    chosen = {name: sample.flat(name)[cells.kept[places]][None] for name in names}
    return replace(sample, **chosen), cells.changed[places]


def _plan(calibration: Calibration, single_arms: bool) -> tuple[Plan, NDArray[np.int64]]:
    """Return the arms of cells that have a say about cells, then those of the questions; and the terms of the first."""
    terms = calibration.terms
    mine = terms.rows["is_cells"].to_numpy(dtype=bool) & (single_arms | ~uncontrolled_cells(terms.rows))
    return plan_arms(with_questions(terms.only(mine)), usual=usual_pain(terms)), np.flatnonzero(mine)


def _weights(
    calibration: Calibration,
    single_arms: bool,
    sample: Sample,
    kept: NDArray[np.int64],
    mask: NDArray[np.bool_],
    se: NDArray[np.float64] | None,
    terms: NDArray[np.int64],
    changed: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Return weights of draws (they sum to 1) and their Pareto k.

    What the simulator says has the luck of its patients; where no mechanism is there it says nothing, without luck.
    """
    libraries()
    import arviz

    problem = calibration.single_arms if single_arms else calibration.problem
    studies = set(problem.terms.rows["group"].to_numpy()[terms])
    told: dict[str, Any] = {"mask": mask, "groups": studies, "se": se}
    columns = [calibration.space.groups.index(group) for group in CELL_EFFECTS]
    acts = sample.flat("present")[kept][:, columns].any(axis=1)
    lucky = idle_problem(calibration, single_arms=single_arms, luck_in=terms)
    still = idle_problem(calibration, single_arms=single_arms)
    by_emulator = _of_studies(problem, sample, kept, **told)
    by_simulator = np.empty(len(kept))
    by_simulator[acts] = _of_studies(lucky, sample, kept[acts], added=(terms, changed[acts]), **told)
    by_simulator[~acts] = _of_studies(still, sample, kept[~acts], **told)
    logs, k = arviz.psislw(np.nan_to_num(by_simulator - by_emulator, nan=-np.inf))
    weights = np.exp(np.asarray(logs))
    return weights / weights.sum(), float(k)


def _of_studies(
    problem: Likelihood,
    sample: Sample,
    kept: NDArray[np.int64],
    *,
    added: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None,
    **told: Any,
) -> NDArray[np.float64]:
    """Return the log likelihood of some groups of studies, dims ``draw``, with something added to means of terms."""
    means, inputs = means_of(problem), population_inputs(problem)
    z, present = sample.flat("z"), sample.flat("present")
    total = np.zeros(len(kept))
    for place, draw in enumerate(kept):
        mean, shifts = means(inputs(z[draw], present[draw].astype(float)), sample.flat("discrepancy")[draw])
        if added is not None:
            mean = mean.copy()
            mean[added[0]] += added[1][place]
        of_studies = log_likelihood_at(
            problem, mean, shifts, sample.flat("spreads")[draw], sample.flat("shift_sds")[draw], **told
        )
        total[place] = of_studies.sum()
    return total
