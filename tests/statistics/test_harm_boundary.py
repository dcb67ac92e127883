import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import beta_binomial_boundary, harm_stopping, pocock_harm_boundary

LOOKS = tuple(range(5, 61, 5))


def test_a_pocock_boundary_stops_needlessly_at_most_as_often_as_alpha_and_hardly_less():
    boundary = pocock_harm_boundary(LOOKS, 0.1, alpha=0.05)
    found = harm_stopping(boundary, [0.1])
    assert 0.03 < found.stops[0] <= 0.05


def test_a_larger_level_would_stop_too_often():
    tight, loose = (pocock_harm_boundary(LOOKS, 0.1, alpha=alpha) for alpha in (0.05, 0.2))
    assert all(a >= b for a, b in zip(tight.fewest_events, loose.fewest_events, strict=True))
    assert harm_stopping(loose, [0.1]).stops[0] > 0.05


@pytest.mark.parametrize("true_share", [0.1, 0.3])
def test_a_boundary_stops_as_often_as_simulated_trials_do(true_share):
    boundary = beta_binomial_boundary(LOOKS, 0.1, threshold=0.95, prior=(0.5, 0.5))
    events = np.random.default_rng(2).random((20_000, 60)) < true_share
    counts = np.cumsum(events, axis=1)[:, np.array(LOOKS) - 1]
    crosses = counts >= np.array(boundary.fewest_events)
    stopped, first = crosses.any(axis=1), crosses.argmax(axis=1)
    seen = np.where(stopped, np.array(LOOKS)[first], 60)
    found = harm_stopping(boundary, [true_share])
    share = stopped.mean()
    assert found.stops[0] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 20_000))
    assert found.expected_patients[0] == pytest.approx(seen.mean(), abs=4 * seen.std() / np.sqrt(20_000))
    harmed = np.take_along_axis(np.cumsum(events, axis=1), seen[:, None] - 1, axis=1)
    assert found.expected_events[0] == pytest.approx(harmed.mean(), abs=4 * harmed.std() / np.sqrt(20_000))
    by_look = np.bincount(first[stopped], minlength=len(LOOKS)) / 20_000
    np.testing.assert_allclose(found.stops_by_look[0], by_look, atol=0.01)


def test_nobody_with_the_event_stops_nothing_and_everybody_stops_at_once():
    boundary = pocock_harm_boundary(LOOKS, 0.1, alpha=0.05)
    found = harm_stopping(boundary, [0.0, 1.0])
    assert found.stops.tolist() == [0.0, 1.0]
    assert found.expected_patients.tolist() == [60.0, 5.0]


def test_a_level_that_no_count_reaches_never_stops():
    boundary = pocock_harm_boundary([1, 2], 0.5, alpha=0.01)
    assert boundary.fewest_events == (2, 3)
    assert harm_stopping(boundary, [0.9]).stops[0] == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: pocock_harm_boundary([], 0.1, alpha=0.05), "none"),
        (lambda: pocock_harm_boundary([5, 5], 0.1, alpha=0.05), "increasing"),
        (lambda: pocock_harm_boundary([5], 0.0, alpha=0.05), "acceptable"),
        (lambda: beta_binomial_boundary([5], 0.1, threshold=1.0, prior=(1, 1)), "threshold"),
        (lambda: beta_binomial_boundary([5], 0.1, threshold=0.9, prior=(0, 1)), "prior"),
        (lambda: harm_stopping(pocock_harm_boundary([5], 0.1, alpha=0.05), [1.5]), "shares"),
    ],
)
def test_what_cannot_be_used_is_named(call, told):
    with pytest.raises(TrialError, match=told):
        call()


def test_no_boundary_stops_a_trial_without_an_event():
    # an error of a fifth is never reached by one event of so rare a harm
    rare = pocock_harm_boundary((5, 10, 30), 0.002, alpha=0.2)
    assert min(rare.fewest_events) == 1
    assert harm_stopping(rare, [0.002]).stops[0] < 0.2
    doubtful = beta_binomial_boundary((5, 10), 0.01, threshold=0.2, prior=(0.5, 0.5))
    assert min(doubtful.fewest_events) == 1
    assert harm_stopping(doubtful, [0.0]).stops[0] == 0
