import numpy as np
import pandas as pd
import pytest

from sciatrial.statistics import dunnett_p_value
from sciatrial.trial.monitoring import Monitored
from sciatrial.trial.together import shown_together
from tests.trial.adaptive import together_design


def monitored(t, p):
    n = len(t)
    contrasts = pd.DataFrame(
        {
            "comparison": ["cells vs saline", "more vs saline"][:n], "estimate": -np.array(t), "standard_error": 1.0,
            "degrees_of_freedom": 40.0, "p_value": p, "z": t, "n_arm": 16, "n_control": 16, "decision": "ended",
            "efficacy_z": 1.96,
        }
    )  # fmt: skip
    looks = pd.DataFrame({"comparison": contrasts["comparison"], "decision": "ended", "efficacy_z": 1.96})
    return Monitored(contrasts, looks)


def test_a_comparison_is_shown_by_its_adjusted_p_value():
    design = together_design("holm")
    found = shown_together(design, design.multiplicity, monitored([2.5, 2.1], [0.01, 0.02]))
    assert found.contrasts["adjusted_p_value"].tolist() == [0.02, 0.02]
    assert found.contrasts["decision"].tolist() == found.looks["decision"].tolist() == ["efficacy", "efficacy"]
    assert found.contrasts["efficacy_z"].isna().all()
    found = shown_together(design, design.multiplicity, monitored([2.2, 2.1], [0.015, 0.02]))
    assert found.contrasts["decision"].tolist() == ["ended", "ended"]


def test_dunnetts_closed_test_steps_down():
    design = together_design("dunnett")
    found = shown_together(design, design.multiplicity, monitored([2.6, 1.0], [0.0065, 0.16]))
    both = dunnett_p_value(2.6, [1.0, 1.0], degrees_of_freedom=40)
    assert found.contrasts["adjusted_p_value"].iloc[0] == pytest.approx(float(both), abs=1e-6)
    assert found.contrasts["adjusted_p_value"].iloc[1] == pytest.approx(0.1617, abs=1e-3)  # Student's, 40 degrees


def test_a_comparison_that_cannot_be_estimated_is_not_shown():
    design = together_design("dunnett")
    found = shown_together(design, design.multiplicity, monitored([np.nan, 2.6], [np.nan, 0.0065]))
    assert found.contrasts["decision"].tolist() == ["ended", "efficacy"]
