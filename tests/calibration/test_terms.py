"""Every usable number becomes one term, and no patient speaks twice."""

from dataclasses import replace

import numpy as np
import pytest

import sciatrial as sct
from sciatrial.calibration.arms_simulated import usual_pain
from sciatrial.calibration.terms import TermKind, likelihood_terms


@pytest.fixture(scope="module")
def terms():
    return likelihood_terms(sct.read_evidence())


def test_all_kinds_of_numbers_are_there(terms):
    assert set(terms.rows["kind"]) == {str(kind) for kind in TermKind}


def test_an_arm_tells_one_location_for_a_score_and_visit(terms):
    location = terms.rows[~terms.rows["kind"].isin([TermKind.SD, TermKind.SHARE])]
    assert not location.duplicated(["study_id", "arm_id", "score", "month"]).any()


def test_a_share_stands_only_where_no_mean_of_its_score_does(terms):
    rows = terms.rows
    told = set(
        rows.loc[~rows["kind"].isin([TermKind.SD, TermKind.SHARE]), ["arm", "score", "month"]].itertuples(index=False)
    )
    shares = rows.loc[rows["kind"] == TermKind.SHARE, ["arm", "score", "month"]].itertuples(index=False)
    assert not told & set(shares)


def test_of_studies_that_share_patients_one_is_used(terms):
    per_group = terms.rows.groupby("group")["study_id"].nunique()
    assert (per_group == 1).all()


def test_every_term_has_a_protocol_an_error_and_a_visit_after_entry(terms):
    rows = terms.rows
    assert all(terms.arms[place].protocol is not None for place in rows["arm"])
    assert (rows["se"] > 0).all()
    assert (rows["month"] > 0).all()
    assert np.isfinite(rows["observed"]).all()


def test_what_gave_no_term_says_why(terms):
    assert (terms.unused["reason"].str.len() > 0).all()
    assert "not one treatment" in " ".join(terms.unused["reason"].unique())


def test_leaving_a_study_out_takes_the_studies_that_share_its_patients(terms):
    study = terms.rows["study_id"].iloc[0]
    mask = terms.of_studies([study])
    assert set(terms.rows.loc[mask, "group"]) == {terms.rows["group"].iloc[0]}


def test_a_wild_result_changes_no_baseline_of_another_arm(terms):
    evidence = sct.read_evidence()
    outcomes = evidence.outcomes.copy()
    hit = (outcomes["study_id"] == "gadjradj2022") & (outcomes["month"] > 0) & (outcomes["statistic"] == "mean")
    outcomes.loc[hit, "value"] = 99.0
    other = likelihood_terms(replace(evidence, outcomes=outcomes))
    mine = terms.baselines[[terms.arms[a].study_id != "gadjradj2022" for a in terms.baselines["arm"]]]
    theirs = other.baselines[[other.arms[a].study_id != "gadjradj2022" for a in other.baselines["arm"]]]
    assert mine["mean"].tolist() == theirs["mean"].tolist()


@pytest.mark.parametrize("study", ["amirdelfan2021", "noriega2017", "orozco2011", "papadimitriou2021", "pang2014"])
def test_no_result_of_a_study_says_whom_it_enrolled(terms, study):
    evidence = sct.read_evidence()
    outcomes = evidence.outcomes.copy()
    hit = (outcomes["study_id"] == study) & (outcomes["month"] > 0)
    assert {"mean_change", "percent_change"} & set(outcomes.loc[hit, "statistic"])
    outcomes.loc[hit & (outcomes["statistic"] == "percent_change"), "value"] = -90.0
    other = likelihood_terms(replace(evidence, outcomes=outcomes))
    by_arm = [
        {(made.arms[row["arm"]].key, row["score"]): row["mean"] for row in made.baselines.to_dict("records")}
        for made in (terms, other)
    ]
    assert by_arm[0] == by_arm[1]
    assert usual_pain(terms) == usual_pain(other)
    at_entry = outcomes[(outcomes["study_id"] == study) & (outcomes["month"] == 0)]
    own = terms.rows.loc[terms.rows["study_id"] == study, "baseline"]
    assert own.isna().all() or len(at_entry)


def test_the_table_is_told_in_words(terms):
    assert "numbers of" in repr(terms)
    assert len(terms) == len(terms.table())
