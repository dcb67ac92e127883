import pandas as pd
import pytest
from tests.truth.behaviours.compute import NOT_ASKED, every_behaviour, prototype_results

from sciatrial.parameters import read_behaviours


@pytest.fixture(scope="module")
def computed() -> pd.DataFrame:
    return every_behaviour()


def test_the_committed_table_is_what_the_model_does_now(computed):
    committed = read_behaviours()
    assert committed["behaviour"].tolist() == computed["behaviour"].tolist()
    assert committed["holds"].tolist() == computed["holds"].tolist()
    # figures may move in the last digit from one processor to another: numbers are compared, not text
    told = committed["got"].str.findall(r"-?\d+\.?\d*(?:e[-+]\d+)?").explode().astype(float)
    now = computed["got"].str.findall(r"-?\d+\.?\d*(?:e[-+]\d+)?").explode().astype(float)
    assert ((told - now).abs() <= 0.05 + 0.02 * now.abs()).all()


def test_what_must_be_exact_is_exact(computed):
    exact = computed.set_index("behaviour").loc[
        [
            "Healthy state is a fixed point",
            "States are 0 or more, fractions 1 or less",
            "Cells alive and lost add up to the dose",
            "Lost axons never come back",
            "Saline changes reported pain only",
            "Donor cells, no antibodies: no loss",
        ]
    ]
    assert exact["holds"].all()


def test_what_the_prototype_gave_belongs_to_a_behaviour(computed):
    assert set(prototype_results()) <= set(computed["behaviour"])
    assert read_behaviours()["prototype"].tolist() == computed["prototype"].tolist()
    assert (computed["prototype"] == NOT_ASKED).any()
