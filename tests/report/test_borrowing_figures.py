from sciatrial.report import plot_control_prior, plot_drift
from tests.report.test_borrowing_tables import FROM_TABLES, drifts, result

__all__ = ["drifts", "result"]


def test_the_prior_stands_above_its_arms_and_the_trials_control(result):
    above, below = plot_control_prior(FROM_TABLES, result).axes
    assert [line.get_label() for line in above.lines] == ["prior", "of which informative"]
    assert [label.get_text() for label in below.get_yticklabels()] == ["old2001, sham", "this trial's control"]


def test_errors_and_power_are_drawn_by_drift_beside_no_borrowing(drifts):
    error, power = plot_drift(drifts).axes
    assert error.get_title(loc="left") == "Type I error, %"
    assert error.lines[0].get_ydata().max() == 100 * drifts["type_one_error"].max()
    assert power.get_ylim() == (0, 100)
