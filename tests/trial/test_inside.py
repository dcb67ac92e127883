import numpy as np
import pytest

from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.trial import INSIDE, allocate
from sciatrial.trial.conduct import conduct
from sciatrial.trial.inside import inside_courses, inside_months
from tests.trial.conftest import SALINE, SHAM, small_design


@pytest.fixture(scope="module")
def course(model, patients, with_rescue):
    return inside_courses(model, with_rescue, [patients], [9])[0]


def test_days_are_close_after_a_dose_and_hold_every_visit():
    months = inside_months(small_design())
    assert set(small_design().visits_months) <= set(months)
    assert months[0] == 0.0
    assert months[1] * DAYS_PER_MONTH < 3
    assert max(months) == 6
    assert list(months) == sorted(months)


def test_every_arm_quantity_and_month_is_told_once(course, with_rescue):
    assert len(course) == 2 * len(INSIDE) * len(inside_months(with_rescue))
    assert not course.duplicated(["arm", "quantity", "month"]).any()
    assert (course["low"] <= course["high"]).all()


def test_donor_cells_are_there_after_the_dose_in_their_arm_only(course):
    cells = course[course["quantity"].isin(["anchored_epidural_cells", "loose_epidural_cells"])]
    total = cells.groupby(["arm", "month"])["mean"].sum()
    assert total["saline"].max() == 0
    assert total["cells", 0.0] == 0  # before the dose of that day
    assert total["cells", 0.07] > 5
    assert total["cells", 6.0] < 1


def test_the_mean_is_that_of_the_patients_in_the_arm(model, patients, with_rescue, course):
    entry = patients.entry_states[allocate(with_rescue, len(patients), 9) == 0]
    place = model.state_names.index("herniated_volume")
    first = course.query("arm == 'cells' and quantity == 'herniated_volume' and month == 0").iloc[0]
    assert first["mean"] == pytest.approx(entry[:, place].mean())
    assert (first["low"], first["high"]) == pytest.approx(tuple(np.quantile(entry[:, place], [0.1, 0.9])))


def test_rescue_shows_inside_when_the_trial_gave_it(model, patients, rescue):
    design = small_design(arms={"one": SALINE, "other": SHAM}, rescue=rescue)
    with_it, without = (
        inside_courses(model, chosen, [patients], [9])[0]
        for chosen in (design, small_design(arms={"one": SALINE, "other": SHAM}))
    )
    rescued = conduct(model, design, [patients], [9])[0].rescued.any()
    assert rescued
    assert (with_it["mean"] - without["mean"]).abs().max() > 1e-4


def test_trials_told_together_are_those_told_alone(model, patients):
    design = small_design()
    together = inside_courses(model, design, [patients, patients], [1, 2])
    assert together[1].equals(inside_courses(model, design, [patients], [2])[0])


def test_no_trials_tell_nothing(model):
    assert inside_courses(model, small_design(), [], []) == []
