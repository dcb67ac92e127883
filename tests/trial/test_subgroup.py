from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, mixed_cohort, sample_patients
from sciatrial.trial import Subgroup, subgroup_cohort_problems
from sciatrial.trial.subgroup import BIOMARKERS, IN_SUBGROUP, TRULY_IN_SUBGROUP, members_of, with_subgroup
from tests.trial.enriched import enriched_design

COHORT = cohort_named("chronic_radicular")


@pytest.fixture(scope="module")
def patients():
    draw = reference_draw(read_prior(), included=CELL_EFFECTS, n_draws=1)
    return sample_patients(sciatica_model(), draw, COHORT, n_patients=80, seed=3)


def marked(patients, **subgroup):
    design = enriched_design(subgroup=subgroup)
    return with_subgroup(sciatica_model(), design, patients).covariates


def problems(**words):
    try:
        Subgroup(**words)
    except ValidationError as error:
        return str(error)
    return ""


def test_a_score_is_taken_as_it_is_measured_and_the_true_one_tells_who_is_misplaced(patients):
    people = marked(patients, measure="leg_pain", at_least=60)
    np.testing.assert_array_equal(people[IN_SUBGROUP], people["leg_pain"] >= 60)
    assert (people[IN_SUBGROUP] != people[TRULY_IN_SUBGROUP]).any()


def test_age_and_class_are_known_as_they_are(patients):
    for words in ({"measure": "age_years", "below": 45}, {"measure": "herniation_class", "levels": ("extrusion",)}):
        people = marked(patients, **words)
        np.testing.assert_array_equal(people[IN_SUBGROUP], people[TRULY_IN_SUBGROUP])
        assert 0 < people[IN_SUBGROUP].sum() < len(people)


def test_a_biomarker_is_read_with_error_and_a_smaller_error_misplaces_fewer(patients):
    wrong = []
    for cv in (0.05, 1.0):
        people = marked(patients, measure="inflammatory_mediators", at_least=0.09, measurement_cv=cv)
        wrong.append((people[IN_SUBGROUP] != people[TRULY_IN_SUBGROUP]).sum())
    assert wrong[0] < wrong[1]


def test_every_biomarker_is_a_state_of_the_model():
    assert set(BIOMARKERS) <= set(sciatica_model().state_names)


def test_a_patient_is_told_the_same_whoever_else_comes(patients):
    design = enriched_design()
    some = with_subgroup(sciatica_model(), design, patients.only(np.array([3, 17, 40])))
    everybody = with_subgroup(sciatica_model(), design, patients)
    np.testing.assert_array_equal(members_of(some.covariates), members_of(everybody.covariates)[[3, 17, 40]])


def test_both_ends_of_a_range_hold():
    found = Subgroup(measure="age_years", at_least=40, below=50).holds(np.array([39.9, 40.0, 49.9, 50.0]))
    assert found.tolist() == [False, True, True, False]


def test_what_is_wrong_with_a_subgroup_is_named_with_its_remedy():
    assert "did you mean 'leg_pain'" in problems(measure="leg_pains", at_least=50)
    assert problems(measure="cause", levels=("herniation",)) == ""
    assert "one of herniation, stenosis" in problems(measure="cause", levels=("herniatoin",))
    assert "levels: is missing" in problems(measure="sex")
    assert "hold everybody" in problems(measure="sex", levels=("female", "male"))
    assert "'bulges' is not known" in problems(measure="herniation_class", levels=("bulges",))
    assert "at_least: is missing, as is below" in problems(measure="age_years")
    assert "nobody belongs to it" in problems(measure="age_years", at_least=50, below=40)
    assert "measurement_cv: is missing" in problems(measure="root_oedema", at_least=0.5)
    assert "has no meaning with leg_pain" in problems(measure="leg_pain", at_least=50, measurement_cv=0.2)
    assert "at_least: has no meaning with sex, nor has below" in problems(measure="sex", levels=("female",), at_least=1)


def test_a_subgroup_that_parts_nobody_of_the_cohort_is_refused():
    assert "parts nobody" in subgroup_cohort_problems(Subgroup(measure="leg_pain", at_least=30), COHORT)[0]
    stenosis = cohort_named("stenosis")
    assert "no herniation" in subgroup_cohort_problems(
        Subgroup(measure="herniation_class", levels=("bulge",)), stenosis
    )[0]  # fmt: skip
    volume = Subgroup(measure="herniated_volume", at_least=1, measurement_cv=0.2)
    assert "is 0 in all patients" in subgroup_cohort_problems(volume, stenosis)[0]
    assert subgroup_cohort_problems(volume, COHORT) == []
    narrow = Subgroup(measure="fixed_narrowing", at_least=0.5, measurement_cv=0.2)
    assert "is 0 in all patients" in subgroup_cohort_problems(narrow, COHORT)[0]


def test_a_cause_parts_patients_of_several_cohorts_alone():
    both = mixed_cohort({"chronic_radicular": 0.5, "stenosis": 0.5})
    herniation = Subgroup(measure="cause", levels=("herniation",))
    assert subgroup_cohort_problems(herniation, both) == []
    assert "the cause is herniation for all patients" in subgroup_cohort_problems(herniation, COHORT)[0]
    assert "is no cause of" in subgroup_cohort_problems(Subgroup(measure="cause", levels=("piriformis",)), both)[0]
    everybody = Subgroup(measure="cause", levels=("herniation", "stenosis"))
    assert "are all patients of" in subgroup_cohort_problems(everybody, both)[0]
    # some have a herniation, and others a narrow canal
    for measure in ("herniated_volume", "fixed_narrowing"):
        assert subgroup_cohort_problems(Subgroup(measure=measure, at_least=0.1, measurement_cv=0.2), both) == []
    assert subgroup_cohort_problems(Subgroup(measure="herniation_class", levels=("bulge",)), both) == []


def test_who_has_the_cause_is_in_its_subgroup(patients):
    causes = np.where(np.arange(len(patients)) % 3 == 0, "stenosis", "herniation")
    mixed = replace(patients, covariates=patients.covariates.assign(cause=causes))
    people = marked(mixed, measure="cause", levels=("stenosis",))
    np.testing.assert_array_equal(people[IN_SUBGROUP], causes == "stenosis")
    np.testing.assert_array_equal(people[TRULY_IN_SUBGROUP], causes == "stenosis")


def test_an_error_of_measurement_of_nothing_is_refused():
    with pytest.raises(ValidationError):
        Subgroup(measure="root_oedema", at_least=0.5, measurement_cv=0)


@pytest.mark.parametrize("name", ["", "  ", "a|b", "two\nlines", "x" * 41])
def test_a_name_that_no_table_can_hold_is_refused(name):
    with pytest.raises(ValidationError):
        Subgroup(name=name, measure="sex", levels=("female",))


def test_a_cut_beyond_the_scale_of_a_score_parts_nobody():
    assert "parts nobody" in subgroup_cohort_problems(Subgroup(measure="roland_morris", at_least=30), COHORT)[0]
    assert subgroup_cohort_problems(Subgroup(measure="roland_morris", at_least=12), COHORT) == []


def test_words_say_who_belongs():
    told = Subgroup(measure="root_oedema", at_least=0.5, measurement_cv=0.2).in_words()
    assert told == "root oedema at least 0.5, read with a coefficient of variation of 0.2"
    assert Subgroup(measure="sex", levels=("female",)).in_words() == "sex female"
