"""A difference between two arms is told as two numbers, and what they have in common falls away."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.calibration.planted import planted_terms, real_terms

from sciatrial.calibration.differences import taken_apart
from sciatrial.calibration.discrepancy import discrepancy_columns
from sciatrial.calibration.problem import SPREADS, covariances
from sciatrial.calibration.terms import TermKind, Terms


def with_difference():
    """Return the real terms, and behind them the difference of two arms of a study that prints both as well."""
    terms = real_terms()
    rows = terms.rows
    mine = rows[(rows["study_id"] == "korea_ldh2021") & (rows["score"] == "leg_pain") & (rows["kind"] == "change")]
    treated, control = mine[mine["month"] == mine["month"].min()].index
    made = rows.loc[[treated]].assign(kind=str(TermKind.DIFFERENCE), versus=int(rows.loc[control, "arm"]))
    more = Terms(pd.concat([rows, made], ignore_index=True), terms.arms, terms.baselines, terms.unused)
    return more, len(rows), treated, control


def test_terms_without_a_difference_stay_as_they_are():
    terms = planted_terms(3, seed=1)
    apart, matrix = taken_apart(terms)
    assert apart.rows.equals(terms.rows)
    assert np.array_equal(matrix, np.eye(len(terms)))


def test_a_difference_is_two_changes_each_told_once():
    terms = real_terms()
    apart, matrix = taken_apart(terms)
    n = int((terms.rows["kind"] == TermKind.DIFFERENCE).sum())
    assert n == 19
    assert not (apart.rows["kind"] == TermKind.DIFFERENCE).any()
    assert not apart.rows.iloc[len(terms) - n :].duplicated(["arm", "score", "month"]).any()
    assert len(apart.rows) == len(terms) + n - 6  # six times a sham arm stands against two others
    assert (np.abs(matrix).sum(axis=1)[(terms.rows["kind"] == TermKind.DIFFERENCE).to_numpy()] == 2).all()
    assert (matrix.sum(axis=1)[(terms.rows["kind"] == TermKind.DIFFERENCE).to_numpy()] == 0).all()


def test_the_discrepancy_of_a_difference_is_the_difference_of_the_arms():
    terms, of_two, treated, control = with_difference()
    rows = terms.rows.loc[[treated, control]]
    assert rows["baseline"].nunique() == 2  # of which the treated arm's is taken for both
    same = replace(terms, rows=terms.rows.assign(baseline=60.0))
    values = discrepancy_columns(same).values
    assert values[of_two] == pytest.approx(values[treated] - values[control])
    assert np.any(values[of_two] != 0)


def test_what_studies_differ_by_falls_away_in_a_difference_and_what_arms_differ_by_doubles():
    terms, of_two, treated, control = with_difference()
    sampling, fixed, parts = covariances(terms)
    for name, part in zip(SPREADS, parts[: len(SPREADS)], strict=True):
        expected = part[treated, treated] + part[control, control] - 2 * part[treated, control]
        assert part[of_two, of_two] == pytest.approx(expected), name
        assert part[of_two, treated] == pytest.approx(part[treated, treated] - part[treated, control]), name
    assert parts[SPREADS.index("study, fast")][of_two, of_two] == 0
    assert parts[SPREADS.index("arm")][of_two, of_two] > 0
    assert fixed[of_two, of_two] == 0
    assert np.diag(sampling) == pytest.approx(1.0)


def test_differences_against_one_arm_share_half_of_their_sampling_error():
    terms = real_terms()
    sampling, *_ = covariances(terms)
    rows = terms.rows
    mine = rows[(rows["study_id"] == "iversen2011") & (rows["score"] == "leg_pain")]
    first, second = mine.index[mine["month"] == 1.38]
    assert sampling[first, second] == pytest.approx(0.5)
    later = mine.index[(mine["month"] == 2.76) & (mine["arm_id"] == rows["arm_id"][first])][0]
    assert sampling[first, later] == pytest.approx(0.6)
    assert np.linalg.eigvalsh(sampling).min() > 0
