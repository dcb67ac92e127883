import threading

import numpy as np
import pytest

from sciatrial.engine import (
    BLOCK,
    Crowd,
    Effect,
    Events,
    Rule,
    Status,
    falls_by,
    histogram,
    moments,
    responders,
    simulate,
    stream,
)
from sciatrial.foundation import SolverError

DAYS = [0.0, 1.0, 3.0]
N = 2 * BLOCK + 777
INTO = (
    moments,
    histogram("seen", low=0, high=10, n_bins=100),
    responders({"half": falls_by("seen", 50)}),
)


@pytest.fixture(scope="module")
def crowd(decay):
    """Everybody at once, and the same people as a source."""
    rng = np.random.default_rng(3)
    rates, initial = rng.uniform(0.05, 1.0, (N, 1)), rng.uniform(0.5, 2.0, (N, 1))
    events = Events.every(decay, np.arange(0, N, 3), 1.5, "drug", amount=0.5)
    threshold = np.full((N, 3), np.inf)
    threshold[:, 1] = 2.0

    def rule(rows):
        return Rule("rescue", "seen", threshold[rows], (Effect("drug", factor=0.5),))

    def source(first, stop):
        rows = np.arange(first, stop)
        return Crowd(rates[rows], initial[rows], events.of(rows), (rule(rows),))

    whole = simulate(decay, rates, initial, times_days=DAYS, events=events, rules=[rule(np.arange(N))])
    return source, whole


def streamed(decay, crowd, **more):
    settings = {"n_patients": N, "times_days": DAYS, "outputs": ["seen"], "into": INTO} | more
    return stream(decay, crowd[0], **settings)


def test_what_is_left_is_what_everybody_at_once_would_give(decay, crowd):
    mean, bins, half = streamed(decay, crowd).results
    values = crowd[1]["seen"]
    assert mean.n == N
    np.testing.assert_allclose(mean.mean[:, 0], values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(mean.sd[:, 0], values.std(axis=0, ddof=1), rtol=1e-10)
    np.testing.assert_allclose(bins.quantile(0.5)[0], np.median(values, axis=0), atol=0.1)
    assert half.counts[0].tolist() == (values <= values[:, :1] / 2).sum(axis=0).tolist()


def test_the_numbers_are_the_same_bit_for_bit_on_any_number_of_threads(decay, crowd):
    one, four = streamed(decay, crowd, threads=1), streamed(decay, crowd, threads=4)
    assert np.array_equal(one.results[0].mean, four.results[0].mean)
    assert np.array_equal(one.results[0].squares, four.results[0].squares)
    assert np.array_equal(one.results[1].counts, four.results[1].counts)


def test_only_a_few_blocks_are_there_at_one_time(decay, crowd):
    living, most, lock = 0, 0, threading.Lock()

    def source(first, stop):
        nonlocal living, most
        with lock:
            living += 1
            most = max(most, living)
        return crowd[0](first % BLOCK, first % BLOCK + stop - first)

    def forget(trajectories):
        nonlocal living
        with lock:
            living -= 1
        return moments(trajectories)

    found = streamed(decay, (source,), n_patients=20 * BLOCK, into=(forget,), threads=2)
    assert found.results[0].n == 20 * BLOCK
    assert most <= 2


def test_who_cannot_be_solved_is_counted_told_and_in_no_result(explosive):
    rates = np.zeros((BLOCK + 10, 1))
    rates[BLOCK + 3] = 5.0  # grows beyond all bounds before the last visit

    def source(first, stop):
        return Crowd(rates[first:stop], np.ones((stop - first, 1)))

    settings = {"n_patients": BLOCK + 10, "times_days": [0.0, 3.0], "outputs": ["z"], "into": (moments,)}
    found = stream(explosive, source, **settings)
    assert found.n_unsolved == 1
    assert found.ended[Status.SOLVED] == BLOCK + 9
    assert found.failures[0].startswith(f"patient {BLOCK + 3}, day 0.2")
    assert found.results[0].n == BLOCK + 9
    assert found.results[0].mean[1, 0] == 1.0
    with pytest.raises(SolverError, match=f"1 of {BLOCK + 10} patients"):
        stream(explosive, source, **settings, max_failed_fraction=0.0)


def test_a_wrong_number_is_told_with_its_block(decay):
    def source(first, stop):
        rates = np.ones((stop - first, 1))
        rates[5] = np.nan if first else 1.0
        return Crowd(rates, np.ones((stop - first, 1)))

    with pytest.raises(SolverError) as caught:
        stream(decay, source, n_patients=2 * BLOCK, times_days=DAYS, outputs=["seen"], into=INTO)
    assert f"patients {BLOCK} to {2 * BLOCK - 1}" in str(caught.value)
    assert "patient 5, parameter elimination_rate" in str(caught.value)


@pytest.mark.parametrize("given", [1, 5000])
def test_a_source_that_gives_others_than_those_asked_for_is_told(decay, given):
    def source(first, stop):
        return Crowd(np.full((given, 1), 0.5), np.ones((given, 1)))

    with pytest.raises(SolverError, match=f"gave {given} patients"):
        stream(decay, source, n_patients=BLOCK, times_days=DAYS, outputs=["seen"], into=INTO)


@pytest.mark.parametrize("n_patients", [0, -3])
def test_nobody_is_refused(decay, crowd, n_patients):
    with pytest.raises(SolverError, match="1 or more"):
        streamed(decay, crowd, n_patients=n_patients)


@pytest.mark.parametrize("n_patients", [1, BLOCK, BLOCK + 1])
def test_blocks_need_not_be_full(decay, crowd, n_patients):
    assert streamed(decay, crowd, n_patients=n_patients).results[0].n == n_patients


def test_an_error_of_the_source_is_not_swallowed(decay):
    def source(first, stop):
        raise LookupError(f"{first} to {stop}")

    with pytest.raises(LookupError, match="0 to"):
        stream(decay, source, n_patients=10, times_days=DAYS, outputs=["seen"], into=INTO)


class Impatient:
    def __init__(self):
        self.told = 0

    def start(self, label, total):
        self.label, self.total = label, total

    def advance(self, n):
        self.told += n
        return False

    def finish(self):
        raise AssertionError("it was stopped")


def test_it_stops_when_it_is_asked_to(decay, crowd):
    progress = Impatient()
    with pytest.raises(KeyboardInterrupt):
        streamed(decay, crowd, progress=progress)
    assert (progress.told, progress.total) == (BLOCK, N)


def test_it_says_in_three_lines_what_it_holds(decay, crowd):
    assert repr(streamed(decay, crowd)).splitlines() == [
        f"Streamed: {N} patients", "  unsolved  0", "  results   Moments, Histogram, Shares",
    ]  # fmt: skip
