import numpy as np
import pytest
from scipy.stats import norm, t

from sciatrial.foundation import TrialError
from sciatrial.trial import planned_contrasts, planned_critical_value, planned_dose_power
from tests.trial.conftest import small_design
from tests.trial.test_dose_finding import ASKED, dose_design


def test_contrasts_sum_to_zero_and_rise_with_the_dose():
    weights = planned_contrasts(dose_design()).iloc[0]
    assert list(weights.index) == ["candidate", "saline", "low", "cells", "high"]
    assert weights[1:].sum() == pytest.approx(0)
    assert (np.diff(weights[1:].to_numpy(dtype=float)) > 0).all()


def test_one_shape_is_tested_as_one_contrast():
    design = dose_design(n_total=400)
    assert planned_critical_value(design) == pytest.approx(t.isf(0.025, 400 - 5))
    power = planned_dose_power(design, (0.5,)).iloc[0]
    weights = planned_contrasts(design).iloc[0, 1:].to_numpy(dtype=float)
    shift = weights @ (0.5 * np.array([0, 5, 20, 100]) / 100) / np.sqrt(1 / 100)
    assert power["power"] == pytest.approx(norm.sf(norm.isf(0.025) - shift), abs=0.01)


def test_dropout_costs_power_and_more_shapes_raise_the_critical_value():
    assert (
        planned_dose_power(dose_design(dropout_per_year=0.5))["power"] < planned_dose_power(dose_design())["power"]
    ).all()
    more = dose_design(dose_finding=ASKED | {"candidates": [{"shape": "linear"}, {"shape": "emax", "half_dose": 5}]})
    assert planned_critical_value(more) > planned_critical_value(dose_design())


def test_a_design_without_doses_has_no_such_plan():
    with pytest.raises(TrialError, match="dose_finding: is missing"):
        planned_contrasts(small_design())
