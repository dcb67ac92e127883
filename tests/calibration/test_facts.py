import numpy as np
import pytest

from sciatrial.calibration.facts import fact_terms, held_out, read_fact_rows
from sciatrial.calibration.facts_simulated import SCENES
from sciatrial.evidence import read_evidence
from sciatrial.foundation import CalibrationError

EVIDENCE = read_evidence()
TERMS = fact_terms(EVIDENCE)


def fact(slug):
    return TERMS.rows.set_index("fact").loc[slug]


def with_changed_row(slug, **cells):
    table = read_fact_rows()
    return table.assign(**{name: table[name].where(table["fact"] != slug, cell) for name, cell in cells.items()})


def test_every_shipped_fact_has_a_finite_value_and_a_standard_error():
    assert len(TERMS) == len(read_fact_rows())
    assert np.isfinite(TERMS.rows["observed"]).all()
    assert (TERMS.rows["se"] > 0).all()


def test_no_fact_enters_twice():
    assert TERMS.rows["fact"].is_unique


def test_no_pooled_effect_of_a_treatment_enters():
    topics = EVIDENCE.facts.set_index("name")["topic"]
    entered = {topics[slug] for slug in TERMS.rows["fact"] if slug in topics}
    assert entered <= {"natural_history", "resorption", "neurology", "recurrence"}


def test_every_fact_says_how_it_is_read_and_every_loose_one_is_given_more_room():
    assert (TERMS.rows["why"] != "").all()
    loose = TERMS.rows["why"].str.startswith("loose")
    assert (TERMS.rows.loc[loose, "spread"] == 15).all()


def test_every_spread_is_called_an_assumption():
    assert TERMS.rows["spread_from"].str.startswith("assumption:").all()


def test_a_share_is_read_from_the_evidence_and_put_on_the_logit_scale():
    assert fact("persisting_weakness_2y")["observed"] == pytest.approx(np.log(0.25 / 0.75))


def test_of_a_range_the_middle_is_taken():
    assert fact("sciatica_resolution_3mo")["printed"] == 70


def test_a_median_time_says_that_half_are_there_by_then():
    row = fact("median_recovery_time_conservative")
    assert row["observed"] == 0
    assert row["months"] == pytest.approx(12 * 7 / 30.44, rel=1e-3)


def test_a_printed_interval_and_the_spread_between_cohorts_join_in_the_standard_error():
    points = np.hypot((35 - 15) / 3.92, 8)
    expected = points / 100 / (0.25 * 0.75)
    assert fact("radicular_pain_recurrence_1y_after_resolution")["se"] == pytest.approx(expected)


def test_two_facts_of_the_same_patients_weigh_as_one():
    alone = fact_terms(EVIDENCE, with_changed_row("leg_pain_recurrence_1y", cohort=""))
    expected = alone.rows.set_index("fact")["se"]["leg_pain_recurrence_1y"] * np.sqrt(2)
    assert fact("leg_pain_recurrence_1y")["se"] == pytest.approx(expected)


def test_all_wrong_words_and_missing_numbers_are_told_at_once():
    table = with_changed_row("stenosis_worse_4yr", fact="stenosis_wors_4yr")
    table = table.assign(
        studies=table["studies"].replace("peul2007", "peul2077"),
        n=table["n"].where(table["fact"] != "stenosis_subjective_improvement_3yr"),
        since=table["since"].where(table["fact"] != "stenosis_unchanged_4yr"),
    )
    with pytest.raises(CalibrationError) as told:
        fact_terms(EVIDENCE, table)
    text = str(told.value)
    assert len(told.value.problems) == 5  # two facts name the study
    assert "did you mean 'stenosis_worse_4yr'?" in text
    assert "did you mean 'peul2007'?" in text
    assert "n for a binomial" in text
    assert "share_unchanged needs it" in text


def test_the_facts_of_a_held_out_study_fall_away():
    gone = TERMS.rows["fact"][held_out(TERMS, ["peul2007"])]
    assert set(gone) == {"median_recovery_time_conservative", "recovery_hazard_ratio_surgery"}
    assert not held_out(TERMS, []).any()


@pytest.mark.parametrize(
    ("slug", "study"),
    [
        ("median_recovery_time_conservative", "peul2007"),
        ("stenosis_subjective_improvement_3yr", "matsudaira2016"),
        ("no_paresis_1y_after_microdiscectomy", "paresis_cohort2012"),
    ],
)
def test_a_study_that_prints_the_same_paper_is_found_without_being_named(slug, study):
    unnamed = fact_terms(EVIDENCE, with_changed_row(slug, studies=""))
    assert study in unnamed.rows.set_index("fact")["studies"][slug]


def test_who_shares_patients_with_a_study_stands_behind_its_facts_too():
    assert "sport_idh_level2008" in fact("leg_pain_recurrence_1y")["studies"]


def test_every_scene_is_asked_for_by_a_fact():
    assert set(TERMS.rows["scene"]) == set(SCENES)


def test_the_terms_say_how_many_facts_of_which_cause_they_are():
    assert repr(TERMS).startswith(f"FactTerms: {len(TERMS)} facts (")
    assert TERMS.table() is TERMS.rows
