"""What the model says at many points of the prior: means of an arm and of its control, in the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration import Draw, Prior, prior_quantile, reference_draw
from sciatrial.clinic import Protocol, sham_of
from sciatrial.engine import Events, simulate
from sciatrial.foundation import DAYS_PER_MONTH, Progress, Score, fingerprint, silent
from sciatrial.model import Model
from sciatrial.population import Cohort, sample_patients, treated_patients
from sciatrial.sensitivity.inputs import Input

QUANTITIES = ("treated", "effect")
_POINTS_AT_ONCE = 50


@dataclass(frozen=True)
class Setting:
    """What is looked at: people of a cohort, an arm against its sham, outcomes and months.

    ``cohort`` is taken without its criteria: who is screened out depends on the same numbers that are varied, and a
    mean over those who remain would jump. ``n_patients`` are the same people, with the same luck, at every point.
    """

    cohort: Cohort
    protocol: Protocol
    outcomes: tuple[Score, ...]
    months: tuple[float, ...]
    n_patients: int
    seed: int

    @property
    def columns(self) -> tuple[tuple[str, str, float], ...]:
        """Quantity, outcome and month of each column of a response."""
        return tuple((q, str(outcome), month) for q in QUANTITIES for outcome in self.outcomes for month in self.months)


def responses(
    model: Model,
    prior: Prior,
    setting: Setting,
    inputs: Sequence[Input],
    points: NDArray[np.float64],
    *,
    keep: Path | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Return the response at each point.

    Parameters
    ----------
    model, prior, setting
        What is simulated. Every effect that a draw may leave out is there; what is not varied has its reference value.
    inputs
        What is varied.
    points
        Shares of each prior, 0 to 1; dims ``point, input``.
    keep
        Folder in which finished parts are kept, so that the same call goes on where it was interrupted.

    Returns
    -------
    numpy.ndarray
        dims ``point, column``, in the order of ``setting.columns``: mean true score under the arm, and the arm's mean
        less its sham's, in the same patients.
    """
    reference = reference_draw(prior, included=prior.groups).one(0)
    values = np.stack([prior_quantile(item.row, points[:, place]) for place, item in enumerate(inputs)], axis=1)
    cohort = setting.cohort.model_copy(update={"eligible": {}})
    parts = []
    progress.start("points of the prior", len(points))
    for first in range(0, len(points), _POINTS_AT_ONCE):
        block = values[first : first + _POINTS_AT_ONCE]
        place = None if keep is None else keep / f"{_name_of(model, prior, setting, inputs, block)}.npy"
        if place is not None and place.exists():
            parts.append(np.load(place))
        else:
            draws = [
                replace(reference, values={**reference.values, **dict(zip((i.key for i in inputs), row, strict=True))})
                for row in block
            ]
            parts.append(_block(model, setting, cohort, draws, threads))
            if place is not None:
                place.parent.mkdir(parents=True, exist_ok=True)
                np.save(place, parts[-1])
        if not progress.advance(len(block)):
            raise KeyboardInterrupt
    progress.finish()
    return np.concatenate(parts)


def _name_of(model: Model, prior: Prior, setting: Setting, inputs: Sequence[Input], block: NDArray[np.float64]) -> str:
    words = [setting.cohort.model_dump(), setting.protocol.model_dump(), setting.outcomes, setting.months]
    laws = [law.name for law in (*model.formulas, *model.mechanisms)]
    numbers = [setting.n_patients, setting.seed, [item.key for item in inputs], block, prior.rows]
    return fingerprint([words, laws, numbers])


def _block(
    model: Model, setting: Setting, cohort: Cohort, draws: Sequence[Draw], threads: int | None
) -> NDArray[np.float64]:
    """Return the responses of some draws; all arms of all of them in one call of the engine."""
    arms = (setting.protocol, sham_of(setting.protocol))
    days = np.array(setting.months) * DAYS_PER_MONTH
    n = setting.n_patients
    parameters, initial, events = [], [], []
    for draw in draws:
        patients = sample_patients(model, draw, cohort, n_patients=n, seed=setting.seed, threads=threads)
        by_chance = patients.later_events(model, float(days[-1]))
        for protocol in arms:
            mine, given = treated_patients(model, patients, protocol, seed=setting.seed, last_day=float(days[-1]))
            both = Events.joined(by_chance, given)
            events.append(replace(both, patient=both.patient + len(parameters) * n))
            parameters.append(mine)
            initial.append(patients.entry_states)
    run = simulate(
        model,
        np.concatenate(parameters),
        np.concatenate(initial),
        times_days=days,
        events=Events.joined(*events),
        outputs=[str(outcome) for outcome in setting.outcomes],
        threads=threads,
        max_failed_fraction=0.05,
    )
    shape = (len(draws), len(arms), n)
    solved = (run.status == 0).reshape(shape).all(axis=1)  # dims draw, patient
    values = run.values.reshape(*shape, len(days), len(setting.outcomes))
    means = np.stack([values[place, :, solved[place]].mean(axis=0) for place in range(len(draws))])
    treated = means[:, 0].swapaxes(1, 2).reshape(len(draws), -1)  # dims draw, outcome x month
    control = means[:, 1].swapaxes(1, 2).reshape(len(draws), -1)
    return np.concatenate([treated, treated - control], axis=1)
