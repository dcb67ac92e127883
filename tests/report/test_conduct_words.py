import pytest

from sciatrial.report.conduct_words import (
    accrual_words,
    adjustment_words,
    dropout_words,
    factor_words,
    missing_visit_words,
    randomisation_words,
    visit_words,
)
from tests.trial.conftest import small_design


def plan(**words):
    """Return a design as the run folder holds it."""
    return small_design(**words).model_dump(mode="json", exclude_none=True)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({}, "permuted blocks"),
        ({"strata": ["sex", "leg_pain>=60"]}, "permuted blocks, stratified by sex, leg pain ≥ 60"),
        ({"block_multiples": [1, 2]}, "permuted blocks of 1, 2 times the ratio's sum"),
        ({"method": "simple"}, "each patient alone (simple randomisation)"),
        (
            {"method": "minimisation", "strata": ["sex"], "follow_probability": 0.9},
            "minimisation by sex; the arm that leaves them most even has probability 0.9",
        ),
    ],
)
def test_randomisation_is_told(how, told):
    assert randomisation_words(plan(randomisation=how), 24, "1 : 1") == f"24 patients, 1 : 1; {told}"


def test_a_cut_is_printed_as_one():
    assert factor_words("symptom_months >= 6") == "symptom months ≥ 6"


def test_strata_that_the_analysis_forgets_are_told():
    told = adjustment_words(plan(randomisation={"strata": ["sex", "leg_pain>=60"]}, adjust_for=["sex", "age_years"]))
    assert told.startswith(", adjusted for sex, age years; not adjusted for leg pain ≥ 60")
    assert adjustment_words(plan(randomisation={"strata": ["sex"]}, adjust_for=["sex"])) == ", adjusted for sex"
    assert not adjustment_words(plan())


def test_sites_and_chance_are_told():
    sites = {"number": 12, "months_between_openings": 0.5, "rate_shape": 1.0, "most_per_site": 20}
    told = accrual_words({"ramp_up_months": 2, "per_month": 6, "arrivals": "poisson", "sites": sites})
    assert told == (
        "6 patients a month, after a ramp-up of 2 months, arriving by chance (Poisson), at 12 sites that open 0.5 "
        "months apart, rates gamma with a coefficient of variation of 1 (assumption), 20 patients a site at most"
    )
    assert accrual_words({"ramp_up_months": 0, "per_month": 6}) == "6 patients a month"


def test_every_number_of_dropout_is_told():
    hazard = {"ratio_per_10_points": 1.2, "lack_of_effect_ratio": 2, "arm_ratio": {"saline": 1.5}}
    told = dropout_words(plan(dropout_per_year=0.1, dropout_hazard=hazard))
    for word in ("10 % a year", "× 1.2 for 10 points of leg pain (the last one seen) above 50", "× 2 while",
                 "30 % better, from month 1", "× 1.5 in arm saline", "assumptions"):  # fmt: skip
        assert word in told
    assert dropout_words(plan(dropout_per_year=0.1)) == "10 % a year, whatever the course"


def test_every_number_of_missed_visits_is_told():
    words = {"probability": 0.1, "mechanism": "not_at_random", "odds_ratio_per_10_points": 1.3, "around": 60,
             "arm_odds_ratio": {"saline": 2}}  # fmt: skip
    told = missing_visit_words(plan(missing_visits=words))
    for word in ("10 % of visits, not at random at leg pain 60", "× 1.3", "unseen itself", "× 2 in arm saline"):
        assert word in told
    assert missing_visit_words(plan()) == "none but of those who have left"
    assert missing_visit_words(plan(missing_visits={"probability": 0.1})) == (
        "10 % of visits, completely at random (assumptions)"
    )


def test_the_window_of_visits_is_told():
    assert visit_words(plan()) == "months 1, 3, 6"
    assert visit_words(plan(visit_window_days=7)) == "months 1, 3, 6, up to 7 days before or after"
