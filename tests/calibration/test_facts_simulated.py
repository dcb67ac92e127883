from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.calibration import facts_simulated as room
from sciatrial.calibration.facts import fact_terms
from sciatrial.calibration.facts_simulated import forward_facts
from sciatrial.evidence import read_evidence
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw

TERMS = fact_terms(read_evidence())
DRAW = reference_draw(read_prior()).one(0)
RECOVERY = ("sciatica_resolution_3mo", "acute_lbp_sciatica_pain_reduction_1mo")


def predicted(draw=DRAW, seed=3, n_patients=150):
    values = forward_facts(sciatica_model(), TERMS, draw, seed=seed, n_patients=n_patients)
    return dict(zip(TERMS.rows["fact"], values, strict=True))


def with_values(**values):
    return replace(DRAW, values={**DRAW.values, **values})


def test_the_reference_draw_gives_a_finite_number_for_every_fact():
    values = predicted()
    assert all(np.isfinite(value) for value in values.values()), values


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, again, other = predicted(), predicted(), predicted(seed=4)
    assert first == again
    assert first != other


def test_a_fragment_that_calms_down_sooner_brings_more_recovery():
    slow, fast = (predicted(with_values(irritancy_loss_rate=rate), n_patients=400) for rate in (0.025, 0.065))
    assert all(fast[slug] > slow[slug] for slug in RECOVERY)


def test_faster_resorption_shrinks_more_herniations():
    slow, fast = (predicted(with_values(resorption_rate=rate)) for rate in (0.005, 0.06))
    assert fast["resorption_extrusion_2023"] > slow["resorption_extrusion_2023"]


def test_where_nobody_hurts_enough_facts_of_that_scene_are_not_computed():
    weights = [name for name in DRAW.values if "leg_pain_weight" in name]
    values = predicted(with_values(**dict.fromkeys(weights, 1e-6)))
    is_missing = {slug: np.isnan(value) for slug, value in values.items()}
    assert is_missing["median_recovery_time_conservative"]
    assert not is_missing["resorption_extrusion_2023"]


def test_shares_are_held_within_1_and_99_percent():
    values = predicted(with_values(resorption_rate=1e-6, dehydration_rate=0.0), n_patients=400)
    assert values["resorption_protrusion_2023"] == pytest.approx(np.log(0.01 / 0.99))


def a_course(months, scores):
    values = np.zeros((len(scores), len(months), len(room.OUTPUTS)))
    values[:, :, 0] = scores
    numbers = np.arange(len(scores))
    return room._Course(DRAW, 1, numbers, pd.DataFrame({"patient": numbers}), np.array(months), {"waiting": values})


def test_recurrence_counts_those_who_were_bad_then_well_and_can_be_followed_long_enough():
    months = [0.0, 1.0, 2.0, 3.0, 4.0]
    back, stays, never_bad, never_well = [50, 5, 50, 5, 5], [50, 5, 5, 5, 5], [5, 5, 5, 50, 5], [50, 50, 50, 50, 50]
    well_too_late = [50, 50, 50, 50, 5]
    course = a_course(months, [back] * 3 + [stays] * 6 + [never_bad, never_well, well_too_late])
    row = {"arm": "waiting", "score": "leg_pain", "look": "true", "months": 2.0}
    row |= {"threshold": 15, "returns_at": 30, "looks_in_a_row": 1}
    # 3 of 9; with half a patient more on each side
    assert room._share_recurred(course, row) == pytest.approx(100 * 3.5 / 10)


def test_a_share_of_very_few_is_not_computed():
    assert np.isnan(room._percent(np.ones(7, dtype=bool)))
