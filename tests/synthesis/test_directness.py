import pytest

from sciatrial.synthesis.directness import EPIDURAL, SpeaksOf, evidence_map, speaks_of


@pytest.fixture(scope="module")
def mapped(evidence):
    return evidence_map(evidence)


def test_every_study_is_said_to_speak_of_one_thing(evidence):
    told = speaks_of(evidence)
    assert list(told["study_id"]) == list(evidence.studies["study_id"])
    assert set(told["speaks_of"]) == {word.value for word in SpeaksOf}


def test_no_controlled_trial_of_cells_speaks_of_leg_pain(evidence):
    told = speaks_of(evidence)
    controlled = told[told["gives_cells"] & told["design"].isin(["rct", "controlled_nonrandomised"])]
    assert SpeaksOf.LEG_PAIN not in set(controlled["speaks_of"])


def test_a_responder_by_pain_in_disc_pain_speaks_of_back_pain(evidence):
    assert speaks_of(evidence).set_index("study_id").loc["levi2025", "speaks_of"] == SpeaksOf.BACK_PAIN_ONLY


def test_cells_at_the_root_are_shown_as_empty_rows(mapped):
    empty = mapped[mapped["route"].isin(EPIDURAL) & (mapped["outcome"] == "leg_pain")]
    assert len(empty) > 0
    assert (empty["n_studies"] == 0).all()
    assert (empty["best"] == "none").all()


def test_patients_who_are_shared_count_once(mapped):
    discs = mapped[(mapped["cell_type"] == "disc_cells") & (mapped["outcome"] == "back_pain")]
    studies = ", ".join(discs["studies"])
    assert ("beall2020" in studies) != ("beall2021" in studies)


def test_a_planted_trial_fills_its_row(evidence, plant):
    row = evidence_map(plant(evidence, "planted1")).set_index(["cell_type", "route", "outcome"])
    found = row.loc[("uc_msc", "epidural_transforaminal", "leg_pain")]
    assert (found["n_randomised"], found["n_patients_randomised"], found["best"]) == (1, 100, "randomised")
