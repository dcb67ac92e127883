from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from sciatrial.statistics import dunnett_p_value
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.arm_looks import looked_at_arms
from sciatrial.trial.calendar import endpoint_due, known_endpoints
from tests.trial.arms_dropped import CASES, PICK, TRUTHS, People, design_of, known_in_every_arm, simulated


@dataclass(frozen=True)
class Described(People):
    """People whose covariates are known."""

    covariates: pd.DataFrame


NOTHING, ONE = (0.0, 0.0, 0.0), (-40.0, 0.0, 0.0)


def one_trial(case, effects=NOTHING, seed=1):
    design = design_of(case)
    trial = known_in_every_arm(design, seed, effects)
    done, found = looked_at_arms(design, design.multi_arm, [trial], [seed])[0]
    return design, trial, done, found


def test_after_the_look_patients_go_to_the_arms_that_are_left_and_the_size_stays():
    design, before, after, found = one_trial(PICK)
    look = found.looks.loc[found.looks["look"] == 1].iloc[0]
    n = int(look["n_recruited"])
    np.testing.assert_array_equal(after.assigned[:n], before.assigned[:n])
    kept = [place for place, word in enumerate(found.contrasts["decision"]) if word != "dropped"]
    assert set(after.assigned[n:]) == {*kept, 3}
    assert found.contrasts["n_randomised"].iloc[0] == design.size
    later = np.bincount(after.assigned[n:], minlength=4)
    assert abs(later[kept[0]] - later[3]) <= 1


def test_patients_of_a_dropped_arm_are_not_recruited_where_the_study_says_so():
    _, _, _, found = one_trial({"multi_arm": {"most": [1], "freed": "not_recruited"}})
    rows = found.contrasts
    assert rows["n_randomised"].iloc[0] < 120
    assert set(rows.loc[rows["decision"] != "dropped", "patients_arm"]) == {30}


def test_an_arm_that_is_shown_at_the_look_ends_a_trial_that_stops_with_the_first():
    _, _, _, found = one_trial({"multi_arm": {"stop": "first_shown"}}, ONE)
    assert found.contrasts["decision"].tolist() == ["efficacy", "ended", "ended"]
    assert found.contrasts["look"].tolist() == [1, 1, 1]
    assert found.contrasts["adjusted_p_value"].iloc[0] < 0.025


def test_an_arm_below_the_z_stops_for_futility_alone():
    _, _, _, found = one_trial({"multi_arm": {"above_z": [20]}})
    assert found.contrasts["decision"].tolist() == ["futility"] * 3


def test_a_trial_without_selection_has_the_stages_that_the_docs_say():
    design, trial, _, found = one_trial({"multi_arm": {}})
    month = found.looks["month"].iloc[0]
    known, due = known_endpoints(design, trial), endpoint_due(design, trial)
    first = effects_seen(design, [trial], [known & (due <= month)[:, None]])
    second = effects_seen(design, [trial], [known & (due > month)[:, None]])
    np.testing.assert_allclose(found.contrasts["z"], closed_z(design, [first, second]), atol=1e-5)
    assert found.looks["n_arm"].groupby(found.looks["look"]).sum().tolist()[0] == first.n_arm.sum()


def closed_z(design, stages):
    """Return the smallest z of the intersections that hold each arm, stages combined, from Dunnett's p values."""
    n = len(design.compared())
    smallest = np.full(n, np.inf)
    for size in range(1, n + 1):
        for members in map(list, combinations(range(n), size)):
            z = 0.0
            for stage in stages:
                largest = (design.benefit_sign * stage.estimate / stage.standard_error)[0, members].max()
                ratios = (stage.n_arm / stage.n_control)[0, members]
                freedom = float(stage.degrees_of_freedom[0, 0])
                z += np.sqrt(0.5) * -ndtri(dunnett_p_value(largest, ratios.tolist(), degrees_of_freedom=freedom))
            smallest[members] = np.minimum(smallest[members], z)
    return smallest


def test_a_first_look_at_hardly_anybody_leaves_no_interval_out_and_breaks_nothing():
    _, _, _, found = one_trial(PICK | {"n_total": 40, "looks": {"information": [0.2]}})
    rows = found.contrasts.loc[found.contrasts["decision"] == "dropped"]
    assert rows["n_arm"].tolist() == [2, 2]
    assert (rows["repeated_high"] - rows["repeated_low"] > 60 * rows["standard_error"]).all()


def test_who_came_after_an_arm_was_dropped_is_not_followed_for_it():
    design, _, after, found = one_trial(PICK)
    n = int(found.looks.loc[found.looks["look"] == 1, "n_recruited"].iloc[0])
    until = np.bincount(after.assigned[:n], minlength=4)
    known = known_endpoints(design, after) & (np.arange(design.size) < n)[:, None]
    expected = effects_seen(design, [after], [known])
    for place, row in found.contrasts.iterrows():
        if row["decision"] == "dropped":
            assert row["n_overrun"] == until[place] + until[3] - row["n_arm"] - row["n_control"]
            assert row["final_estimate"] == pytest.approx(expected.estimate[0, place])
        else:
            assert row["n_overrun"] == 0


def test_minimisation_goes_on_after_an_arm_was_dropped():
    how = {"method": "minimisation", "strata": ["sex"], "follow_probability": 1.0}
    design = design_of(PICK | {"randomisation": how})
    trial = known_in_every_arm(design_of(PICK), 1, NOTHING)
    is_female = np.random.default_rng(5).uniform(size=design.size) < 0.5
    covariates = pd.DataFrame({"is_female": is_female})
    # before the look, all women of the arms that stay got the control
    arms = np.where(is_female, 3, np.arange(design.size) % 3)
    people = Described(design.size, covariates)
    done, found = looked_at_arms(design, design.multi_arm, [replace(trial, patients=people, assigned=arms)], [1])[0]
    n = int(found.looks.loc[found.looks["look"] == 1, "n_recruited"].iloc[0])
    kept = next(place for place, word in enumerate(found.contrasts["decision"]) if word != "dropped")
    assert set(done.assigned[n:][is_female[n:]]) == {kept}
    assert 3 in done.assigned[n:][~is_female[n:]]


def test_null_trials_that_pick_the_best_show_one_about_as_often_as_is_planned():
    shown, _, kept, covered = simulated(design_of(PICK), NOTHING, 0.0, 40)
    assert shown.any(axis=1).mean() < 0.025 + 3 * np.sqrt(0.025 / 40)
    assert covered.all(axis=1).mean() > 0.87
    assert (kept.sum(axis=1) <= 1).all()


def test_the_long_simulation_covers_drift_and_a_true_effect():
    assert {drift for _, drift in TRUTHS.values()} == {0.0, 20.0}
    assert len(CASES) == 5


def test_a_look_that_never_comes_is_left_out():
    design = design_of(PICK | {"looks": {"information": [0.9]}})
    trial = known_in_every_arm(design, 1, NOTHING)
    seen = trial.is_observed.copy()
    seen[:30, 1] = False
    found = looked_at_arms(design, design.multi_arm, [replace(trial, is_observed=seen)], [1])[0][1]
    assert set(found.looks["look"]) == {2}
    assert found.contrasts["efficacy_z"].tolist() == pytest.approx([1.959964] * 3)
