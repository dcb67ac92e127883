"""Pictures of what a pooled result hangs on."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sciatrial.report import figures, plot, plot_funnel, plot_left_out, plot_regression
from sciatrial.synthesis import Regression
from tests.report.conftest import marks, pooled_of, texts


def arms_of(n: int) -> pd.DataFrame:
    place = np.arange(n)
    return pd.DataFrame(
        {"study": [f"trial{k}" for k in place], "arm": "cells", "month": 6.0 + place, "estimate": -5.0 - place,
         "se": 3.0, "dose_million_cells": 5.0 * 2.0**place, "dose_basis": "expanded_cells",
         "cell_type": ["uc_msc", "mpc"] * (n // 2), "donor": "allogeneic", "route": "intradiscal",
         "bias": "not_assessed"}
    )  # fmt: skip


def regression_of(moderator: str, terms: tuple[str, ...], n: int = 4, **changed) -> Regression:
    rows = [{"term": term, "estimate": -10.0 * (place + 1), "low": -10.0 * (place + 1) - 4,
             "high": -10.0 * (place + 1) + 4, "p": 0.1} for place, term in enumerate(terms)]  # fmt: skip
    fields = {"moderator": moderator, "outcome": "leg_pain", "arms": arms_of(n), "coefficients": pd.DataFrame(rows),
              "left_out": pd.DataFrame(columns=["study", "arm", "reason"]), "tau": 2.0,
              "note": "4 trials: exploratory, fewer than ten"}  # fmt: skip
    fields |= changed
    terms = fields["coefficients"]
    if len(terms) and "covariance" not in fields:
        fields["covariance"] = np.diag(((terms["high"] - terms["low"]) / 3.92).to_numpy() ** 2)
    return Regression(**fields)


DOSE = ("constant", "tenfold dose, from 10 million")
TYPES = ("constant", "mpc against uc_msc")


@pytest.mark.parametrize("n", [1, 2, 4, 12])
def test_a_funnel_has_a_point_a_trial(n):
    points = [line for line in marks(plot_funnel(pooled_of(n)).axes[0], "o") if line.get_label() == "a trial"]
    assert list(points[0].get_ydata()) == [2.0 + 0.5 * place for place in range(n)]


def test_precise_trials_stand_at_the_top_of_a_funnel():
    low, high = plot_funnel(pooled_of(4)).axes[0].get_ylim()
    assert low > high == 0


def test_under_ten_trials_a_funnel_says_that_asymmetry_cannot_be_judged():
    assert "4 trials, under 10: asymmetry cannot be judged" in texts(plot_funnel(pooled_of(4)))
    assert "cannot be judged" not in texts(plot_funnel(pooled_of(12)))


def test_what_trim_and_fill_adds_is_hollow_and_told():
    pooled = pooled_of(5)
    pooled.studies["se"] = [1.0, 1.0, 2.0, 4.0, 6.0]
    pooled.studies["estimate"] = [-5.0, -5.2, -9.0, -18.0, -27.0]
    figure = plot_funnel(pooled)
    hollow = [line for line in marks(figure.axes[0], "o") if line.get_markerfacecolor() == "white"]
    n_added = len(hollow[0].get_xdata())
    assert n_added > 0
    assert f"Trim and fill adds {n_added} on the right" in texts(figure)


def test_under_three_trials_nothing_is_filled_in_and_it_says_so():
    assert "Trim and fill needs 3 trials" in texts(plot_funnel(pooled_of(2)))


def test_contours_of_significance_are_named():
    told = texts(plot_funnel(pooled_of(3)))
    for words in ("p under 0.01", "p 0.01 to 0.05", "p 0.05 to 0.1", "p over 0.1"):
        assert words in told


@pytest.mark.parametrize("draw", [plot_funnel, plot_left_out])
def test_without_an_answer_there_is_a_picture_that_says_so(draw):
    told = texts(draw(pooled_of(0)))
    assert "nobody has compared the two" in told or "no trial to leave out" in told


def test_every_trial_and_assumption_has_a_row_with_trials_and_probability():
    upper, lower = plot_left_out(pooled_of(4)).axes
    assert len(marks(upper, "s")) == 4
    assert len(marks(lower, "s")) == 2
    told = [text.get_text() for text in upper.texts]
    assert told.count("3") == 4
    assert told.count("90 %") == 4


def test_leaving_out_the_only_trial_says_that_nothing_is_left():
    pooled = pooled_of(1)
    pooled.leave_one_out[["estimate", "low", "high", "probability_better"]] = None
    assert "no trial: nothing to pool" in texts(plot_left_out(pooled))


def test_a_sensitivity_that_was_not_asked_for_is_told():
    assert "no assumption was varied" in texts(plot_left_out(pooled_of(2, sensitivity=pd.DataFrame())))


def test_doses_stand_on_a_logarithmic_axis_of_expanded_cells():
    ax = plot_regression(regression_of("dose", DOSE)).axes[0]
    assert ax.get_xscale() == "log"
    assert "million expanded cells" in ax.get_xlabel()


def test_the_fitted_line_goes_through_the_constant_at_ten_million_cells():
    ax = plot_regression(regression_of("dose", DOSE)).axes[0]
    line = next(line for line in ax.lines if line.get_label() == "fitted")
    assert np.interp(1.0, np.log10(line.get_xdata()), line.get_ydata()) == pytest.approx(-10.0)
    assert line.get_ydata()[-1] == pytest.approx(-10 - 20 * np.log10(4))


def test_months_have_an_axis_of_months_and_a_slope_a_year():
    ax = plot_regression(regression_of("month", ("constant", "year, from month 12"))).axes[0]
    assert "Months since randomisation" in ax.get_xlabel()
    assert "per year −20.0 (−24.0 to −16.0)" in ax.get_xlabel()


def test_categories_have_dots_and_their_differences_an_interval():
    left, right = plot_regression(regression_of("cell_type", TYPES)).axes
    assert [label.get_text() for label in left.get_xticklabels()] == ["UC MSC", "MPC"]
    assert [mark.get_ydata()[0] for mark in marks(left, "D")] == [-10.0, -30.0]
    assert [mark.get_xdata()[0] for mark in marks(right, "D")] == [-20.0]


def test_a_regression_without_an_answer_shows_the_arms_and_says_why():
    figure = plot_regression(
        regression_of("donor", (), coefficients=pd.DataFrame(), unanswered="donor: takes one value", note="")
    )
    assert len(figure.axes) == 1
    assert "No answer: donor: takes one value." in texts(figure)


def test_a_regression_without_arms_can_be_drawn():
    empty = regression_of("dose", (), n=0, coefficients=pd.DataFrame(), unanswered="dose: 0 arms for 1 terms", note="")
    assert figures.as_svg(plot_regression(empty))


def test_arms_that_were_left_out_are_told():
    left = pd.DataFrame([{"study": "s", "arm": "a", "reason": "dose not told"}])
    assert "left out: 1 arm, dose not told" in texts(plot_regression(regression_of("dose", DOSE, left_out=left)))


def test_few_trials_are_called_exploratory_in_the_picture():
    assert "exploratory" in texts(plot_regression(regression_of("dose", DOSE)))


def test_plot_draws_a_regression():
    assert "million expanded cells" in plot(regression_of("dose", DOSE)).get_xlabel()
    ax = figures.new_figure(4, 3).add_subplot()
    assert plot(regression_of("cell_type", TYPES), ax) is ax


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_funnel(pooled_of(4)),
        lambda: plot_left_out(pooled_of(4)),
        lambda: plot_regression(regression_of("dose", DOSE)),
    ],
    ids=["funnel", "left_out", "regression"],
)
def test_settings_are_left_alone_and_the_same_picture_comes_twice(draw):
    before = dict(mpl.rcParams)
    assert figures.as_svg(draw()) == figures.as_svg(draw())
    assert dict(mpl.rcParams) == before
