import numpy as np
import pandas as pd
import pytest

from sciatrial.trial import family_quantities
from sciatrial.trial.arm_quantities import arm_quantities
from tests.trial.adaptive import arms_design, operating_of, together_design


class Operating:
    def __init__(self, trials):
        self.trials = trials


def rows(**columns):
    start = {"scenario": "prior", "why_not": "", "benefit_sign": -1.0, "comparison": ["a", "b"] * 2}
    start["trial"] = [0, 0, 1, 1]
    return pd.DataFrame(start | columns)


def test_a_comparison_without_benefit_that_is_shown_is_the_familywise_error():
    trials = rows(
        decision=["efficacy", "efficacy", "efficacy", "dropped"], has_no_benefit=[0.0, 1.0, 0.0, 0.0],
        truth=[-5.0, 0.0, -5.0, -9.0],
    )  # fmt: skip
    told = family_quantities(Operating(trials)).set_index("quantity")["value"]
    assert told["familywise_error"] == 0.5
    assert (told["any_shown"], told["all_shown"], told["best_shown"], told["best_kept"]) == (1.0, 0.5, 0.5, 0.5)


def test_designs_that_test_each_comparison_alone_have_no_family():
    assert family_quantities(Operating(rows(decision="ended"))).empty
    assert arm_quantities(rows(decision="ended")) == []


def test_estimates_of_arms_that_are_kept_and_shown_are_told_apart():
    group = pd.DataFrame(
        {
            "decision": ["efficacy", "ended", "dropped"], "estimate": [-9.0, -5.0, 1.0], "truth": [-4.0, -4.0, -4.0],
            "repeated_low": [-15.0, -9.0, np.nan], "repeated_high": [-5.0, 2.0, np.nan], "patients_arm": [30, 30, 10],
            "patients_control": [30, 30, 30],
        }
    )  # fmt: skip
    told = {name: value for name, value, *_ in arm_quantities(group)}
    assert told["dropped"] == pytest.approx(1 / 3)
    assert (told["bias_if_kept"], told["bias_if_shown"], told["simultaneous_coverage"]) == (-3.0, -5.0, 0.5)


def test_many_simulated_trials_tell_the_family_and_each_arm():
    operating = operating_of(arms_design)
    assert set(family_quantities(operating)["scenario"]) == {"optimistic", "no_cell_effect"}
    assert {"dropped", "kept", "bias_if_kept"} <= set(operating.summary["quantity"])
    assert (operating.trials.loc[operating.trials["scenario"] == "no_cell_effect", "has_no_benefit"] == 1).all()


def test_comparisons_tested_together_without_looks_have_a_family_too():
    operating = operating_of(holm)
    assert not family_quantities(operating).empty
    assert "kept" not in set(operating.summary["quantity"])


def holm():
    return together_design("holm")
