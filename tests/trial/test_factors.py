import numpy as np
import pandas as pd
import pytest

from sciatrial.population import HERNIATION_CLASSES, cohort_named, mixed_cohort
from sciatrial.trial import cohort_problems
from sciatrial.trial.factors import adjustment_columns, factor_levels, factor_of, word_problems
from tests.trial.conftest import small_design

CLASSES = list(HERNIATION_CLASSES)
PEOPLE = pd.DataFrame(
    {
        "is_female": [True, False, True],
        "herniation_class": [CLASSES[1], CLASSES[0], CLASSES[-1]],
        "age_years": [30.0, 50.0, 70.0],
        "symptom_months": [3.0, 6.0, 12.0],
        "leg_pain": [59.0, 60.0, 61.0],
    }
)


def test_the_levels_of_a_patient_are_those_at_entry():
    words = ("sex", "site", "herniation_class", "leg_pain>=60", "symptom_months >= 6.5")
    levels = factor_levels(words, PEOPLE, np.array([2, 0, 1]))
    assert levels.tolist() == [[1, 2, 1, 0, 0], [0, 0, 0, 1, 0], [1, 1, len(CLASSES) - 1, 1, 1]]


def test_without_factors_there_are_no_columns():
    assert factor_levels((), PEOPLE).shape == (3, 0)


def test_the_columns_of_an_analysis_are_levels_after_the_first_and_numbers_as_they_are():
    columns = adjustment_columns(("sex", "site", "age_years"), PEOPLE, np.array([2, 0, 1]), 3)
    assert columns.tolist() == [[1, 0, 1, 30], [0, 0, 0, 50], [1, 1, 0, 70]]


@pytest.mark.parametrize("word", ["", "leg_pain<60", "leg pain>=60", "sex>=1", "is_female", "leg_pain>=-3", "weight"])
def test_what_is_not_known_at_randomisation_is_no_factor(word):
    assert factor_of(word) is None
    assert word_problems("strata", [word], n_sites=1, may_be_numbers=True)


@pytest.mark.parametrize(
    ("cohort", "word", "told"),
    [
        ("chronic_radicular", "leg_pain>=40", "40 to 100"),
        ("chronic_radicular", "symptom_months>=30", "3 to 24"),
        ("chronic_radicular", "age_years>=18", "18 to 75"),
        ("chronic_radicular", "quality_of_life>=50", "-0.594 to 1"),
        ("stenosis", "herniation_class", "no herniation"),
    ],
)
def test_a_factor_that_parts_nobody_of_the_cohort_is_named(cohort, word, told):
    problems = cohort_problems("randomisation.strata", ["sex", word], cohort_named(cohort))
    assert len(problems) == 1
    assert problems[0].startswith("randomisation.strata.1: ")
    assert told in problems[0]


def test_a_factor_of_which_a_cohort_has_both_levels_is_none():
    words = ("sex", "site", "herniation_class", "leg_pain>=60", "symptom_months>=6", "age_years>=50")
    assert not cohort_problems("adjust_for", words, cohort_named("chronic_radicular"))


def test_one_sex_is_no_factor():
    women = cohort_named("stenosis").model_copy(update={"percent_female": 100})
    assert "sex is the same" in cohort_problems("adjust_for", ["sex"], women)[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [(["leg_pain"], "is the baseline"), (["sites"], "did you mean 'site'"), (["site"], "add accrual.sites")],
)
def test_adjustment_that_cannot_be_is_named(words, told):
    with pytest.raises(ValueError, match=told) as caught:
        small_design(adjust_for=words)
    assert "adjust_for.0: " in str(caught.value)


def test_a_cause_is_a_factor_of_patients_of_several():
    people = PEOPLE.assign(cause=["stenosis", "herniation", "discogenic"])
    assert factor_levels(("cause",), people)[:, 0].tolist() == [1, 0, 4]
    assert adjustment_columns(("cause",), people, None, 1).tolist() == [[1, 0, 0, 0], [0] * 4, [0, 0, 0, 1]]
    both = mixed_cohort({"chronic_radicular": 0.5, "stenosis": 0.5})
    assert cohort_problems("adjust_for", ["cause", "sex"], both) == []
    assert (
        "the cause is herniation for all"
        in cohort_problems("adjust_for", ["cause"], cohort_named("acute_radicular"))[0]
    )
    assert "in some patients" in cohort_problems("adjust_for", ["herniation_class"], both)[0]
