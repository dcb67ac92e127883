import pandas as pd

from sciatrial.trial.size_quantities import size_quantities
from tests.trial.adaptive import operating_of, size_design


def test_size_and_success_are_told_by_zone():
    group = pd.DataFrame(
        {
            "zone": ["promising", "promising", "favourable"], "n_randomised": [80, 60, 40], "planned_patients": 40.0,
            "decision": ["efficacy", "ended", "efficacy"], "new_conditional_power": [0.8, 0.8, 0.9],
        }
    )  # fmt: skip
    told = {name: value for name, value, *_ in size_quantities(group)}
    assert told["size_50"] == 60
    assert (told["size_grew"], told["zone promising"]) == (2 / 3, 2 / 3)
    assert (told["success in promising"], told["success in favourable"]) == (0.5, 1.0)


def test_designs_that_keep_their_size_have_none():
    assert size_quantities(pd.DataFrame({"decision": ["ended"]})) == []


def test_many_simulated_trials_tell_the_size():
    summary = operating_of(size_design).summary
    sizes = summary.loc[summary["quantity"] == "size_90", "value"]
    assert ((sizes >= 40) & (sizes <= 80)).all()
