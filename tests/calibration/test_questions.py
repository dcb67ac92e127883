"""Questions about cells are simulated beside the published arms, and nothing is observed of them."""

import numpy as np
import pytest
from tests.calibration.small import prior_of_small, small_calibration

from sciatrial.calibration.questions import CARRIER, CELLS, QUESTIONS, SHAM, answers, cell_effects, with_questions
from sciatrial.parameters import CELL_EFFECTS


def test_nothing_is_observed_of_a_question():
    terms = small_calibration().terms
    more = with_questions(terms).rows.iloc[len(terms) :]
    assert more["observed"].isna().all()
    assert set(more["arm_id"]) == {CELLS, CARRIER, SHAM}
    assert set(more["study_id"]) == set(QUESTIONS)


def test_a_likelihood_holds_no_question():
    calibration = small_calibration()
    assert len(calibration.problem.observed) == len(calibration.terms) + len(calibration.facts.rows)
    assert len(calibration.question_emulator.intercept) == len(calibration.asked)


def test_without_any_mechanism_cells_are_their_carrier():
    calibration = small_calibration()
    groups = calibration.space.groups
    present = np.ones((1, len(groups)), dtype=bool)
    none = present.copy()
    none[:, [groups.index(group) for group in CELL_EFFECTS]] = False
    z = np.zeros((1, len(calibration.space.keys)))
    told = [
        cell_effects(calibration.problem, calibration.question_emulator, calibration.asked, z, flags)
        for flags in (none, present)
    ]
    against = [frame[frame["against"] == CARRIER]["difference"].abs().max() for frame in told]
    assert against[0] == 0
    assert against[1] > 0


@pytest.mark.parametrize("against", [CARRIER, SHAM])
def test_answers_come_with_their_interval(against):
    calibration = small_calibration()
    posterior = prior_of_small()
    table = answers(calibration.problem, calibration.question_emulator, calibration.asked, posterior)
    mine = table[table["against"] == against]
    assert (mine["low"] <= mine["median"]).all()
    assert (mine["median"] <= mine["high"]).all()
    assert mine["probability_of_benefit"].between(0, 1).all()
