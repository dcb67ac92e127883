from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.trial import Accrual, Sites
from sciatrial.trial.accrual import arrival_months, arrivals_of, expected_patients
from sciatrial.trial.calendar import calendar_of
from tests.trial.conftest import invented_trial, small_design


def poisson(**changes):
    return Accrual(**({"per_month": 10, "arrivals": "poisson"} | changes))


def many(accrual, n_patients, n_trials=800):
    return np.stack([arrivals_of(accrual, n_patients, seed).months for seed in range(n_trials)])


def test_a_constant_rate_brings_patients_evenly():
    np.testing.assert_allclose(arrival_months(Accrual(per_month=4), 9), np.arange(9) / 4)


def test_during_the_ramp_up_the_expected_number_grows_with_the_square_of_time():
    accrual = Accrual(per_month=10, ramp_up_months=6)
    months = arrival_months(accrual, 100)
    expected = np.where(months < 6, 10 * months**2 / 12, 10 * (months - 3))
    np.testing.assert_allclose(expected, np.arange(100), atol=1e-9)
    assert (np.diff(months) > 0).all()


def test_after_the_ramp_up_half_of_it_is_lost():
    late = arrival_months(Accrual(per_month=10, ramp_up_months=6), 100)[-1]
    assert late - arrival_months(Accrual(per_month=10), 100)[-1] == pytest.approx(3)


@pytest.mark.parametrize("words", [{"per_month": 0}, {"per_month": 5, "ramp_up_months": -1}, {}])
def test_a_rate_that_brings_nobody_is_refused(words):
    with pytest.raises(ValidationError):
        Accrual(**words)


def test_arrivals_as_expected_are_the_same_in_every_trial():
    found = arrivals_of(Accrual(per_month=4, ramp_up_months=2), 30, seed=1)
    np.testing.assert_array_equal(found.months, arrival_months(Accrual(per_month=4, ramp_up_months=2), 30))
    assert not found.sites.any()


def test_without_accrual_nobody_knows_when():
    assert np.isnan(arrivals_of(None, 5, seed=1).months).all()


def test_times_between_arrivals_of_a_poisson_process_are_exponential():
    gaps = np.diff(many(poisson(), 60, 200), axis=1).ravel()
    # mean and standard deviation of an exponential are equal; four standard errors
    assert gaps.mean() == pytest.approx(0.1, abs=4 * 0.1 / np.sqrt(len(gaps)))
    assert gaps.std() == pytest.approx(0.1, abs=4 * 0.1 * np.sqrt(2 / len(gaps)))


@pytest.mark.parametrize("ramp", [0.0, 6.0])
def test_the_number_by_a_month_has_the_mean_and_variance_of_poisson(ramp):
    accrual = poisson(ramp_up_months=ramp)
    counts = (many(accrual, 150) <= 8).sum(axis=1)
    mean = 80 if ramp == 0 else 50
    assert expected_patients(accrual, np.array([8.0]))[0] == pytest.approx(mean)
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 800))
    assert counts.var() / mean == pytest.approx(1, abs=4 * np.sqrt(2 / 800))


def test_rates_that_differ_between_sites_add_their_variance():
    # gamma rates: variance of the count is mean + mean²/(shape × sites)
    accrual = poisson(sites=Sites(number=5, rate_shape=1.5))
    counts = (many(accrual, 200) <= 8).sum(axis=1)
    variance = 80 + 80**2 / 7.5
    assert counts.mean() == pytest.approx(80, abs=4 * np.sqrt(variance / 800))
    # the kurtosis of a count with gamma rates is above the normal one
    assert counts.var() / variance == pytest.approx(1, abs=0.25)


def test_all_sites_alike_are_one_poisson_process():
    sites = many(poisson(sites=Sites(number=8)), 100)[:, -1]
    one = many(poisson(), 100)[:, -1]
    assert sites.mean() == pytest.approx(one.mean(), abs=4 * np.sqrt(2) * 1.0 / np.sqrt(800))
    assert sites.std() == pytest.approx(one.std(), rel=0.15)


def test_sites_bring_patients_by_their_rate():
    found = arrivals_of(poisson(sites=Sites(number=4)), 4000, seed=3)
    assert np.bincount(found.sites) / 4000 == pytest.approx(np.full(4, 0.25), abs=4 * np.sqrt(0.25 * 0.75 / 4000))
    assert (np.diff(found.months) >= 0).all()


def test_a_site_brings_nobody_before_it_opens():
    found = arrivals_of(poisson(sites=Sites(number=4, months_between_openings=3)), 300, seed=3)
    for site in range(4):
        assert found.months[found.sites == site].min() > 3 * site


def test_openings_one_after_the_other_are_in_the_expected_number():
    accrual = poisson(ramp_up_months=2, sites=Sites(number=4, months_between_openings=3))
    months = arrival_months(accrual, 120)
    np.testing.assert_allclose(expected_patients(accrual, months), np.arange(120), atol=1e-6)
    counts = (many(accrual, 200) <= 9).sum(axis=1)
    mean = 2.5 * (8 + 5 + 2 + 0)
    assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 800))


def test_a_full_site_closes():
    found = arrivals_of(poisson(sites=Sites(number=3, rate_shape=0.5, most_per_site=10)), 30, seed=3)
    assert np.bincount(found.sites).tolist() == [10, 10, 10]


@pytest.mark.parametrize("sites", [None, Sites(number=30, rate_shape=0.2), Sites(number=6, most_per_site=80)])
def test_an_arrival_does_not_depend_on_how_many_follow(sites):
    accrual = poisson(sites=sites)
    few, more = arrivals_of(accrual, 40, seed=9), arrivals_of(accrual, 300, seed=9)
    np.testing.assert_array_equal(few.months, more.months[:40])
    np.testing.assert_array_equal(few.sites, more.sites[:40])


@pytest.mark.parametrize(
    ("accrual", "key", "told"),
    [
        ({"sites": {"number": 3}}, "accrual.arrivals", "poisson"),
        (
            {"arrivals": "poisson", "sites": {"number": 3, "most_per_site": 7}},
            "accrual.sites.most_per_site", "fewer than 24",
        ),
    ],
)  # fmt: skip
def test_accrual_that_cannot_be_is_named(accrual, key, told):
    with pytest.raises(ValueError, match=told) as caught:
        small_design(accrual={"per_month": 5} | accrual)
    assert f"{key}: " in str(caught.value)


def test_the_calendar_of_a_trial_is_that_of_its_own_arrivals():
    design = small_design(n_total=40, accrual={"per_month": 4, "arrivals": "poisson"}, looks={"information": (0.5,)})
    arrivals = arrivals_of(design.accrual, 40, seed=77)
    calendar = calendar_of(design, replace(invented_trial(design, 1), arrivals=arrivals))
    assert calendar.months == pytest.approx([arrivals.months[19] + 6, arrivals.months[39] + 6])
    assert calendar.n_recruited[0] == (arrivals.months <= calendar.months[0]).sum()
