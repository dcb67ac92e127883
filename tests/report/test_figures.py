import matplotlib as mpl
import numpy as np
import pytest

from sciatrial.foundation import StudyError
from sciatrial.report import compare_with_published, figures, plot
from tests.report.conftest import ARMS, operating_of, trials

COLOURS = figures.arm_colours(list(ARMS), ["cells"])


def texts(figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def test_an_arm_has_one_colour_and_no_two_share_it():
    colours = figures.arm_colours(["a", "b", "c", "d"], ["b", "d"])
    assert len(set(colours.values())) == 4
    assert colours == figures.arm_colours(["a", "b", "c", "d"], ["b", "d"])


def test_a_comparison_is_drawn_where_its_numbers_are(result):
    ax = figures.plot_contrasts(result, important=15.0)
    points = [line for line in ax.lines if line.get_marker() == "s"]
    assert points[0].get_xdata()[0] == -7.0
    assert "−7.0 (−11.0 to −3.0)" in texts(ax.figure)
    assert "points of 100" in ax.get_xlabel()


def test_a_comparison_without_an_estimate_says_why(result):
    from dataclasses import replace

    rows = result.contrasts.assign(why_not="everybody was lost", estimate=np.nan, ci_low=np.nan, ci_high=np.nan)
    assert "everybody was lost" in texts(figures.plot_contrasts(replace(result, contrasts=rows)).figure)


def test_shares_of_success_are_drawn_in_percent(operating):
    ax = figures.plot_operating(operating)
    drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines if line.get_marker() in ("o", "s", "^")}
    assert drawn["prior draws (assurance)"] == pytest.approx(60)


def test_courses_have_a_panel_for_each_arm_and_units_on_the_axes(operating, result):
    figure = figures.plot_courses(operating, result, score="back_pain", colours=COLOURS)
    assert [ax.get_title("left") for ax in figure.axes] == ["saline", "cells"]
    assert "0 to 100" in figure.axes[0].get_ylabel()
    assert figure.axes[0].get_xlabel() == "Months since randomisation"


def test_every_other_score_has_a_panel(operating):
    figure = figures.plot_all_scores(operating, colours=COLOURS, skip="back_pain")
    titles = [ax.get_title("left") for ax in figure.axes]
    assert len([title for title in titles if title]) == 7
    assert "Roland-Morris, 0 to 24" in titles
    assert "Leg pain" in titles
    assert "Back pain" not in titles


def test_quantities_that_never_move_are_not_drawn(operating):
    assert figures.quantities_that_move(operating) == ["root_pressure", "anchored_disc_cells"]
    figure = figures.plot_inside(operating, colours=COLOURS)
    assert "Root pressure, mmHg" in texts(figure)
    assert "Herniated volume" not in texts(figure)


def test_published_values_are_drawn_where_they_are(operating, published):
    figure = figures.plot_published(compare_with_published(operating, published, {"cells": "msc"}), colours=COLOURS)
    diamonds = [line.get_xdata()[0] for ax in figure.axes for line in ax.lines if line.get_marker() == "D"]
    assert sorted(diamonds) == [-12.0, 19.0, 95.0]


def test_a_legend_is_no_wider_than_its_figure(operating):
    from dataclasses import replace

    trials = operating.trials
    one = replace(operating, trials=trials[trials["comparison"] == trials["comparison"].iloc[0]])
    for drawn in (operating, one):
        figure = figures.plot_truth(drawn)
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


def test_estimates_are_drawn_against_the_truth(operating):
    figure = figures.plot_truth(operating)
    inside = next(line for line in figure.axes[0].lines if "inside" in str(line.get_label()))
    assert set(inside.get_xdata()) == {-5.0}


def test_plot_chooses_the_figure_that_fits(result, operating):
    assert "difference in mean change" in plot(result).get_xlabel()
    assert "succeed" in plot(operating).get_xlabel()
    with pytest.raises(StudyError, match="dict"):
        plot({})


def test_a_figure_can_be_drawn_into_axes_that_are_there(result):
    ax = figures.new_figure(4, 3).add_subplot()
    assert plot(result, ax) is ax


def test_the_settings_of_matplotlib_are_left_alone(result):
    before = dict(mpl.rcParams)
    plot(result)
    assert dict(mpl.rcParams) == before


def test_the_same_figure_gives_the_same_text(result):
    assert figures.as_svg(plot(result).figure) == figures.as_svg(plot(result).figure)


def test_scenarios_without_a_trial_can_be_drawn(operating):
    rows = trials().assign(
        estimate=np.nan, ci_low=np.nan, ci_high=np.nan, truth=np.nan, why_not="could not enrol: nobody"
    )
    empty = operating_of(rows, operating.courses.iloc[:0], operating.inside.iloc[:0])
    assert figures.as_svg(figures.plot_operating(empty).figure)
    assert figures.as_svg(figures.plot_truth(empty))
    assert figures.as_svg(figures.plot_inside(empty, colours=COLOURS))


def test_wilson_s_interval_is_that_of_the_textbook():
    low, high = figures.wilson(np.array([0.0, 0.5]), np.array([10.0, 10.0]))
    assert low == pytest.approx([0.0, 0.2366], abs=1e-4)
    assert high == pytest.approx([0.2775, 0.7634], abs=1e-4)


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_picture_has_the_format_of_its_name_and_the_same_bytes(ending, tmp_path):
    def drawn(name):
        figure = figures.new_figure(2, 1)
        figure.add_subplot().plot([0, 1], [1, 2])
        return figures.save_picture(figure, tmp_path / f"{name}.{ending}").read_bytes()

    one, two = drawn("one"), drawn("two")
    assert one == two
    assert one.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending])


def test_an_unknown_ending_is_refused_and_writes_nothing(tmp_path):
    with pytest.raises(StudyError, match=r"\.svg, \.png, \.pdf"):
        figures.save_picture(figures.new_figure(2, 1), tmp_path / "relief.txt")
    assert not list(tmp_path.iterdir())
