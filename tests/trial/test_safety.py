import math

import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.evidence import read_evidence
from sciatrial.parameters import reference_draw
from sciatrial.statistics import patients_to_see
from sciatrial.trial import Safety, boundary_of, harm_stopping_table, safety_sizes
from sciatrial.trial.safety import years_each
from tests.trial.conftest import small_design

STOP = {"event": "serious", "arm": "cells", "acceptable": 0.05, "every": 10}


@pytest.fixture(scope="module")
def sizes(prior):
    def of(**changes):
        return safety_sizes(small_design(n_total=200, **changes), read_evidence(), reference_draw(prior).one(0))

    return of


def test_own_rates_are_of_all_cells_or_of_one_arm(sizes):
    rates = [{"event": "tumour", "share": 0.01}, {"event": "flare", "share": 0.1, "arm": "saline"}]
    rows = sizes(safety={"rates": rates}).set_index("event")
    assert rows.loc["tumour", "arm"] == "all arms with cells"
    assert rows.loc["tumour", "to_see"] == rows.loc["tumour", "randomised"] == 299
    assert rows.loc["tumour", ["to_exclude_with_one", "to_exclude_with_two"]].tolist() == [473, 628]
    assert rows.loc["tumour", "seen"] == pytest.approx(1 - 0.99**100)
    assert rows.loc["tumour", "excluded_by_none"] == pytest.approx(1 - 0.05 ** (1 / 100))
    assert rows.loc["flare", "arm"] == "saline"


def test_harms_with_a_published_count_have_a_row_in_every_arm_that_is_exposed(sizes):
    rows = sizes()
    assert set(rows["rate_from"]) == {"median", "upper_bound"}
    tumour = rows[rows["event"].str.startswith("tumour")]
    assert tumour["arm"].tolist() == ["cells"]
    assert tumour["to_see"].tolist() == [patients_to_see(float(tumour["rate"].iloc[0]))]


def test_dropout_and_follow_up_ask_for_more_patients(sizes):
    rates = [{"event": "tumour", "share": 0.01}, {"event": "nerve", "per_patient_year": 0.01}]
    safety = {"rates": rates, "follow_up_months": 60}
    rows = sizes(safety=safety, dropout_per_year=0.1).set_index("event")
    assert rows.loc["tumour", "randomised"] == math.ceil(299 / 0.9**5)
    # a patient is seen for the integral of 0.9**t over five years
    years = (1 - 0.9**5) / -math.log(0.9)
    assert rows.loc["nerve", "to_see"] == math.ceil(-math.log(0.05) / 0.01 / years)
    assert rows.loc["nerve", "to_see_5_years"] == rows.loc["nerve", "to_see"]
    assert rows.loc["nerve", "to_see_1_year"] > rows.loc["nerve", "to_see_2_years"] > rows.loc["nerve", "to_see"]


def test_years_each_are_the_mean_time_of_simulated_patients():
    design = small_design(dropout_per_year=0.3)
    leaves = np.random.default_rng(1).exponential(1 / -math.log(0.7), 200_000)
    assert years_each(design, 36) == pytest.approx(np.minimum(leaves, 3).mean(), rel=0.01)
    assert years_each(small_design(), 36) == 3


@pytest.mark.parametrize(("confidence", "n"), [(0.8, 161), (0.99, 459)])
def test_the_confidence_is_the_one_that_is_asked_for(sizes, confidence, n):
    rows = sizes(safety={"rates": [{"event": "x", "share": 0.01}], "confidence": confidence}).set_index("event")
    assert rows.loc["x", "to_see"] == n


def test_the_boundary_is_of_the_arm_and_ends_with_its_last_patient():
    design = small_design(n_total=90, allocation={"cells": 2, "saline": 1}, safety={"stopping": STOP | {"every": 25}})
    assert boundary_of(design).patients == (25, 50, 60)
    table = harm_stopping_table(design)
    assert table["share"].tolist() == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.15, 0.2])
    assert table["stops"].is_monotonic_increasing
    assert table.set_index("share").loc[0.05, "stops"] <= 0.05
    bayes = small_design(n_total=90, safety={"stopping": STOP | {"rule": "beta_binomial", "threshold": 0.9}})
    assert "Beta(0.5, 0.5)" in bayes.safety.stopping.in_words()
    assert boundary_of(bayes).fewest_events != boundary_of(small_design(n_total=90, safety={"stopping": STOP}))


@pytest.mark.parametrize(
    ("counts", "has_flares", "has_chances"),
    [
        (["pain_flare"], True, False),
        (["infection"], False, True),
        (["pain_flare of into_the_disc", "death"], True, True),
    ],
)
def test_the_words_say_where_the_counted_harms_come_from(counts, has_flares, has_chances):
    stop = STOP | {"counts": counts}
    told = small_design(accrual={"per_month": 5}, safety={"stopping": stop}).safety.stopping.followed_in_words()
    assert ("flares are those that patients have in the simulation" in told) == has_flares
    assert ("what published counts leave open" in told) == has_chances


def test_without_a_boundary_there_is_no_table():
    assert boundary_of(small_design()) is None
    assert harm_stopping_table(small_design(safety={})).empty


@pytest.mark.parametrize(
    ("safety", "told"),
    [
        ({"rates": [{"event": "x"}]}, "give one of them"),
        ({"rates": [{"event": "x", "share": 0.1, "per_patient_year": 0.1}]}, "give one of them"),
        ({"rates": [{"event": "x", "share": 0.1, "arm": "sham"}]}, "safety.rates.0.arm: 'sham' is not an arm"),
        ({"stopping": STOP | {"arm": "sham"}}, "safety.stopping.arm: 'sham' is not an arm"),
        ({"stopping": STOP | {"threshold": 0.9}}, "threshold: has no meaning with rule pocock"),
        ({"stopping": STOP | {"rule": "beta_binomial", "alpha": 0.1}}, "alpha: has no meaning with rule beta_binomial"),
        ({"follow_up_months": 61}, "less than or equal to 60"),
        ({"rates": [{"event": "x", "share": 1e-12}]}, "greater than or equal to 0.000001"),
    ],
)
def test_what_does_not_fit_is_named(safety, told):
    with pytest.raises(ValidationError, match=told):
        small_design(safety=safety)


def test_an_arm_too_large_for_an_exact_boundary_is_named():
    assert small_design(safety={"stopping": STOP}, n_total=10_000).size == 10_000
    with pytest.raises(ValidationError, match=r"safety\.stopping\.arm: the arm has 5001 patients; 5000 or fewer"):
        small_design(safety={"stopping": STOP}, n_total=10_002)


def test_confidence_is_95_percent_when_left_out():
    assert Safety().confidence == 0.95
