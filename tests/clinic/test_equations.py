"""What the dossier prints is what the clinic does: equations against events, scores and chances, and their units."""

import numpy as np
import pytest

from sciatrial.clinic import CHAPTERS, WORDS, Protocol, equations, hazards, measured, patient_chance, treat
from sciatrial.evidence import read_evidence
from sciatrial.foundation import unit_registry
from sciatrial.model import law_as_written, sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw, words_of_numbers

MODEL = sciatica_model()
GROUPS = (*CELL_EFFECTS, *read_prior().groups)
DRAW = reference_draw(read_prior(), included=GROUPS).one(0)
LAWS = [law for chapter in CHAPTERS for law in chapter.laws]
PATIENTS = np.arange(40)


def units():
    known = {item.name: item.unit for item in (*MODEL.states, *words_of_numbers(MODEL).values(), *WORDS)}
    return known | {law.name: law.unit for law in LAWS}


def quantity(unit):
    return unit_registry()("dimensionless" if unit == "points of the score" else unit)


def after(protocol, states, cause="herniation"):
    """Return the states of each patient after everything that happens on the first day."""
    context = {kind: np.full(len(PATIENTS), 0.2) for kind in ("oral", "injection", "intradiscal")}
    given = treat(
        protocol, DRAW, model=MODEL, cause=cause, patients=PATIENTS, seed=3, context_maximum=context, last_day=1
    )
    now = np.zeros((len(PATIENTS), len(MODEL.states)))
    for name, value in states.items():
        now[:, MODEL.state_names.index(name)] = value
    events = given.events
    for row in np.argsort(events.day, kind="stable"):
        if events.day[row] == 0:
            place = events.patient[row], events.state[row]
            now[place] = events.factor[row] * now[place] + events.amount[row]
    return {name: now[:, place] for place, name in enumerate(MODEL.state_names)}, given.parameters


def numbers(law, *words, **more):
    """Return what a law needs: from `more`, else from the draw under these qualifiers."""
    return {name: more[name] if name in more else DRAW.value(name, words) for name in law.needs}


def value(law, *words, **more):
    return law.value(**numbers(law, *words, **more))


def arm(**words):
    cells = {"intervention": "cell_therapy", "donor": "allogeneic", "cell_type": "uc_msc", "dose_million_cells": 10.0}
    return Protocol.model_validate({**cells, **words})


def test_every_word_of_an_equation_is_told_once_and_used():
    used = {name for law in LAWS for name in law.needs}
    told = [item.name for item in WORDS]
    assert used <= set(units())
    assert set(told) <= used
    assert len(told) == len(set(told))
    assert all(item.meaning for item in WORDS)
    assert not set(told) & set(words_of_numbers(MODEL))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_units_fit(law):
    plain = {name: 0.2 + 0.01 * place for place, name in enumerate(law.needs)}
    with_units = {name: number * quantity(units()[name]) for name, number in plain.items()}
    result = unit_registry().Quantity(law.value(**with_units)).to(quantity(law.unit).units).magnitude
    assert result == pytest.approx(law.value(**plain), rel=1e-12)
    assert law_as_written(law).value(plain) == pytest.approx(law.value(**plain), rel=1e-12)


def test_cells_into_a_disc_land_as_printed():
    states, _ = after(arm(route="intradiscal", carrier="fibrin", volume_ml=3.0), {})
    stem = value(equations.stem_cells, "uc_msc", dose_million_cells=10.0)
    living = value(equations.living_cells, stem_cells=stem)
    leak = value(equations.leak, "fibrin", volume_ml=3.0)
    told = {"living_cells": living, "leak": leak}
    lost = value(equations.dead_cells, stem_cells=stem) + value(equations.leaked_and_lost, **told)
    assert states["anchored_disc_cells"] == pytest.approx(value(equations.anchored_in_disc, "fibrin", **told))
    assert states["loose_disc_cells"] == pytest.approx(value(equations.loose_in_disc, "fibrin", **told))
    assert states["loose_epidural_cells"] == pytest.approx(value(equations.leaked_to_root, **told))
    assert states["lost_cells"] == pytest.approx(lost)


@pytest.mark.parametrize("route", ["epidural_caudal", "perineural", "intramuscular", "intrathecal"])
def test_cells_elsewhere_land_as_printed(route):
    states, _ = after(arm(route=route), {})
    living = value(equations.living_cells, stem_cells=10.0)
    assert states["anchored_epidural_cells"] == pytest.approx(
        value(equations.anchored_at_root, route, "saline", living_cells=living)
    )
    assert states["loose_epidural_cells"] == pytest.approx(
        value(equations.loose_at_root, route, "saline", living_cells=living)
    )
    gone = value(equations.landed_elsewhere, route, living_cells=living)
    assert states["lost_cells"] == pytest.approx(gone + 10.0 - living)


def test_needle_fluid_and_flare_act_as_printed():
    before = {"inflammatory_macrophages": 0.3, "disc_inflammation": 0.4, "disc_injectate": 0.1, "exacerbation": 0.2}
    disc, _ = after(Protocol(intervention="prp", route="intradiscal"), before)
    root, _ = after(Protocol(intervention="prp", route="perineural"), before)
    assert disc["disc_inflammation"] == pytest.approx(value(equations.disc_inflammation_after, disc_inflammation=0.4))
    assert disc["disc_injectate"] == pytest.approx(value(equations.disc_injectate_after, "prp", disc_injectate=0.1))
    injected = value(equations.macrophages_after_injection, "prp", inflammatory_macrophages=0.3)
    assert root["inflammatory_macrophages"] == pytest.approx(injected)
    flared = value(equations.exacerbation_after_procedure, exacerbation=0.2)
    assert {round(float(x), 12) for x in root["exacerbation"]} <= {0.2, round(flared, 12)}


@pytest.mark.parametrize("cause", ["herniation", "stenosis", "spondylolisthesis", "piriformis"])
def test_an_operation_acts_as_printed(cause):
    laws = {
        "herniated_volume": equations.herniated_volume_after, "segment_mobility": equations.segment_mobility_after,
        "herniation_irritancy": equations.herniation_irritancy_after,
        "extrudable_nucleus": equations.extrudable_nucleus_after,
        "fixed_narrowing": equations.fixed_narrowing_after,
        "inflammatory_macrophages": equations.macrophages_after_surgery,
    }  # fmt: skip
    states, _ = after(Protocol(intervention="surgery"), dict.fromkeys(laws, 0.6), cause)
    for state, law in laws.items():
        assert states[state] == pytest.approx(value(law, cause, **{state: 0.6})), state


def test_toxin_and_steroid_act_as_printed():
    toxin, _ = after(Protocol(intervention="botulinum_toxin"), {"botulinum_effect": 0.4})
    assert toxin["botulinum_effect"] == pytest.approx(value(equations.botulinum_effect_after, botulinum_effect=0.4))
    steroid = Protocol(intervention="epidural_steroid", route="perineural", drug="dexamethasone", drug_dose_mg=10)
    states, parameters = after(steroid, {})
    assert states["steroid_depot"] == pytest.approx(value(equations.triamcinolone_mg, "dexamethasone", drug_dose_mg=10))
    assert parameters["steroid_loss_rate"] == DRAW.value("steroid_loss_rate", ("dexamethasone",))


def test_a_score_is_recorded_as_printed():
    true, error, step = 96.0, 7.3, 5.0
    within = equations.score_within_scale.value(true_score=true, measurement_error=error, floor=0.0, ceiling=100.0)
    counted = equations.recorded_score.value(step=step, steps_counted=round(within / step))
    assert measured("leg_pain", np.array([true]), np.array([error]), step) == pytest.approx(counted)


def test_the_chance_of_a_harm_is_as_printed():
    from scipy.stats import beta

    known = [hazard for hazard in hazards(read_evidence(), DRAW) if hazard.is_estimable]
    assert known
    for hazard in known:
        counts = {"n_with_event": hazard.n_with_event, "n_at_risk": hazard.n_at_risk}
        first, second = (value(law, **counts) for law in (equations.beta_first, equations.beta_second))
        assert hazard.chance(0.5) == pytest.approx(beta.ppf(0.5, first, second))
        if not hazard.n_with_event:
            assert hazard.upper_bound == pytest.approx(value(equations.bound_where_nobody_had_it, **counts))
    assert patient_chance(0.1, 3) == pytest.approx(equations.chance_of_patient.value(chance=0.1, times=3))
