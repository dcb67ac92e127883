from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import MeanComparison, mean_power
from sciatrial.trial import resample_trials, resampled_characteristics
from sciatrial.trial.monitoring import monitor
from sciatrial.trial.resampling import as_conducted, draw_trials
from tests.trial.conftest import small_design
from tests.trial.pools import invented_pool
from tests.trial.test_many_looks import DESIGNS, designed

SEQUENTIAL = {"looks": {"information": (0.4, 0.7)}, "accrual": {"per_month": 10}}


def value(found, quantity, column="value"):
    rows = found.summary.loc[found.summary["quantity"] == quantity]
    return float(rows[column].iloc[0])


@pytest.mark.parametrize("name", ["looks", "binding", "deciding", "quality of life", "futility-only look"])
def test_rows_and_adjusted_estimates_are_those_of_each_trial_alone(name):
    design = designed(DESIGNS[name])
    pool = invented_pool(design, effects=(-8.0,), n=1200)
    found = resample_trials(design, pool, count=6)
    drawn = draw_trials(design, pool, 0, 6)
    for trial, alone in enumerate(monitor(design, [as_conducted(design, pool, drawn, t) for t in range(6)])):
        mine = found.trials.loc[found.trials["trial"] == trial].reset_index(drop=True)
        columns = [column for column in alone.contrasts.columns if column in mine.columns]
        assert set(alone.contrasts.columns) - set(columns) == {"repeated_low", "repeated_high"}
        for column in columns:
            if not pd.api.types.is_numeric_dtype(alone.contrasts[column]):
                assert mine[column].tolist() == alone.contrasts[column].tolist()
            else:
                np.testing.assert_allclose(mine[column], alone.contrasts[column], atol=1e-5, err_msg=column)
        looks = found.looks.loc[found.looks["trial"] == trial]
        by_look = looks.sort_values(["comparison", "look"]).reset_index(drop=True)
        expected = alone.looks.sort_values(["comparison", "look"]).reset_index(drop=True)
        assert by_look["decision"].tolist() == expected["decision"].tolist()
        for column in ("information", "month", "n_recruited", "z", "efficacy_z", "futility_z"):
            np.testing.assert_allclose(by_look[column], expected[column], atol=1e-6)


@pytest.mark.parametrize(
    "words",
    [
        {},
        SEQUENTIAL,
        {**SEQUENTIAL, "sides": "one_sided", "looks": {"information": (0.5,), "spending": {"kind": "pocock"}}},
        {
            **SEQUENTIAL,
            "sides": "one_sided",
            "looks": {"information": (0.5,), "futility": {"kind": "fixed", "bounds_z": (0.0,), "binding": "binding"}},
        },
    ],
)
def test_without_an_effect_no_more_trials_succeed_than_alpha(words):
    design = small_design(n_total=60, visits_months=(6,), dropout_per_year=0.2, **words)
    n_trials = 20_000
    found = resampled_characteristics(design, [invented_pool(design)], trials_of_each=n_trials, adjusted=False)
    error = np.sqrt(0.025 * 0.975 / n_trials)
    assert value(found, "success") == pytest.approx(0.025, abs=4 * error)
    if design.sides == "two_sided":  # stops of one kind only leave a bias
        assert abs(value(found, "bias")) < 4 * value(found, "bias", "monte_carlo_se")


def test_intervals_cover_and_power_is_the_formulas():
    design = small_design(n_total=100, visits_months=(6,), **SEQUENTIAL)
    sd = np.hypot(8, 8)
    pool = invented_pool(design, effects=(-6.0,), n=10_000)
    found = resampled_characteristics(design, [pool], trials_of_each=3_000)
    expected = mean_power(design.bounds(), MeanComparison(sd=sd), [6.0], 100).power[0]
    assert value(found, "success") == pytest.approx(expected, abs=0.03)
    for quantity in ("final_coverage", "adjusted_coverage"):
        assert value(found, quantity) == pytest.approx(0.95, abs=0.015)


def test_threads_and_batches_change_nothing():
    design = small_design(n_total=60, **SEQUENTIAL)
    pool = invented_pool(design)
    whole = resample_trials(design, pool, count=2_100, adjusted=False)
    two = resample_trials(design, pool, count=2_100, threads=2, adjusted=False)
    later = resample_trials(design, pool, count=100, first=2_000, adjusted=False)
    assert whole.fingerprint() == two.fingerprint()
    mine = whole.trials.loc[whole.trials["trial"] >= 2_000].reset_index(drop=True)
    np.testing.assert_allclose(later.trials["z"], mine["z"], rtol=1e-9)


def drawn_pools(design, spread, n=30):
    """Return pools whose effects differ between draws with a standard deviation of `spread`."""
    effects = np.random.default_rng(8).normal(-5, spread, n)
    for place, effect in enumerate(effects):
        pool = invented_pool(design, effects=(effect,), n=50 * design.size, seed=place)
        yield replace(pool, place=place)


def test_the_error_of_assurance_is_that_between_draws():
    design = small_design(n_total=40, visits_months=(6,))
    found = resampled_characteristics(design, drawn_pools(design, 6.0), trials_of_each=100)
    by_draw = (found.trials["decision"] == "efficacy").groupby(found.trials["draw"]).mean()
    expected = by_draw.std(ddof=1) / np.sqrt(len(by_draw))
    assert value(found, "success", "monte_carlo_se") == pytest.approx(expected, rel=1e-6)
    assert expected > 3 * np.sqrt(0.25 / 3_000)
    assert value(found, "mean_truth", "n_trials") == 30
    assert found.n_draws == 30


def test_the_error_of_power_holds_what_the_pools_mean_may_be_off():
    design = small_design(n_total=40, visits_months=(6,))
    pool = invented_pool(design, effects=(-5.0,))
    off = replace(pool, own_errors=np.array([1.0]))
    exact, wide = (resampled_characteristics(design, [item], trials_of_each=500) for item in (pool, off))
    assert value(wide, "bias", "monte_carlo_se") ** 2 - value(exact, "bias", "monte_carlo_se") ** 2 == pytest.approx(1)
    higher = resampled_characteristics(design, [invented_pool(design, effects=(-6.0,))], trials_of_each=500)
    change = value(higher, "success") - value(exact, "success")
    added = value(wide, "success", "monte_carlo_se") ** 2 - value(exact, "success", "monte_carlo_se") ** 2
    assert np.sqrt(added) == pytest.approx(change, rel=0.3)


def test_pools_are_named_when_there_is_none_or_one_twice():
    design = small_design(n_total=40)
    pool = invented_pool(design)
    for pools, told in (([], "there is none"), ([pool, pool], "a draw is there twice")):
        with pytest.raises(TrialError, match=told):
            resampled_characteristics(design, pools, trials_of_each=10)
