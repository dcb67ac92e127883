import pytest
from pydantic import ValidationError

from sciatrial.evidence import read_evidence
from sciatrial.foundation import Cause, CohortError, Score
from sciatrial.population import Cohort, cohort_named, cohort_names, mixed_cohort, read_targets
from sciatrial.population.plausibility import cohorts_of

EVIDENCE = read_evidence()

WORDS = {
    "name": "invented",
    "cause": "herniation",
    "symptom_months": (3, 24),
    "age_years": {"mean": 45, "sd": 10, "from": 18, "to": 75},
    "percent_female": 50,
    "eligible": {"leg_pain": (40, 100)},
}


def cohort_with(**changes):
    return Cohort.model_validate(WORDS | changes)


@pytest.mark.parametrize("name", cohort_names())
def test_a_shipped_cohort_says_where_its_numbers_come_from(name):
    cohort = cohort_named(name)
    assert cohort.name == name
    assert cohort.meaning
    assert cohort.sources


@pytest.mark.parametrize("name", cohort_names())
def test_a_shipped_cohort_takes_age_and_sex_from_patients_of_its_own_cause_and_as_printed(name):
    cohort, facts = cohort_named(name), EVIDENCE.facts.set_index("name")["value"]
    for target in read_targets(EVIDENCE):
        if target.fact in cohort.sources:
            assert cohort.cause in {one.cause for one in cohorts_of(target.cohort)}, target.fact
    for slug in cohort.sources:
        if slug.endswith(("_age", "_age_mean")):
            assert cohort.age_years.mean == facts[slug]
        if slug.endswith("_female"):
            assert cohort.percent_female == facts[slug]


def test_every_cause_has_a_shipped_cohort():
    assert {cohort_named(name).cause for name in cohort_names()} == set(Cause)


def test_an_unknown_cohort_is_refused_with_the_nearest_name():
    with pytest.raises(CohortError) as raised:
        cohort_named("chronic_radiculer")
    assert "did you mean 'chronic_radicular'?" in str(raised.value)


def test_criteria_are_kept_by_score():
    assert cohort_with().eligible == {Score.LEG_PAIN: (40, 100)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"symptom_months": (24, 3)}, "shorter duration first"),
        ({"symptom_months": (0.01, 3)}, "greater than or equal to 0.1"),
        ({"eligible": {"leg_pain": (80, 40)}}, "leg_pain: the highest value 40 lies below the lowest 80"),
        ({"eligible": {"leg_pane": (40, 100)}}, "leg_pane"),
        ({"age_years": {"mean": 45, "sd": 10, "from": 75, "to": 18}}, "highest age lies below the lowest"),
        ({"percent_female": 101}, "less than or equal to 100"),
        ({"cause": "luck"}, "cause"),
        ({"weight_kg": 80}, "weight_kg"),
        ({"eligible": {"leg_pain": (40, float("nan"))}}, "finite"),
    ],
)
def test_a_cohort_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ValidationError) as raised:
        cohort_with(**changes)
    assert said in str(raised.value)


def test_one_duration_and_one_age_for_all_is_a_cohort():
    cohort = cohort_with(symptom_months=(6, 6), age_years={"mean": 45, "sd": 0, "from": 45, "to": 45})
    assert cohort.symptom_months == (6, 6)


def test_several_cohorts_side_by_side_are_the_range_and_the_mean_of_their_parts():
    both = mixed_cohort({"chronic_radicular": 0.75, "stenosis": 0.25})
    assert both.causes == (Cause.HERNIATION, Cause.STENOSIS)
    assert both.symptom_months == (3, 60)
    assert both.percent_female == 0.75 * 45 + 0.25 * 50
    assert both.age_years.mean == pytest.approx(0.75 * 42.2 + 0.25 * 65)
    # law of total variance
    spread = 0.75 * 11.2**2 + 0.25 * 9**2 + 0.75 * 0.25 * (65 - 42.2) ** 2
    assert both.age_years.sd == pytest.approx(spread**0.5)
    assert (both.age_years.lowest, both.age_years.highest) == (18, 85)
    assert both.eligible == {Score.LEG_PAIN: (40, 100)}
    assert "75 % of those screened" in both.meaning


def test_a_score_that_one_part_does_not_ask_for_is_no_criterion_of_all():
    assert mixed_cohort({"chronic_radicular": 0.5, "chronic_discogenic": 0.5}).eligible == {}


@pytest.mark.parametrize(
    "shares", [{}, {"stenosis": 1.0}, {"stenosis": 0.5, "piriformis": 0.4}, {"stenosis": 1.2, "piriformis": -0.2}]
)
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(CohortError, match="shares above 0 that sum to 1"):
        mixed_cohort(shares)


def test_an_unknown_part_is_named_with_the_nearest():
    with pytest.raises(CohortError, match="stenosis"):
        mixed_cohort({"stenosys": 0.5, "piriformis": 0.5})
