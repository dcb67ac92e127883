import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import pooled_imputations


def test_complete_data_is_pooled_to_itself():
    found = pooled_imputations(np.full((1, 5), 2.0), np.full((1, 5), 0.5), degrees_of_freedom=[20.0])
    assert found.estimate[0] == 2.0
    assert found.standard_error[0] == 0.5
    # Barnard and Rubin's factor (ν + 1) / (ν + 3)
    assert found.degrees_of_freedom[0] == pytest.approx(20 * 21 / 23)


def test_further_dims_are_pooled_each_by_itself():
    rng = np.random.default_rng(1)
    estimates, errors = rng.normal(size=(2, 6, 3)), rng.uniform(0.5, 1, (2, 6, 3))
    found = pooled_imputations(estimates, errors, degrees_of_freedom=np.full((2, 3), 40.0))
    alone = pooled_imputations(estimates[1:, :, 2], errors[1:, :, 2], degrees_of_freedom=40.0)
    assert found.low[1, 2] == pytest.approx(alone.low[0], rel=1e-12)
    assert found.reasons == ("", "")


def test_one_imputation_is_refused():
    with pytest.raises(TrialError, match="2 imputations or more"):
        pooled_imputations([[1.0]], [[1.0]])
