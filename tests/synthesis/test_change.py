import numpy as np

from sciatrial.synthesis.change import QUESTIONS, compare_evidence


def test_the_same_tables_change_nothing(evidence):
    changed = compare_evidence(evidence, evidence)
    assert len(changed) == len(QUESTIONS)
    assert (changed["n_studies_before"] == changed["n_studies_after"]).all()
    np.testing.assert_array_equal(changed["effect_before"], changed["effect_after"])


def test_a_new_trial_is_seen_where_it_speaks_and_nowhere_else(evidence, plant):
    changed = compare_evidence(evidence, plant(evidence, "planted1")).set_index(["outcome", "month"])
    row = changed.loc[("leg_pain", 12)]
    assert (row["n_studies_before"], row["n_studies_after"]) == (0, 1)
    assert row["interval_before"] == ""
    assert row["effect_after"] < 0
    assert (changed.drop(index=[("leg_pain", 12), ("pain", 12)])["n_studies_after"]
            == changed.drop(index=[("leg_pain", 12), ("pain", 12)])["n_studies_before"]).all()  # fmt: skip
