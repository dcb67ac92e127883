"""What other programs make of our files."""

import numpy as np
import pytest

from sciatrial.exchange import adam_datasets, reference_case
from sciatrial.study import read_study, study_trial
from tests.shared import made_once

# no day of the list is a day of a dose, which falls on whole days; the last is the end
DAYS = np.array([0.5, 3.3, 10.6, 20.7, 45.1, 90.3, 180.2, 300.4, 364.5])


@pytest.fixture(scope="session")
def case():
    """A patient with flares, a re-herniation and three doses of cells."""
    return reference_case("herniation", "cells_epidural")


def by_roadrunner(text, case, days=DAYS):
    """Return every output on these days (dims ``day``), by libRoadRunner's CVODE at its tight tolerance."""
    import roadrunner

    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance = 1e-12
    runner.integrator.absolute_tolerance = 1e-14
    runner.integrator.maximum_num_steps = 1_000_000
    names = [item.name for item in case.model.outputs]
    runner.timeCourseSelections = ["time", *names]
    course = np.asarray(runner.simulate(times=[0.0, *days]))[1:]
    return {name: course[:, place + 1] for place, name in enumerate(names)}


def exported(name, *, trial=0, changes=()):
    """Return a shipped study, one of its trials and the datasets of that."""
    study = read_study(f"studies/{name}.toml", changes=changes)
    full = study_trial(study, trial=trial)
    return study, full, {item.name: item for item in adam_datasets(full, study.design, study=study.name)}


@pytest.fixture(scope="session")
def phase2b():
    """A trial that stopped at its look: mixed model, rescue, dropout."""
    return made_once("exported phase 2b", lambda: exported("epidural_cells_phase2b"))


@pytest.fixture(scope="session")
def mpc():
    """A trial of four arms: analysis of covariance."""
    return made_once("exported mpc", lambda: exported("mpc_intradiscal"))
