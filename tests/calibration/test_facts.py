from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.calibration import facts as room
from sciatrial.calibration.facts import SCENES, fact_terms, forward_facts, held_out, read_fact_rows
from sciatrial.evidence import read_evidence
from sciatrial.foundation import CalibrationError
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw

EVIDENCE = read_evidence()
TERMS = fact_terms(EVIDENCE)
DRAW = reference_draw(read_prior()).one(0)
RECOVERY = ("sciatica_resolution_3mo", "acute_lbp_sciatica_pain_reduction_1mo")


def predicted(draw=DRAW, seed=3, n_patients=150):
    values = forward_facts(sciatica_model(), TERMS, draw, seed=seed, n_patients=n_patients)
    return dict(zip(TERMS.rows["fact"], values, strict=True))


def fact(slug):
    return TERMS.rows.set_index("fact").loc[slug]


def with_values(**values):
    return replace(DRAW, values={**DRAW.values, **values})


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


def test_the_reference_draw_gives_a_finite_number_for_every_fact():
    values = predicted()
    assert all(np.isfinite(value) for value in values.values()), values


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, again, other = predicted(), predicted(), predicted(seed=4)
    assert first == again
    assert first != other


def test_a_fragment_that_calms_down_sooner_brings_more_recovery():
    slow, fast = (predicted(with_values(irritancy_loss_rate=rate), n_patients=400) for rate in (0.025, 0.065))
    assert all(fast[slug] > slow[slug] for slug in RECOVERY)


def test_faster_resorption_shrinks_more_herniations():
    slow, fast = (predicted(with_values(resorption_rate=rate)) for rate in (0.005, 0.06))
    assert fast["resorption_extrusion_2023"] > slow["resorption_extrusion_2023"]


def test_where_nobody_hurts_enough_facts_of_that_scene_are_not_computed():
    weights = [name for name in DRAW.values if "leg_pain_weight" in name]
    values = predicted(with_values(**dict.fromkeys(weights, 1e-6)))
    is_missing = {slug: np.isnan(value) for slug, value in values.items()}
    assert is_missing["median_recovery_time_conservative"]
    assert not is_missing["resorption_extrusion_2023"]


def test_shares_are_held_within_1_and_99_percent():
    values = predicted(with_values(resorption_rate=1e-6, dehydration_rate=0.0), n_patients=400)
    assert values["resorption_protrusion_2023"] == pytest.approx(np.log(0.01 / 0.99))


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


def a_course(months, scores):
    values = np.zeros((len(scores), len(months), len(room._OUTPUTS)))
    values[:, :, 0] = scores
    numbers = np.arange(len(scores))
    return room._Course(DRAW, 1, numbers, pd.DataFrame({"patient": numbers}), np.array(months), {"waiting": values})


def test_recurrence_counts_those_who_were_bad_then_well_and_can_be_followed_long_enough():
    months = [0.0, 1.0, 2.0, 3.0, 4.0]
    back, stays, never_bad, never_well = [50, 5, 50, 5, 5], [50, 5, 5, 5, 5], [5, 5, 5, 50, 5], [50, 50, 50, 50, 50]
    well_too_late = [50, 50, 50, 50, 5]
    course = a_course(months, [back] * 3 + [stays] * 6 + [never_bad, never_well, well_too_late])
    row = {"arm": "waiting", "score": "leg_pain", "look": "true", "months": 2.0}
    row |= {"threshold": 15, "returns_at": 30, "looks_in_a_row": 1}
    # 3 of 9; with half a patient more on each side
    assert room._share_recurred(course, row) == pytest.approx(100 * 3.5 / 10)


def test_a_share_of_very_few_is_not_computed():
    assert np.isnan(room._percent(np.ones(7, dtype=bool)))


def test_every_scene_is_asked_for_by_a_fact():
    assert set(TERMS.rows["scene"]) == set(SCENES)


def test_the_terms_say_how_many_facts_of_which_cause_they_are():
    assert repr(TERMS).startswith(f"FactTerms: {len(TERMS)} facts (")
    assert TERMS.table() is TERMS.rows
