import numpy as np
import pandas as pd
import pytest

from sciatrial.trial import operating_characteristics, simulate_trials
from sciatrial.trial.dose_truth import dose_row, summarise_doses, true_doses, with_doses_between
from sciatrial.trial.truth import Truth
from tests.trial.conftest import small_design
from tests.trial.test_dose_finding import ARMS, ASKED, dose_design


def truth_of(effects):
    """Return the truth of the design with doses between; effects are points of benefit by dose, from the smallest."""
    design = dose_design()
    wide = with_doses_between(design)
    doses = [wide.arms[item.arm].dose_million_cells for item in wide.comparisons]
    by_dose = dict(zip(sorted(set(doses)), effects, strict=True))
    values = -np.array([by_dose[dose] for dose in doses])  # lower pain is better
    return design, Truth(values, np.full(len(values), 0.1), 100)


def test_there_is_a_dose_between_each_two_and_what_is_compared_stays_first():
    design = dose_design()
    wide = with_doses_between(design)
    assert wide.comparisons[:3] == design.compared()
    doses = sorted({wide.arms[item.arm].dose_million_cells for item in wide.comparisons})
    assert doses == pytest.approx([2.5, 5, 10, 20, 2000**0.5, 100])
    plain = small_design()
    assert with_doses_between(plain) is plain


def test_a_dose_between_has_the_volume_between_those_of_its_neighbours():
    volumes = {"low": 1.0, "cells": 2.0, "high": 10.0}
    arms = {arm: protocol.model_copy(update={"volume_ml": volumes.get(arm, 2.0)}) for arm, protocol in ARMS.items()}
    wide = with_doses_between(dose_design(arms=arms))
    found = {arm: (wide.arms[arm].dose_million_cells, wide.arms[arm].volume_ml) for arm in wide.arms if arm not in arms}
    assert list(found) == ["half of low", "between low and cells", "between cells and high"]
    assert found["half of low"] == (2.5, 1.0)
    assert found["between low and cells"] == pytest.approx((10, 1 + 5 / 15))
    assert found["between cells and high"] == pytest.approx((2000**0.5, 2 + 8 * (2000**0.5 - 20) / 80))


def test_the_true_target_lies_straight_between_doses():
    design, truth = truth_of([0, 1, 4, 6, 7, 8])
    found = true_doses(design, truth)
    assert found["true_target"] == pytest.approx(15)
    assert found["true_target_error"] == pytest.approx(0.1 / 0.2)
    assert np.isinf(true_doses(*truth_of([0, 1, 2, 3, 4, 4.9]))["true_target"])


def test_a_named_dose_has_the_true_effect_that_the_draw_gives_it():
    design, truth = truth_of([0, 1, 4, 6, 7, 8])
    row = dose_row(design, pd.DataFrame([{"target_dose": 7.5}]), truth, is_known=True).iloc[0]
    assert row["true_effect_at_target"] == pytest.approx(2.5)
    assert row["largest_true_effect"] == 8
    unknown = dose_row(design, pd.DataFrame([{"target_dose": 7.5}]), truth, is_known=False).iloc[0]
    assert np.isnan(unknown["true_target"])


def test_shares_and_doses_are_counted_over_the_right_trials():
    rows = pd.DataFrame(
        {
            "scenario": "prior", "is_shown": [True, True, False, True], "shape": ["emax", "linear", "", "emax"],
            "target_dose": [10, 40, np.nan, np.inf], "target_low": [5, 10, np.nan, 50],
            "target_high": [30, 60, np.nan, np.inf], "true_target": [20, np.inf, 10, np.inf],
            "true_target_error": [1, np.nan, 1, np.nan], "true_effect_at_target": [3, 6, np.nan, np.nan],
            "relevant_effect": 5.0, "why_not": "",
        }
    )  # fmt: skip
    found = summarise_doses(rows).set_index("quantity")["value"]
    assert found["response_shown"] == 0.75
    assert found["chosen_emax"] == pytest.approx(2 / 3)
    assert found["true_target_exists"] == 0.5
    assert found["named_where_one_exists"] == 0.5
    assert found["named_where_none_exists"] == 0.5
    assert (found["target_bias"], found["target_ratio"]) == (-10, pytest.approx(0.5))
    assert found["target_coverage"] == pytest.approx(2 / 3)  # "beyond the largest dose" was right
    assert found["target_is_enough"] == 0.5
    assert summarise_doses(pd.DataFrame()).empty


def test_simulated_trials_know_their_true_target_and_other_numbers_stay(model, prior, cohort):
    def trials(**changes):
        design = dose_design(n_total=24, **changes)
        return simulate_trials(model, design, prior, cohort, scenario="no_cell_effect", first=0, count=2, seed=3)

    batch = trials(dose_finding=ASKED | {"n_resamples": 100})
    assert np.isinf(batch.doses["true_target"]).all()
    assert batch.doses["largest_true_effect"].abs().max() < 1e-6
    without = trials(dose_finding=None)
    pd.testing.assert_frame_equal(batch.looks, without.looks)
    assert without.doses.empty
    operating = operating_characteristics([batch])
    assert set(operating.dose_summary["scenario"]) == {"no_cell_effect"}
