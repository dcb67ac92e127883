"""Published numbers as changes, and back; what is learned of baselines comes from training studies."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.calibration.planted import planted_terms, real_terms

from sciatrial.calibration.course_features import (
    Baselines,
    as_changes,
    as_published,
    change_errors,
    course_parts,
    features_of,
    known_baselines,
    thresholds,
    within_scale,
)

TERMS = real_terms()
ALL = np.ones(len(TERMS.rows), dtype=bool)
POINTS = (~TERMS.rows["kind"].isin(["sd", "difference"])).to_numpy()
ROWS = TERMS.rows[POINTS].reset_index(drop=True)
BASELINE = np.full(len(ROWS), 60.0)


def test_a_course_starts_at_nothing_and_ends_in_full():
    early, late = course_parts(np.array([0.0, 1.0, 1000.0]))
    assert early[0] == late[0] == 0
    assert early[1] > late[1]
    assert early[2] == pytest.approx(1)
    assert late[2] == pytest.approx(1)


def test_printed_baselines_are_kept_and_the_others_have_an_sd():
    found = known_baselines(TERMS, ALL)
    printed = TERMS.rows["baseline"].notna().to_numpy()
    assert np.array_equal(found.mean[printed], TERMS.rows["baseline"][printed])
    assert (found.sd[printed] == 0).all()
    assert (found.sd[~printed] > 2).all()
    assert np.isfinite(found.mean).all()


def test_a_baseline_that_is_not_printed_is_the_mean_of_training_studies():
    terms = planted_terms(6, seed=1)
    rows = terms.rows.copy()
    hidden = rows["study_id"] == "study0"
    rows.loc[hidden, "baseline"] = np.nan
    known = known_baselines(replace(terms, rows=rows), ~hidden.to_numpy())
    expected = rows[~hidden].groupby("study_id")["baseline"].first().mean()
    assert known.mean[hidden.to_numpy()] == pytest.approx(expected)
    assert known.sd[hidden.to_numpy()] == pytest.approx(rows.groupby("study_id")["baseline"].first().std())


def test_baselines_of_a_study_left_out_teach_nothing():
    train = ~TERMS.of_studies(TERMS.rows.loc[TERMS.rows["baseline"].notna(), "study_id"].unique()[:5])
    changed = TERMS.baselines.copy()
    left_out = {TERMS.arms[arm].study_id for arm in changed["arm"]} - set(TERMS.rows["study_id"][train])
    changed.loc[[TERMS.arms[arm].study_id in left_out for arm in changed["arm"]], "mean"] = 999.0
    before, after = (known_baselines(replace(TERMS, baselines=b), train) for b in (TERMS.baselines, changed))
    assert np.array_equal(before.mean, after.mean)


def test_final_values_and_percentages_become_points_of_change():
    changes = as_changes(ROWS, BASELINE)
    final, percent = (ROWS["kind"] == kind for kind in ("final", "percent_change"))
    assert changes.estimate[final] == pytest.approx(ROWS["observed"][final] - 60)
    assert changes.estimate[percent] == pytest.approx(ROWS["observed"][percent] * 0.6)
    assert changes.se[percent] == pytest.approx(ROWS["se"][percent] * 0.6)


def test_a_share_of_half_is_a_change_of_exactly_the_threshold():
    rows = ROWS[ROWS["rule"] == "responder_50pct_pain"].head(1).assign(observed=50.0)
    assert thresholds(rows, np.array([60.0])) == pytest.approx([30.0])
    assert as_changes(rows, np.array([60.0])).estimate == pytest.approx([-30.0])


def test_more_responders_are_a_larger_fall_and_nobody_is_not_infinite():
    row = ROWS[ROWS["kind"] == "share"].iloc[[0, 0, 0]].assign(observed=[0.0, 50.0, 100.0])
    changes = as_changes(row, BASELINE[:3])
    assert (np.diff(changes.estimate) < 0).all()
    assert np.isfinite(changes.estimate).all()
    assert np.isfinite(changes.se).all()


@pytest.mark.parametrize(
    ("rule", "points"), [("vas20_or_less", 40.0), ("responder_rmdq_3pt", 12.5), ("responder_75pct_odi", 45.0)]
)
def test_a_rule_has_its_threshold(rule, points):
    rows = ROWS[ROWS["rule"] == rule].head(1)
    assert thresholds(rows, np.array([60.0])) == pytest.approx([points])


def test_changes_go_back_to_what_was_printed():
    changes = as_changes(ROWS, BASELINE)
    rows = ROWS.assign(n=1e7)  # so that shares have no luck
    printed = as_published(
        changes.estimate[None], rows, Baselines(BASELINE, BASELINE * 0 + 5), np.random.default_rng(1)
    )
    share = (ROWS["kind"] == "share").to_numpy()
    inside = ~share & (changes.estimate > -60)
    assert printed[0, inside] == pytest.approx(ROWS["observed"][inside])
    # shares are drawn a little towards one half, as if two more patients had been asked
    assert np.abs(printed[0, share] - ROWS["observed"][share]).max() < 5


def test_nothing_is_predicted_outside_its_scale():
    wild = 200 * np.random.default_rng(1).standard_normal((50, len(ROWS)))
    printed = as_published(
        wild, ROWS.assign(baseline=BASELINE), Baselines(BASELINE, 0 * BASELINE), np.random.default_rng(2)
    )
    final, share, change = (ROWS["kind"] == kind for kind in ("final", "share", "change"))
    for kind in (final, share):
        assert printed[:, kind].min() >= 0
        assert printed[:, kind].max() <= 100
    assert (printed[:, change].min(), printed[:, change].max()) == (-60, 40)


def test_a_scale_ends_where_it_does_for_every_kind_and_where_the_start_is_not_known():
    rows = pd.DataFrame(
        {"kind": ["change", "change", "final", "median", "percent_change", "share", "sd", "difference"],
         "baseline": [70.0, np.nan, 70.0, np.nan, 70.0, 70.0, 70.0, 70.0]}
    )  # fmt: skip
    low, high = within_scale(np.array([[-150.0] * 8, [150.0] * 8]), rows)
    assert low.tolist() == [-70, -100, 0, 0, -100, -150, -150, -150]
    assert high.tolist() == [30, 100, 100, 100, 150, 150, 150, 150]


def test_the_luck_of_a_share_is_in_its_patients_and_not_read_from_its_standard_error():
    assert (change_errors(ROWS, BASELINE)[ROWS["kind"] == "share"] == 0).all()


def test_features_have_names_and_priors_and_grow_with_the_baseline():
    places = np.flatnonzero(POINTS)
    small, large = (features_of(TERMS, places, BASELINE * factor) for factor in (1, 2))
    assert small.values.shape == (len(places), len(small.names))
    assert len(set(small.names)) == len(small.names)
    assert large.values == pytest.approx(2 * small.values)
    assert (small.prior_sd > 0).all()


def test_untreated_arms_have_no_treatment_and_steroids_have_two_parts():
    found = features_of(TERMS, np.flatnonzero(POINTS), BASELINE)
    names = [name for name in found.names if "," in name and name.split(",")[0] in set(ROWS["intervention"])]
    assert {"epidural_steroid, early", "epidural_steroid, late", "nsaid, early"} <= set(names)
    assert "nsaid, late" not in names
    untreated = ROWS["intervention"].isin(["saline", "usual_care", "sham"]).to_numpy()
    assert not found.values[np.ix_(untreated, [found.names.index(name) for name in names])].any()
