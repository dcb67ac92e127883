import numpy as np

from sciatrial.report.course_figures import has_closed_arms, plot_allocation, plot_open_arms
from tests.report.course import with_course

COLOURS = {"low": "#0072B2", "high": "#D55E00", "saline": "#5A5A5A"}


def test_an_arm_that_nobody_could_get_at_some_time_makes_a_platform(operating):
    assert not has_closed_arms(with_course(operating))
    assert has_closed_arms(with_course(operating, closed=True))


def test_shares_are_steps_over_the_patients_randomised(operating):
    figure = plot_allocation(with_course(operating), colours=COLOURS)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["low", "high", "saline"]
    line = figure.axes[1].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [0, 20, 40])
    np.testing.assert_allclose(line.get_ydata(), [35, 42.5, 42.5])


def test_open_arms_are_bars_from_opening_to_closing(operating):
    figure = plot_open_arms(with_course(operating, closed=True), colours=COLOURS)
    bars = {bar.get_y(): (bar.get_x(), bar.get_width()) for bar in figure.axes[0].patches}
    assert sorted(bars.values()) == [(0, 9), (0, 9), (5, 4)]
    assert [text.get_text() for text in figure.axes[0].texts] == ["16 patients", "8 patients", "9 patients"]
