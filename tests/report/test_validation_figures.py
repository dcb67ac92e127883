"""Pictures of studies that a fit never saw: printed against predicted, and how good that is."""

import numpy as np
import pytest

from sciatrial.calibration import MECHANISM
from sciatrial.report import (
    plot_coverage,
    plot_crps,
    plot_left_out_contrasts,
    plot_left_out_numbers,
    plot_quantile_histogram,
)
from tests.report.conftest import texts
from tests.report.fits import made_validation


@pytest.fixture(scope="module")
def found():
    return made_validation()


def points(ax) -> list[tuple[float, float]]:
    return [pair for line in ax.lines if line.get_marker() == "o" for pair in zip(*line.get_data(), strict=True)]


@pytest.mark.parametrize(
    ("unit", "kinds"), [("points of 100", ("change", "final", "median")), ("percent of patients", ("share",))]
)
def test_every_number_of_a_unit_is_a_point(found, unit, kinds):
    mine = found.predictions[found.predictions["kind"].isin(kinds)]
    drawn = points(plot_left_out_numbers(found.predictions, unit=unit))
    assert np.allclose(sorted(drawn), sorted(zip(mine["mean"], mine["observed"], strict=True)))


def test_differences_are_those_within_a_study(found):
    ax = plot_left_out_contrasts(found.predictions)
    assert points(ax)
    assert "Printed difference, points of 100" in ax.get_ylabel()


def test_causes_have_colours_and_cells_are_filled(found):
    ax = plot_left_out_numbers(found.predictions)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"Herniation", "Discogenic", "Discogenic, cells", "as predicted"} <= set(told)


def test_coverage_of_every_model_and_stratum_has_a_mark(found):
    ax = plot_coverage(found.scores)
    arms = found.scores[(found.scores["what"] == "arms") & (found.scores["n"] > 0)]
    drawn = [value for line in ax.lines if line.get_marker() in tuple("os^Dv") for value in line.get_xdata()]
    assert sorted(drawn) == pytest.approx(sorted(100 * arms["coverage_90"]))


def test_a_stratum_of_few_studies_is_called_untested(found):
    assert "untested" in texts(plot_coverage(found.scores).figure)


def test_the_better_model_stands_left_of_nought(found):
    ax = plot_crps(found.differences, model=MECHANISM)
    drawn = [line.get_xdata() for line in ax.lines if line.get_marker() in tuple("os^Dv")]
    all_arms = found.differences.query("stratum == 'all' and what == 'arms'")["difference"].iloc[0]
    assert all_arms < 0
    assert any(np.isclose(values, all_arms).any() for values in drawn)
    assert "← mechanism is better" in ax.get_xlabel()


def test_the_histogram_is_flat_where_predictions_are_honest(found):
    rows = found.predictions[found.predictions["kind"] != "sd"].reset_index(drop=True)
    rng = np.random.default_rng(1)
    place = rng.random((len(rows), 40)).ravel()
    many = rows.loc[np.repeat(rows.index, 40)].assign(study_id=np.arange(len(place)), kind="change", observed=place)
    many = many.assign(p05=0.05, p25=0.25, p50=0.5, p75=0.75, p95=0.95)
    heights = [bar.get_height() for bar in plot_quantile_histogram(many).patches]
    assert heights == pytest.approx([1.0] * 6, abs=0.25)


def test_what_is_worse_than_predicted_stands_at_the_right(found):
    worse = found.predictions.assign(observed=found.predictions["p95"] + 1)
    worse = worse[worse["kind"] == "change"]
    heights = [bar.get_height() for bar in plot_quantile_histogram(worse).patches]
    assert heights[-1] == pytest.approx(20)
    fewer = found.predictions[found.predictions["kind"] == "share"]
    fewer = fewer.assign(observed=fewer["p05"] - 1)
    heights = [bar.get_height() for bar in plot_quantile_histogram(fewer).patches]
    assert heights[-1] == pytest.approx(20)


def test_a_picture_without_numbers_says_so(found):
    changes = found.predictions[found.predictions["kind"] == "change"]
    assert "no number of this kind" in texts(plot_left_out_numbers(changes, unit="percent of patients").figure)
