"""Every cohort can be enrolled and every treatment given, from words to estimates."""

import numpy as np
import pytest

from sciatrial.clinic import NOT_SIMULATABLE, TABLETS, Protocol
from sciatrial.clinic.protocol import CELLS_NOT_SIMULATABLE, EPIDURAL_STEROIDS, ROUTES
from sciatrial.foundation import CellType, Donor, Intervention
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, cohort_names, sample_patients
from sciatrial.trial import Design, run_trial

MODEL = sciatica_model()
DRAW = reference_draw(read_prior(), included=CELL_EFFECTS)
CONTROL = Protocol(intervention="usual_care")


def arms():
    """Yield every intervention by every route that it can take, and every product."""
    for intervention, routes in ROUTES.items():
        if intervention in NOT_SIMULATABLE:
            continue
        for route in routes:
            words = {"intervention": intervention, "route": route}
            if intervention is Intervention.CELL_THERAPY:
                words |= {"cell_type": CellType.BM_MSC, "donor": Donor.AUTOLOGOUS, "dose_million_cells": 10}
            yield pytest.param(words, id=f"{intervention}-{route}")
    for cell_type in CellType:
        if cell_type not in CELLS_NOT_SIMULATABLE:
            donor = Donor.ALLOGENEIC if cell_type in (CellType.UC_MSC, CellType.UCB_MSC) else Donor.AUTOLOGOUS
            route = "intradiscal" if cell_type is CellType.DISC_CELLS else "epidural_transforaminal"
            words = {"cell_type": cell_type, "donor": donor, "dose_million_cells": 20, "route": route}
            yield pytest.param({"intervention": Intervention.CELL_THERAPY, **words}, id=cell_type)


DRUGS = [
    *({"intervention": word, "drug": drug, "daily_dose_mg": 100} for word, drugs in TABLETS.items() for drug in drugs),
    *(
        {"intervention": "epidural_steroid", "route": "epidural_caudal", "drug": drug, "drug_dose_mg": 10}
        for drug in EPIDURAL_STEROIDS
    ),
]


def patients_of(name, n=12):
    return sample_patients(MODEL, DRAW, cohort_named(name), n_patients=n, seed=3)


def one_trial(patients, arm, outcome="leg_pain"):
    design = Design(
        arms={"arm": arm, "control": CONTROL}, n_total=12, visits_months=(1, 3),
        endpoint={"outcome": outcome, "month": 3},
    )  # fmt: skip
    return run_trial(MODEL, design, patients, seed=3)


@pytest.mark.parametrize("words", [*arms(), *(pytest.param(words, id=words["drug"]) for words in DRUGS)])
def test_every_treatment_can_be_given(words):
    result = one_trial(patients_of("chronic_radicular"), Protocol.model_validate(words))
    row = result.contrasts.iloc[0]
    assert row["why_not"] == ""
    assert np.isfinite([row["estimate"], row["standard_error"], row["p_value"]]).all()
    assert result.conduct["unsolved_in_trial"] == 0


@pytest.mark.parametrize("name", cohort_names())
def test_every_cohort_can_be_enrolled_and_followed(name):
    patients = patients_of(name)
    outcome = "back_pain" if name == "chronic_discogenic" else "leg_pain"
    result = one_trial(patients, Protocol(intervention="physiotherapy"), outcome)
    assert len(patients) == 12
    assert result.contrasts.iloc[0]["why_not"] == ""
    for score, (low, high) in cohort_named(name).eligible.items():
        assert patients.covariates[str(score)].between(low, high).all()
