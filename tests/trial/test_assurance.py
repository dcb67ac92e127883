from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from sciatrial.clinic import Protocol
from sciatrial.foundation import TrialError, derived_seed
from sciatrial.population import sample_patients
from sciatrial.trial import assurance_curve, assurance_parts, draws_for, operating_characteristics, trial_seed
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import first_patients
from sciatrial.trial.truth import differences
from tests.trial.conftest import CELLS, small_design
from tests.trial.test_operating import batch_of
from tests.trial.test_summaries import FIVE, trials_of

N = 4000


def simulated(truth, shown, **changes):
    """Return operating characteristics of trials whose truth and finding are given."""
    rows = trials_of([FIVE[0]] * len(truth)).assign(truth=truth, decision=np.where(shown, "efficacy", "ended"))
    return operating_characteristics([batch_of(rows.assign(**changes))])


@pytest.fixture(scope="module")
def planted():
    """Trials whose power is a known logistic function of the benefit."""
    rng = np.random.default_rng(4)
    benefit = rng.gamma(2.0, 3.0, N)
    shown = rng.random(N) < expit(-3 + 0.4 * benefit)
    return benefit, shown, simulated(-benefit, shown)


def test_the_curve_is_the_planted_power_within_its_band(planted):
    benefit, _, operating = planted
    curve = assurance_curve(operating, "cells vs saline")
    inside = curve.grid < np.quantile(benefit, 0.99)
    power = expit(-3 + 0.4 * curve.grid[inside])
    np.testing.assert_allclose(curve.power[inside], power, atol=0.05)
    # two numbers make the band: much of it misses together, or nothing
    covered = (curve.low[inside] <= power) & (power <= curve.high[inside])
    assert covered.mean() > 0.5


def test_the_integral_of_the_curve_over_the_true_effects_is_the_assurance(planted):
    benefit, shown, operating = planted
    curve = assurance_curve(operating, "cells vs saline")
    assert curve.assurance == shown.mean()
    # on a grid of 121 points a straight line is right to a few ten-thousandths
    assert np.interp(benefit, curve.grid, curve.power).mean() == pytest.approx(shown.mean(), abs=5e-4)


def test_power_never_falls_with_a_larger_benefit_and_the_band_holds_it(planted):
    curve = assurance_curve(planted[2], "cells vs saline")
    assert (np.diff(curve.power) >= 0).all()
    assert (curve.low <= curve.power).all()
    assert (curve.power <= curve.high).all()


def test_a_benefit_of_quality_of_life_is_a_rise():
    benefit = np.array([0.0, 0.1, 0.2, 0.3])
    operating = simulated(benefit, np.array([False, True, False, True]))
    operating = replace(operating, endpoint={**operating.endpoint, "outcome": "quality_of_life"})
    np.testing.assert_array_equal(assurance_curve(operating, "cells vs saline").benefits, benefit)


@pytest.mark.parametrize("shown", [np.zeros(20, bool), np.arange(20) > 9])
def test_a_curve_without_a_maximum_says_why_and_keeps_the_assurance(shown):
    curve = assurance_curve(simulated(-np.arange(20.0), shown), "cells vs saline")
    assert curve.why_not
    assert np.isnan(curve.power).all()
    assert curve.assurance == shown.mean()


def test_trials_without_truth_are_left_out_and_one_trial_has_no_curve():
    truth = np.array([-1.0, np.nan])
    curve = assurance_curve(simulated(truth, np.array([True, True])), "cells vs saline")
    assert curve.why_not == "too few trials"
    assert len(curve.benefits) == 1


def test_an_unknown_comparison_is_named(planted):
    with pytest.raises(TrialError, match="cells vs saline"):
        assurance_curve(planted[2], "cells vs sham")


def test_what_each_kind_of_truth_contributes_adds_up_to_the_assurance(planted):
    benefit, shown, _ = planted
    kinds = np.select([benefit > 10, benefit > 1], ["matters", "between"], "none")
    parts = assurance_parts(simulated(-benefit, shown, true_effect=kinds), "cells vs saline").set_index("true_effect")
    assert parts["contribution"].sum() == pytest.approx(shown.mean())
    assert parts["probability"].sum() == pytest.approx(1)
    np.testing.assert_allclose(parts["probability"] * parts["power"], parts["contribution"])
    assert parts.loc["matters", "power"] == shown[benefit > 10].mean()


MANY, FEW, N_DRAWS = 600, 24, 24


@pytest.fixture(scope="module")
def by_size(model, prior, cohort):
    """Cells beside usual care: estimates of the same draws with few and with many patients, and their true effects."""
    arms = {"cells": CELLS, "usual": Protocol(intervention="usual_care")}
    design = small_design(n_total=MANY, arms=arms, visits_months=(3,), endpoint={"outcome": "leg_pain", "month": 3})
    draws = draws_for(prior, "prior", first=0, count=N_DRAWS, seed=21, inclusion_probability=1.0)
    rows = []
    for place in range(N_DRAWS):
        seed = trial_seed(21, place)
        patients, others = (
            sample_patients(model, draws, cohort, draw=place, n_patients=MANY, seed=one)
            for one in (seed, derived_seed(seed, "truth"))
        )
        truth = differences(design, conduct(model, design, [others], [seed], every_arm=True)[0]).mean()
        found = {"truth": truth}
        for n in (FEW, MANY):
            sized = design.model_copy(update={"n_total": n})
            trial = conduct(model, sized, [first_patients(patients, n)], [seed])[0]
            effects = effects_seen(sized, [trial], [trial.is_observed])
            found |= {f"estimate_{n}": effects.estimate[0, 0], f"error_{n}": effects.standard_error[0, 0]}
        rows.append(found)
    return pd.DataFrame(rows)


def expected_spread(by_size, n):
    return np.hypot(by_size["truth"].std(), np.sqrt((by_size[f"error_{n}"] ** 2).mean()))


def test_with_very_many_patients_the_spread_of_what_is_true_between_trials_stays(by_size):
    # draws differ in the effect of cells and in the shifts between trials: no size of a trial takes that away
    spread = by_size["truth"].std()
    assert by_size[f"error_{MANY}"].mean() < spread / 2
    found = by_size[f"estimate_{MANY}"].std()
    # estimates and truths are of the same draws, so that they share the luck of which draws were met
    assert found == pytest.approx(expected_spread(by_size, MANY), rel=0.15)
    assert found > 0.9 * spread
    assert np.corrcoef(by_size["truth"], by_size[f"estimate_{MANY}"])[0, 1] > 0.85


def test_few_patients_add_their_sampling_error_to_that_spread(by_size):
    found = by_size[f"estimate_{FEW}"].std()
    # a standard deviation from 24 trials errs by some 15 %
    assert found == pytest.approx(expected_spread(by_size, FEW), rel=0.4)
    assert found > 1.2 * by_size["truth"].std()
