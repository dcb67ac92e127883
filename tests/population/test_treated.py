"""Patients under an arm are the same patients, with the arm's numbers and doses."""

import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.foundation import CohortError
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.population import cohort_named, mixed_cohort, sample_patients, treated_patients

MODEL = sciatica_model()
PATIENTS = sample_patients(
    MODEL, reference_draw(read_prior()), cohort_named("chronic_radicular"), n_patients=20, seed=3
)  # fmt: skip
CELLS = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="autologous", dose_million_cells=10, route="perineural"
)


def test_only_the_arms_own_columns_change():
    parameters, _ = treated_patients(MODEL, PATIENTS, CELLS, seed=1, last_day=100.0)
    changed = [MODEL.parameter_names[i] for i in np.flatnonzero((parameters != PATIENTS.parameters).any(axis=0))]
    assert set(changed) <= {
        "context_response_maximum", "anti_inflammatory_cell_factor", "neurotrophic_cell_factor",
        "conversion_cell_factor", "donor_mismatch_factor",
    }  # fmt: skip


def test_some_patients_are_treated_as_they_are_among_all():
    rows = np.array([3, 17])
    all_parameters, everyone = treated_patients(MODEL, PATIENTS, CELLS, seed=1, last_day=100.0)
    parameters, events = treated_patients(MODEL, PATIENTS, CELLS, seed=1, last_day=100.0, rows=rows)
    np.testing.assert_array_equal(parameters, all_parameters[rows])
    assert len(events) == len(everyone.of(rows))


def test_usual_care_changes_nothing():
    parameters, events = treated_patients(MODEL, PATIENTS, Protocol(intervention="usual_care"), seed=1, last_day=100.0)
    np.testing.assert_array_equal(parameters, PATIENTS.parameters)
    assert len(events) == 0


def test_patients_of_several_causes_are_not_operated_on():
    both = mixed_cohort({"chronic_radicular": 0.5, "stenosis": 0.5})
    patients = sample_patients(MODEL, reference_draw(read_prior()), both, n_patients=8, seed=5)
    with pytest.raises(CohortError, match="differs by cause"):
        treated_patients(MODEL, patients, Protocol(intervention="surgery"), seed=5, last_day=90)
    cells = Protocol(
        intervention="cell_therapy", cell_type="bm_msc", donor="allogeneic", dose_million_cells=20, carrier="saline",
        volume_ml=2, route="epidural_transforaminal",
    )  # fmt: skip
    parameters, _ = treated_patients(MODEL, patients, cells, seed=5, last_day=90)
    assert len(parameters) == 8
