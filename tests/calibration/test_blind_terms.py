from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.planted import real_terms
from tests.calibration.unseen import NEW, folder_of, unseen_evidence, wild

from sciatrial.calibration.blind_terms import ASSUMED_N, blind_terms, joined_terms, observed_numbers
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.evidence import read_blinded, read_evidence


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_of(unseen_evidence(), tmp_path_factory.mktemp("unseen") / "tables")


@pytest.fixture(scope="module")
def laid_out(folder):
    return blind_terms(read_blinded(folder), real_terms())


def test_a_mean_is_a_change_where_every_arm_prints_where_it_began_and_final_elsewhere(laid_out):
    rows = laid_out.terms.rows
    means = rows[rows["statistic"] == "mean"]
    assert set(means.loc[means["score"] == "leg_pain", "kind"]) == {"change"}
    assert set(means.loc[means["score"] == "back_pain", "kind"]) == {"final"}


def test_what_is_found_stands_on_the_scale_of_what_was_predicted(laid_out):
    found = observed_numbers(unseen_evidence(), laid_out.terms.rows).set_index(["arm_id", "score", "month"])
    assert found.loc[("pregabalin", "leg_pain", 1.84), "observed"] == pytest.approx(37 - 70)
    assert found.loc[("pregabalin", "back_pain", 1.84), "observed"] == pytest.approx(35)
    assert found.loc[("msc", "back_pain", 12.0), "observed"] == pytest.approx(-20)


def test_of_two_rows_that_tell_the_same_one_is_predicted(laid_out):
    left = laid_out.not_predicted
    twice = left[left["reason"] == "another row tells the same"]
    assert set(twice["study_id"]) == {f"{NEW}noriega2017"}
    assert set(twice["statistic"]) == {"percent_change"}


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("pain_unspecified", "after 37 months"), ("responder", "no rule"), ("pfirrmann", "the model has no pfirrmann")],
)
def test_a_number_that_cannot_be_predicted_says_why(laid_out, outcome, reason):
    left = laid_out.not_predicted
    assert left.loc[left["outcome"] == outcome, "reason"].str.startswith(reason).all()
    assert (left["outcome"] == outcome).any()


def test_every_number_after_entry_is_predicted_or_listed(laid_out, folder):
    later = (read_blinded(folder).outcomes["month"] != 0).sum()
    assert len(laid_out.terms) + len(laid_out.not_predicted) == later


def test_numbers_do_not_depend_on_what_was_found(laid_out, tmp_path):
    other = blind_terms(read_blinded(folder_of(wild(unseen_evidence()), tmp_path / "tables")), real_terms())
    assert other.terms.rows.equals(laid_out.terms.rows)
    assert other.terms.baselines.equals(laid_out.terms.baselines)


def test_patients_are_as_printed_else_assigned_else_shared_else_assumed_with_wider_error(tmp_path):
    evidence = unseen_evidence()
    unsaid = evidence.outcomes.assign(n=np.where(evidence.outcomes["month"] == 0, evidence.outcomes["n"], np.nan))
    arms = evidence.arms.assign(n_assigned=np.nan)
    studies = evidence.studies.assign(n_total=[209 if "mathieson" in s else np.nan for s in evidence.studies.study_id])
    silent = replace(evidence, outcomes=unsaid, arms=arms, studies=studies)
    rows = blind_terms(read_blinded(folder_of(silent, tmp_path / "tables")), real_terms()).terms.rows
    shared = rows[(rows["arm_id"] == "placebo") & (rows["month"] == 11.96)].iloc[0]
    assert shared["n"] == pytest.approx(104.5 * 0.86 ** (11.96 / 12))
    assert shared["n_from"].startswith("equal share of the study's total")
    assumed = rows[rows["arm_id"] == "msc"].iloc[0]
    assert assumed["n_from"] == "assumed: 30, standard error × 1.5"
    usual = blind_terms(read_blinded(folder_of(evidence, tmp_path / "as_is")), real_terms()).terms.rows
    printed = usual[usual["arm_id"] == "msc"].iloc[0]
    assert assumed["se"] == pytest.approx(1.5 * printed["se"] * np.sqrt(printed["n"] / ASSUMED_N))


def test_of_studies_that_share_patients_the_largest_is_predicted(tmp_path):
    evidence = unseen_evidence()
    shared = replace(evidence, studies=evidence.studies.assign(overlap_group="one_trial"))
    laid_out = blind_terms(read_blinded(folder_of(shared, tmp_path / "tables")), real_terms())
    assert set(laid_out.terms.rows["study_id"]) == {f"{NEW}mathieson2017"}
    assert laid_out.not_predicted["reason"].str.contains(f"shares patients with {NEW}mathieson2017").any()


def test_the_rules_are_those_of_the_likelihood_where_both_may_look(tmp_path):
    shipped = read_evidence()
    folder = folder_of(shipped, tmp_path / "tables")
    blind = observed_numbers(shipped, blind_terms(read_blinded(folder), real_terms()).terms.rows)
    seen = likelihood_terms(shipped).rows
    seen = seen[~seen["kind"].isin(["sd", "difference"])]
    both = seen.merge(blind, on=["study_id", "arm_id", "score", "rule", "kind", "month"], suffixes=("", "_blind"))
    assert len(both) > 0.95 * len(seen)
    # of pairs of rows that tell the same with another rounding, either may be taken
    assert (both["observed"] - both["observed_blind"]).abs().max() < 0.2


def test_terms_that_are_joined_keep_their_arms(laid_out):
    both = joined_terms(real_terms(), laid_out.terms)
    last = both.rows.iloc[-1]
    assert both.arms[int(last["arm"])].key == (last["study_id"], last["arm_id"])
    assert len(both) == len(real_terms()) + len(laid_out.terms)
