"""Does the code solve the equations? Small answers that are known, computed here and now with a stated seed.

The errors are those of the very settings that a calibration simulates with: its tolerance, its patients, its arms.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import enrolling_cohort, forward
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.questions import QUESTIONS, Question
from sciatrial.calibration.self_check import Fault, JointTest, joint_test, reduced_problem, sbc_ranks
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.clinic import Protocol, control_of
from sciatrial.engine import Events, Processor, simulate
from sciatrial.evidence import Evidence
from sciatrial.foundation import DAYS_PER_MONTH, Progress, Score, silent
from sciatrial.model import Model, Parameter, State, assemble, mechanism, sciatica_model
from sciatrial.parameters import CELL_EFFECTS, Draw, read_prior, without_effects
from sciatrial.population import Patients, sample_patients, treated_patients

TOLERANCE = float(inspect.signature(forward).parameters["tolerance"].default)  # what calibrations simulate with
TIGHT = 1e-8
N_PATIENTS = 100
N_REPLICATES = 200
_MONTHS = np.array([1.0, 3.0, 6.0, 12.0, 24.0])
_PAIN = [str(score) for score in (Score.LEG_PAIN, Score.BACK_PAIN, Score.DISABILITY, Score.NUMBNESS)]  # 0 to 100 each
_MOST_STEPS = 1_000_000


class Known(StrEnum):
    """What is known of the answer."""

    EXACT = "one substance that leaves at a constant rate, doses between: the exact course"
    SAME = "the same patients simulated twice"
    PROCESSORS = "vector code against the plain reference"
    CARRIER = "cells without any effect against their carrier alone"
    STEPS = "steps in time: tolerance of the calibration against a far smaller one"


@mechanism(changes={"substance": -1}, sources=("assumption:test-of-the-engine",))
def _leaving(leaving_rate, substance):
    """Leave at a constant rate."""
    return leaving_rate * substance


@cache
def _one_substance() -> Model:
    states = [State("substance", "mg", "a substance")]
    return assemble("one substance", states, [Parameter("leaving_rate", "1/day", "rate")], [], [_leaving])


@dataclass(frozen=True)
class _Arm:
    """Patients under one treatment, ready to be solved."""

    model: Model
    parameters: NDArray[np.float64]
    entry: NDArray[np.float64]
    events: Events

    def pain(self, **how: Any) -> NDArray[np.float64]:
        """Return scores in points of 100; dims ``patient, visit, score``."""
        return simulate(
            self.model, self.parameters, self.entry, times_days=_MONTHS * DAYS_PER_MONTH, events=self.events,
            outputs=_PAIN, max_steps=_MOST_STEPS, **how,
        ).values  # fmt: skip


def numerical_checks(posterior: Posterior, *, seed: int, n_patients: int = N_PATIENTS) -> pd.DataFrame:
    """Compute answers that are known, for patients of a posterior's first draw.

    Parameters
    ----------
    posterior
        Whose first draw is simulated.
    seed
        Of the patients; from 0, never taken from the clock.
    n_patients
        Shared evenly by the questions about cells, 2 or more.

    Returns
    -------
    pandas.DataFrame
        One row a check: ``check`` (see `Known`), ``found`` (the largest error of any score of anybody at any visit),
        ``unit``, ``n`` (patients).
    """
    each = max(1, n_patients // len(QUESTIONS))
    draw = posterior.draws.one(0)
    nothing = without_effects(read_prior(), posterior.draws, CELL_EFFECTS).one(0)
    apart: dict[Known, list[float]] = {known: [] for known in Known if known is not Known.EXACT}
    for question in QUESTIONS.values():
        arm = _arm(_patients(question, draw, each, seed), question.cells, seed)
        at_tolerance = arm.pain(tolerance=TOLERANCE)
        again = _arm(_patients(question, draw, each, seed), question.cells, seed)
        apart[Known.SAME].append(_largest(again.pain(tolerance=TOLERANCE), at_tolerance))
        apart[Known.PROCESSORS].append(
            _largest(arm.pain(tolerance=TOLERANCE, processor=Processor.SCALAR), at_tolerance)
        )
        apart[Known.STEPS].append(_largest(arm.pain(tolerance=TIGHT), at_tolerance))
        alike = _patients(question, nothing, each, seed)
        protocols = (question.cells, control_of(question.cells))
        cells, carrier = (_arm(alike, protocol, seed).pain(tolerance=TIGHT) for protocol in protocols)
        apart[Known.CARRIER].append(_largest(cells, carrier))
    rows = [(Known.EXACT, exact_error(), "share of the dose", 1)]
    rows += [(known, max(values), "points of 100", each * len(QUESTIONS)) for known, values in apart.items()]
    return pd.DataFrame([(str(known), *rest) for known, *rest in rows], columns=["check", "found", "unit", "n"])


def exact_error(tolerance: float = TOLERANCE) -> float:
    """Return the largest error of a course whose exact solution is known, as a share of the dose."""
    rate, doses, days = 0.4, (0.0, 3.0), np.array([1.0, 2.0, 5.0, 10.0])
    first = np.zeros(2, dtype=np.int64)
    given = Events(first, np.array(doses), first, np.ones(2), np.full(2, 10.0))
    solved = simulate(
        _one_substance(), [rate], [[0.0]], times_days=days, events=given, outputs=["substance"], tolerance=tolerance
    ).values[0, :, 0]
    exact = sum(np.where(days > day, 10 * np.exp(-rate * (days - day)), 0.0) for day in doses)
    return float(np.abs(solved - exact).max() / 10)


def _patients(question: Question, draw: Draw, n: int, seed: int) -> Patients:
    return sample_patients(
        sciatica_model(), draw, enrolling_cohort(question.cause), n_patients=n, seed=seed, least_eligible_share=1e-3
    )


def _arm(patients: Patients, protocol: Protocol, seed: int) -> _Arm:
    model, last = sciatica_model(), float(_MONTHS[-1] * DAYS_PER_MONTH)
    parameters, given = treated_patients(model, patients, protocol, seed=seed, last_day=last)
    chance = patients.later_events(model, last)
    return _Arm(model, parameters, patients.entry_states, Events.joined(chance, given))


def _largest(one: NDArray, other: NDArray) -> float:
    return float(np.abs(one - other).max())


def sampler_check(
    evidence: Evidence, *, seed: int, n_replicates: int = N_REPLICATES, workers: int = 1, progress: Progress = silent
) -> JointTest:
    """Test the sampler by simulation-based calibration on a small problem; a minute or two.

    Parameters
    ----------
    evidence
        Checked tables; the designs of trials are used, not what they found.
    seed
        From 0; never taken from the clock.
    n_replicates
        How often data are drawn and fitted, 2 or more.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of every replicate; may ask to stop.

    Raises
    ------
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    ranks = sbc_ranks(
        reduced_problem(likelihood_terms(evidence)),
        {Fault.NONE: n_replicates},
        seed=seed,
        workers=workers,
        progress=progress,
    )
    return joint_test(ranks[Fault.NONE])
