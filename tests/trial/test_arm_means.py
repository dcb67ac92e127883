import numpy as np
import pytest

from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.arm_means import adjusted_means
from sciatrial.trial.calendar import known_endpoints
from tests.trial.conftest import invented_trial, one_visit, scored
from tests.trial.test_dose_finding import dose_design


@pytest.mark.parametrize("analysis", ["ancova", "mmrm"])
def test_differences_of_means_are_the_comparisons_of_the_design(analysis):
    design = dose_design(analysis=analysis, dropout_per_year=0.2)
    trial = invented_trial(design, 3, effect=-5)
    arms = ("saline", "low", "cells", "high")
    found = adjusted_means(design, trial, arms)
    effects = effects_seen(design, [trial], [known_endpoints(design, trial)])
    for place, item in enumerate(design.compared()):
        arm = arms.index(item.arm)
        assert found.mean[arm] - found.mean[0] == pytest.approx(effects.estimate[0, place])
        spread = found.covariance
        variance = spread[arm, arm] + spread[0, 0] - 2 * spread[arm, 0]
        assert np.sqrt(variance) == pytest.approx(effects.standard_error[0, place])
    assert found.degrees_of_freedom == pytest.approx(effects.degrees_of_freedom.min())
    assert np.sqrt(np.diagonal(found.covariance)) == pytest.approx(1.6, abs=0.6)


def test_means_are_those_of_a_regression_at_the_mean_baseline():
    generator = np.random.default_rng(2)
    assigned, baseline = np.tile([0, 1], 20), generator.normal(60, 10, 40)
    trial = scored(assigned, baseline, 0.5 * baseline + 4 * assigned + generator.normal(0, 3, 40))
    found = adjusted_means(one_visit(n_total=40), trial, ("saline", "cells"))
    columns = np.stack([assigned == 1, assigned == 0, baseline - baseline.mean()], axis=1).astype(float)
    change = trial.scores[:, 1, 0] - baseline
    own, rest, *_ = np.linalg.lstsq(columns, change, rcond=None)
    covariance = rest[0] / 37 * np.linalg.inv(columns.T @ columns)
    assert found.mean == pytest.approx(own[:2])
    assert found.covariance == pytest.approx(covariance[:2, :2])
    assert found.n.tolist() == [20, 20]


def test_an_arm_that_lost_everybody_leaves_no_means():
    trial = scored([0, 0, 0, 1, 1, 1], [60] * 6, [40] * 6, observed=[1, 1, 1, 0, 0, 1])
    found = adjusted_means(one_visit(n_total=6), trial, ("saline", "cells"))
    assert found.why_not == "fewer than two patients with an endpoint value in an arm"
    assert np.isnan(found.mean).all()
