import dataclasses

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import Assumptions
from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.moderators import regress_effects


@pytest.fixture(scope="module")
def doses(evidence, plant):
    """Return tables with six trials whose effect is -5 at 10 million cells and 10 points more for each tenfold dose."""
    for number, dose in enumerate([1, 5, 10, 40, 100, 200], start=1):
        effect = -5 - 10 * np.log10(dose / 10)
        arm = {"dose_million_cells": float(dose)}
        evidence = plant(evidence, f"planted{number}", cells=-20 + effect, saline=-20.0, n=4000, arm=arm)
    return evidence


def test_a_planted_dose_response_comes_back(doses):
    made = regress_effects(doses, "dose", outcome="leg_pain")
    slope = made.coefficients.set_index("term").loc["tenfold dose, from 10 million"]
    assert slope["estimate"] == pytest.approx(-10, abs=0.2)
    assert made.coefficients["estimate"].iloc[0] == pytest.approx(-5, abs=0.2)


def test_nucleated_cells_are_never_put_on_the_axis_of_expanded_ones(doses, plant):
    mixed = plant(
        doses, "nucleated1", arm={"dose_million_cells": 300.0, "dose_basis": "nucleated", "cell_type": "bmac"}
    )
    made = regress_effects(mixed, "dose", outcome="leg_pain")
    assert "nucleated1" not in set(made.arms["study"])
    assert made.left_out.set_index("study").loc["nucleated1", "reason"] == "another dose basis: nucleated"


def test_two_doses_against_one_control_share_its_error(doses, evidence):
    both = dataclasses.replace(doses)
    made = regress_effects(both, "dose", outcome="pain")
    arms = made.arms[made.arms["study"] == "amirdelfan2021"]
    assert len(arms) == 2
    assert arms["control_variance"].nunique() == 1


def test_two_trials_have_no_answer_and_their_arms_stay_to_be_drawn(evidence):
    made = regress_effects(evidence, "dose")
    assert made.unanswered == "dose: 2 trials, 4 or more are needed"
    assert len(made.arms) == 3


def test_intervals_are_by_the_trials_that_are_left(doses):
    made = regress_effects(doses, "dose", outcome="leg_pain")
    row = made.coefficients.iloc[1]
    half = 2.776445 * np.sqrt(made.covariance[1, 1])
    assert made.df == 4
    assert row["high"] - row["estimate"] == pytest.approx(half, rel=1e-5)


def test_a_moderator_with_one_value_has_no_answer(evidence):
    made = regress_effects(evidence, "route")
    assert made.unanswered == "route: takes one value"
    assert "no answer" in repr(made)


def test_few_trials_are_called_exploratory(doses):
    assert "exploratory" in regress_effects(doses, "dose", outcome="leg_pain").note


def test_cell_types_are_compared_with_the_commonest(doses, plant):
    two = plant(doses, "other1", cells=-60.0, saline=-20.0, n=4000, arm={"cell_type": "ad_msc"})
    made = regress_effects(two, "cell_type", outcome="leg_pain")
    assert list(made.coefficients["term"]) == ["constant", "ad_msc against uc_msc"]
    assert made.coefficients["estimate"].iloc[1] < -15


def test_visits_of_one_arm_are_correlated(evidence, plant):
    once = evidence
    for number in range(1, 5):
        once = plant(once, f"planted{number}", month=6 * number)
    widths = []
    for correlation in (0.0, 0.9):
        twice = once
        for month, shift in ((3, 4.0), (12, -6.0), (24, 2.0)):
            later = plant(evidence, "planted1", month=month, cells=-40 + shift)
            extra = later.outcomes[later.outcomes["study_id"] == "planted1"]
            twice = dataclasses.replace(twice, outcomes=pd.concat([twice.outcomes, extra], ignore_index=True))
        made = regress_effects(
            twice, "month", outcome="leg_pain", assumptions=Assumptions(correlation_over_visits=correlation)
        )
        slope = made.coefficients.iloc[1]
        widths.append(slope["high"] - slope["low"])
    assert widths[1] != pytest.approx(widths[0], rel=0.05)


def test_a_moderator_that_is_none_comes_with_the_nearest(evidence):
    with pytest.raises(EvidenceError, match="cell_type"):
        regress_effects(evidence, "cel_type")
