"""Pictures of a calibration: every number has its mark, every axis its unit."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from sciatrial.report import (
    plot_cell_answers,
    plot_contraction,
    plot_effect_probabilities,
    plot_predicted,
    plot_without_trial,
    predicted_panels,
)
from sciatrial.report.calibration_tables import numbers_of
from sciatrial.report.figures import as_svg
from tests.calibration.small import small_fit
from tests.report.conftest import marks, texts
from tests.report.fits import made_validation


@pytest.fixture(scope="module")
def fit():
    return small_fit()


@pytest.fixture(scope="module")
def panels(fit):
    return predicted_panels(numbers_of(fit))


def test_every_printed_number_is_on_one_panel(fit, panels):
    assert sum(map(len, panels)) == len(fit.calibration.terms.rows)


def test_a_panel_holds_one_cause_score_and_unit(panels):
    for panel in panels:
        assert len(panel[["cause", "score", "unit"]].drop_duplicates()) == 1


def test_a_long_panel_is_parted_between_studies(fit):
    numbers = numbers_of(fit)
    one = numbers[numbers["kind"] == "change"].head(1)
    many = [one.assign(study_id=f"study{k:02d}") for k in range(30) for _ in range(3)]
    made = predicted_panels(pd.concat(many, ignore_index=True))
    assert len(made) > 1
    assert sum(map(len, made)) == 90
    assert not set(made[0]["study_id"]) & set(made[1]["study_id"])


def test_what_was_printed_stands_where_it_was_printed(panels):
    panel = panels[0]
    ax = plot_predicted(panel)
    assert [line.get_xdata()[0] for line in marks(ax, "D")] == panel["observed"].tolist()


def test_what_did_not_count_is_hollow(panels):
    panel = panels[0].assign(is_alone=[True] + [False] * (len(panels[0]) - 1))
    faces = [line.get_markerfacecolor() for line in marks(plot_predicted(panel), "D")]
    assert faces[0] == "white"
    assert "white" not in faces[1:]


def test_each_study_is_named_once(panels):
    panel = max(panels, key=len)
    names = [label.get_text() for label in plot_predicted(panel).get_yticklabels()]
    assert sum(" · " in name for name in names) == panel["study_id"].nunique()


def test_axes_of_predictions_tell_their_unit(panels):
    for panel in panels:
        assert plot_predicted(panel).get_xlabel().lower() == panel["unit"].iloc[0]


def test_the_numbers_that_were_learned_come_first(fit):
    ax = plot_contraction(fit.posterior, most=5)
    table = fit.posterior.parameters.nlargest(5, "contraction")
    told = [label.get_text() for label in ax.get_yticklabels()]
    assert [f"({value:.2f})" in text for value, text in zip(table["contraction"], told, strict=True)] == [True] * 5
    assert "Prior standard deviations" in ax.get_xlabel()


def test_an_effect_that_is_never_there_has_no_interval_and_no_fault(fit):
    posterior = replace(fit.posterior, included=np.zeros_like(fit.posterior.included))
    as_svg(plot_contraction(posterior).figure)


def test_each_effect_has_a_mark_before_and_after_and_none_at_all_is_told(fit):
    ax = plot_effect_probabilities(fit.posterior)
    assert len(marks(ax, "o")) == 2 * (len(fit.posterior.groups) + 1)
    assert ax.get_yticklabels()[0].get_text() == "No effect of cells at all"


@pytest.mark.parametrize("against", ["carrier", "sham"])
def test_every_fit_is_drawn_at_every_month(fit, against):
    question = str(fit.cells["question"].iloc[0])
    ax = plot_cell_answers(fit.cells, question=question, against=against)
    mine = fit.cells[(fit.cells["question"] == question) & (fit.cells["against"] == against)]
    drawn = [value for line in ax.lines if line.get_marker() in "os^D" for value in line.get_ydata()]
    assert sorted(drawn) == pytest.approx(sorted(mine["median"]))
    assert "points of 100" in ax.get_ylabel()


def test_all_studies_stand_above_each_trial_left_out():
    left = made_validation().without_trial
    ax = plot_without_trial(left, question=str(left["question"].iloc[0]))
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "All studies", "without amirdelfan2021", "without noriega2017",
    ]  # fmt: skip
    assert "−1.0 (−4.0 to 2.0)" in texts(ax.figure)


def test_given_axes_are_drawn_into(fit, panels):
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert plot_predicted(panels[0], left) is left
    assert plot_effect_probabilities(fit.posterior, right) is right


def test_matplotlib_keeps_its_settings(fit):
    before = dict(mpl.rcParams)
    plot_contraction(fit.posterior)
    assert dict(mpl.rcParams) == before
