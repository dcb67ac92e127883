"""Chances of harm come from counts, and what has no count is said to have none."""

import numpy as np
import pytest
from scipy.stats import beta

from sciatrial.clinic import (
    Hazard,
    Protocol,
    exposures_of,
    has_event,
    hazards,
    hazards_of,
    patient_chance,
    unused_counts,
)
from sciatrial.evidence import read_evidence
from sciatrial.foundation import TrialError

SAFETY = read_evidence().safety
KNOWN = hazards(SAFETY)


def cells(**changes):
    words = {
        "intervention": "cell_therapy", "cell_type": "bm_msc", "donor": "autologous", "dose_million_cells": 10,
        "route": "intradiscal",
    }  # fmt: skip
    return Protocol(**words | changes)


def by_name(name):
    return next(item for item in KNOWN if item.name == name)


def test_every_row_of_the_safety_table_is_used_or_counted_with_its_reason():
    used = {source for item in KNOWN for source in item.sources}
    assert len(used) + sum(unused_counts(SAFETY).values()) == len(SAFETY)


def test_a_chance_is_jeffreys_prior_and_half_the_counts():
    tear = by_name("dural_tear of operation")
    assert (tear.n_with_event, tear.n_at_risk) == (115, 6840)
    expected = beta.ppf([0.05, 0.5, 0.95], 0.5 + 115 / 2, 0.5 + (6840 - 115) / 2)
    np.testing.assert_allclose(tear.chance([0.05, 0.5, 0.95]), expected)


def test_where_nobody_had_the_event_the_bound_is_three_over_the_number_at_risk():
    tumour = by_name("tumour of cells")
    assert tumour.n_with_event == 0
    # patients count half in the bound as in the distribution, so the bound is never below the distribution's own
    assert tumour.upper_bound == pytest.approx(2 * 3 / tumour.n_at_risk)
    assert all(item.upper_bound >= item.chance(0.949) for item in KNOWN if item.is_estimable)


def test_a_harm_without_a_count_is_not_estimable_and_may_be_anything():
    leak = by_name("cell_leakage of cells_into_the_disc")
    assert not leak.is_estimable
    assert leak.upper_bound == 1.0


def test_two_administrations_are_two_chances():
    assert patient_chance(0.1, 2) == pytest.approx(0.19)
    (once,) = [n for item, n in hazards_of(cells(), KNOWN) if item.harm == "disc_infection"]
    (thrice,) = [n for item, n in hazards_of(cells(n_doses=3), KNOWN) if item.harm == "disc_infection"]
    assert (once, thrice) == (1, 3)


def test_arms_are_exposed_to_what_they_receive():
    assert {"cells", "own_cells", "into_the_disc"} <= set(exposures_of(cells()))
    assert "donor_cells" in exposures_of(cells(donor="allogeneic"))
    assert "into_the_disc" not in exposures_of(Protocol(intervention="sham", route="intradiscal"))
    assert "into_the_epidural_space" in exposures_of(Protocol(intervention="saline", route="epidural_caudal"))
    assert "gabapentinoid" in exposures_of(cells(co_treatments=("gabapentinoid",)))


def test_the_same_patients_are_harmed_in_arms_with_the_same_exposure_and_more_by_more_doses():
    infection, patients = by_name("disc_infection of into_the_disc"), np.arange(20_000)
    once = has_event(infection, 1, chance=0.02, seed=3, patients=patients)
    again = has_event(infection, 1, chance=0.02, seed=3, patients=patients[::-1])[::-1]
    twice = has_event(infection, 2, chance=0.02, seed=3, patients=patients)
    np.testing.assert_array_equal(once, again)
    assert (twice >= once).all()
    assert once.mean() == pytest.approx(0.02, abs=0.004)
    assert twice.mean() == pytest.approx(patient_chance(0.02, 2), abs=0.006)


def test_only_doses_that_are_given_do_harm():
    far = cells(n_doses=10, weeks_between_doses=104)
    assert exposures_of(far, last_day=365)["into_the_disc"] == 1
    assert exposures_of(far, last_day=800)["into_the_disc"] == 2
    assert exposures_of(cells(weeks_until_treatment=50), last_day=300) == {}


def test_events_of_any_cause_are_told_apart_and_the_placebo_arm_has_its_own():
    assert by_name("any_event of gabapentinoid").counted == "any_cause"
    placebo = by_name("any_event of placebo_oral")
    assert (placebo.n_with_event, placebo.n_at_risk) == (43, 101)
    assert by_name("dural_tear of operation").counted == "related"


def test_what_the_model_simulates_has_no_row():
    assert "reherniation" not in {item.harm for item in KNOWN}


def test_a_count_that_the_table_does_not_hold_is_refused():
    with pytest.raises(TrialError, match="centeno2017"):
        hazards(SAFETY[SAFETY["study_id"] != "centeno2017"])


def test_a_hazard_tells_its_name():
    assert Hazard("tumour", "cells", "patient", "related", 0, 0, (), "").name == "tumour of cells"
