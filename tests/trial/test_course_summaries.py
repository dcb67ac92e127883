import numpy as np
import pytest

from sciatrial.trial import (
    allocation_characteristics,
    analysis_characteristics,
    choice_characteristics,
    margin_characteristics,
)
from tests.report.conftest import courses, inside, operating_of, trials
from tests.report.course import with_course, with_margins


def plain_operating():
    return operating_of(trials(), courses(), inside())


def of(frame, **place):
    mine = frame
    for name, value in place.items():
        mine = mine.loc[mine[name] == value]
    return mine.set_index("quantity")


def test_patients_of_an_arm_are_counted_over_periods_with_their_spread():
    found = of(allocation_characteristics(with_course(plain_operating())), scenario="prior", arm="high")
    assert found.loc["patients", "value"] == np.mean([14, 15, 16, 17])
    assert found.loc["spread", "value"] == pytest.approx(np.std([14, 15, 16, 17], ddof=1))
    assert found.loc["share", "value"] == pytest.approx(15.5 / 40)
    assert found.loc["opens", "value"] == 0
    assert found.loc["closes", "value"] == 9


def test_an_arm_opens_when_somebody_can_get_it():
    found = of(allocation_characteristics(with_course(plain_operating(), closed=True)), scenario="prior", arm="high")
    assert (found.loc["opens", "value"], found.loc["closes", "value"]) == (5, 9)


def test_the_best_arm_is_chosen_where_it_has_the_largest_estimate():
    found = choice_characteristics(with_course(plain_operating()))
    drawn = of(found, scenario="prior")
    assert drawn.loc["has_best", "value"] == 1
    assert drawn.loc["chooses_best", "value"] == 0.75  # in the last trial the other arm looks better
    assert drawn.loc["share_on_best", "value"] == pytest.approx(15.5 / 40)
    null = of(found, scenario="no_cell_effect")
    assert null.loc["has_best", "value"] == 0
    assert null.loc["chooses_best", "n_trials"] == 0


def test_other_analyses_are_told_beside_each_other():
    found = of(
        analysis_characteristics(with_course(plain_operating())), scenario="no_cell_effect", comparison="low vs saline",
        analysis="not adjusted for period",
    )  # fmt: skip
    assert found.loc["success", "value"] == 0.5
    assert found.loc["bias", "value"] == -0.25
    assert found.loc["controls", "value"] == 9


def test_margins_have_power_bias_and_coverage():
    found = of(margin_characteristics(with_margins(plain_operating())), scenario="prior", margin="cells")
    assert found.loc["success", "value"] == 0.4
    assert found.loc["rejection", "value"] == 0.6
    assert found.loc["bias", "value"] == 0
    assert found.loc["coverage", "value"] == 1
    assert found.loc["truth_error", "value"] == pytest.approx(0.2)


def test_there_is_nothing_of_other_designs():
    plain = plain_operating()
    assert allocation_characteristics(plain).empty
    assert choice_characteristics(plain).empty
    assert analysis_characteristics(plain).empty
    assert margin_characteristics(plain).empty
