from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.foundation import uniforms
from sciatrial.trial import Design, Randomisation
from sciatrial.trial.randomisation import (
    Assigned,
    RandomisationMethod,
    assigned_arms,
    blocked,
    blocked_at_random,
    minimised,
    places_in_strata,
    strata_of_levels,
)
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design
from tests.trial.strata_and_missing import PLANS, null_rejections

THREE = {"a": CELLS, "b": SALINE, "c": SHAM}
BLOCKS = Randomisation(strata=("sex", "leg_pain>=60"))
RANDOM_BLOCKS = Randomisation(strata=("sex", "leg_pain>=60"), block_multiples=(1, 2, 3))
MINIMISATION = Randomisation(method="minimisation", strata=("sex", "leg_pain>=60"))
SIMPLE = Randomisation(method="simple")
ALL = [BLOCKS, RANDOM_BLOCKS, MINIMISATION, SIMPLE]
NAMES = ["blocks", "random blocks", "minimisation", "simple"]


def levels_of(n, seed, shares=(0.5, 0.3)):
    luck = np.stack([uniforms(seed, f"factor {place}", np.arange(n)) for place in range(len(shares))], axis=1)
    return (luck < shares).astype(np.int64)


def even(counts, ratio):
    """Return the range of an arm's count over its part in the ratio; dims of counts ``…, arm``."""
    return np.ptp(counts / np.array(ratio), axis=-1)


def counted(assigned, levels, n_arms):
    return [
        np.bincount(assigned[levels[:, place] == level], minlength=n_arms)
        for place in range(levels.shape[1])
        for level in range(2)
    ]


@pytest.mark.parametrize("how", ALL, ids=NAMES)
def test_an_arm_does_not_depend_on_how_many_follow(how):
    levels = levels_of(300, 1)
    many = assigned_arms(how, (2, 1), levels, 1, 5)
    for n in (1, 7, 100):
        np.testing.assert_array_equal(assigned_arms(how, (2, 1), levels[:n], 1, 5), many[:n])


@pytest.mark.parametrize("how", ALL, ids=NAMES)
def test_another_seed_gives_other_arms(how):
    levels = levels_of(100, 1)
    assert (assigned_arms(how, (1, 1), levels, 1, 5) != assigned_arms(how, (1, 1), levels, 1, 6)).any()


@given(seed=st.integers(0, 2**63 - 1), n=st.integers(1, 200))
def test_in_every_stratum_the_ratio_is_kept_within_one_block(seed, n):
    levels = levels_of(n, 3)
    assigned = assigned_arms(BLOCKS, (2, 1), levels, 1, seed)
    for stratum in range(4):
        mine = assigned[strata_of_levels(levels, (2, 2)) == stratum]
        for start in range(0, len(mine) - 2, 3):
            assert np.bincount(mine[start : start + 3], minlength=2).tolist() == [2, 1]


@given(seed=st.integers(0, 2**63 - 1))
def test_blocks_of_random_size_end_even_and_have_every_size(seed):
    luck = uniforms(seed, "luck", np.arange(60 * 9)).reshape(60, 9)
    sizes = uniforms(seed, "size", np.arange(60))
    arms = blocked_at_random((2, 1), (1, 2, 3), luck, sizes)
    place = 0
    for size in (np.array([1, 2, 3])[(sizes * 3).astype(int)] * 3).tolist():
        block = arms[place : place + size]
        if len(block) < size:
            break
        assert np.bincount(block, minlength=2).tolist() == [2 * size // 3, size // 3]
        place += size


def test_blocks_of_random_size_with_one_size_are_blocks():
    luck = uniforms(4, "luck", np.arange(40)).reshape(10, 4)
    np.testing.assert_array_equal(blocked_at_random((1, 1), (2,), luck, np.full(10, 0.5)), blocked((1, 1), luck))


def test_many_trials_side_by_side_are_the_trials_one_by_one():
    luck = uniforms(4, "luck", np.arange(3 * 40)).reshape(3, 10, 4)
    np.testing.assert_array_equal(blocked((1, 1), luck), [blocked((1, 1), mine) for mine in luck])
    levels = np.stack([levels_of(80, seed) for seed in (1, 2, 3)])
    draws = uniforms(4, "draw", np.arange(240)).reshape(3, 80)
    together = minimised((2, 1), (2, 2), 0.8, levels, draws)
    for trial in range(3):
        np.testing.assert_array_equal(
            together[trial], minimised((2, 1), (2, 2), 0.8, levels[trial : trial + 1], draws[trial : trial + 1])[0]
        )
    strata = strata_of_levels(levels, (2, 2))
    np.testing.assert_array_equal(places_in_strata(strata), [places_in_strata(mine) for mine in strata])


def test_the_place_in_a_stratum_counts_those_before():
    assert places_in_strata(np.array([2, 0, 2, 2, 0, 1])).tolist() == [0, 0, 1, 2, 1, 0]


def by_hand(ratio, n_levels, followed, levels, luck):
    """Pocock and Simon as they print it, one patient after the other."""
    arm_of = np.repeat(np.arange(len(ratio)), ratio)
    counts = [np.zeros((n, len(arm_of))) for n in n_levels]
    assigned = []
    for mine, draw in zip(levels, luck, strict=True):
        uneven = []
        for candidate in range(len(arm_of)):
            total = 0.0
            for factor, level in enumerate(mine):
                after = counts[factor][level].copy()
                after[candidate] += 1
                total += np.ptp(after)
            uneven.append(total)
        best = np.flatnonzero(np.array(uneven) == min(uneven))
        probability = np.zeros(len(arm_of))
        for arm in best:
            alone = np.full(len(arm_of), (1 - followed) / (len(arm_of) - 1))
            alone[arm] = followed
            probability += alone / len(best)
        arm = int(np.searchsorted(np.cumsum(probability), draw))
        assigned.append(arm_of[arm])
        for factor, level in enumerate(mine):
            counts[factor][level, arm] += 1
    return assigned


@pytest.mark.parametrize("ratio", [(1, 1), (1, 1, 1), (3, 2, 1)])
@pytest.mark.parametrize("followed", [0.5, 0.8, 1.0])
def test_minimisation_is_that_of_pocock_and_simon(ratio, followed):
    levels, luck = levels_of(120, 7), uniforms(8, "luck", np.arange(120))
    found = minimised(ratio, (2, 2), followed, levels[None], luck[None])[0]
    assert found.tolist() == by_hand(ratio, (2, 2), followed, levels, luck)


@pytest.mark.parametrize("ratio", [(1, 1, 1), (3, 2, 1)])
def test_minimisation_keeps_the_ratio(ratio):
    n = 200
    levels = np.stack([levels_of(n, seed) for seed in range(400)])
    luck = uniforms(1, "luck", np.arange(400 * n)).reshape(400, n)
    assigned = minimised(ratio, (2, 2), 0.7, levels, luck)
    # for each patient, the first too: 400 trials, four standard errors
    for patient in (0, 1, 2, 3, 5, n - 1):
        shares = np.bincount(assigned[:, patient], minlength=3) / 400
        expected = np.array(ratio) / sum(ratio)
        assert (np.abs(shares - expected) < 4 * np.sqrt(expected * (1 - expected) / 400)).all()


def test_minimisation_goes_on_from_those_who_are_there_already():
    levels = np.random.default_rng(3).integers(0, 2, (80, 2))
    luck = np.random.default_rng(4).uniform(size=80)
    whole = minimised((1, 1), (2, 2), 0.8, levels[None], luck[None])[0]
    before = Assigned(levels[:50], whole[:50])
    rest = minimised((1, 1), (2, 2), 0.8, levels[None, 50:], luck[None, 50:], before)[0]
    np.testing.assert_array_equal(rest, whole[50:])
    # one arm is ahead: the other one follows until the ratio is there
    certain = Randomisation(method="minimisation", strata=("sex",), follow_probability=1)
    alike = np.zeros((12, 1), dtype=np.int64)
    even = assigned_arms(certain, (2, 1), alike, 1, 1, Assigned(alike, np.zeros(12, dtype=np.int64)))
    assert np.bincount(even[:6]).tolist() == [0, 6]
    assert np.bincount(even[6:]).tolist() == [4, 2]


def test_minimisation_keeps_each_factor_more_even_than_blocks_without_strata_and_those_than_simple():
    def unevenness(how):
        found = [
            even(np.array(counted(assigned_arms(how, (1, 1), levels, 1, seed), levels, 2)), (1, 1)).mean()
            for seed in range(100)
            for levels in [levels_of(100, seed)]
        ]
        return np.mean(found)

    certain = Randomisation(method="minimisation", strata=("sex", "leg_pain>=60"), follow_probability=1.0)
    found = [unevenness(how) for how in (certain, MINIMISATION, Randomisation(), SIMPLE)]
    assert found[0] < 1.2
    assert all(later > earlier + 0.4 for earlier, later in pairwise(found))
    assert unevenness(BLOCKS) < found[2] - 1


def test_simple_randomisation_is_independent_draws_in_the_ratio():
    assigned = assigned_arms(SIMPLE, (3, 1), np.zeros((20_000, 0), dtype=int), 1, 5)
    assert (assigned == 0).mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 20_000))
    assert abs(np.corrcoef(assigned[1:], assigned[:-1])[0, 1]) < 4 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("words", "key", "told"),
    [
        ({"strata": ["sexx"]}, "randomisation.strata.0", "did you mean 'sex'"),
        ({"strata": ["causes"]}, "randomisation.strata.0", "did you mean 'cause'"),
        ({"strata": ["sex", "sex"]}, "randomisation.strata.1", "twice"),
        ({"strata": ["leg_pain"]}, "randomisation.strata.0", "leg_pain>=50"),
        ({"strata": ["leg_pain>60"]}, "randomisation.strata.0", "leg_pain>=60"),
        ({"strata": ["site"]}, "randomisation.strata.0", "accrual.sites"),
        ({"method": "simple", "strata": ["sex"]}, "randomisation.strata", "choose blocks"),
        ({"method": "minimisation"}, "randomisation.strata", "missing"),
        ({"follow_probability": 0.8}, "randomisation.follow_probability", "minimisation"),
        ({"method": "simple", "block_multiples": [1, 2]}, "randomisation.block_multiples", "permuted_blocks"),
        ({"block_multiples": [2, 2]}, "randomisation.block_multiples", "once"),
        ({"block_multiples": []}, "randomisation.block_multiples", "once"),
        (
            {"strata": [f"{score}>=50" for score in ("leg_pain", "back_pain", "disability", "age_years")]
             + [f"symptom_months>={n}" for n in range(3, 11)]},
            "randomisation.strata", "4096 strata",
        ),
    ],
)  # fmt: skip
def test_randomisation_that_cannot_be_is_named(words, key, told):
    with pytest.raises(ValueError, match=told) as caught:
        small_design(randomisation=words)
    assert f"{key}: " in str(caught.value)


@pytest.mark.parametrize("words", [{"method": "simple"}, {"method": "minimisation", "strata": ["sex"]}, {}])
def test_a_design_written_out_with_its_defaults_is_the_same_design(words):
    design = small_design(randomisation=words)
    assert Design.model_validate(design.model_dump()) == design
    assert Design.model_validate(design.model_dump(mode="json")) == design


@pytest.mark.parametrize("plan", ["blocks in two strata", "minimisation"])
def test_strata_that_the_analysis_forgets_make_it_too_cautious_and_adjustment_mends_that(plan):
    n = 600
    forgotten, error, true = null_rejections(PLANS[plan], n)
    assert forgotten < 0.025
    assert error > 1.3 * true
    adjusted, error, true = null_rejections({**PLANS[plan], "adjust_for": ("sex",)}, n)
    assert adjusted == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / n))
    assert error == pytest.approx(true, rel=4 / np.sqrt(2 * n))


def test_left_out_it_is_blocks_without_strata():
    assert small_design().randomisation == Randomisation(method=RandomisationMethod.PERMUTED_BLOCKS)
