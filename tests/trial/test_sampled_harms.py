"""Harms drawn patient by patient: as often as their chance says, and the same again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.clinic import hazards, hazards_of
from sciatrial.evidence import read_evidence
from sciatrial.foundation import uniforms
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.trial.patient_harms import days_treated
from sciatrial.trial.sampled_harms import sampled_harms
from tests.trial.conftest import SALINE, small_design

EVIDENCE = read_evidence()
TWICE = SALINE.model_copy(update={"n_doses": 2, "weeks_between_doses": 6.0})


def drawn(trial, seed=9, **changes):
    design = small_design(n_total=240, **changes)
    first, _ = days_treated(design, trial, seed)
    last = np.where(trial.has_stayed[:, -1], 183.0, 0.0)
    return design, *sampled_harms(design, EVIDENCE, trial, seed=seed, first_days=first, last_days=last)


def test_equal_seeds_give_equal_harms_and_another_seed_others(rescued_trial):
    (_, first, _), (_, again, _), (_, other, _) = (drawn(rescued_trial, seed) for seed in (9, 9, 10))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_patients_have_a_harm_as_often_as_its_chance_in_this_world(rescued_trial):
    _, events, _ = drawn(rescued_trial, arms={"cells": TWICE, "saline": TWICE})
    known = hazards(EVIDENCE, rescued_trial.patients.draw)
    hazard = next(item for item, _ in hazards_of(TWICE, known) if item.harm == "minor_complication")
    chance = float(hazard.chance(uniforms(9, f"chance of {hazard.name}", [0])[0]))
    n_stayed = rescued_trial.has_stayed[:, -1].sum()
    # whoever leaves before the first visit is seen on the day of the first procedure alone
    n_chances = 240 + n_stayed
    count = (events["harm"] == "minor_complication").sum()
    assert abs(count - chance * n_chances) < 4 * np.sqrt(n_chances * chance * (1 - chance))
    assert set(events["time"]) == {1, 2}
    assert set(events.query("time == 2")["day"]) == {42.0}


def test_nothing_is_drawn_where_nobody_was_counted_with_it_and_it_is_listed(rescued_trial):
    _, events, missing = drawn(rescued_trial)
    assert not set(zip(events["harm"], events["exposure"], strict=True)) & set(
        zip(missing["harm"], missing["exposure"], strict=True)
    )
    assert ("cells", "tumour") in set(zip(missing["arm"], missing["harm"], strict=True))


def test_nothing_is_seen_of_whoever_has_left(rescued_trial):
    _, events, _ = drawn(rescued_trial, arms={"cells": TWICE, "saline": TWICE})
    gone = ~rescued_trial.has_stayed[:, -1]
    assert (events.loc[gone[events["place"]], "day"] == 0).all()


def test_a_flare_is_the_one_that_the_patient_had(rescued_trial):
    """Flares of the simulation belong to the patient: the same in every arm with that kind of procedure."""
    # at the reference values no procedure sets off a flare
    with_flares = draw_parameters(read_prior(), n_draws=1, seed=1).one(0)
    trial = replace(rescued_trial, patients=replace(rescued_trial.patients, draw_values=with_flares.values))
    _, one, _ = drawn(trial)
    _, other, _ = drawn(trial, arms={"cells": SALINE, "saline": SALINE})
    flares = [set(frame.query("harm == 'pain_flare'")["place"]) for frame in (one, other)]
    assert flares[0] == flares[1]
    share = with_flares.value("procedure_flare_fraction", ("at_root",))
    assert share > 0.05
    assert len(flares[0]) / 240 == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 240))
