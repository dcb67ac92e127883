import numpy as np
import pytest

from sciatrial.trial import TrueEffect
from sciatrial.trial.decisions import true_effects
from sciatrial.trial.truth import Truth
from tests.trial.conftest import small_design


def of(value, error, **changes):
    design = small_design(**{"minimal_important_change": 10, **changes})
    return true_effects(design, Truth(np.array([value]), np.array([error]), 100))[0]


@pytest.mark.parametrize(
    ("value", "kind"),
    [(-10.1, "matters"), (-10.0, "between"), (-1.01, "between"), (-0.99, "none"), (0.0, "none"), (20.0, "none")],
)
def test_a_fall_of_pain_is_a_benefit_that_matters_or_not_or_is_none(value, kind):
    assert of(value, 0.5) == kind


def test_a_rise_of_quality_of_life_is_a_benefit():
    better = {"endpoint": {"outcome": "quality_of_life", "month": 6}, "minimal_important_change": 0.05}
    assert of(0.06, 0.001, **better) is TrueEffect.MATTERS
    assert of(-0.06, 0.001, **better) is TrueEffect.NONE


def test_without_an_important_change_or_a_truth_nothing_is_told():
    assert of(-20.0, 0.5, minimal_important_change=None) is TrueEffect.UNKNOWN
    assert of(np.nan, np.nan) is TrueEffect.UNKNOWN
