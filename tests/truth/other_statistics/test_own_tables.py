"""Every answer that our own tables give, against metafor: own_tables_expected.csv, written by make_own_tables.R."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.truth.other_statistics.make_own_tables import answers, changes, inputs

from sciatrial.synthesis import COMMON, RANDOM, pool_changes

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(HERE / "own_tables_expected.csv").set_index("case")


@pytest.fixture(scope="module")
def made():
    return answers()


def test_what_r_was_given_is_what_the_tables_give_now(made):
    kept = pd.read_csv(HERE / "own_tables.csv")
    pd.testing.assert_frame_equal(inputs(made), kept, rtol=1e-9, check_dtype=False)


def test_every_answer_is_that_of_metafor(made, expected):
    worst = 0.0
    for name, answer in made.items():
        row, models = expected.loc[name], answer.effects.set_index("model")
        random, common = models.loc[RANDOM], models.loc[COMMON]
        tau2 = random["tau"] ** 2 if len(answer.studies) > 1 else 0.0  # of one trial there is none
        ours = [random["estimate"], random["low"], random["high"], tau2, random["q"],
                common["estimate"], common["low"], common["high"]]  # fmt: skip
        theirs = row[["estimate", "low", "high", "tau2", "q", "common", "common_low", "common_high"]].to_numpy(float)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6, err_msg=name)
        worst = max(worst, float(np.max(np.abs(np.array(ours, dtype=float) - theirs))))
    assert worst < 1e-5


def test_changes_of_arms_are_pooled_as_metafor_does(expected):
    for name, frame in changes().items():
        row, made = expected.loc[name], pool_changes(frame)
        ours = [made.estimate, made.low[0], made.high[0], made.tau2, made.hts_low, made.hts_high]
        theirs = row[["estimate", "low", "high", "tau2", "prediction_low", "prediction_high"]].to_numpy(float)
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5, err_msg=name)


def test_there_are_enough_cases_to_mean_something(expected):
    assert len(expected) > 100
    assert (expected["k"] > 2).sum() >= 5
