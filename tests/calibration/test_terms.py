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


ENTERED = [
    ("cohen2012", "saline", "back_pain", 1.0),
    ("friedly2014", "glucocorticoid_lidocaine", "leg_pain", 1.38),
    ("friedly2014", "glucocorticoid_lidocaine", "roland_morris", 1.38),
    ("hahne2016", "functional_restoration", "back_pain", 2.3),
    ("hahne2016", "functional_restoration", "disability", 2.3),
    ("hahne2016", "functional_restoration", "disability", 11.96),
    *(("iversen2011", arm, score, month) for arm in ("epidural_saline", "epidural_steroid")
      for score in ("back_pain", "leg_pain") for month in (1.38, 2.76, 11.96)),
    ("termeulen2023_star", "tesi", "leg_pain", 3.0),
]  # fmt: skip


def test_a_printed_difference_enters_where_no_number_of_its_arms_tells_the_same(terms):
    rows = terms.rows
    mine = rows[rows["kind"] == TermKind.DIFFERENCE]
    assert sorted(mine[["study_id", "arm_id", "score", "month"]].itertuples(index=False, name=None)) == ENTERED
    others = rows[rows["kind"] != TermKind.DIFFERENCE]
    for row in mine.to_dict("records"):
        both = others["arm"].isin([row["arm"], row["versus"]])
        assert not (both & (others["score"] == row["score"]) & (others["month"] == row["month"])).any()
        assert terms.arms[row["versus"]].study_id == row["study_id"]
    assert (others["versus"] == -1).all()


def test_no_printed_difference_is_unused_but_for_want_of_a_mechanism_or_because_its_arms_speak(terms):
    contrasts = sct.evidence.published_contrasts(sct.read_evidence())
    of_trials = contrasts[contrasts["source"] == "trial"]
    left = terms.unused[terms.unused["outcome"].str.startswith("difference in ")]
    assert len(left) + len(ENTERED) == len(of_trials) == 34
    why = left["reason"].value_counts().to_dict()
    assert why.pop("numbers of its arms are there") == 8
    assert sum(why.values()) == 7
    assert set(why) == {"not one treatment: condoliase, ozone, radiofrequency and others",
                        "surgery of a disc that presses on no root has no mechanism"}  # fmt: skip


def test_some_of_the_terms_keep_the_arm_that_a_difference_is_taken_from(terms):
    mine = (terms.rows["study_id"] == "hahne2016").to_numpy()
    few = terms.only(mine)
    assert [arm.arm_id for arm in few.arms] == ["functional_restoration", "advice"]
    assert set(few.rows["versus"]) == {1}
    assert not terms.only(~mine).rows["study_id"].eq("hahne2016").any()


def test_the_table_is_told_in_words(terms):
    assert "numbers of" in repr(terms)
    assert len(terms) == len(terms.table())
