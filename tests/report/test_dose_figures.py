"""The figure of a dose response is looked at in `test_dose_tables`, beside the words that it goes with."""

from sciatrial.report import plot_dose_response
from tests.report.test_dose_tables import result

__all__ = ["result"]


def test_axes_say_what_and_in_which_unit(result):
    ax = plot_dose_response(result).axes[0]
    assert ax.get_xlabel() == "Million cells"
    assert ax.get_ylabel() == "Benefit over saline, points"
