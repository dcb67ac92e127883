from dataclasses import replace

import numpy as np
import pytest

from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import endpoint_due, known_endpoints
from sciatrial.trial.population_looks import looked_at_populations, needed_patients
from sciatrial.trial.subgroup import members_of
from tests.trial.enriched import CASES, RULE, TRUTHS, design_of, known_trial, looked_at, simulated

NOBODY, ONLY_INSIDE = (0.0, 0.0, 0.0), (-14.0, 4.0, 0.0)
PICK = {"enrichment": RULE | {"most": [1]}}


def one_trial(case, truth=NOBODY, seed=1):
    design = design_of(case)
    before = known_trial(design, seed, truth)
    done, found = looked_at_populations(design, design.enrichment, [before])[0]
    return design, before, done, found.contrasts.set_index("comparison"), found.looks


def selecting(word, truth=ONLY_INSIDE, case=PICK):
    """Return the first trial whose look goes on with what is asked for."""
    for seed in range(1, 40):
        found = one_trial(case, truth, seed)
        if found[3]["selection"].iloc[0] == word:
            return found
    raise AssertionError(f"no trial selects {word}")


def test_after_the_subgroup_is_selected_only_its_patients_are_randomised_and_the_size_stays():
    design, _, done, rows, looks = selecting("subgroup")
    n = int(looks.loc[looks["look"] == 1, "n_recruited"].iloc[0])
    members = members_of(done.people)
    assert members[n:].all()
    assert not members[:n].all()
    assert len(done.assigned) == design.size == rows["n_randomised"].iloc[0]
    assert abs(np.diff(np.bincount(done.assigned[members]))) <= 1


def test_the_others_come_as_slowly_as_the_subgroup_is_rare():
    _, _, done, rows, looks = selecting("subgroup")
    n = int(looks.loc[looks["look"] == 1, "n_recruited"].iloc[0])
    rate = (len(done.assigned) - n) / (done.arrivals.months[-1] - done.arrivals.months[n - 1])
    assert 2 < rate < 7  # of 10 eligible patients a month, some 40 % are in the subgroup
    full, _, whole, _, _ = selecting("full", NOBODY)
    assert done.arrivals.months[-1] > whole.arrivals.months[-1]
    assert len(whole.assigned) == full.size
    assert (rows["months"] == rows["months"].iloc[0]).all()


def test_who_is_assigned_to_which_arm_does_not_depend_on_the_selection():
    _, before, done, _, _ = selecting("subgroup")
    kept = np.isin(before.patients.numbers, done.patients.numbers)
    np.testing.assert_array_equal(before.assigned[kept], done.assigned)


def test_a_fixed_number_of_patients_may_follow_the_selection():
    _, _, done, _, looks = selecting("subgroup", case={"enrichment": RULE | {"most": [1], "n_after": 25}})
    assert len(done.assigned) == looks.loc[looks["look"] == 1, "n_recruited"].iloc[0] + 25


def test_recruitment_ends_with_the_eligible_patients_and_says_so():
    _, _, done, rows, _ = selecting("subgroup", case={"enrichment": RULE | {"most": [1], "most_eligible": 125}})
    assert rows["ran_out"].tolist() == [1.0, 1.0]
    assert len(done.assigned) < 120


def test_stages_share_nobody_and_leave_nobody_of_the_subgroup_out():
    design, before, done, rows, looks = selecting("subgroup")
    month = looks.loc[looks["look"] == 1, "month"].iloc[0]
    inside = members_of(done.people)[:, None]
    known, due = known_endpoints(design, done), endpoint_due(design, done)
    first = effects_seen(design, [done], [known & inside & (due <= month)[:, None]])
    second = effects_seen(design, [done], [known & inside & (due > month)[:, None]])
    part = rows.loc["cells vs control in subgroup"]
    assert first.n_arm[0, 0] + second.n_arm[0, 0] == part["n_arm"]
    combined = np.sqrt(0.5) * first.z[0, 0] + np.sqrt(0.5) * second.z[0, 0]
    # its own hypothesis is one of the two that hold it
    assert part["z"] <= combined + 1e-9
    assert len(before.assigned) > len(done.assigned)


def test_the_full_population_is_adjusted_for_the_subgroup():
    design, _, done, rows, _ = one_trial({"enrichment": RULE, "looks": {"information": []}})
    members = members_of(done.people).astype(np.int64)
    found = effects_seen(design, [done], [known_endpoints(design, done)], [members])
    assert rows["estimate"].iloc[0] == pytest.approx(found.estimate[0, 0])
    plain = effects_seen(design, [done], [known_endpoints(design, done)])
    assert rows["estimate"].iloc[0] != pytest.approx(plain.estimate[0, 0])
    assert rows["selection"].iloc[0] == "no look"


def test_those_outside_who_were_randomised_are_followed_and_stay_in_the_estimate_of_all():
    _, _, done, rows, looks = selecting("subgroup")
    whole = rows.loc["cells vs control"]
    assert whole["decision"] in ("dropped", "futility")
    n = int(looks.loc[looks["look"] == 1, "n_recruited"].iloc[0])
    # everybody who was randomised while all were, and nobody who came after
    assert whole["n_arm"] + whole["n_control"] + whole["n_overrun"] == n
    assert len(done.assigned) > n


def test_a_population_that_is_shown_ends_a_trial_that_stops_with_the_first():
    case = {"enrichment": RULE | {"stop": "first_shown"}}
    _, _, _, rows, _ = one_trial(case, (-40.0, -40.0, 0.0))
    assert set(rows["decision"]) <= {"efficacy", "ended"}
    assert rows["look"].tolist() == [1, 1]
    assert rows["went_for"].iloc[0] == "full"


def test_conditional_power_below_its_threshold_is_futile():
    case = {"enrichment": RULE | {"by": "conditional_power", "above": [0.5]}}
    _, _, _, rows, _ = selecting("stopped", (20.0, 20.0, 0.0), case)
    assert rows["decision"].tolist() == ["futility", "futility"]
    assert rows["went_for"].iloc[0] == "neither"


def test_null_trials_show_a_population_about_as_often_as_is_planned():
    shown, covered, selection, _ = simulated(design_of(PICK), NOBODY, 40)
    assert shown.any(axis=1).mean() < 0.025 + 3 * np.sqrt(0.025 / 40)
    assert covered.all(axis=1).mean() > 0.85
    assert set(selection) <= {"full", "subgroup", "stopped"}


def test_a_look_that_never_comes_is_left_out():
    design = design_of(PICK | {"looks": {"information": [0.9]}})
    trial = known_trial(design, 1, NOBODY)
    seen = trial.is_observed.copy()
    seen[:30, 1] = False
    found = looked_at_populations(design, design.enrichment, [replace(trial, is_observed=seen)])[0][1]
    assert set(found.looks["look"]) == {2}
    assert found.contrasts["selection"].tolist() == ["no look", "no look"]


def test_only_those_of_the_subgroup_follow_the_planned_patients():
    design = design_of(PICK)
    people = known_trial(design, 3, NOBODY).patients
    assert members_of(people.covariates)[120:].all()
    assert len(needed_patients(design, people)) == len(people)


def test_trials_of_different_sizes_are_analysed_side_by_side():
    design = design_of({"enrichment": RULE | {"most": [1], "most_eligible": 150}})
    both = [found.contrasts["estimate"].to_numpy() for _, found in looked_at(design, NOBODY, [1, 2])]
    alone = [looked_at(design, NOBODY, [seed])[0][1].contrasts["estimate"].to_numpy() for seed in (1, 2)]
    np.testing.assert_allclose(both, alone)


def test_the_long_simulation_has_a_truth_where_only_one_population_benefits():
    assert len(CASES) == 4
    assert any(inside == 0 and outside < 0 for inside, outside, _ in TRUTHS.values())


def test_whoever_is_randomised_with_the_subgroup_alone_is_in_a_period_of_their_own():
    _, _, done, _, looks = selecting("subgroup")
    n = int(looks.loc[looks["look"] == 1, "n_recruited"].iloc[0])
    assert done.periods.tolist() == [0] * n + [1] * (len(done.assigned) - n)
    assert selecting("full", NOBODY)[2].periods is None
