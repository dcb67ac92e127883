"""Notes of a design: what USDM has no place for."""

from sciatrial.exchange.usdm_notes import PLACED, SIMULATED, notes_of
from sciatrial.study import read_study
from sciatrial.trial import Design

DESIGN = read_study("studies/epidural_cells_radicular.toml").design


def test_what_is_placed_elsewhere_or_simulated_is_a_setting_of_a_design():
    assert set(Design.model_fields) >= PLACED | SIMULATED
    assert not PLACED & SIMULATED


def test_every_other_setting_is_a_note_where_it_is_given():
    selecting = read_study("studies/cell_sources_select.toml").design
    notes = notes_of(selecting, is_blind=True)
    given = {name for name in Design.model_fields if getattr(selecting, name) != Design.model_fields[name].default}
    told = {note.split(" (")[0].lower() for note in notes}
    assert given - PLACED == {"accrual", "minimal_important_change", "multi_arm"}
    assert {name.replace("_", " ") for name in given - PLACED} <= told
    assert "Multi arm (in the study file): test dunnett; most [1]; above z [-0.5]; freed reallocated" in notes


def test_bounds_of_looks_and_what_becomes_of_the_unseen_are_told():
    notes = notes_of(read_study("studies/epidural_cells_phase2b.toml").design, is_blind=True)
    (looks,) = (note for note in notes if note.startswith("Interim looks"))
    assert "spending: kind lan demets o brien fleming" in looks
    assert "futility: kind hwang shih decani; gamma -2; binding non binding" in looks
    endpoint = DESIGN.endpoint.model_copy(update={"missing": "non_responder"})
    notes = notes_of(DESIGN.model_copy(update={"endpoint": endpoint}), is_blind=False)
    assert "Whoever is not seen at the endpoint: non responder" in notes
    assert any(note.startswith("Arms differ") for note in notes)


def test_a_plain_design_has_nothing_to_add():
    plain = DESIGN.model_copy(update={"minimal_important_change": None, "dropout_per_year": 0.0})
    assert len(notes_of(plain, is_blind=True)) == 2
