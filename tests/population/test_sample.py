from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.clinic import SCORES, answer_steps, measured, measurement_errors
from sciatrial.foundation import DAYS_PER_MONTH, Cause, CohortError, SolverError
from sciatrial.model import sciatica_model
from sciatrial.parameters import draw_parameters, read_prior, reference_draw
from sciatrial.population import HERNIATION_CLASSES, Patients, cohort_named, mixed_cohort, sample_patients
from sciatrial.population.sample import varied_traits

MODEL = sciatica_model()
PRIOR = read_prior()
REFERENCE = reference_draw(PRIOR)
RADICULAR = cohort_named("chronic_radicular")


def patients_of(cohort=RADICULAR, **changes):
    words = {"n_patients": 40, "seed": 3} | changes
    return sample_patients(MODEL, words.pop("draws", REFERENCE), cohort, **words)


@pytest.fixture(scope="module")
def few():
    return patients_of()


@pytest.fixture(scope="module")
def many():
    return patients_of(n_patients=600)


@pytest.fixture(scope="module")
def all_comers():
    """Everybody who is screened: a cohort without criteria."""
    return patients_of(RADICULAR.model_copy(update={"eligible": {}}), n_patients=1200)


def assert_same_first(few, many):
    n = len(few)
    for name in ("numbers", "parameters", "entry_states", "context_maximum"):
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:n])
    pd.testing.assert_frame_equal(few.covariates, many.covariates.iloc[:n])


def test_patient_17_is_the_same_in_a_larger_cohort(few, many):
    assert_same_first(few, many)


def test_patient_17_is_the_same_whatever_the_threads(few):
    assert_same_first(patients_of(threads=1), patients_of(threads=2))
    assert_same_first(patients_of(threads=1), few)


def test_candidate_17_is_the_same_person_under_other_criteria(few, all_comers):
    number = few.numbers[17]
    assert all_comers.numbers[number] == number
    np.testing.assert_array_equal(few.parameters[17], all_comers.parameters[number])
    pd.testing.assert_series_equal(few.covariates.iloc[17], all_comers.covariates.iloc[number], check_names=False)


def test_another_seed_gives_other_people(few):
    other = patients_of(seed=4)
    assert (few.parameters[17] != other.parameters[17]).any()


def test_all_patients_of_a_trial_share_the_values_that_nobody_varies(few):
    place = MODEL.parameter_names.index("quality_of_life_intercept")
    assert np.unique(few.parameters[:, place]).tolist() == [few.draw.value("quality_of_life_intercept")]


def test_a_draw_moves_the_population_value_and_not_the_patients_place_in_it():
    cohort = RADICULAR.model_copy(update={"eligible": {}})
    draws = draw_parameters(PRIOR, n_draws=2, seed=8)
    name = "resorption_rate"
    here, there = (patients_of(cohort, draws=draws, draw=draw, n_patients=50) for draw in (0, 1))
    place = MODEL.parameter_names.index(name)
    assert here.draw.value(name) != there.draw.value(name)

    def deviation(patients):
        sd = patients.draw.sds[name]
        logs = np.log(patients.parameters[:, place]) - np.log(patients.draw.value(name))
        return logs / sd if sd else logs

    np.testing.assert_allclose(deviation(here), deviation(there), atol=1e-9)


def test_without_spread_between_patients_all_have_the_population_value():
    draw = REFERENCE.one(0)
    still = replace(draw, sds=dict.fromkeys(draw.sds, 0.0))
    patients = patients_of(draws=still)
    place = MODEL.parameter_names.index("remyelination_rate")
    assert np.ptp(patients.parameters[:, place]) == 0


def test_a_trial_level_shift_moves_everybodys_recovery_by_the_same_factor(all_comers):
    draw = REFERENCE.one(0)
    shifted = replace(draw, values={**draw.values, "trial_recovery_shift": 0.3})
    cohort = RADICULAR.model_copy(update={"eligible": {}})
    moved = patients_of(cohort, draws=shifted, n_patients=60)
    place = MODEL.parameter_names.index("irritancy_loss_rate")
    ratio = moved.parameters[:, place] / all_comers.parameters[:60, place]
    np.testing.assert_allclose(ratio, np.exp(0.3), rtol=1e-12)


def test_everybody_enrolled_meets_every_criterion_as_measured(many):
    for score, (low, high) in RADICULAR.eligible.items():
        assert many.covariates[str(score)].between(low, high).all()


def test_the_entry_score_is_the_true_score_with_the_error_of_that_patient(many):
    true = MODEL.evaluate(
        dict(zip(MODEL.state_names, many.entry_states.T, strict=True))
        | dict(zip(MODEL.parameter_names, many.parameters.T, strict=True))
    )["leg_pain"]
    error = measurement_errors("leg_pain", 0.0, numbers=many.draw, seed=3, patients=many.numbers)[:, 0]
    steps = answer_steps("leg_pain", numbers=many.draw, seed=3, patients=many.numbers)
    np.testing.assert_allclose(measured("leg_pain", true, error, steps), many.covariates["leg_pain"], atol=1e-9)


def true_and_measured_again(patients):
    """Return true leg pain at entry and a second measurement of it, half a year's luck later."""
    true = MODEL.evaluate(
        dict(zip(MODEL.state_names, patients.entry_states.T, strict=True))
        | dict(zip(MODEL.parameter_names, patients.parameters.T, strict=True))
    )["leg_pain"]
    error = measurement_errors("leg_pain", 183.0, numbers=patients.draw, seed=3, patients=patients.numbers)[:, 0]
    steps = answer_steps("leg_pain", numbers=patients.draw, seed=3, patients=patients.numbers)
    return true, measured("leg_pain", true, error, steps)


def test_a_second_measurement_of_the_enrolled_regresses_to_the_mean(many):
    true, again = true_and_measured_again(many)
    fall = many.covariates["leg_pain"].to_numpy() - again
    # five standard errors: chance alone would need one seed in three million
    assert fall.mean() > 5 * fall.std(ddof=1) / np.sqrt(len(fall))
    assert many.covariates["leg_pain"].mean() > true.mean()


def test_without_criteria_a_second_measurement_does_not_fall(all_comers):
    _, again = true_and_measured_again(all_comers)
    fall = all_comers.covariates["leg_pain"].to_numpy() - again
    assert abs(fall.mean()) < 4 * fall.std(ddof=1) / np.sqrt(len(fall))


def test_candidates_enrol_in_the_order_of_their_number(many):
    assert (np.diff(many.numbers) > 0).all()
    assert many.seen["screened"].tolist() == (many.numbers + 1).tolist()
    assert many.seen["eligible"].tolist() == list(range(1, len(many) + 1))


def test_the_first_patients_are_screened_like_a_smaller_sample(many):
    few = patients_of(RADICULAR, n_patients=37)
    assert many.only(slice(37)).screening == few.screening


def test_with_one_criterion_everybody_screened_is_eligible_or_excluded_or_unsolved(many):
    counts = many.screening
    (excluded,) = counts["excluded"].values()
    assert counts["screened"] == counts["eligible"] + excluded + counts["unsolved"]


def test_with_two_criteria_each_exclusion_is_counted_by_itself():
    criteria = {"leg_pain": (40, 100), "disability": (30, 100)}
    both = patients_of(
        RADICULAR.model_validate(RADICULAR.model_dump() | {"age_years": RADICULAR.age_years, "eligible": criteria})
    )
    out = both.screening["excluded"]
    lost = both.screening["screened"] - both.screening["eligible"]
    assert set(out) == {"leg_pain outside 40 to 100", "disability outside 30 to 100"}
    assert max(out.values()) <= lost <= sum(out.values())


def test_nobody_meets_impossible_criteria_and_the_worst_criterion_is_named():
    nobody = RADICULAR.model_copy(update={"eligible": {"leg_pain": (0, 100), "back_pain": (99.9, 99.95)}})
    with pytest.raises(CohortError) as raised:
        patients_of(nobody, least_eligible_share=0.01)
    said = str(raised.value)
    assert "cohort chronic_radicular" in said
    assert "'back_pain outside 99.9 to 99.95'" in said
    assert "1 in 100" in said


def test_a_cohort_of_nobody_is_refused():
    with pytest.raises(CohortError) as raised:
        patients_of(n_patients=0)
    assert "1 or more" in str(raised.value)


def test_durations_are_log_uniform_between_the_limits(all_comers):
    logs = np.log(all_comers.covariates["symptom_months"].to_numpy() / 3) / np.log(24 / 3)
    assert logs.min() >= 0
    assert logs.max() <= 1
    # the standard error of the mean of 1200 uniforms is 0.0083
    assert logs.mean() == pytest.approx(0.5, abs=4 * 0.0083)


def test_ages_stay_within_the_cohorts_limits(all_comers):
    ages = all_comers.covariates["age_years"]
    assert ages.between(RADICULAR.age_years.lowest, RADICULAR.age_years.highest).all()
    assert ages.std() > 5


def test_herniation_classes_have_their_shares(all_comers):
    shares = all_comers.covariates["herniation_class"].value_counts(normalize=True)
    for word, share in HERNIATION_CLASSES.items():
        assert shares[word] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(all_comers)))


def test_only_a_herniation_has_herniated_volume():
    piriformis = patients_of(cohort_named("piriformis"), n_patients=20)
    states = MODEL.state_names
    assert (piriformis.entry_states[:, states.index("herniated_volume")] == 0).all()
    assert (piriformis.covariates["herniation_class"] == "").all()
    assert cohort_named("piriformis").cause is not Cause.HERNIATION


def test_every_score_is_recorded_at_entry(few):
    assert {str(score) for score in SCORES} <= set(few.covariates)
    assert few.covariates[[str(score) for score in SCORES]].notna().all(axis=None)


def test_a_longer_history_has_more_time_to_resorb(all_comers):
    volume = all_comers.entry_states[:, MODEL.state_names.index("herniated_volume")]
    early = all_comers.covariates["symptom_months"] * DAYS_PER_MONTH < 180
    assert volume[early].mean() > volume[~early].mean()


def test_patients_come_back_from_disk_as_they_were(few, tmp_path):
    again = Patients.load(few.save(tmp_path / "patients"))
    assert again.fingerprint() == few.fingerprint()
    assert len(again) == 40


def test_the_representation_tells_how_many_were_screened(few):
    assert "40 of cohort chronic_radicular" in repr(few)
    assert f"{few.screening['screened']} screened" in repr(few)


def test_a_cohort_that_cannot_be_solved_is_told_with_counts(monkeypatch):
    from sciatrial.population import sample as room

    real = room.simulate

    def failing(*arguments, **words):
        run = real(*arguments, **words)
        return replace(run, status=np.ones_like(run.status))

    monkeypatch.setattr(room, "simulate", failing)
    with pytest.raises(SolverError, match="could not be solved to their entry"):
        sample_patients(sciatica_model(), reference_draw(read_prior()), cohort_named("stenosis"), n_patients=4, seed=1)


def test_the_traits_of_patients_are_the_luck_that_made_them(few):
    place = MODEL.parameter_names.index("resorption_rate")
    traits = varied_traits(MODEL, few)
    logs = np.log(few.parameters[:, place] / few.draw.value("resorption_rate")) / few.draw.sds["resorption_rate"]
    np.testing.assert_allclose(traits["resorption_rate"], logs, atol=1e-9)


def test_traits_that_nobody_varies_or_another_cause_has_are_left_out(few):
    traits = set(varied_traits(MODEL, few))
    assert {"herniated_volume_at_start", "flare_rate_per_year", "aggrecan_at_start"} <= traits
    assert not {"fixed_narrowing_at_start", "flare_size", "quality_of_life_intercept"} & traits


BOTH = mixed_cohort({"chronic_radicular": 0.7, "stenosis": 0.3})


@pytest.fixture(scope="module")
def both():
    return patients_of(BOTH, n_patients=400)


@pytest.mark.parametrize("name", ["chronic_radicular", "stenosis"])
def test_a_patient_of_several_cohorts_is_that_candidate_of_the_own_one(name, both):
    part = cohort_named(name)
    alone = patients_of(part, n_patients=900)
    mine = np.flatnonzero(both.covariates["cause"] == str(part.cause))
    assert len(mine) > 50
    places = np.searchsorted(alone.numbers, both.numbers[mine])
    np.testing.assert_array_equal(alone.numbers[places], both.numbers[mine])
    for values in ("parameters", "entry_states", "context_maximum", "event_rates"):
        np.testing.assert_array_equal(getattr(alone, values)[places], getattr(both, values)[mine])
    theirs = both.covariates.iloc[mine].drop(columns="cause").reset_index(drop=True)
    pd.testing.assert_frame_equal(theirs, alone.covariates.iloc[places].reset_index(drop=True))


def test_several_cohorts_are_screened_in_their_shares(both):
    everybody = mixed_cohort({"chronic_radicular": 0.7, "stenosis": 0.3})
    parts = tuple(part.model_copy(update={"eligible": {}}) for part in everybody.parts)
    screened = patients_of(everybody.model_copy(update={"parts": parts, "eligible": {}}), n_patients=1200)
    share = float((screened.covariates["cause"] == "stenosis").mean())
    # four standard errors of a share of 0.3 in 1,200
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / 1200) ** 0.5
    assert both.cause == "herniation stenosis"
    assert both.covariates.loc[both.covariates["cause"] == "stenosis", "herniation_class"].eq("").all()


def test_patient_17_of_several_cohorts_is_the_same_among_more(both):
    few = patients_of(BOTH, n_patients=60)
    assert_same_first(few, both)
    assert few.screening == both.only(slice(60)).screening


def test_a_criterion_turns_away_only_those_of_its_cohort():
    # discogenic patients are asked for back pain and disability, the others for leg pain
    found = patients_of(mixed_cohort({"chronic_radicular": 0.5, "chronic_discogenic": 0.5}), n_patients=200)
    people, counts = found.covariates, found.screening
    assert set(counts["excluded"]) == {
        "leg_pain outside 40 to 100", "back_pain outside 40 to 100", "disability outside 30 to 100",
    }  # fmt: skip
    assert people.loc[people["cause"] == "herniation", "leg_pain"].min() >= 40
    assert people.loc[people["cause"] == "discogenic", "back_pain"].min() >= 40
    assert people.loc[people["cause"] == "discogenic", "leg_pain"].min() < 40
    assert sum(counts["excluded"].values()) >= counts["screened"] - counts["eligible"] - counts["unsolved"]


def test_traits_of_every_cause_differ_among_patients_of_several(both):
    traits = varied_traits(MODEL, both)
    assert {"herniated_volume_at_start", "fixed_narrowing_at_start"} <= set(traits)
