from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import endpoint_due, known_endpoints
from sciatrial.trial.new_size import new_size, resized
from tests.trial.sizes_reestimated import CASES, LOOK, design_of, found, invented

SHRINKS = LOOK | {"reestimation": {"kind": "conditional_power", "least": 50, "most": 160}}
ZONE = "promising zone from 20 %, combination"
ORDINARY = "promising zone from 50 %, ordinary statistic"


def test_the_size_grows_in_the_zone_and_stays_elsewhere():
    design = design_of(CASES[ZONE])
    sizes = {z: new_size(design, design.reestimation, z, 40, 60) for z in (0.5, 1.2, 2.5)}
    assert [size.zone for size in sizes.values()] == ["unfavourable", "promising", "favourable"]
    assert [size.patients for size in sizes.values()] == [80, 160, 80]
    assert sizes[1.2].new_conditional_power > sizes[1.2].conditional_power


def test_the_final_statistic_combines_the_stages_with_the_planned_weights():
    design = design_of(CASES[ZONE])
    for seed in range(6):
        trial = invented(design, seed, -8.0)
        cut, mine = resized(design, design.reestimation, [trial])[0]
        row, look = mine.contrasts.iloc[0], mine.looks.iloc[0]
        if row["look"] == 1:
            assert row["z"] == look["z"]
            continue
        known, due = known_endpoints(design, cut), endpoint_due(design, cut)
        late = effects_seen(design, [cut], [known & (due > look["month"])[:, None]])
        assert row["z"] == pytest.approx(np.sqrt(0.5) * look["z"] + np.sqrt(0.5) * late.z[0, 0])
        assert len(cut.assigned) == row["n_randomised"] == row["new_size"]


def test_the_ordinary_statistic_is_that_of_all_patients():
    design = design_of(CASES[ORDINARY])
    cut, mine = resized(design, design.reestimation, [invented(design, 3, -4.0)])[0]
    everybody = effects_seen(design, [cut], [known_endpoints(design, cut)])
    assert mine.contrasts["z"].iloc[0] == pytest.approx(everybody.z[0, 0])


def test_whoever_comes_beyond_the_planned_size_comes_after_the_look():
    design = design_of(CASES[ZONE] | {"accrual": {"per_month": 60}})
    cuts = [resized(design, design.reestimation, [invented(design, seed, -5.0)])[0] for seed in range(12)]
    grown = [(cut, mine) for cut, mine in cuts if len(cut.assigned) > 80]
    assert grown
    for cut, mine in grown:
        assert cut.arrivals.months[80] >= mine.looks["month"].iloc[0] - 1e-9


def test_a_larger_spread_needs_more_patients_arms_unknown():
    # slow enough that few are recruited when the spread is known
    design = design_of(CASES["blinded, for 8 points"] | {"accrual": {"per_month": 2}})
    shown, size, *_ = found(design, 0.0, 40)
    # two-sample formula: 4 × 144 × (1.96 + 0.84)² / 64
    assert size.mean() == pytest.approx(71, abs=6)
    assert shown.mean() < 0.2


def test_a_second_stage_is_never_too_small_to_be_analysed():
    design = design_of(SHRINKS)
    least = new_size(design, design.reestimation, 2.7, 52, 52)
    assert least.patients == 62  # more endpoints than planned at the look, and five of each arm after it
    assert new_size(design, design.reestimation, 2.7, 40, 40).patients == 50


def test_the_new_conditional_power_is_that_of_the_size_with_all_who_were_recruited():
    design = design_of(SHRINKS)
    some, many = (new_size(design, design.reestimation, 1.9, 40, recruited) for recruited in (40, 76))
    assert (some.patients, many.patients) == (73, 76)
    for size in (some, many):
        second = size.patients - 40
        bound, drift = design.bounds().efficacy_z[1], 1.9 / np.sqrt(40)
        power = ndtr((np.sqrt(0.5) * 1.9 + np.sqrt(0.5) * drift * np.sqrt(second) - bound) / np.sqrt(0.5))
        assert size.new_conditional_power == pytest.approx(power)
    assert many.new_conditional_power > some.new_conditional_power


def test_a_second_stage_that_cannot_be_tested_is_told():
    design = design_of(CASES[ZONE])
    trial = invented(design, 1, 0.0)
    _, mine = resized(design, design.reestimation, [trial])[0]
    late = endpoint_due(design, trial) > mine.looks["month"].iloc[0]
    gone = trial.is_observed & ~((trial.assigned == 1) & late)[:, None]
    gone[:, 0] = True
    row = resized(design, design.reestimation, [replace(trial, is_observed=gone)])[0][1].contrasts.iloc[0]
    assert np.isnan(row["z"])
    assert row["decision"] == "ended"
    assert row["why_not"] == "second stage: fewer than two patients with an endpoint value in an arm"


def test_null_trials_show_something_about_as_often_as_is_planned():
    for name in (ZONE, ORDINARY):
        shown, size, *_ = found(design_of(CASES[name]), 0.0, 100)
        assert shown.mean() < 0.025 + 3 * np.sqrt(0.025 / 100)
        assert 80 <= size.max() <= 160
