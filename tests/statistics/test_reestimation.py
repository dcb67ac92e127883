import numpy as np
import pytest
from scipy.stats import t

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    PromisingZone,
    Sides,
    SizeRule,
    blinded_variance,
    closed_tests,
    conditional_power,
    conditional_power_sizes,
    group_sequential_design,
    promising_sizes,
    sizes_for_variance,
)

DESIGN = group_sequential_design([0.5, 1.0])
ZONE = PromisingZone(lowest=0.3, target=0.9, largest=200)
N_TRIALS = 40_000


def test_the_blinded_variance_is_the_one_sample_variance_of_those_who_are_known():
    values = np.array([[1.0, 2.0, 6.0, np.nan], [4.0, 4.5, 5.0, 9.0], [3.0, np.nan, np.nan, np.nan]])
    found = blinded_variance(values)
    np.testing.assert_allclose(found[:2], [np.var([1, 2, 6], ddof=1), np.var(values[1], ddof=1)])
    assert np.isnan(found[2])
    np.testing.assert_allclose(blinded_variance(values[1]), found[1:2])


def test_freed_of_the_true_effect_it_is_unbiased():
    rng = np.random.default_rng(1)
    arms = np.arange(60) % 3 > 0  # two to one
    values = rng.normal(3.0 * arms, 2.0, (N_TRIALS, 60))
    found = blinded_variance(values, assumed_effect=3.0, allocation=2.0)
    assert found.mean() == pytest.approx(4.0, abs=4 * found.std() / np.sqrt(N_TRIALS))
    assert blinded_variance(values).mean() == pytest.approx(4.0 + 60 / 59 * 2 / 9 * 9, rel=0.01)


def test_the_new_size_by_hand():
    # (1.959964 + 1.281552)² × 4 × 2.5² / 1.2² = 182.4; two to one needs 9 / 8 of it
    rule = SizeRule(effect=1.2, beta=0.1)
    assert sizes_for_variance(6.25, rule) == 183
    assert sizes_for_variance(6.25, SizeRule(effect=-1.2, beta=0.1, allocation=2.0)) == 206
    bounded = SizeRule(effect=1.2, beta=0.1, smallest=100, largest=150)
    np.testing.assert_array_equal(sizes_for_variance([0.1, 4.0, 6.25, np.nan], bounded), [100, 117, 150, 150])


def test_blinded_reestimation_keeps_the_type_i_error_and_finds_the_power():
    rng = np.random.default_rng(2)
    rule = SizeRule(effect=2.0, beta=0.2, smallest=60, largest=240)
    arms = np.arange(240) % 2
    for effect, wanted, tolerance in ((0.0, 0.025, 0.0), (2.0, 0.8, 0.02)):
        values = rng.normal(effect * arms, 4.5, (N_TRIALS // 2, 240))  # planned for 3.5: 97 patients
        sizes = sizes_for_variance(blinded_variance(values[:, :60]), rule)
        used = np.arange(240) < sizes[:, None]
        means, squares, numbers = [], 0.0, []
        for arm in (0, 1):
            own = used & (arms == arm)
            number = own.sum(axis=1)
            mean = (values * own).sum(axis=1) / number
            squares = squares + ((values - mean[:, None]) ** 2 * own).sum(axis=1)
            means.append(mean)
            numbers.append(number)
        freedom = numbers[0] + numbers[1] - 2
        error = np.sqrt(squares / freedom * (1 / numbers[0] + 1 / numbers[1]))
        shown = (t.sf((means[1] - means[0]) / error, freedom) < 0.025).mean()
        error = np.sqrt(wanted * (1 - wanted) / len(values))
        assert shown == pytest.approx(wanted, abs=3 * error + tolerance)


def test_conditional_powers_are_those_of_the_design():
    found = promising_sizes([0.5, 1.0, 1.5, 2.4], DESIGN, ZONE, first_stage=50, second_stage=50)
    for z, power, new, size in zip(
        [0.5, 1.0, 1.5, 2.4], found.conditional_power, found.new_conditional_power, found.second_stage, strict=True
    ):
        assert power == pytest.approx(conditional_power(DESIGN, 1, z), abs=1e-9)
        mean = z * np.sqrt(size / 50)
        assert new == pytest.approx(conditional_power(DESIGN, 1, z, stage_means=[mean]), abs=1e-9)


def test_only_promising_trials_grow_and_no_further_than_needed_or_allowed():
    z = np.linspace(-1, 3, 400)
    found = promising_sizes(z, DESIGN, ZONE, first_stage=50, second_stage=50)
    assert (found.second_stage[~found.is_promising] == 50).all()
    assert (found.second_stage[found.is_promising] > 50).all()
    assert found.second_stage.max() == 200
    reached = found.is_promising & (found.second_stage < 200)
    assert (found.new_conditional_power[reached] >= 0.9).all()
    fewer = found.second_stage[reached] - 1
    mean = z[reached] * np.sqrt(fewer / 50)
    powers = [
        conditional_power(DESIGN, 1, own, stage_means=[value]) for own, value in zip(z[reached], mean, strict=True)
    ]
    assert (np.array(powers) < 0.9).all()


def test_the_combination_test_keeps_the_type_i_error_and_growing_gains_power():
    rng = np.random.default_rng(3)
    for effect, check in ((0.0, "level"), (0.45, "power")):
        first = rng.normal(size=N_TRIALS) + effect * np.sqrt(50) / 2
        sizes = promising_sizes(first, DESIGN, ZONE, first_stage=50, second_stage=50).second_stage
        second = rng.normal(size=N_TRIALS)
        grown, planned = (
            closed_tests(np.stack([first, second + effect * np.sqrt(n) / 2], axis=1)[..., None], DESIGN, [1.0])
            for n in (sizes, 50.0)
        )
        shown, without = (tests.rejected[:, 1, 0].mean() for tests in (grown, planned))
        if check == "level":
            assert shown == pytest.approx(0.025, abs=3 * np.sqrt(0.025 * 0.975 / N_TRIALS))
        else:
            assert shown > without + 0.05


def test_what_cannot_be_sized_is_refused_by_name():
    with pytest.raises(TrialError, match=r"effect(.|\n)*smallest"):
        sizes_for_variance(1.0, SizeRule(effect=0, smallest=10, largest=5))
    with pytest.raises(TrialError, match=r"allocation(.|\n)*values"):
        blinded_variance([1.0, np.inf], allocation=0)
    two = group_sequential_design([0.5, 1.0], sides=Sides.TWO)
    zone = PromisingZone(lowest=0.9, target=0.5, largest=10)
    with pytest.raises(TrialError, match=r"zone.target(.|\n)*zone.largest(.|\n)*one-sided with two(.|\n)*first_z"):
        promising_sizes([np.nan], two, zone, first_stage=50, second_stage=50)


def test_the_size_of_a_conditional_power_has_it_within_its_limits_and_may_shrink():
    z = [0.0, 1.0, 1.8, 2.6]
    found = conditional_power_sizes(
        z, DESIGN, 0.8, first_stage=50, second_stage=50, smallest=20, largest=200
    )  # fmt: skip
    assert found.second_stage[0] == 200
    assert found.second_stage[-1] == 20
    inside = (found.second_stage > 20) & (found.second_stage < 200)
    assert inside.any()
    assert (found.new_conditional_power[inside] >= 0.8).all()
    assert (found.new_conditional_power[inside] < 0.82).all()
    with pytest.raises(TrialError, match="largest"):
        conditional_power_sizes(z, DESIGN, 0.8, first_stage=50, second_stage=50, smallest=20, largest=10)
