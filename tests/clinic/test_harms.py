"""Chances of harm come from counts, and what has no count is said to have none."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

from sciatrial.clinic import (
    NOT_SIMULATABLE,
    Protocol,
    exposures_of,
    has_event_at,
    hazards,
    hazards_of,
    patient_chance,
    unused_counts,
)
from sciatrial.clinic.protocol import ROUTES
from sciatrial.evidence import read_evidence
from sciatrial.foundation import Intervention, TrialError
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.statistics import upper_limit_of_share

EVIDENCE = read_evidence()
SAFETY = EVIDENCE.safety
DRAW = reference_draw(read_prior()).one(0)
KNOWN = hazards(EVIDENCE, DRAW)
# every arm that can be simulated, by what is given and where; usual care is what everybody has
TREATMENTS = [
    (what, where)
    for what, routes in ROUTES.items()
    for where in routes
    if what not in (*NOT_SIMULATABLE, Intervention.USUAL_CARE)
]


def cells(**changes):
    words = {
        "intervention": "cell_therapy", "cell_type": "bm_msc", "donor": "autologous", "dose_million_cells": 10,
        "route": "intradiscal",
    }  # fmt: skip
    return Protocol(**words | changes)


def arm(what, where):
    return cells(route=where) if what is Intervention.CELL_THERAPY else Protocol(intervention=what, route=where)


def by_name(name):
    return next(item for item in KNOWN if item.name == name)


def test_every_row_of_the_safety_table_is_used_or_counted_with_its_reason():
    used = {source for item in KNOWN for source in item.sources if not source.startswith("fact:")}
    assert len(used) + sum(unused_counts(SAFETY).values()) == len(SAFETY)


def test_a_chance_is_jeffreys_prior_and_half_the_counts():
    tear = by_name("dural_tear of operation")
    assert (tear.n_with_event, tear.n_at_risk) == (115, 6840)
    expected = beta.ppf([0.05, 0.5, 0.95], 0.5 + 115 / 2, 0.5 + (6840 - 115) / 2)
    np.testing.assert_allclose(tear.chance([0.05, 0.5, 0.95]), expected)


def test_where_nobody_had_the_event_the_bound_is_exact_for_half_the_number_at_risk():
    tumour = by_name("tumour of cells")
    assert tumour.n_with_event == 0
    # patients count half in the bound as in the distribution, so the bound is never below the distribution's own
    assert tumour.upper_bound == pytest.approx(upper_limit_of_share(0, tumour.n_at_risk // 2))
    assert all(item.upper_bound >= item.chance(0.949) for item in KNOWN if item.is_estimable)


def test_where_nobody_had_the_event_the_bound_is_told_in_words_for_one_chance_and_for_several():
    tumour, serious = by_name("tumour of cells"), by_name("serious_event of into_the_epidural_space")
    assert tumour.in_words() == "none of 38; up to 14.6 %"
    assert serious.in_words(2) == "none of 200; up to 3.0 % each time, 5.8 % in 2 times"


def test_where_somebody_had_the_event_its_chance_is_told_with_the_middle_90_percent():
    low, middle, high = 100 * by_name("dural_tear of operation").chance([0.05, 0.5, 0.95])
    assert by_name("dural_tear of operation").in_words() == f"{middle:.1f} % ({low:.1f} to {high:.1f})"
    assert by_name("nerve_injury of at_the_root").in_words() == "not estimable"


def test_what_a_count_is_worth_is_an_assumption_of_the_prior():
    rows = {row.name: row for row in read_prior().entries}
    for name in ("harm_count_overdispersion", "harm_prior_events"):
        assert rows[name].basis == "assumed"
        assert rows[name].sources.startswith("assumption:")
    once = hazards(EVIDENCE, Counted(overdispersion=1.0))
    (tumour,) = [item for item in once if item.name == "tumour of cells"]
    assert tumour.upper_bound == pytest.approx(1 - 0.05 ** (1 / tumour.n_at_risk))


class Counted:
    """Numbers in which a patient counts for more or less."""

    def __init__(self, overdispersion):
        self.overdispersion = overdispersion

    def value(self, name, qualifiers=()):
        return self.overdispersion if name == "harm_count_overdispersion" else DRAW.value(name, qualifiers)


@pytest.mark.parametrize(("what", "where"), TREATMENTS)
def test_every_treatment_by_every_route_has_a_harm(what, where):
    assert hazards_of(arm(what, where), KNOWN)


def test_every_harm_of_the_list_belongs_to_an_arm_that_can_be_simulated():
    arms = [*(arm(what, where) for what, where in TREATMENTS), cells(donor="allogeneic")]
    assert {item.exposure for item in KNOWN} == {item.exposure for one in arms for item, _ in hazards_of(one, KNOWN)}


@pytest.mark.parametrize(
    "name",
    [
        "disc_infection of into_the_disc", "pain_flare of into_the_disc", "infection of at_the_root",
        "nerve_injury of at_the_root", "pain_flare of at_the_root", "dural_puncture of into_the_epidural_space",
        "post_puncture_headache of into_the_spinal_fluid", "meningitis of into_the_spinal_fluid",
        "cell_leakage of cells_into_the_disc", "immune_reaction of donor_cells", "tumour of cells",
        "any_complication of operation", "reoperation of operation", "any_event of oral_steroid",
        "any_event of nsaid", "any_event of opioid", "any_event of antidepressant", "any_event of gabapentinoid",
        "muscle_weakness of botulinum_toxin", "systemic_toxicity of local_anaesthetic", "any_event of physiotherapy",
    ],
)  # fmt: skip
def test_the_harms_that_must_be_told_are_told(name):
    assert name in [item.name for item in KNOWN]


def test_a_harm_is_counted_from_the_facts_where_they_print_a_count():
    root = by_name("nerve_root_injury of operation")
    assert (root.n_with_event, root.n_at_risk) == (21, 6840)
    parts = ("dural_tear", "nerve_root_injury", "haematoma", "heart_or_lung_event")
    assert by_name("any_complication of operation").n_with_event == sum(
        by_name(f"{part} of operation").n_with_event for part in parts
    )


def test_a_rate_without_a_count_is_told_and_nothing_is_computed_from_it():
    flare = by_name("pain_flare of at_the_root")
    assert "reported: 2 to 18.4 % by injection type (spinal_injection_nerve_root_irritation)" in flare.remark
    assert not flare.is_estimable


def test_infection_of_a_disc_says_how_it_was_counted_and_shows_the_low_end():
    infection = by_name("disc_infection of into_the_disc")
    assert "counted where one happened or was looked for" in infection.remark
    assert "reported: 0.15 % (discitis_per_disc_injection)" in infection.remark
    assert infection.chance(0.05) > 0.0015


def test_the_examples_of_the_explanation_are_what_is_shown():
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "safety.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"\| ([a-z ]+ of [a-z ]+): ([^|]+) \|\n", page))
    assert len(told) == 6
    assert told == {
        name: by_name(name.replace(" of ", "?").replace(" ", "_").replace("?", " of ")).in_words() for name in told
    }


def test_every_row_that_a_note_names_is_in_the_tables():
    named = {slug for item in KNOWN for slug in re.findall(r"\((\w+_\w+)\)", item.note)}
    prior = {row.name for row in read_prior().entries}
    assert named <= {*EVIDENCE.facts["name"], *EVIDENCE.parameters["name"], *prior}


def test_operations_before_the_registry_s_are_no_harm_of_its_operation_in_both_tables():
    (row,) = SAFETY[SAFETY["n_with_event"] == 885].to_dict("records")
    (fact,) = EVIDENCE.facts[EVIDENCE.facts["unit"] == "percent (885)"].to_dict("records")
    assert "before" in row["where"]
    assert fact["name"] in row["where"]
    assert np.isnan(row["followup_months"])


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
    assert "into_the_spinal_fluid" in exposures_of(cells(route="intrathecal"))
    assert "into_a_muscle" in exposures_of(Protocol(intervention="botulinum_toxin"))
    assert {"at_the_root", "local_anaesthetic"} <= set(
        exposures_of(Protocol(intervention="local_anaesthetic", route="perineural"))
    )
    assert "into_the_epidural_space" in exposures_of(Protocol(intervention="saline", route="epidural_caudal"))
    assert "gabapentinoid" in exposures_of(cells(co_treatments=("gabapentinoid",)))


def test_the_same_patients_are_harmed_in_arms_with_the_same_exposure_and_more_by_more_doses():
    infection, patients = by_name("disc_infection of into_the_disc"), np.arange(20_000)
    once = has_event_at(infection, 0, chance=0.02, seed=3, patients=patients)
    again = has_event_at(infection, 0, chance=0.02, seed=3, patients=patients[::-1])[::-1]
    second = has_event_at(infection, 1, chance=0.02, seed=3, patients=patients)
    np.testing.assert_array_equal(once, again)
    assert (once & second).sum() < once.sum() / 4  # another administration has luck of its own
    assert once.mean() == pytest.approx(0.02, abs=0.004)
    assert (once | second).mean() == pytest.approx(patient_chance(0.02, 2), abs=0.006)


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
        hazards(replace(EVIDENCE, safety=SAFETY[SAFETY["study_id"] != "centeno2017"]), DRAW)


def test_a_rate_that_the_tables_do_not_hold_is_refused():
    with pytest.raises(TrialError, match="TFESI_minor_complication_rate"):
        hazards(replace(EVIDENCE, facts=EVIDENCE.facts[~EVIDENCE.facts["name"].str.startswith("TFESI")]), DRAW)
