"""A result tells its largest effects first."""

import pandas as pd

from sciatrial.sensitivity import Sensitivity


def test_the_table_and_the_top_put_the_largest_first():
    rows = [
        ("treated", "leg_pain", month, name, "pain", size, 0.1, 0.1)
        for month in (1.0, 3.0)
        for name, size in (("small", 1.0), ("large", 5.0), ("middle", 2.0))
    ]
    columns = ["quantity", "outcome", "month", "input", "module", "mu_star", "mu_star_ci", "sigma"]
    effects = pd.DataFrame(rows, columns=columns)
    found = Sensitivity("c", "a", 10, 20, effects, pd.DataFrame(), pd.DataFrame())
    assert found.top("treated", "leg_pain", 3.0, n=2)["input"].to_list() == ["large", "middle"]
    assert found.table()["input"].to_list() == ["large", "middle", "small"] * 2
    assert "3 numbers" in repr(found)
