"""Patients and trials that many tests look at, simulated once."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import SCORES, Protocol
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients
from sciatrial.trial import Design, Rescue, simulate_trials
from sciatrial.trial.conduct import allocate, conduct
from sciatrial.trial.conducted import ArmScores, Conducted, first_randomised
from sciatrial.trial.course import Completed
from sciatrial.trial.monitoring import monitor

ROUTE = "epidural_transforaminal"
CELLS = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="allogeneic", dose_million_cells=20, route=ROUTE
)
SALINE = Protocol(intervention="saline", route=ROUTE)
SHAM = Protocol(intervention="sham", route=ROUTE)


def small_design(**changes):
    """Return a valid design of two arms; `changes` replace what a test is about."""
    words = {
        "arms": {"cells": CELLS, "saline": SALINE},
        "n_total": 24,
        "visits_months": (1, 3, 6),
        "endpoint": {"outcome": "leg_pain", "month": 6},
    }
    return Design.model_validate(words | changes)


def scored(assigned, baseline, endpoint, *, observed=None, patients=None):
    """Return a conducted trial with one visit whose scores are all written down here."""
    n = len(assigned)
    scores = np.empty((n, 2, len(SCORES)))
    scores[:, 0, :] = np.asarray(baseline, dtype=float)[:, None]
    scores[:, 1, :] = np.asarray(endpoint, dtype=float)[:, None]
    seen = np.ones((n, 2), dtype=bool)
    seen[:, 1] = True if observed is None else observed
    return Conducted(
        patients=patients,
        assigned=np.asarray(assigned),
        scores=scores,
        rescued=np.zeros((n, 2), dtype=bool),
        is_solved=np.ones(n, dtype=bool),
        is_observed=seen,
        potential={},
    )


def invented_trial(design, seed, *, effect=0.0):
    """Return a conducted trial whose scores are normal at every visit, the first arm's changed by `effect` points.

    Dropout is the design's; what a patient shows before is correlated with what comes later.
    """
    generator = np.random.default_rng(seed)
    n, visits = design.size, np.array(design.visits_months)
    assigned = allocate(design, n, seed)
    baseline = generator.normal(60, 12, n)
    values = 20 + 0.6 * baseline[:, None] + generator.normal(0, 8, (n, 1)) + generator.normal(0, 8, (n, len(visits)))
    values[assigned == 0] += effect
    scores = np.repeat(np.concatenate([baseline[:, None], values], axis=1)[:, :, None], len(SCORES), axis=2)
    stays = generator.uniform(size=(n, 1)) < (1 - design.dropout_per_year) ** (visits / 12)
    observed = np.concatenate([np.ones((n, 1), dtype=bool), stays], axis=1)
    return Conducted(
        patients=None,
        assigned=assigned,
        scores=scores,
        rescued=np.zeros(observed.shape, dtype=bool),
        is_solved=np.ones(n, dtype=bool),
        is_observed=observed,
        potential={},
    )


def one_visit(**changes):
    """Return the design of a trial that `scored` makes."""
    return small_design(visits_months=(6,), **changes)


def in_both(conducted, cells, saline):
    """Return the trial with these endpoint values as what each patient would show in either arm."""

    def arm(values):
        scores = conducted.scores.copy()
        scores[:, 1, :] = np.asarray(values, dtype=float)[:, None]
        return ArmScores(scores, conducted.rescued, conducted.is_solved)

    return replace(conducted, potential={"cells": arm(cells), "saline": arm(saline)})


@pytest.fixture(scope="session")
def model():
    return sciatica_model()


@pytest.fixture(scope="session")
def prior():
    return read_prior()


@pytest.fixture(scope="session")
def cohort():
    return cohort_named("chronic_radicular")


@pytest.fixture(scope="session")
def patients(model, prior, cohort):
    return sample_patients(model, reference_draw(prior, included=CELL_EFFECTS), cohort, n_patients=240, seed=5)


@pytest.fixture(scope="session")
def rescue():
    return Rescue(score="leg_pain", above=50, intervention="nsaid", course_weeks=20, from_month=3)


@pytest.fixture(scope="session")
def with_rescue(rescue):
    return small_design(n_total=240, rescue=rescue, dropout_per_year=0.4)


@pytest.fixture(scope="session")
def rescued_trial(model, with_rescue, patients):
    """A trial with dropout and rescue in which everybody is simulated in every arm."""
    return conduct(model, with_rescue, [patients], [9], every_arm=True)[0]


@pytest.fixture(scope="session")
def five_trials(model, prior, cohort):
    return simulate_trials(model, small_design(n_total=16), prior, cohort, scenario="prior", first=0, count=5, seed=21)


def completed_of(design, trial):
    """Return a conducted trial as its looks went."""
    monitored = monitor(design, [trial])[0]
    return Completed(first_randomised(trial, monitored.n_randomised), monitored)
