"""The same people, with the same luck, at every point."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.foundation import Carrier, Score
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior
from sciatrial.population import cohort_named
from sciatrial.sensitivity import Setting, responses, uncertain_inputs

MODEL, PRIOR = sciatica_model(), read_prior()
CELLS = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="allogeneic", dose_million_cells=20,
    route="epidural_transforaminal",
)  # fmt: skip
SETTING = Setting(cohort_named("chronic_radicular"), CELLS, (Score.LEG_PAIN, Score.DISABILITY), (1.0, 3.0), 20, 5)
INPUTS = uncertain_inputs(MODEL, PRIOR, causes=SETTING.cohort.causes, protocol=CELLS)
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


def at(key, share, **others):
    points = np.full((1, len(INPUTS)), 0.5)
    # everything there, unless asked otherwise
    for place, item in enumerate(INPUTS):
        if item.row is None:
            points[0, place] = 1.0
    for name, value in ({key: share} | others).items():
        points[0, [item.key for item in INPUTS].index(name)] = value
    return values(points)[0]


def test_the_spread_between_patients_moves_outcomes():
    assert np.abs(at("patient_spread_factor", 1.0) - at("patient_spread_factor", 0.0)).max() > 0.5


def test_an_effect_is_absent_below_its_share_and_present_above():
    key, effect = "presence.cell_anti_inflammatory", slice(4, 6)  # columns: treated, then effect
    absent, present = at(key, 0.49), at(key, 0.51)
    assert np.array_equal(present, at(key, 1.0))
    assert np.array_equal(absent, at(key, 0.0))
    assert (present[effect] < absent[effect] - 0.5).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("key", ["needle_root_irritation_fraction", "saline.injectate_root_relief_fraction"])
def test_needle_and_fluid_are_not_credited_to_the_cells(key, share):
    """Cells that do nothing have no effect, whatever needle and saline do: the control has both."""
    idle = {item.key: 0.0 for item in INPUTS if item.key.startswith("presence.cell")}
    np.testing.assert_allclose(at(key, share, **idle)[4:], 0, atol=1e-3)  # the solver's tolerance
    assert SETTING.control.intervention == "saline"


def test_another_control_is_another_part(tmp_path):
    values(keep=tmp_path)
    other = CELLS.model_copy(update={"carrier": Carrier.FIBRIN})
    responses(MODEL, PRIOR, replace(SETTING, protocol=other), INPUTS, MIDDLE, keep=tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_a_damaged_part_is_computed_again(tmp_path):
    found = values(keep=tmp_path)
    (part,) = tmp_path.glob("*.npy")
    part.write_bytes(part.read_bytes()[:50])
    np.testing.assert_array_equal(values(keep=tmp_path), found)
    assert not list(tmp_path.glob("*.partial"))
