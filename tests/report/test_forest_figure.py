"""The forest: every trial, every model, every doubt."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sciatrial.report import figures, plot, plot_forest
from sciatrial.report.forest_figure import chance_words, effect_axis
from sciatrial.synthesis import DOMAINS
from tests.report.conftest import marks, pooled_of, texts


def judged(word: str, source: str, n: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        [{"study_id": f"trial{k + 1}", **{domain.value: word for domain in DOMAINS}, "overall": word, "source": source}
         for k in range(n)]
    )  # fmt: skip


def lights_of(figure) -> list:
    return [line for ax in figure.axes[1:] for line in marks(ax, "o")]


@pytest.mark.parametrize("n", [1, 2, 4, 12])
def test_every_trial_has_a_square_where_its_effect_is(n):
    squares = marks(plot_forest(pooled_of(n)).axes[0], "s")
    assert [square.get_xdata()[0] for square in squares] == [-10.0 - 2 * place for place in range(n)]


def test_a_trial_whose_numbers_were_filled_in_is_hollow_and_the_others_are_not():
    first, second, _ = marks(plot_forest(pooled_of(3)).axes[0], "s")
    assert first.get_markerfacecolor() == "white"
    assert second.get_markerfacecolor() != "white"


def test_a_square_grows_with_the_weight():
    pooled = pooled_of(2)
    pooled.studies["weight"] = [80.0, 20.0]
    heavy, light = marks(plot_forest(pooled).axes[0], "s")
    assert (heavy.get_markersize() / light.get_markersize()) ** 2 == pytest.approx(4)


def test_every_model_is_listed_and_the_quoted_one_is_named():
    told = texts(plot_forest(pooled_of(3)))
    assert "Random effects (quoted)" in told
    assert "Prior on the spread: benefit 97 % probable" in told
    assert "Common effect" in told
    assert "A new trial" in told


def test_of_two_trials_the_prior_is_quoted_and_its_spread_told():
    told = texts(plot_forest(pooled_of(2)))
    assert "Prior on the spread (quoted)" in told
    assert "Prior on the spread: τ 1.50 points (0.50 to 4.00); a note." in told


def test_one_trial_is_quoted_as_it_is():
    told = texts(plot_forest(pooled_of(1)))
    assert "The trial itself (quoted)" in told
    assert "One trial: the spread between trials cannot be estimated." in told


def test_the_spread_between_trials_is_told_with_its_interval():
    assert "τ 1.50 points (0.50 to 4.00), I² 40 %" in texts(plot_forest(pooled_of(3)))


def test_points_favour_the_treatment_on_the_left_and_odds_on_the_right():
    assert "← favours cell therapy favours placebo procedure →" in texts(plot_forest(pooled_of(3)))
    assert "← favours placebo procedure favours cell therapy →" in texts(plot_forest(pooled_of(3, "log odds ratio")))


def test_log_odds_are_written_and_placed_as_odds_ratios():
    figure = plot_forest(pooled_of(3, "log odds ratio"))
    ax = figure.axes[0]
    ticks = [float(label.get_text()) for label in ax.get_xticklabels()]
    assert [float(np.log(tick)) for tick in ticks] == pytest.approx(list(ax.get_xticks()))
    assert f"{np.exp(1.0):.2f} ({np.exp(1 - 0.392):.2f} to {np.exp(1 + 0.392):.2f})" in texts(figure)
    assert "odds ratio" in ax.get_xlabel()


def test_an_interval_that_leaves_the_picture_ends_in_an_arrow():
    pooled = pooled_of(3)
    pooled.effects.loc[2, ["low", "high"]] = [-500.0, 500.0]
    ax = plot_forest(pooled).axes[0]
    assert len(marks(ax, "<")) == len(marks(ax, ">")) == 1
    assert ax.get_xlim()[0] > -120


def test_the_difference_that_matters_is_a_dashed_line():
    dashed = [line for line in plot_forest(pooled_of(3), important=7.0).axes[0].lines if line.is_dashed()]
    assert [line.get_xdata()[0] for line in dashed] == [-7.0]


def test_without_an_answer_the_forest_is_empty_and_says_why():
    figure = plot_forest(pooled_of(0), judged("low", "published tool", 0), important=10.0)
    assert "No answer: nobody has compared the two." in texts(figure)
    assert not marks(figure.axes[0], "s")


def test_a_printed_difference_and_a_review_are_marked():
    pooled = pooled_of(2)
    pooled.studies["source"] = ["trial", "review"]
    told = texts(plot_forest(pooled))
    assert "trial1†" in told
    assert "trial2‡" in told
    assert told.count("a difference, no arms") == 2


def test_a_long_name_is_cut_and_keeps_its_mark():
    pooled = pooled_of(1)
    pooled.studies["study"] = "review: somebody and many others 2016"
    pooled.studies["source"] = "review"
    assert "review: somebody and many…‡, 12" in texts(plot_forest(pooled))


def test_an_n_that_is_not_told_is_a_question_mark():
    pooled = pooled_of(1)
    pooled.studies["n_treatment"] = np.nan
    assert "−30.0 (?)" in texts(plot_forest(pooled))


def test_every_trial_has_six_lights_beside_those_of_the_legend():
    assert len(lights_of(plot_forest(pooled_of(3), judged("high", "published tool")))) == 6 * 3 + 5
    assert not lights_of(plot_forest(pooled_of(3)))


@pytest.mark.parametrize(("source", "n_green"), [("published tool", 18), ("author note", 0), ("none", 0)])
def test_only_what_a_published_tool_judged_low_is_green(source, n_green):
    figure = plot_forest(pooled_of(3), judged("low", source))
    green = [light for light in lights_of(figure) if light.get_markerfacecolor() == "#009E73"]
    assert len(green) == n_green + 1  # one in the legend


def test_a_trial_without_a_judgement_has_question_marks():
    figure = plot_forest(pooled_of(1), judged("low", "published tool", 0))
    signs = [text.get_text() for text in figure.axes[2].texts]
    assert signs.count("?") == 6


def test_lights_of_different_meaning_have_different_signs():
    told = texts(plot_forest(pooled_of(1), judged("low", "published tool")))
    assert "+ low ! some concerns – high ~ unclear ? not assessed" in told


def test_the_axis_shows_no_more_than_the_scale_can_hold():
    assert effect_axis("points of 100", [-900.0, np.nan]).low == pytest.approx(-105.5)


def test_a_benefit_is_never_certain():
    assert [chance_words(chance) for chance in (1.0, 0.0, 0.5, np.nan)] == [">99 %", "<1 %", "50 %", "–"]


def test_no_words_of_a_forest_leave_the_picture():
    figure = plot_forest(pooled_of(12), judged("some_concerns", "author note", 12), important=10.0)
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    boxes = [text.get_window_extent() for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)


def test_a_forest_can_be_drawn_into_axes_that_are_there():
    ax = figures.new_figure(5, 3).add_subplot()
    assert plot(pooled_of(3), ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()][:3] == ["trial1", "trial2", "trial3"]
    assert "← favours cell therapy | favours placebo procedure →" in texts(ax)


def test_a_forest_leaves_the_settings_of_matplotlib_alone_and_is_the_same_twice():
    before = dict(mpl.rcParams)
    one, two = (figures.as_svg(plot_forest(pooled_of(4), judged("high", "none", 4))) for _ in range(2))
    assert one == two
    assert dict(mpl.rcParams) == before
