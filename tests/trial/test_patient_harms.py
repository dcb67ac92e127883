"""When harms come: by their exposure, the same for everybody who asks."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import has_event_at, hazards, hazards_of
from sciatrial.evidence import read_evidence
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.parameters import draw_parameters, read_prior, reference_draw
from sciatrial.trial.accrual import Arrivals
from sciatrial.trial.patient_harms import chance_in_trial, harm_days, heard_until, is_at_procedure
from tests.trial.conftest import CELLS, SALINE, small_design

DRAW = reference_draw(read_prior()).one(0)
KNOWN = hazards(read_evidence(), DRAW)
# at the reference values no procedure sets off a flare
WITH_FLARES = draw_parameters(read_prior(), n_draws=1, seed=1).one(0)
OWN = CELLS.model_copy(update={"donor": "autologous"})
TWICE = SALINE.model_copy(update={"n_doses": 2, "weeks_between_doses": 6.0})
PEOPLE = np.arange(3000)


def days_of(protocol, hazard, times, first_days=None, draw=DRAW):
    starts = np.zeros(len(PEOPLE)) if first_days is None else first_days
    return harm_days(protocol, hazard, times, seed=4, patients=PEOPLE, first_days=starts, last_day=365.0, draw=draw)


@pytest.mark.parametrize("protocol", [OWN, TWICE])
def test_who_is_harmed_is_who_the_clinic_says(protocol):
    for hazard, times in hazards_of(protocol, KNOWN, 365.0):
        if not hazard.n_with_event:
            continue
        struck = np.isfinite(days_of(protocol, hazard, times)).any(axis=0)
        chance = chance_in_trial(hazard, 4)
        each = [has_event_at(hazard, time, chance=chance, seed=4, patients=PEOPLE) for time in range(times)]
        np.testing.assert_array_equal(struck, np.any(each, axis=0))


def test_days_follow_the_first_treatment_and_the_exposure():
    late = np.full(len(PEOPLE), 20.0)
    for protocol in (OWN, TWICE):
        for hazard, times in hazards_of(protocol, KNOWN, 365.0):
            if not hazard.n_with_event:
                continue
            days = days_of(protocol, hazard, times, late)
            seen = days[np.isfinite(days)]
            if hazard.per == "administration":
                assert set(seen) <= {20.0, 62.0}
            elif is_at_procedure(hazard):
                assert set(seen) <= {20.0}
            else:
                assert ((seen >= 20) & (seen <= 365)).all()


def test_whoever_was_not_treated_is_harmed_by_what_came_before_alone():
    untreated = np.full(len(PEOPLE), np.nan)
    for hazard, times in hazards_of(OWN, KNOWN, 365.0):
        if hazard.exposure != "own_cells":
            assert np.isinf(days_of(OWN, hazard, times, untreated)).all()


def test_flares_are_those_of_the_simulation():
    hazard, times = next(item for item in hazards_of(TWICE, KNOWN, 365.0) if item[0].harm == "pain_flare")
    assert np.isinf(days_of(TWICE, hazard, times, draw=DRAW)).all()
    found = np.isfinite(days_of(TWICE, hazard, times, draw=WITH_FLARES))
    share = WITH_FLARES.value("procedure_flare_fraction", ("at_root",))
    assert share > 0.05
    # four standard errors
    assert found.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / found.size))


def test_a_patient_is_heard_of_until_leaving_the_follow_up_or_the_end_of_the_trial(rescued_trial):
    design = small_design(n_total=240, safety={"follow_up_months": 9})
    late = np.zeros(rescued_trial.is_observed.shape)
    late[:, 1:] = 5.0
    stayed = np.ones(late.shape, dtype=bool)
    stayed[0, 2:] = stayed[1, 1:] = False  # leaves after the first visit, before it
    solved = np.ones(len(late), dtype=bool)
    solved[2] = False
    trial = replace(rescued_trial, days_late=late, has_stayed=stayed, is_solved=solved)
    months = DAYS_PER_MONTH * np.array([1, 9])
    assert heard_until(design, trial)[:4] == pytest.approx([months[0] + 5, 0, 0, months[1]])
    one_day = np.arange(len(late)) / DAYS_PER_MONTH  # a patient a day
    ended = replace(trial, arrivals=Arrivals(one_day, np.zeros(len(late), dtype=np.int64)), ended=one_day[10])
    assert heard_until(design, ended)[:5] == pytest.approx([10, 0, 0, 7, 6], abs=1e-5)
