"""Questions about cells are simulated beside the published arms, and nothing is observed of them."""

import numpy as np
import pandas as pd
import pytest
from tests.calibration.small import small_calibration

from sciatrial.calibration.questions import CARRIER, CELLS, QUESTIONS, SHAM, answers, cell_effects, with_questions


def drawn(values):
    told = {"question": "one", "month": 12.0, "against": CARRIER, "draw": np.arange(len(values)), "difference": values}
    return pd.DataFrame(told)


def test_nothing_is_observed_of_a_question():
    terms = small_calibration().terms
    more = with_questions(terms).rows.iloc[len(terms) :]
    assert more["observed"].isna().all()
    assert set(more["arm_id"]) == {CELLS, CARRIER, SHAM}
    assert set(more["study_id"]) == set(QUESTIONS)


def test_a_difference_is_that_of_two_arms_of_one_question_at_one_month():
    terms = small_calibration().terms
    asked = with_questions(terms).rows.iloc[len(terms) :].reset_index(drop=True)
    worth = {CELLS: 7.0, CARRIER: 2.0, SHAM: 1.0}
    values = np.array([[worth[row["arm_id"]] + row["month"] for row in asked.to_dict("records")]] * 3)
    made = cell_effects(asked, values)
    assert made.groupby("against")["difference"].unique().map(list).to_dict() == {CARRIER: [5.0], SHAM: [6.0]}
    assert len(made) == 3 * 2 * sum(len(question.months) for question in QUESTIONS.values())


def test_a_draw_counts_by_its_weight():
    values, even = np.array([-20.0, -1.0, 0.0, 0.0]), np.full(4, 0.25)
    table = answers(drawn(values), even)
    assert table["probability_of_benefit"].tolist() == [0.5]
    assert table["probability_of_ten_points"].tolist() == [0.25]
    heavy = answers(drawn(values), np.array([0.9, 0.1, 0.0, 0.0]))
    assert heavy["probability_of_ten_points"].tolist() == pytest.approx([0.9])
    assert heavy["median"][0] < table["median"][0]


def test_the_interval_is_that_of_the_draws():
    values = np.random.default_rng(1).normal(-3.0, 2.0, 20_000)
    row = answers(drawn(values), np.full(len(values), 1 / len(values))).iloc[0]
    assert row[["low", "median", "high"]].tolist() == pytest.approx(np.quantile(values, [0.05, 0.5, 0.95]), abs=0.01)


def test_a_draw_that_could_not_be_simulated_counts_for_nothing():
    values = np.array([-4.0, np.nan, -4.0])
    assert answers(drawn(values), np.full(3, 1 / 3))["median"].tolist() == [-4.0]
