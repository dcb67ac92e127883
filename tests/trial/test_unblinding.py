import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.foundation import TrialError
from sciatrial.trial import Unblinding, simulate_trials
from sciatrial.trial.conduct import prepared_jobs
from sciatrial.trial.unblinding import CONTEXT
from tests.trial.conftest import CELLS, ROUTE, SALINE, small_design

OWN = Protocol(
    intervention="cell_therapy", cell_type="bm_msc", donor="autologous", dose_million_cells=20, route=ROUTE,
    weeks_until_treatment=0,
)  # fmt: skip


def odds_ratios(model, patients, design, unblinding):
    """Return, for each arm, how blinding that breaks multiplies the odds of each patient's largest context response."""
    column = model.parameter_names.index(CONTEXT)
    jobs = [prepared_jobs(model, design, patients, 3, assigned=None, unblinding=how) for how in (None, unblinding)]
    found = {}
    for before, after in zip(*jobs, strict=True):
        kept = np.delete(np.arange(before.parameters.shape[1]), column)
        np.testing.assert_array_equal(before.parameters[:, kept], after.parameters[:, kept])
        old, new = (job.parameters[:, column] for job in (before, after))
        found[before.arm] = new * (1 - old) / old / (1 - new)
    return found


def test_those_who_learn_respond_otherwise_and_nobody_else_does(model, patients):
    found = odds_ratios(
        model, patients, small_design(), Unblinding(learn={"cells": 0.5, "saline": 0.25}, context_odds_ratio=3)
    )
    for arm, ratio, share in (("cells", 3, 0.5), ("saline", 1 / 3, 0.25)):
        learns = np.isclose(found[arm], ratio)
        assert (learns | np.isclose(found[arm], 1)).all()
        assert learns.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(learns)))
    # who learns the rarer secret learns the other as well
    assert (np.isclose(found["cells"], 3) | np.isclose(found["saline"], 1)).all()


def test_a_harvest_betrays_the_arm_of_own_cells_to_everybody(model, patients):
    found = odds_ratios(model, patients, small_design(arms={"own": OWN, "saline": SALINE}), Unblinding())
    np.testing.assert_allclose(found["own"], 2)
    np.testing.assert_allclose(found["saline"], 1)


def test_unknown_arms_and_a_secret_that_nobody_learns_are_named():
    design = small_design(arms={"cells": CELLS, "saline": SALINE})
    assert [problem.where for problem in Unblinding(learn={"sham": 0.5}).problems(design)] == ["learn.sham"]
    (problem,) = Unblinding().problems(design)
    assert "nobody learns" in problem.found
    assert not Unblinding(learn={"cells": 0.1}).problems(design)


def test_a_scenario_in_which_nobody_learns_is_refused(model, prior, cohort):
    with pytest.raises(TrialError, match="nobody learns"):
        simulate_trials(model, small_design(), prior, cohort, scenario="unblinded_null", first=0, count=1, seed=1)


def test_broken_blinding_makes_a_difference_where_cells_make_none(model, prior, cohort):
    design = small_design(n_total=12, visits_months=(3,), endpoint={"outcome": "leg_pain", "month": 3})
    words = {"first": 0, "count": 3, "seed": 8}
    null, broken = (
        simulate_trials(
            model, design, prior, cohort, scenario=scenario, unblinding=Unblinding(learn={"cells": 1.0}), **words
        ).trials["truth"]
        for scenario in ("no_cell_effect", "unblinded_null")
    )
    assert null.abs().max() < 0.21
    assert (broken < -1).all()
