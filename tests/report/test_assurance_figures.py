import warnings
from dataclasses import replace

import numpy as np
import pytest

from sciatrial.report import plot_assurance
from sciatrial.report.figures import as_svg
from sciatrial.trial import AssuranceCurve
from tests.report.conftest import marks, texts

GRID = np.linspace(0, 10, 11)
NONE = np.full(11, np.nan)


def curve(why_not="", n=40):
    power = NONE if why_not else GRID / 10
    shown = np.arange(n) % 4 == 0
    return AssuranceCurve(
        "cells vs saline", np.linspace(0, 10, n), shown, GRID, power, power - 0.1, power + 0.1, 0.25, 0.07, why_not
    )


def test_power_stands_above_the_true_benefits_with_its_assurance():
    figure = plot_assurance([curve()], important=6)
    upper, lower = figure.axes
    assert "assurance 25 ± 7.0 %" in texts(figure)
    np.testing.assert_allclose(upper.lines[0].get_ydata(), 100 * GRID / 10)
    heights = sum(patch.get_height() for patch in lower.patches)
    assert heights == 40
    assert sum(list(line.get_xdata()) == [6, 6] for line in upper.lines) == 1


def test_points_are_shares_of_trials_in_groups_that_are_large_enough():
    (points,) = marks(plot_assurance([curve()]).axes[0], "o")
    assert len(points.get_xdata()) == 5
    assert np.mean(points.get_ydata()) == pytest.approx(25)
    assert not marks(plot_assurance([curve(n=7)]).axes[0], "o")


def test_a_curve_that_could_not_be_fitted_says_why():
    assert "no curve: all or none" in texts(plot_assurance([curve("all or none")]))


def test_each_comparison_has_a_column_and_no_trial_draws_nothing():
    figure = plot_assurance([curve(), curve("too few trials", n=0)])
    assert len(figure.axes) == 4
    assert not figure.axes[3].patches


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_long_reason_and_no_success_leave_room_for_the_axes(n):
    long = "the columns separate responders from others: the coefficients of column 0 and column 1 are infinite " * 2
    nothing = replace(curve(long, n=2), shown=np.zeros(2, dtype=bool))
    figure = plot_assurance([nothing] * n, important=15)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "<svg" in as_svg(figure)
    assert figure.axes[0].get_position().width > 0.5 / n
