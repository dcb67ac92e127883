"""What the model says at many points of the prior: means of an arm and of its control, in the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Protocol, control_of
from sciatrial.engine import Events, simulate
from sciatrial.foundation import DAYS_PER_MONTH, Progress, Score, fingerprint, silent
from sciatrial.model import Model, law_as_written
from sciatrial.parameters import Draw, Prior, prior_quantile, reference_draw
from sciatrial.population import Cohort, sample_patients, treated_patients
from sciatrial.sensitivity.inputs import Input
from sciatrial.sensitivity.parts import keep_part, kept_part

QUANTITIES = ("treated", "effect")
_POINTS_AT_ONCE = 50


@dataclass(frozen=True)
class Setting:
    """What is looked at: people of a cohort, an arm against its control, outcomes and months.

    ``inclusion_probability`` is that of each effect which may be absent. ``cohort`` is taken without its criteria: who
    is screened out depends on the same numbers that are varied, and a mean over those who remain would jump.
    ``n_patients`` are the same people, with the same luck, at every point. ``arm`` and ``study`` are what to call them.
    """

    cohort: Cohort
    protocol: Protocol
    outcomes: tuple[Score, ...]
    months: tuple[float, ...]
    n_patients: int
    seed: int
    inclusion_probability: float = 0.5
    arm: str = "arm"
    study: str = ""

    @property
    def control(self) -> Protocol:
        """What the arm is compared with: its carrier alone, or a sham; see `clinic.control_of`."""
        return control_of(self.protocol)

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
        What is simulated. What is not varied has its reference value, and effects that may be absent are there unless
        their presence is varied.
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
        less its control's, in the same patients.
    """
    reference = reference_draw(prior, included=prior.groups).one(0)
    cohort = setting.cohort.model_copy(update={"eligible": {}})
    parts = []
    progress.start("points of the prior", len(points))
    for first in range(0, len(points), _POINTS_AT_ONCE):
        block = points[first : first + _POINTS_AT_ONCE]
        place = None if keep is None else keep / f"{_name_of(model, prior, setting, inputs, block)}.npy"
        part = None if place is None else kept_part(place)
        if part is None:
            draws = [_draw_at(reference, prior, inputs, point, setting.inclusion_probability) for point in block]
            part = _block(model, setting, cohort, draws, threads)
            if place is not None:
                keep_part(place, part)
        parts.append(part)
        if not progress.advance(len(block)):
            raise KeyboardInterrupt
    progress.finish()
    return np.concatenate(parts)


def _draw_at(reference: Draw, prior: Prior, inputs: Sequence[Input], point: NDArray[np.float64], p: float) -> Draw:
    """Return the reference draw with the inputs at their shares of the prior (dims ``input``)."""
    values, sds = dict(reference.values), dict(reference.sds)
    for item, share in zip(inputs, point, strict=True):
        if item.row is not None:
            values[item.key] = float(prior_quantile(item.row, share))
            if item.row.name == "patient_spread_factor":  # as in a draw of the prior, it acts on every spread
                sds = {key: sd * values[item.key] for key, sd in reference.sds.items()}
    absent = {item.group for item, share in zip(inputs, point, strict=True) if item.row is None and share <= 1 - p}
    values |= {row.key: 0.0 for row in prior.entries if row.inclusion in absent}
    return replace(reference, values=values, sds=sds)


def _name_of(model: Model, prior: Prior, setting: Setting, inputs: Sequence[Input], block: NDArray[np.float64]) -> str:
    arms = [setting.protocol.model_dump(), setting.control.model_dump()]
    words = [setting.cohort.model_dump(), arms, setting.outcomes, setting.months]
    laws = [version("sciatrial"), *(law_as_written(law) for law in (*model.formulas, *model.mechanisms))]
    numbers = [
        setting.n_patients,
        setting.seed,
        setting.inclusion_probability,
        [item.key for item in inputs],
        block,
        prior.rows,
    ]
    return fingerprint([words, laws, numbers])


def _block(
    model: Model, setting: Setting, cohort: Cohort, draws: Sequence[Draw], threads: int | None
) -> NDArray[np.float64]:
    """Return the responses of some draws; all arms of all of them in one call of the engine."""
    arms = (setting.protocol, setting.control)
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
