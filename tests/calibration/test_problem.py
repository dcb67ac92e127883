"""The likelihood's arrays: which numbers err together, and what leaving a study out takes away."""

import numpy as np
import pytest
from scipy.stats import norm
from tests.calibration.small import small_calibration

from sciatrial.calibration.problem import SD_SPREADS, SPREADS, Scales, covariances, fitted_scale
from sciatrial.calibration.terms import PATIENT_SD, TermKind


@pytest.fixture(scope="module")
def problem():
    return small_calibration().problem


def test_every_number_stands_in_one_block(problem):
    places = np.concatenate([block.place[block.is_real] for block in problem.blocks])
    assert sorted(places.tolist()) == list(range(len(problem.observed)))


def test_blocks_hold_whole_groups(problem):
    group = problem.terms.rows["group"].to_numpy()
    n = len(group)
    for block in problem.blocks:
        for row in range(len(block.place)):
            mine = block.place[row][block.is_real[row]]
            if mine[0] < n:
                assert set(np.flatnonzero(group == group[mine[0]])) == set(mine.tolist())


def test_every_covariance_can_be_one(problem):
    spreads = np.full(len(SPREADS) + len(SD_SPREADS), 2.0)
    for block in problem.blocks:
        for row in range(len(block.place)):
            real = block.is_real[row]
            se = problem.se[block.place[row][real]]
            total = block.sampling[row][np.ix_(real, real)] * np.outer(se, se) + block.fixed[row][np.ix_(real, real)]
            total += np.einsum("p,pij->ij", spreads**2, block.parts[:, row][:, real][:, :, real])
            assert np.linalg.eigvalsh(total).min() > 0


def test_shares_are_fitted_in_points_of_a_mean_with_half_a_patient_on_each_side(problem):
    rows = problem.terms.rows
    share = rows[rows["kind"] == TermKind.SHARE].iloc[0]
    events = share["observed"] / 100 * share["n"]
    held = (events + 0.5) / (share["n"] + 1)
    assert problem.observed[share.name] == pytest.approx(norm.ppf(held, scale=PATIENT_SD))
    chance = np.sqrt(held * (1 - held) / (share["n"] + 1))
    around = norm.ppf([held - chance / 100, held + chance / 100], scale=PATIENT_SD)
    assert problem.se[share.name] == pytest.approx(50 * (around[1] - around[0]), rel=1e-3)


def test_simulated_shares_go_the_same_way(problem):
    values = np.full((2, len(problem.terms)), 20.0)
    is_share = problem.is_share[: len(problem.terms)]
    scaled = fitted_scale(is_share, values)
    assert np.allclose(scaled[:, is_share], norm.ppf(0.2, scale=PATIENT_SD))
    assert np.allclose(scaled[:, ~is_share], 20.0)


def test_leaving_a_study_out_takes_its_numbers_and_the_facts_behind_it(problem):
    kept = problem.without({"gadjradj2022"})
    rows = problem.terms.rows
    assert not kept[: len(rows)][(rows["study_id"] == "gadjradj2022").to_numpy()].any()
    gone = problem.facts.rows.loc[~kept[len(rows) :], "fact"].tolist()
    assert "muscle_weakness_baseline" in gone


def test_priors_of_the_discrepancy_go_by_kind():
    scales = Scales(level=9, design=3, treatment=2, uncontrolled=7)
    kinds = ("level", "design", "treatment", "uncontrolled")
    assert [scales.of_column(kind) for kind in kinds] == [9, 3, 2, 7]


def test_two_rules_by_which_the_same_patients_respond_err_together(problem):
    rows = problem.terms.rows
    both = rows[
        (rows["kind"] == TermKind.SHARE) & (rows["study_id"] == "amirdelfan2021") & (rows["arm_id"] == "saline")
    ]
    both = both[both["month"] == 12.0]
    assert len(both) == 2
    sampling, _, parts = covariances(problem.terms)
    pair = tuple(both.index)
    assert sampling[pair] > 0.8
    assert parts[SPREADS.index("visit")][pair] == parts[SPREADS.index("visit")][pair[0], pair[0]]
