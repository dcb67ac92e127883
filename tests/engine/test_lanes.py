"""The vector driver against the scalar reference: written apart, the same answers to rounding."""

import numpy as np
import pytest

from sciatrial.engine import Effect, Events, Rule, simulate

TIMES = np.array([0.0, 0.0, 1.0, 4.0, 4.0, 9.0])


def both(*given, **named):
    return (simulate(*given, **named, processor=word, max_failed_fraction=1.0) for word in ("vector", "scalar"))


def agree(mine, reference, rel=1e-9):
    for name in ("values", "final_states", "stopped_day"):
        np.testing.assert_allclose(getattr(mine, name), getattr(reference, name), rtol=rel, atol=1e-12)
    for name in ("status", "triggered"):
        assert np.array_equal(getattr(mine, name), getattr(reference, name))
    # rounding may turn a step that only just passed into one that only just failed
    assert np.abs(mine.steps - reference.steps).max() <= 1


@pytest.fixture(scope="module")
def crowd(mixed):
    rng = np.random.default_rng(5)
    n = 300
    parameters = np.exp(rng.normal(0, 0.4, (n, 6)))
    parameters[:, 2] += 1
    rows = np.repeat(np.arange(n), 3)
    days = np.where(rng.random(3 * n) < 0.2, rng.choice(TIMES, 3 * n), rng.uniform(0, 10, 3 * n))
    events = Events.every(mixed, rows, days, "y", factor=0.5, amount=rng.uniform(0, 1, 3 * n))
    return parameters, rng.uniform(0.05, 0.6, (n, 2)), events


def test_events_of_each_patients_own(mixed, crowd):
    parameters, initial, events = crowd
    agree(*both(mixed, parameters, initial, times_days=TIMES, events=events, outputs=["y", "x"]))


def test_rules_with_delays_and_limits(mixed, crowd):
    parameters, initial, events = crowd
    shape = (300, len(TIMES))
    rules = [
        Rule("twice", "y", np.full(shape, 0.4), (Effect("y", factor=0.2), Effect("x", amount=0.05, delay_days=1.5)), 2),
        Rule("often", "x", np.random.default_rng(2).uniform(0.2, 0.8, shape), (Effect("x", amount=-0.1),), 9),
    ]
    mine, reference = both(mixed, parameters, initial, times_days=TIMES, events=events, rules=rules)
    assert 0 < mine.triggered.mean() < 1
    agree(mine, reference)


def test_failures(explosive):
    rng = np.random.default_rng(3)
    rates, initial = rng.uniform(0, 0.3, (200, 1)), rng.uniform(0.5, 1.5, (200, 1))
    mine, reference = both(explosive, rates, initial, times_days=TIMES, outputs=["z"], max_steps=500)
    assert len(set(mine.status)) > 1
    assert np.array_equal(mine.status, reference.status)
    np.testing.assert_allclose(mine.stopped_day, reference.stopped_day, rtol=1e-3)


def test_stiff_kinetics(stiff):
    k = np.array([[0.04, 1e4, 3e7]]) * np.linspace(0.5, 2, 20)[:, None]
    agree(*both(stiff, k, [[1.0, 0.0, 0.0]], times_days=[0.4, 40.0, 4000.0], outputs=["a", "b", "c"]), rel=1e-7)


def test_a_crowd_smaller_than_the_lanes(decay):
    agree(*both(decay, [[0.5], [1.0], [2.0]], [[1.0]], times_days=TIMES))
