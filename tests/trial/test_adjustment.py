import pytest
from pydantic import ValidationError

from tests.trial.conftest import small_design
from tests.trial.test_pairwise import responder_design


def test_strata_of_shares_are_words_and_not_numbers():
    with pytest.raises(ValidationError, match=r"adjust_for.0: 'age_years' is a number; a number cut in two"):
        responder_design(adjust_for=["age_years"])


def test_the_endpoints_own_baseline_may_make_strata_of_shares():
    assert responder_design(adjust_for=["leg_pain>=60"]).adjust_for == ("leg_pain>=60",)
    with pytest.raises(ValidationError, match="which is there anyway"):
        responder_design(summary="odds_ratio", adjust_for=["leg_pain"])


def test_more_strata_than_pairs_of_patients_are_refused():
    sites = {"per_month": 4, "arrivals": "poisson", "sites": {"number": 30}}
    with pytest.raises(ValidationError, match="makes 60 strata of 80 patients"):
        responder_design(adjust_for=["site", "sex"], accrual=sites)


def test_pairs_of_patients_are_adjusted_for_nothing():
    with pytest.raises(ValidationError, match="adjust_for: win_statistics compares patients"):
        small_design(
            endpoint={"outcome": "leg_pain", "month": 6, "measure": "hierarchy", "hierarchy": [{"score": "leg_pain"}]},
            analysis="win_statistics", estimand={"summary_measure": "win_odds"}, adjust_for=["sex"],
        )  # fmt: skip
