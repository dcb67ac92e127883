import dataclasses

import pandas as pd
import pytest

from sciatrial.evidence import published_contrasts
from sciatrial.foundation import EvidenceError


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


def test_a_trial_gives_a_difference_only_where_its_arms_give_no_means(contrasts, evidence):
    means = evidence.outcomes[evidence.outcomes["statistic"].isin(["mean", "mean_change"])]
    both = contrasts.reset_index().merge(means, on=["study_id", "outcome", "month"])
    assert both.empty


def test_every_listed_fact_is_in_the_shipped_tables(contrasts):
    listed = pd.read_csv("src/sciatrial/evidence/published_contrasts.csv")
    assert set(listed["name"]) == set(contrasts.index)


def test_a_fact_without_an_interval_is_an_error_that_names_it(evidence):
    facts = evidence.facts.copy()
    facts.loc[facts["name"] == "STAR_TESI_vs_usual_care_leg_pain_6m", ["low", "high"]] = float("nan")
    with pytest.raises(EvidenceError, match="STAR_TESI_vs_usual_care_leg_pain_6m"):
        published_contrasts(dataclasses.replace(evidence, facts=facts))


def test_tables_without_the_facts_give_no_contrast(evidence):
    assert published_contrasts(dataclasses.replace(evidence, facts=evidence.facts.iloc[:0])).empty
