import numpy as np
import pandas as pd
import pytest

from sciatrial.report import plot_sizes
from sciatrial.trial import SizeSearch

CURVE = pd.DataFrame(
    {
        "n_total": [40, 60, 80],
        "success": [0.5, 0.7, 0.85],
        "monte_carlo_se": [0.02, 0.02, 0.02],
        "expected_patients": [40.0, 60.0, 80.0],
        "n_trials": [500, 500, 500],
    }
)


def found(n_total, n_draws, ceiling):
    low, high = (None, None) if n_total is None else (70, 78)
    return SizeSearch("cells vs sham", 0.8, n_total, low, high, n_draws, 0, ceiling, 0.2, CURVE)


@pytest.mark.parametrize(("n_draws", "word"), [(1, "power"), (30, "assurance")])
def test_the_curve_and_its_target_are_drawn(n_draws, word):
    figure = plot_sizes(found(76, n_draws, None))
    lines = figure.axes[0].lines
    np.testing.assert_allclose(lines[0].get_ydata(), [50, 70, 85])
    np.testing.assert_allclose(lines[1].get_ydata(), 80)
    assert figure.axes[0].get_ylabel() == f"{word.capitalize()}, %"
    assert "76 patients" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_target_that_is_not_reached_has_no_size():
    told = [text.get_text() for text in plot_sizes(found(None, 30, 0.8)).legends[0].get_texts()]
    assert "draws in which the arm is better, 80%" in told
    assert not [text for text in told if "patients" in text]
