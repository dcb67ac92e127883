from math import e, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from sciatrial.statistics import Spending, SpendingKind, spent
from sciatrial.statistics.spending import spending_problems

KINDS = [
    Spending(SpendingKind.O_BRIEN_FLEMING_TYPE),
    Spending(SpendingKind.POCOCK_TYPE),
    Spending(SpendingKind.KIM_DEMETS, 1.5),
    Spending(SpendingKind.HWANG_SHIH_DECANI, -4.0),
    Spending(SpendingKind.HWANG_SHIH_DECANI, 0.0),
    Spending(SpendingKind.HWANG_SHIH_DECANI, 2.0),
]


@pytest.mark.parametrize("spending", KINDS, ids=str)
@given(times=st.lists(st.floats(0.01, 1), min_size=2, max_size=5), total=st.floats(0.001, 0.3))
def test_more_information_never_spends_less_and_all_of_it_spends_everything(spending, times, total):
    found = spent(spending, total, np.append(np.sort(times), 1.0))
    assert np.all(np.diff(found) >= -1e-15)
    assert found[-1] == pytest.approx(total, rel=1e-12)


def test_the_formulae_are_those_of_the_papers():
    time = np.array([0.3])
    assert spent(KINDS[0], 0.025, time)[0] == pytest.approx(2 * norm.sf(norm.isf(0.0125) / 0.3**0.5), rel=1e-12)
    assert spent(KINDS[1], 0.025, time)[0] == pytest.approx(0.025 * log(1 + (e - 1) * 0.3), rel=1e-12)
    assert spent(KINDS[2], 0.025, time)[0] == pytest.approx(0.025 * 0.3**1.5, rel=1e-12)
    assert spent(KINDS[3], 0.025, time)[0] == pytest.approx(0.025 * (1 - e**1.2) / (1 - e**4), rel=1e-12)
    assert spent(KINDS[4], 0.025, time)[0] == pytest.approx(0.0075, rel=1e-12)


def test_information_beyond_the_plan_spends_no_more_than_everything():
    assert spent(KINDS[1], 0.025, np.array([1.3]))[0] == pytest.approx(0.025)


def test_every_problem_of_user_defined_values_is_named():
    values = Spending(SpendingKind.USER, None, (0.02, 0.01, 0.04))
    text = "\n".join(str(problem) for problem in spending_problems(values, "efficacy", 0.025, 4))
    for part in ("3 values for 4 looks", "fall from one look", "0.04 is spent of 0.025"):
        assert part in text


def test_a_function_that_leaves_alpha_unspent_is_refused():
    values = Spending(SpendingKind.USER, None, (0.01, 0.02))
    assert "only 0.02 is spent" in str(spending_problems(values, "efficacy", 0.025, 2)[0])


@pytest.mark.parametrize(
    ("spending", "part"),
    [
        (Spending(SpendingKind.KIM_DEMETS), "gamma None"),
        (Spending(SpendingKind.KIM_DEMETS, -1.0), "-1"),
        (Spending(SpendingKind.POCOCK_TYPE, 1.0), "takes no gamma"),
        (Spending(SpendingKind.POCOCK_TYPE, None, (0.1,)), "takes no values"),
    ],
)
def test_a_wrong_gamma_is_named(spending, part):
    assert part in str(spending_problems(spending, "efficacy", 0.025, 2)[0])
