"""A result tells its largest effects first."""

from dataclasses import replace

import pandas as pd

from sciatrial.sensitivity import Sensitivity


def made(effects):
    return Sensitivity("study", "c", "a", "sham", 7, 10, 0.5, 2, 2, 20, effects, pd.DataFrame(), pd.DataFrame())


def test_the_effect_says_what_it_is_compared_with():
    found = made(pd.DataFrame({"input": ["one"]}))
    assert found.in_words("treated") == "the arm's mean"
    assert "sham" in found.in_words("effect")
    other = replace(found, control="hyaluronic_acid")
    assert "carrier's, hyaluronic acid alone" in other.in_words("effect")
    assert other.in_words("effect") in repr(other)


def test_the_table_and_the_top_put_the_largest_first():
    rows = [
        ("treated", "leg_pain", month, name, "pain", size, 0.1, 0.1)
        for month in (1.0, 3.0)
        for name, size in (("small", 1.0), ("large", 5.0), ("middle", 2.0))
    ]
    columns = ["quantity", "outcome", "month", "input", "module", "mu_star", "mu_star_ci", "sigma"]
    effects = pd.DataFrame(rows, columns=columns)
    found = made(effects)
    assert found.top("treated", "leg_pain", 3.0, n=2)["input"].to_list() == ["large", "middle"]
    assert found.table()["input"].to_list() == ["large", "middle", "small"] * 2
    assert "3 numbers" in repr(found)
