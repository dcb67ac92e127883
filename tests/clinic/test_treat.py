"""What arm words do: the right states jump by the right amounts, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import Protocol, sham_of, treat
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw

MODEL = sciatica_model()
PRIOR = read_prior()
PLAIN = reference_draw(PRIOR).one(0)
FULL = reference_draw(PRIOR, included=PRIOR.groups).one(0)
CONTEXT = {kind: np.array([0.1, 0.2]) for kind in ("oral", "injection", "intradiscal")}


def given_to(protocol, numbers=PLAIN, cause="herniation"):
    return treat(
        protocol, numbers, model=MODEL, cause=cause, patients=np.array([3, 8]), seed=1, context_maximum=CONTEXT,
        last_day=365.0,
    )  # fmt: skip


def jumps(protocol, numbers=PLAIN, cause="herniation", day=0.0):
    """Return state → (factor, amount) at a day, for the first patient."""
    events = given_to(protocol, numbers, cause).events
    names = MODEL.state_names
    result = {}
    for patient, at, state, factor, amount in zip(
        events.patient, events.day, events.state, events.factor, events.amount, strict=True
    ):
        if patient == 0 and at == day:
            name = names[int(state)]
            before = result.get(name, (1.0, 0.0))
            result[name] = (factor * before[0], factor * before[1] + amount)
    return result


def cells(**changes):
    words = {
        "intervention": "cell_therapy", "cell_type": "bm_msc", "donor": "autologous", "dose_million_cells": 10,
        "route": "intradiscal",
    }  # fmt: skip
    return Protocol(**words | changes)


@pytest.mark.parametrize("route", ["intradiscal", "epidural_transforaminal", "perineural", "intravenous"])
@pytest.mark.parametrize("carrier", ["saline", "hyaluronic_acid", "fibrin"])
def test_every_injected_cell_is_somewhere(route, carrier):
    got = jumps(cells(route=route, carrier=carrier))
    placed = sum(amount for state, (_, amount) in got.items() if state.endswith("_cells"))
    assert placed == pytest.approx(10.0)


def test_intradiscal_cells_in_gel_leak_less_and_anchor_more_than_in_saline():
    saline, gel = (jumps(cells(carrier=carrier)) for carrier in ("saline", "hyaluronic_acid"))
    assert gel["anchored_disc_cells"][1] > saline["anchored_disc_cells"][1]
    assert gel["lost_cells"][1] < saline["lost_cells"][1]


def test_a_large_volume_leaks_more():
    assert jumps(cells(volume_ml=4.0))["lost_cells"][1] > jumps(cells(volume_ml=2.0))["lost_cells"][1]


def test_marrow_concentrate_holds_very_few_stem_cells():
    got = jumps(cells(cell_type="bmac", dose_million_cells=240))
    assert sum(amount for state, (_, amount) in got.items() if state.endswith("_cells")) == pytest.approx(
        0.0054, rel=0.01
    )


def test_cells_in_a_carrier_do_to_the_disc_what_the_carrier_does_alone():
    with_cells = jumps(cells(carrier="hyaluronic_acid"), FULL)
    alone = jumps(Protocol(intervention="hyaluronic_acid", route="intradiscal"), FULL)
    for state in ("disc_injectate", "disc_inflammation", "treatment_context"):
        assert with_cells[state] == alone[state]


def test_saline_without_an_effect_of_its_own_is_context_only():
    saline = jumps(Protocol(intervention="saline", route="epidural_transforaminal"))
    assert saline == {"treatment_context": (0.0, 1.0)}


def test_a_sham_is_context_only_even_where_needles_and_fluids_have_effects():
    assert jumps(sham_of(cells()), FULL) == {"treatment_context": (0.0, 1.0)}


def test_usual_care_does_nothing_at_all():
    treatment = given_to(Protocol(intervention="usual_care"), FULL)
    assert len(treatment.events.patient) == 0
    assert not treatment.parameters


def test_each_kind_of_care_raises_its_own_context_response():
    assert given_to(cells()).parameters["context_response_maximum"] is CONTEXT["intradiscal"]
    assert given_to(Protocol(intervention="nsaid")).parameters["context_response_maximum"] is CONTEXT["oral"]


def test_repeated_doses_come_at_their_interval():
    got = given_to(cells(n_doses=3, weeks_between_doses=4)).events
    where = MODEL.state_names.index("anchored_disc_cells")
    days = sorted({float(day) for day, state in zip(got.day, got.state, strict=True) if int(state) == where})
    assert days == [0.0, 28.0, 56.0]


def test_foreign_cells_are_marked_foreign():
    assert given_to(cells(donor="allogeneic")).parameters["donor_mismatch_factor"] == 1.0
    assert given_to(cells()).parameters["donor_mismatch_factor"] == 0.0


def test_surgery_removes_the_herniation_and_frees_the_canal_only_where_that_is_done():
    surgery = Protocol(intervention="surgery")
    herniation, stenosis = jumps(surgery), jumps(surgery, cause="stenosis")
    assert herniation["herniated_volume"] == (pytest.approx(0.05), 0.0)
    assert "fixed_narrowing" not in herniation
    assert stenosis["fixed_narrowing"] == (pytest.approx(0.2), 0.0)
    assert herniation["inflammatory_macrophages"] == (0.5, 0.1)


def test_a_steroid_brings_its_dose():
    assert jumps(Protocol(intervention="epidural_steroid", route="epidural_caudal", drug_dose_mg=40))[
        "steroid_depot"
    ] == (1.0, 40.0)


def test_a_course_ends():
    tablets = Protocol(intervention="nsaid", course_weeks=2)
    assert jumps(tablets)["nsaid_exposure"] == (0.0, 1.0)
    assert jumps(tablets, day=14.0)["nsaid_exposure"] == (0.0, 0.0)


def test_physiotherapy_lasts_eight_weeks_unless_told_otherwise():
    assert "physiotherapy_intensity" in jumps(Protocol(intervention="physiotherapy"), day=56.0)


def test_co_treatments_last_to_the_end():
    got = given_to(cells(co_treatments=("nsaid",))).events
    where = MODEL.state_names.index("nsaid_exposure")
    assert [float(d) for d, s, p in zip(got.day, got.state, got.patient, strict=True) if s == where and p == 0] == [0.0]


def test_botulinum_toxin_is_one_full_treatment():
    assert jumps(Protocol(intervention="botulinum_toxin"), cause="piriformis")["botulinum_effect"] == (1.0, 1.0)


MANY = np.arange(4000)
OF_MANY = {kind: np.full(len(MANY), 0.1) for kind in CONTEXT}


def events_of_many(protocol, numbers=FULL, state="treatment_context"):
    """Return who has an event in a state, on which day, and how large."""
    got = treat(
        protocol, numbers, model=MODEL, cause="herniation", patients=MANY, seed=1, context_maximum=OF_MANY,
        last_day=365.0,
    ).events  # fmt: skip
    mine = got.state == MODEL.state_names.index(state)
    return got.patient[mine], got.day[mine], got.amount[mine]


def test_who_gets_no_cells_gets_no_context_of_an_injection_either():
    frail = replace(FULL, values={**FULL.values, "cultured.harvest_failure_fraction": 0.3})
    injected = set(events_of_many(cells(), frail, "anchored_disc_cells")[0])
    assert 0.65 < len(injected) / len(MANY) < 0.75
    assert set(events_of_many(cells(), frail)[0]) == injected
    assert len(events_of_many(sham_of(cells()), frail)[0]) == len(MANY)


def test_cells_that_come_late_bring_everything_late():
    late = 14.0 + 7 * FULL.value("harvest_delay_weeks")
    for state in ("treatment_context", "anchored_disc_cells", "disc_injectate"):
        days = events_of_many(cells(weeks_until_treatment=2), state=state)[1]
        assert set(days) == {14.0, late}
        assert (days == late).mean() == pytest.approx(FULL.value("harvest_delay_fraction", ("cultured",)), abs=0.02)


@pytest.mark.parametrize(("route", "kind"), [("intradiscal", "intradiscal"), ("epidural_caudal", "at_root")])
def test_a_procedure_sets_off_flares_as_often_and_as_large_as_the_draw_says(route, kind):
    who, _, size = events_of_many(Protocol(intervention="saline", route=route), state="exacerbation")
    assert len(who) / len(MANY) == pytest.approx(FULL.value("procedure_flare_fraction", (kind,)), abs=0.015)
    assert set(size) == {FULL.value("procedure_flare_size")}
    assert len(events_of_many(sham_of(cells(route=route)), state="exacerbation")[0]) == 0


def test_surgery_takes_nucleus_out_and_fusion_stiffens_the_segment():
    operated = jumps(Protocol(intervention="surgery"), FULL, cause="spondylolisthesis")
    assert operated["extrudable_nucleus"] == (1 - FULL.value("surgery_nucleus_removed_fraction"), 0.0)
    assert operated["segment_mobility"] == (
        1 - FULL.value("surgery_fusion_fraction", ("spondylolisthesis",)), 0.0
    )  # fmt: skip


def test_every_steroid_leaves_at_its_own_rate():
    rates = [
        given_to(Protocol(intervention="epidural_steroid", route="epidural_caudal", drug=drug), FULL).parameters[
            "steroid_loss_rate"
        ]
        for drug in ("triamcinolone", "dexamethasone")
    ]
    assert rates[1] > rates[0] > 0
