"""Arms that can be compared: joined, split, at one site, at one visit."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import arm_estimates, published_contrasts
from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.trial_arms import VISITS, at_visit, outcome_words, trial_arms


@pytest.fixture(scope="module")
def tables(evidence):
    return arm_estimates(evidence), published_contrasts(evidence)


@pytest.fixture(scope="module")
def pain(tables):
    return trial_arms(*tables, outcome="pain")


def arms_of(frame, study):
    return frame[frame["study"] == study].set_index("treatment")


def test_every_trial_compares_two_treatments_or_more(pain):
    assert (pain.groupby(["study", "month"])["treatment"].nunique() > 1).all()
    assert not pain.duplicated(["study", "month", "treatment"]).any()


def test_only_randomised_comparisons_speak_unless_others_are_asked(tables, pain):
    assert pain["is_randomised"].all()
    every = trial_arms(*tables, outcome="pain", studies="controlled")
    assert set(pain["study"]) < set(every["study"])


def test_two_doses_of_cells_are_joined_so_that_the_control_counts_once(pain, tables):
    cells = arms_of(pain, "amirdelfan2021").loc["cell_therapy"]
    assert cells["arms"] == "mpc_6m, mpc_18m"
    assert cells["estimate"] == pytest.approx((-32 - 42) / 2)
    single = tables[0].rows.query("study_id == 'amirdelfan2021' and arm_id == 'mpc_6m'").iloc[0]
    assert single["se"] / np.sqrt(2) * 0.95 < cells["se"] < single["se"]


def test_cell_products_are_told_apart_where_asked(tables):
    products = trial_arms(*tables, outcome="pain", level="product")
    assert "cell_therapy: mpc" in set(arms_of(products, "amirdelfan2021").index)


def test_a_printed_difference_is_split_over_two_arms_and_gives_back_its_standard_error(pain, tables):
    arms = arms_of(pain, "termeulen2023_star")
    printed = tables[1].set_index("name").loc["STAR_TESI_vs_usual_care_leg_pain_6m"]
    difference = arms.loc["epidural_steroid", "estimate"] - arms.loc["usual_care", "estimate"]
    assert difference == pytest.approx(printed["estimate"])
    assert np.hypot(*arms["se"]) == pytest.approx(printed["se"])


def test_saline_against_sham_is_no_comparison(pain):
    assert set(arms_of(pain, "iversen2011").index) == {"epidural_steroid", "placebo_procedure"}


def test_a_review_stands_in_only_where_no_trial_has_a_row(tables):
    with_reviews = trial_arms(*tables, outcome="leg_pain", reviews="stand_in")
    of_reviews = with_reviews[with_reviews["source"] == "review"]
    own = with_reviews[with_reviews["source"] != "review"]
    pairs = {frozenset(group["treatment"]) for _, group in of_reviews.groupby("study")}
    known = {frozenset(group["treatment"]) for _, group in own.groupby(["study", "month"])}
    assert pairs
    assert not pairs & known


def test_a_trial_gives_pain_once_at_the_site_of_sciatica(tables, pain):
    mathieson = pain[(pain["study"] == "mathieson2017") & (pain["month"] == 1.84)]
    assert set(mathieson["outcome"]) == {"leg_pain"}
    backs = trial_arms(*tables, outcome="back_pain")
    assert "mathieson2017" in set(backs["study"])


def test_the_visit_nearest_to_the_month_is_taken_within_its_window(pain):
    for month, (low, high) in VISITS.items():
        visit = at_visit(pain, month)
        assert visit["month"].between(low, high, inclusive="left").all()
        assert not visit.duplicated(["study", "treatment"]).any()


def test_a_visit_that_is_none_is_told_with_those_that_are(pain):
    with pytest.raises(EvidenceError, match="1, 3, 6, 12, 24, 36"):
        at_visit(pain, 7)


def test_an_outcome_that_is_none_comes_with_the_nearest():
    with pytest.raises(EvidenceError, match="leg_pain"):
        outcome_words("leg_pian")


def test_a_difference_as_printed_comes_before_the_arms_means_of_its_visit(pain):
    arms = arms_of(pain[pain["study"] == "tu2024"], "tu2024")
    assert set(arms["source"]) == {"trial"}
    assert arms.loc["other: acupuncture", "estimate"] == -16.0
    assert np.hypot(*arms["se"]) == pytest.approx((21.3 - 10.6) / 3.919928, rel=1e-3)


def test_differences_against_one_arm_all_come_back_with_their_own_errors(pain):
    arms = arms_of(pain[(pain["study"] == "cohen2012")], "cohen2012")
    shared = arms.loc["epidural_steroid", "se"]
    saline, etanercept = (np.hypot(arms.loc[name, "se"], shared) for name in ("placebo_procedure", "other: etanercept"))
    assert saline == pytest.approx(10 * (0.27 + 2.79) / 3.919928, rel=1e-3)
    assert etanercept == pytest.approx(10 * (0.58 + 2.60) / 3.919928, rel=1e-3)


def test_no_visit_has_a_treatment_twice_even_when_arms_and_difference_are_there(evidence):
    made = arm_estimates(evidence)
    rows = made.rows[made.rows["study_id"] == "tu2024"].assign(study_id="iversen2011", month=1.4)
    doubled = dataclasses.replace(made, rows=pd.concat([made.rows, rows], ignore_index=True))
    arms = trial_arms(doubled, published_contrasts(evidence), outcome="leg_pain")
    near = arms[(arms["study"] == "iversen2011") & (arms["month"] < 2)]
    assert set(near["source"]) == {"trial"}
