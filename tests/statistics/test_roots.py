from math import exp

import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics.roots import root_between, root_near


def test_a_root_lies_where_the_sign_changes():
    assert root_between(lambda x: x**3 - 2, 0, 2) == pytest.approx(2 ** (1 / 3), abs=1e-11)


def test_secant_steps_find_a_root_from_a_rough_guess():
    assert root_near(lambda x: exp(x) - 3, 0.5, 2.0, (-5, 5), "x") == pytest.approx(1.0986122886681098, abs=1e-11)


def test_a_guess_that_leads_astray_ends_between_the_limits():
    assert root_near(lambda x: x**3 - 0.001, 4.0, 0.001, (-5, 5), "x") == pytest.approx(0.1, abs=1e-6)


def test_a_number_that_does_not_exist_is_named():
    with pytest.raises(TrialError, match="drift"):
        root_near(lambda x: x**2 + 1, 0.0, 1.0, (-5, 5), "drift")
