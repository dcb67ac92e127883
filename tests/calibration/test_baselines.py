"""Predictions that know no mechanism: honest about new studies, and about what they had to guess."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.calibration.planted import Truth, planted_terms, real_terms

from sciatrial.calibration.baselines import folds, no_difference, pooled_mean, time_course
from sciatrial.calibration.contrasts import contrast_pairs
from sciatrial.calibration.scores import coverage, crps
from sciatrial.foundation import CalibrationError

TERMS = real_terms()
PLANTED = planted_terms(50, seed=5)
LEFT_OUT = PLANTED.of_studies([f"study{number}" for number in range(20)])
PREDICTIONS = [pooled_mean, time_course]


def predicted(terms, test, predict, n_draws=1000):
    return predict(terms, ~test, test, n_draws=n_draws, seed=2)


def test_folds_keep_studies_that_share_patients_together():
    rows = TERMS.rows.assign(group=TERMS.rows["group"].where(TERMS.rows["cause"] != "stenosis", "shared"))
    fold = folds(rows, 5, seed=1)
    assert pd.Series(fold).groupby(rows["group"]).nunique().max() == 1
    assert set(fold) == set(range(5))


def test_folds_spread_causes_and_cells():
    fold = folds(TERMS.rows, 5, seed=1)
    groups = TERMS.rows.assign(fold=fold).groupby("group").agg(
        cause=("cause", "first"), is_cells=("is_cells", "max"), fold=("fold", "first")
    )  # fmt: skip
    for _, stratum in groups.groupby(["cause", "is_cells"]):
        count = stratum["fold"].value_counts().reindex(range(5), fill_value=0)
        assert count.max() - count.min() <= 1


def test_folds_are_named_by_the_seed():
    one, again, other = (folds(TERMS.rows, 10, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("n_folds", [1, 1000])
def test_folds_that_cannot_be_made_are_refused(n_folds):
    with pytest.raises(CalibrationError, match="n_folds"):
        folds(TERMS.rows, n_folds, seed=1)


@pytest.mark.parametrize("predict", PREDICTIONS)
def test_every_real_term_gets_a_prediction(predict):
    test = folds(TERMS.rows, 10, seed=1) == 0
    found = predicted(TERMS, test, predict, n_draws=300)
    assert found.draws.shape == (300, test.sum())
    assert np.isfinite(found.draws).all()
    share = (TERMS.rows["kind"][test] == "share").to_numpy()
    assert found.draws[:, share].min() >= 0
    assert found.draws[:, share].max() <= 100


@pytest.mark.parametrize("predict", [*PREDICTIONS, no_difference])
def test_what_is_left_out_is_not_read(predict):
    test = folds(TERMS.rows, 10, seed=1) == 0
    hidden = replace(TERMS, rows=TERMS.rows.assign(observed=TERMS.rows["observed"].where(~test, 1.0)))
    first, second = (predicted(terms, test, predict, n_draws=50).draws for terms in (TERMS, hidden))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("predict", PREDICTIONS)
def test_new_studies_of_a_planted_course_are_covered(predict):
    draws = predicted(PLANTED, LEFT_OUT, predict).draws
    observed = PLANTED.rows["observed"][LEFT_OUT].to_numpy()
    assert 0.8 <= coverage(draws, observed, 0.9).mean() <= 1.0
    assert draws.mean() == pytest.approx(observed.mean(), abs=5.0)


def test_the_course_beats_the_pooled_mean_where_baseline_and_treatment_matter():
    observed = PLANTED.rows["observed"][LEFT_OUT].to_numpy()
    pooled, course = (crps(predicted(PLANTED, LEFT_OUT, p).draws, observed).mean() for p in PREDICTIONS)
    assert course < 0.95 * pooled


def test_a_pooled_class_is_the_mean_of_studies_not_of_rows():
    terms = planted_terms(12, seed=1, truth=Truth(se=0.001))
    rows = pd.concat([terms.rows, *[terms.rows[terms.rows["study_id"] == "study1"]] * 20], ignore_index=True)
    test = (rows["study_id"] == "study0").to_numpy()
    first = np.flatnonzero(test)[0]
    draws = predicted(replace(terms, rows=rows), test, pooled_mean, n_draws=20_000).draws[:, 0]
    like = rows[~test & (rows["score"] == rows["score"][first]) & (rows["month"] == rows["month"][first])]
    assert np.median(draws) == pytest.approx(like.groupby("study_id")["observed"].mean().mean(), abs=0.6)


def test_arms_of_one_new_study_move_together_in_the_pooled_mean():
    draws = predicted(PLANTED, LEFT_OUT, pooled_mean).draws
    rows = PLANTED.rows[LEFT_OUT].reset_index(drop=True)
    pair = contrast_pairs(rows).iloc[0]
    assert np.corrcoef(draws[:, pair["treated"]], draws[:, pair["control"]])[0, 1] > 0.2


def test_a_class_with_too_few_studies_gives_way_to_a_wider_one_and_says_so():
    test = TERMS.of_studies(TERMS.rows.loc[TERMS.rows["cause"] == "stenosis", "study_id"])
    found = predicted(TERMS, test, pooled_mean, n_draws=50)
    assert any("cause stenosis score leg_pain" in line and line.endswith("score leg_pain") for line in found.fallbacks)


def test_a_kind_that_nobody_prints_is_an_assumption_and_says_so():
    only_changes = replace(PLANTED, rows=PLANTED.rows.assign(kind=np.where(LEFT_OUT, "final", "change")))
    found = predicted(only_changes, LEFT_OUT, pooled_mean, n_draws=50)
    assert all(line.endswith("an assumption") for line in found.fallbacks)
    assert found.fallbacks


def test_a_treatment_that_nobody_tried_has_the_prior_and_says_so():
    tried = planted_terms(30, seed=6)
    rows = tried.rows.copy()
    test = rows["study_id"].isin([f"study{number}" for number in range(10)]).to_numpy()
    treated = test & (rows["intervention"] == "surgery").to_numpy()
    rows.loc[treated, "intervention"] = "nsaid"
    seen, unseen = (predicted(terms, test, time_course) for terms in (tried, replace(tried, rows=rows)))
    assert seen.fallbacks == ()
    assert unseen.fallbacks == ("nsaid: no training study, so its effect has the prior N(0, 10²)",)
    assert unseen.draws[:, treated[test]].std(axis=0).mean() > seen.draws[:, treated[test]].std(axis=0).mean() + 1
    # a control of the same study is as certain as before
    assert unseen.draws[:, ~treated[test]].std(axis=0) == pytest.approx(
        seen.draws[:, ~treated[test]].std(axis=0), rel=0.15
    )


def test_a_score_that_nobody_measured_in_a_cause_is_named():
    test = TERMS.of_studies(TERMS.rows.loc[TERMS.rows["cause"] == "stenosis", "study_id"])
    found = predicted(TERMS, test, time_course, n_draws=50)
    assert "stenosis, leg_pain: no training study, so its course has the prior" in found.fallbacks


def test_no_difference_is_centred_on_none_as_widely_as_contrasts_were():
    pairs = contrast_pairs(PLANTED.rows)
    draws = predicted(PLANTED, LEFT_OUT, no_difference, n_draws=4000).draws
    asked = LEFT_OUT[pairs["treated"]]
    assert draws.shape == (4000, asked.sum())
    assert np.median(draws, axis=0) == pytest.approx(np.zeros(asked.sum()), abs=1.5)
    # a t with 29 degrees of freedom is 1.04 times as wide as its scale
    assert draws.std(axis=0).mean() == pytest.approx(np.sqrt((pairs["observed"][~asked] ** 2).mean()), rel=0.1)


def test_no_difference_of_real_contrasts_covers_most_of_them():
    fold = folds(TERMS.rows, 5, seed=1)
    pairs = contrast_pairs(TERMS.rows)
    held = np.empty(len(pairs), dtype=bool)
    for number in range(5):
        asked = (fold == number)[pairs["treated"]]
        draws = predicted(TERMS, fold == number, no_difference, n_draws=500).draws
        held[asked] = coverage(draws, pairs["observed"][asked].to_numpy(), 0.9)
    assert held.mean() > 0.75
