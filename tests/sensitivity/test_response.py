"""The same people, with the same luck, at every point."""

import numpy as np
import pytest

from sciatrial.calibration import read_prior
from sciatrial.clinic import Protocol
from sciatrial.foundation import Score
from sciatrial.model import sciatica_model
from sciatrial.population import cohort_named
from sciatrial.sensitivity import Setting, responses, uncertain_inputs

MODEL, PRIOR = sciatica_model(), read_prior()
CELLS = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="allogeneic", dose_million_cells=20,
    route="epidural_transforaminal",
)  # fmt: skip
SETTING = Setting(cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN, Score.DISABILITY), (1.0, 3.0), 20, 5)
INPUTS = uncertain_inputs(MODEL, PRIOR, cause=SETTING.cohort.cause, protocol=CELLS)
MIDDLE = np.full((2, len(INPUTS)), 0.5)


def values(points=MIDDLE, **words):
    return responses(MODEL, PRIOR, SETTING, INPUTS, points, **words)


def test_equal_points_have_equal_responses_whatever_the_threads():
    found = values(threads=1)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found, values(threads=2))


def test_columns_are_told_in_the_order_of_the_response():
    assert SETTING.columns[:2] == (("treated", "leg_pain", 1.0), ("treated", "leg_pain", 3.0))
    assert values().shape == (2, len(SETTING.columns))


def test_a_heavier_weight_of_firing_hurts_more():
    points = MIDDLE.copy()
    place = [item.key for item in INPUTS].index("firing_leg_pain_weight")
    points[1, place] = 1.0
    low, high = values(points)
    assert (high[:2] > low[:2]).all()


def test_interrupted_work_goes_on_from_what_is_kept(tmp_path):
    class StopsAtOnce:
        def start(self, label, total):
            pass

        def advance(self, n=1):
            return False

        def finish(self):
            pass

    with pytest.raises(KeyboardInterrupt):
        values(keep=tmp_path, progress=StopsAtOnce())
    assert len(list(tmp_path.glob("*.npy"))) == 1
    np.testing.assert_array_equal(values(keep=tmp_path), values())
