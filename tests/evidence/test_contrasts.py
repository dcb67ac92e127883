import dataclasses

import pandas as pd
import pytest

from sciatrial.evidence import published_contrasts
from sciatrial.foundation import EvidenceError, FigureFrom


@pytest.fixture(scope="module")
def contrasts(evidence):
    return published_contrasts(evidence).set_index("name")


def test_a_number_is_that_of_the_facts_table_in_points_of_100(contrasts, evidence):
    fact = evidence.facts.set_index("name").loc["STAR_TESI_vs_usual_care_leg_pain_6m"]
    row = contrasts.loc["STAR_TESI_vs_usual_care_leg_pain_6m"]
    assert row["estimate"] == pytest.approx(10 * fact["value"])
    assert row["se"] == pytest.approx(10 * (fact["high"] - fact["low"]) / 3.92, rel=1e-3)


def test_what_favours_treatment_is_negative_whatever_the_paper_prints(contrasts):
    assert contrasts.loc["functional_restoration_vs_advice_ODI_10wk", "estimate"] < 0
    assert contrasts.loc["exercise_vs_advice_leg_pain_short", "estimate"] < 0


def test_a_trial_is_named_and_is_in_the_tables_and_a_review_is_not(contrasts, evidence):
    of_trials = contrasts[contrasts["source"] == "trial"]
    assert set(of_trials["study_id"]) <= set(evidence.studies["study_id"])
    assert (contrasts.loc[contrasts["source"] == "review", "study_id"] == "").all()


def test_a_number_from_the_notes_of_a_study_stands_in_them(evidence):
    listed = pd.read_csv("src/sciatrial/evidence/published_contrasts.csv", keep_default_na=False, dtype=str)
    notes = evidence.studies.set_index("study_id")["notes"]
    of_notes = listed[listed["name"] == ""]
    assert len(of_notes) > 10
    for row in of_notes.to_dict("records"):
        for end in ("low", "high"):
            assert row[end].lstrip("-") in notes[row["study_id"]], row


def test_the_press_widens_a_printed_difference(evidence):
    plain = published_contrasts(evidence, dict.fromkeys(FigureFrom, 1.0))
    trusted = published_contrasts(evidence)
    ratio = (trusted["se"] / plain["se"]).groupby(trusted["figure_from"]).mean()
    assert ratio["press"] == pytest.approx(1.5)
    assert ratio["paper"] == pytest.approx(1.0)


def test_every_listed_fact_is_in_the_shipped_tables(contrasts):
    listed = pd.read_csv("src/sciatrial/evidence/published_contrasts.csv", keep_default_na=False)
    assert set(listed["name"]) == set(contrasts.index)


def test_a_fact_without_an_interval_is_an_error_that_names_it(evidence):
    facts = evidence.facts.copy()
    facts.loc[facts["name"] == "STAR_TESI_vs_usual_care_leg_pain_6m", ["low", "high"]] = float("nan")
    with pytest.raises(EvidenceError, match="STAR_TESI_vs_usual_care_leg_pain_6m"):
        published_contrasts(dataclasses.replace(evidence, facts=facts))


def test_tables_without_the_facts_give_no_contrast(evidence):
    left = published_contrasts(dataclasses.replace(evidence, facts=evidence.facts.iloc[:0]))
    assert (left["name"] == "").all()
    none = dataclasses.replace(evidence, facts=evidence.facts.iloc[:0], studies=evidence.studies.iloc[:0])
    assert published_contrasts(none).empty
