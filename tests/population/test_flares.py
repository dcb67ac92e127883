"""Random events: at the patient's own rate, on days that nothing else can move."""

import numpy as np
import pytest

from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior, reference_draw
from sciatrial.population import cohort_named, event_days, natural_events, sample_patients

MODEL = sciatica_model()
N = 4000
YEARS = 3.0
LAST = np.full(N, YEARS * 365.25)


def days(rate=1.31, patients=None, last=None, seed=1, process="flare"):
    patients = np.arange(N) if patients is None else patients
    last = LAST[: len(patients)] if last is None else last
    return event_days(process, np.full(len(patients), rate), last, seed=seed, patients=patients)


def test_the_count_is_that_of_a_poisson_process():
    row, _, _ = days()
    counts = np.bincount(row, minlength=N)
    # four standard errors of a mean of 4000 counts
    assert counts.mean() == pytest.approx(1.31 * YEARS, abs=4 * np.sqrt(1.31 * YEARS / N))
    assert counts.var() == pytest.approx(counts.mean(), rel=0.12)


def test_73_percent_have_a_flare_within_a_year_at_the_published_rate():
    row, day, _ = days()
    assert len(np.unique(row[day <= 365.25])) / N == pytest.approx(0.73, abs=0.03)


def test_a_longer_look_changes_no_earlier_day():
    row, day, score = days()
    longer = days(last=LAST * 2)
    early = longer[1] <= LAST[0]
    for short, long in zip((row, day, score), longer, strict=True):
        np.testing.assert_array_equal(short, long[early])


def test_patient_17_has_the_same_days_whoever_else_is_there():
    row, day, _ = days()
    _, alone, _ = days(patients=np.array([17]))
    np.testing.assert_array_equal(alone, day[row == 17])


def test_a_rate_of_zero_brings_nothing():
    assert len(days(rate=0.0)[0]) == 0


def test_events_before_and_after_entry_are_the_events_of_the_whole_time():
    rates = np.full((50, 2), 1.5)
    words = {"strengths": {"flare": (0.5, 1.0), "reherniation": (0.37, 0.5)}, "seed": 4, "patients": np.arange(50)}
    entry, end = np.full(50, 400.0), np.full(50, 1000.0)
    before = natural_events(MODEL, rates, from_day=np.zeros(50), to_day=entry, **words)
    after = natural_events(MODEL, rates, from_day=entry, to_day=end, **words)
    whole = natural_events(MODEL, rates, from_day=np.zeros(50), to_day=end, **words)
    assert len(before) + len(after) == len(whole)
    split = np.sort(np.concatenate([before.day, after.day + 400.0]))
    np.testing.assert_allclose(split, np.sort(whole.day))


def test_a_flare_never_lifts_the_state_above_one():
    rates = np.full((200, 2), 5.0)
    words = {"strengths": {"flare": (0.5, 3.0), "reherniation": (0.37, 0.5)}, "seed": 4, "patients": np.arange(200)}
    events = natural_events(MODEL, rates, from_day=np.zeros(200), to_day=np.full(200, 900.0), **words)
    flares = events.state == MODEL.state_names.index("exacerbation")
    assert (events.factor[flares] + events.amount[flares]).max() <= 1 + 1e-12


def test_only_herniations_break_out_again():
    draw = reference_draw(read_prior())
    for cohort, expected in (("chronic_radicular", True), ("stenosis", False)):
        patients = sample_patients(MODEL, draw, cohort_named(cohort), n_patients=30, seed=2)
        later = patients.later_events(MODEL, 1800.0)
        assert (MODEL.state_names.index("pending_extrusion") in later.state) == expected


def test_the_enrolled_had_their_flare_lately_more_often_than_those_turned_away():
    """People come to a trial at a bad moment."""
    draw = reference_draw(read_prior())
    cohort = cohort_named("chronic_radicular")
    enrolled = sample_patients(MODEL, draw, cohort, n_patients=800, seed=2)
    everybody = sample_patients(MODEL, draw, cohort.model_copy(update={"eligible": {}}), n_patients=3000, seed=2)
    place = MODEL.state_names.index("exacerbation")
    assert enrolled.entry_states[:, place].mean() > 1.3 * everybody.entry_states[:, place].mean()
