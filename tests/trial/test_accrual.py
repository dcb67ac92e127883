import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.trial import Accrual
from sciatrial.trial.accrual import arrival_months


def test_a_constant_rate_brings_patients_evenly():
    np.testing.assert_allclose(arrival_months(Accrual(per_month=4), 9), np.arange(9) / 4)


def test_during_the_ramp_up_the_expected_number_grows_with_the_square_of_time():
    accrual = Accrual(per_month=10, ramp_up_months=6)
    months = arrival_months(accrual, 100)
    expected = np.where(months < 6, 10 * months**2 / 12, 10 * (months - 3))
    np.testing.assert_allclose(expected, np.arange(100), atol=1e-9)
    assert (np.diff(months) > 0).all()


def test_after_the_ramp_up_half_of_it_is_lost():
    late = arrival_months(Accrual(per_month=10, ramp_up_months=6), 100)[-1]
    assert late - arrival_months(Accrual(per_month=10), 100)[-1] == pytest.approx(3)


@pytest.mark.parametrize("words", [{"per_month": 0}, {"per_month": 5, "ramp_up_months": -1}, {}])
def test_a_rate_that_brings_nobody_is_refused(words):
    with pytest.raises(ValidationError):
        Accrual(**words)
