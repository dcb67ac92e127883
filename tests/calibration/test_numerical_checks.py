"""Small answers that are known are computed, and a wrong one would show."""

import numpy as np
import pandas as pd
import pytest
from tests.calibration.unseen import prior_as_posterior

from sciatrial.calibration import numerical_checks as module
from sciatrial.calibration.numerical_checks import Known, exact_error, numerical_checks
from sciatrial.calibration.self_check import Fault
from sciatrial.evidence import read_evidence


@pytest.fixture(scope="module")
def found():
    return numerical_checks(prior_as_posterior(), seed=3, n_patients=8).set_index("check")["found"]


def test_every_known_answer_is_computed(found):
    assert list(found.index) == [str(known) for known in (Known.EXACT, *(k for k in Known if k is not Known.EXACT))]


def test_the_same_patients_give_the_same_numbers_to_the_last_bit(found):
    assert found[Known.SAME] == 0


def test_the_tolerance_of_calibrations_costs_less_than_a_tenth_of_a_point_and_more_than_nothing(found):
    assert 0 < found[Known.STEPS] < 0.1


def test_two_ways_to_compute_agree(found):
    assert found[Known.PROCESSORS] < 1e-6


def test_cells_without_any_effect_are_their_carrier(found):
    assert found[Known.CARRIER] < 0.1


def test_a_looser_tolerance_is_further_from_the_exact_course():
    assert exact_error(1e-8) < exact_error(1e-3) < exact_error(1e-1)


def test_another_seed_has_other_patients(found):
    other = numerical_checks(prior_as_posterior(), seed=4, n_patients=8).set_index("check")["found"]
    assert other[Known.STEPS] != found[Known.STEPS]


def test_the_sampler_is_checked_with_as_many_replicates_as_are_asked_for(monkeypatch):
    asked = {}

    def replicates(problem, n_replicates, *, seed, **words):
        asked.update(n_replicates, seed=seed)
        return {Fault.NONE: pd.DataFrame({"a": np.arange(40)})}

    monkeypatch.setattr(module, "sbc_ranks", replicates)
    assert module.sampler_check(read_evidence(), seed=7, n_replicates=40).n_replicates == 40
    assert asked == {Fault.NONE: 40, "seed": 7}
