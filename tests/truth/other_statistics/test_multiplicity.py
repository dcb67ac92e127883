"""Adjusted p values equal those of R's p.adjust (`multiplicity.json`) and of graphicalMCP's documentation."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import Adjustment, AlphaGraph, adjusted_p_values, graph_adjusted_p_values

TOLD = json.loads((Path(__file__).parent / "multiplicity.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("adjustment", list(Adjustment))
def test_adjusted_p_values_equal_those_of_p_adjust(adjustment):
    for told in TOLD["families"]:
        np.testing.assert_allclose(adjusted_p_values(told["p"], adjustment), told[adjustment], rtol=1e-12)


def test_two_doses_with_secondary_endpoints():
    # graphicalMCP (Apache-2.0), article on closed testing: two primary, four secondary hypotheses, epsilon edges
    small = 1e-5
    graph = AlphaGraph(
        (0.5, 0.5, 0, 0, 0, 0),
        (
            (0, 0.5, 0.25, 0, 0.25, 0),
            (0.5, 0, 0, 0.25, 0, 0.25),
            (0, 0, 0, 0, 1, 0),
            (small, 0, 0, 0, 0, 1 - small),
            (0, small, 1 - small, 0, 0, 0),
            (0, 0, 0, 1, 0, 0),
        ),
    )
    found = graph_adjusted_p_values([0.015, 0.013, 0.01, 0.007, 0.1, 0.0124], graph)
    np.testing.assert_allclose(found, [0.026, 0.026, 0.028, 0.028, 0.1, 0.028], atol=5e-7)
