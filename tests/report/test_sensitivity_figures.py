"""Pictures of what matters, and of where relief comes from."""

import pandas as pd
import pytest

from sciatrial.report import (
    plot_attribution,
    plot_influence,
    plot_interactions,
    plot_modules,
    plot_shares,
    save_picture,
)
from sciatrial.sensitivity import Sensitivity
from sciatrial.trial import Attribution

WHERE = ["quantity", "outcome", "month"]


@pytest.fixture(scope="module")
def found():
    rows = [
        (quantity, "leg_pain", m, f"number_{i}", "pain", 10.0 / i, 0.2, 1.0)
        for quantity in ("treated", "effect")
        for m in (1.0, 3.0)
        for i in range(1, 30)
    ]
    effects = pd.DataFrame(rows, columns=[*WHERE, "input", "module", "mu_star", "mu_star_ci", "sigma"])
    modules = pd.DataFrame(
        [("treated", "leg_pain", m, name, 3.0, 0.1) for m in (1.0, 3.0) for name in ("pain", "disc")],
        columns=[*WHERE, "module", "mu_star", "mu_star_ci"],
    )
    shares = pd.DataFrame(
        [("treated", "leg_pain", 3.0, f"number_{i}", 0.3, 0.1, 0.4, 0.1) for i in range(1, 4)],
        columns=[*WHERE, "input", "first", "first_ci", "total", "total_ci"],
    )
    return Sensitivity("study", "c", "a", "saline", 7, 10, 0.5, 2, 2, 20, effects, modules, shares)


def test_the_most_influential_numbers_are_drawn_and_no_more(found):
    axes = plot_influence(found, quantity="treated", outcome="leg_pain").axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[0] == "Number 1"
    assert len(labels) == 15
    assert {text.get_text() for text in axes.texts} >= {"10.0", "5.0"}


def test_modules_have_a_line_each(found):
    lines = plot_modules(found, quantity="treated", outcome="leg_pain").axes[0].get_lines()
    assert {line.get_label() for line in lines} == {"Pain", "Disc"}


def test_interactions_name_the_largest(found):
    axes = plot_interactions(found, quantity="treated", outcome="leg_pain", month=3.0).axes[0]
    assert "1  Number 1\n2  Number 2" in axes.texts[-1].get_text()


def test_shares_have_two_bars_a_number(found):
    axes = plot_shares(found, quantity="treated", outcome="leg_pain", month=3.0).axes[0]
    assert len(axes.patches) == 6


def test_the_legend_of_shares_covers_no_bar_and_no_interval(found):
    figure = plot_shares(found, quantity="treated", outcome="leg_pain", month=3.0)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1


def test_a_picture_of_the_effect_says_what_the_control_is(found):
    title = plot_influence(found, quantity="effect", outcome="leg_pain").axes[0].get_title(loc="left")
    assert "less its carrier's, saline alone" in title


def test_attribution_has_a_bar_a_part_and_month_and_is_saved(tmp_path):
    shares = pd.DataFrame(
        [
            (d, m, p, -1.0 - d, -1.0, 1.0)
            for d in range(3)
            for m in (1.0, 3.0)
            for p in ("less_inflammation", "context")
        ],
        columns=["draw", "month", "part", "share", "alone", "missing"],
    )
    figure = plot_attribution(Attribution("cells", "leg_pain", 10, shares, pd.DataFrame(), "posterior"))
    assert len(figure.axes[0].patches) == 4
    assert "3 draws; posterior draws, calibrated to published trials" in figure.axes[0].get_title(loc="left")
    assert save_picture(figure, tmp_path / "x.svg").read_text(encoding="utf-8").startswith("<?xml")
