import numpy as np
import pytest

from sciatrial.clinic import SCORES
from sciatrial.trial import TimeTrend
from sciatrial.trial.conduct import conduct
from sciatrial.trial.time_trend import months_of_truth
from tests.trial.conftest import small_design

ACCRUAL = {"per_month": 2}


def trend_design(**points):
    return small_design(accrual=ACCRUAL, time_trend=points)


def test_a_linear_trend_is_points_for_each_year_and_a_step_all_at_once():
    months = np.array([0.0, 6.0, 12.0, 30.0])
    assert TimeTrend(points_per_year=-4).points_at(months).tolist() == [0, -2, -4, -10]
    assert TimeTrend(step_points=5, step_month=12).points_at(months).tolist() == [0, 0, 5, 5]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "points_per_year: is one of two"),
        ({"points_per_year": 1, "step_points": 2, "step_month": 3}, "points_per_year: is one of two"),
        ({"step_points": 2}, "step_month: belongs to step_points"),
    ],
)
def test_a_trend_has_one_whole_shape(words, told):
    with pytest.raises(ValueError, match=told):
        TimeTrend.model_validate(words)


def test_a_trend_needs_accrual_and_points_of_the_score():
    with pytest.raises(ValueError, match="accrual: is missing; patients a month"):
        small_design(time_trend={"points_per_year": 3})
    with pytest.raises(ValueError, match=r"points_per_year: 3 is more than the scale of quality_of_life"):
        small_design(
            accrual=ACCRUAL, time_trend={"points_per_year": 3}, endpoint={"outcome": "quality_of_life", "month": 6}
        )


def test_scores_after_baseline_move_with_the_month_of_randomisation_in_every_arm_alike(model, patients):
    some = patients.only(slice(24))
    plain, moved = (
        conduct(model, design, [some], [3], every_arm=True)[0]
        for design in (small_design(accrual=ACCRUAL), trend_design(points_per_year=6))
    )
    column = SCORES.index("leg_pain")
    expected = 6 * moved.arrivals.months / 12
    for arm, before in plain.potential.items():
        after = moved.potential[arm]
        assert np.array_equal(after.scores[:, 0], before.scores[:, 0])
        off = after.scores[:, 1:, column] - before.scores[:, 1:, column]
        inside = (after.scores[:, 1:, column] < 100) & (before.scores[:, 1:, column] > 0)
        # answers are rounded to the steps of the scale
        assert np.abs((off - expected[:, None])[inside]).max() <= 10
        assert abs((off - expected[:, None])[inside].mean()) < 0.6
        others = [place for place in range(len(SCORES)) if place != column]
        assert np.array_equal(after.scores[:, :, others], before.scores[:, :, others])


def test_rescue_follows_the_score_that_is_measured(model, patients, rescue):
    words = {"n_total": 60, "accrual": {"per_month": 60}, "rescue": rescue}
    some = patients.only(slice(60))
    moved = conduct(
        model, small_design(**words, time_trend={"step_points": 30, "step_month": 0.001}), [some], [3], every_arm=True
    )[0]
    column = SCORES.index("leg_pain")
    for found in moved.potential.values():
        given = found.rescued.any(axis=1)
        seen = found.scores[:, 2, column] > rescue.above  # month 3, the first visit with rescue
        assert np.array_equal(found.rescued[:, 2], seen)
        assert given.sum() > 0


def test_patients_of_the_truth_have_the_months_of_the_trial():
    design = trend_design(points_per_year=6)
    months = months_of_truth(design, np.arange(4000), 5)
    assert set(months) == {place / 2 for place in range(24)}
    assert abs(months.mean() - 11.5 / 2) < 0.2
    assert np.isnan(months_of_truth(small_design(accrual=ACCRUAL), np.arange(3), 5)).all()


def test_the_words_say_points_and_when():
    assert TimeTrend(points_per_year=-4).in_words("leg pain").startswith("−4 points of leg pain after baseline a year")
    assert "from month 12 on" in TimeTrend(step_points=5, step_month=12).in_words("leg pain")
